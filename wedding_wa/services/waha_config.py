"""services: where a WAHA is, and what its session must be set to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from wedding_wa.domain.errors import BadInput

#: What we need to hear. `message.any` covers `message`; subscribing to both would
#: bring every inbound message twice.
EVENTS = ("session.status", "message.any", "message.ack")

#: Every webhook of ours ends so, wherever the app lives. It tells an old address of
#: this app (replaced) from a webhook of the owner's other tools (kept).
WEBHOOK_PATH = "/api/webhooks/waha/"

# WAHA's own default is 15 tries 2 s apart: a restart longer than half a minute loses
# events. These last tries come some half an hour after the first.
_RETRIES = {"policy": "exponential", "delaySeconds": 2, "attempts": 10}

_SESSION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,54}")


@dataclass(frozen=True)
class WahaConfig:
    """One account's WAHA. Raises `BadInput` naming the field that cannot work."""

    url: str
    api_key: str = field(repr=False)
    session: str = "default"

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _checked_url(self.url))
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise BadInput("error.waha.key_characters", "api_key")
        if not _SESSION_NAME.fullmatch(self.session):
            raise BadInput("error.waha.session_name", "session")


@dataclass(frozen=True)
class SessionConfig:
    """What we set in a session's config; all else in it belongs to its owner."""

    webhook_url: str
    hmac_key: str = field(repr=False)
    account: str

    def fits(self, config: dict[str, Any] | None, *, engine: str | None) -> bool:
        """Whether `config` already says all we need, so that nothing is restarted."""
        return self._facts(config or {}) == self._facts(
            self.merged_into(config, engine=engine)
        )

    def merged_into(
        self, config: dict[str, Any] | None, *, engine: str | None
    ) -> dict[str, Any]:
        """Return `config` with our part put right and every foreign key kept.

        The store is what lets chats and messages be read back as evidence, and works
        only when it was on before the first scan. WEBJS tells acks only with
        `tagsEventsOn`.
        """
        merged = dict(config or {})
        merged["webhooks"] = self._webhooks(_dicts(merged.get("webhooks")))
        merged["metadata"] = {**_dict(merged.get("metadata")), "account": self.account}
        noweb = _dict(merged.get("noweb"))
        store = {"fullSync": False, **_dict(noweb.get("store")), "enabled": True}
        merged["noweb"] = {**noweb, "store": store}
        if engine == "WEBJS":
            merged["webjs"] = {**_dict(merged.get("webjs")), "tagsEventsOn": True}
        return merged

    def _webhooks(self, present: list[dict[str, Any]]) -> list[dict[str, Any]]:
        mine = next((hook for hook in present if self._is_mine(hook)), {})
        ours = {
            "retries": dict(_RETRIES),
            **{key: value for key, value in mine.items() if value is not None},
            "url": self.webhook_url,
            "events": list(EVENTS),
            "hmac": {"key": self.hmac_key},
        }
        return [ours, *(hook for hook in present if not self._is_mine(hook))]

    def _is_mine(self, hook: dict[str, Any]) -> bool:
        url = str(hook.get("url", "")).rstrip("/")
        wanted = self.webhook_url.rstrip("/")
        return url == wanted or url.endswith(f"{WEBHOOK_PATH}{self.account}")

    def _facts(self, config: dict[str, Any]) -> tuple[Any, ...]:
        """Only what we set, in a form that WAHA's reordering does not change."""
        mine = [hook for hook in _dicts(config.get("webhooks")) if self._is_mine(hook)]
        hooks = [
            (
                hook.get("url"),
                frozenset(map(str, hook.get("events") or ())),
                _dict(hook.get("hmac")).get("key"),
            )
            for hook in mine
        ]
        store = _dict(_dict(config.get("noweb")).get("store"))
        return (
            hooks,
            _dict(config.get("metadata")).get("account"),
            store.get("enabled"),
            _dict(config.get("webjs")).get("tagsEventsOn"),
        )


def _checked_url(raw: str) -> str:
    """Return the base address without a trailing slash.

    A user name or password in it is refused: the address is shown and logged.
    """
    try:
        parts = urlsplit(raw.strip())
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise BadInput("error.waha.url", "url") from None
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    printable = raw.strip().isprintable() and " " not in raw.strip()
    good = plain and printable and port_is_right and parts.hostname
    if parts.scheme not in ("http", "https") or not good:
        raise BadInput("error.waha.url", "url")
    return raw.strip().rstrip("/")


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
