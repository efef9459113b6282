"""simulator: a session's config, checked and filled in as WAHA does it."""

from __future__ import annotations

import re
from typing import Any

from wedding_wa.simulator import answers
from wedding_wa.simulator.events import EVENTS

Json = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z0-9_-]*")
_LONGEST_NAME = 54  # 64 less "waha_noweb"
_URL = re.compile(r"https?://[^\s/$.?#][^\s]*", re.IGNORECASE)
_POLICIES = ("linear", "exponential", "constant")


def check_name(name: object) -> None:
    """Raise WahaError 400 for a name that WAHA does not take."""
    complaints = []
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        complaints.append(
            "Session name can only contain alphanumeric characters, hyphens, and "
            "underscores (a-z, A-Z, 0-9, -, _) or be empty"
        )
    elif len(name) > _LONGEST_NAME:
        complaints.append(
            f"name must be shorter than or equal to {_LONGEST_NAME} characters"
        )
    if complaints:
        raise answers.nest(400, complaints)


def read(config: object) -> Json | None:
    """Return the config as WAHA keeps it; WahaError 400 with all complaints."""
    if config is None:
        return None
    if not isinstance(config, dict):
        raise answers.nest(400, ["config must be an object"])
    hooks = config.get("webhooks")
    complaints = _of_hooks(hooks) if hooks is not None else []
    if complaints:
        raise answers.nest(400, complaints)
    return {
        key: _noweb(value) if key == "noweb" and isinstance(value, dict) else value
        for key, value in config.items()
    }


def _noweb(noweb: Json) -> Json:
    filled = {"markOnline": noweb.get("markOnline", True), **noweb}
    store = noweb.get("store")
    if isinstance(store, dict):
        filled["store"] = {
            "enabled": store.get("enabled", False),
            "fullSync": store.get("fullSync", False),
        }
    return filled


def _of_hooks(hooks: object) -> list[str]:
    if not isinstance(hooks, list):
        return ["config.webhooks must be an array"]
    return [
        f"config.webhooks.{index}.{complaint}"
        for index, hook in enumerate(hooks)
        for complaint in _of_hook(hook)
    ]


def _of_hook(hook: object) -> list[str]:
    if not isinstance(hook, dict):
        return ["must be an object"]
    complaints = []
    url = hook.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url):
        complaints.append("url must be a URL address")
    events = hook.get("events")
    if not isinstance(events, list):
        complaints.append("events must be an array")
    elif any(event not in EVENTS for event in events):
        allowed = ", ".join(EVENTS)
        complaints.append(
            f"each value in events must be one of the following values: {allowed}"
        )
    return complaints + _of_retries(hook.get("retries")) + _of_headers(hook)


def _of_headers(hook: Json) -> list[str]:
    headers = hook.get("customHeaders")
    if headers is None:
        return []
    if not isinstance(headers, list):
        return ["customHeaders must be an array"]
    return [
        f"customHeaders.{index}.{part} must be a string"
        for index, header in enumerate(headers)
        for part in ("name", "value")
        if not (isinstance(header, dict) and isinstance(header.get(part), str))
    ]


def _of_retries(retries: object) -> list[str]:
    if retries is None:
        return []
    if not isinstance(retries, dict):
        return ["retries must be an object"]
    complaints = [
        f"retries.{name} must be a number conforming to the specified constraints"
        for name in ("delaySeconds", "attempts")
        if not isinstance(retries.get(name, 0), int | float | None)
    ]
    if retries.get("policy") not in (None, *_POLICIES):
        policies = ", ".join(_POLICIES)
        complaints.append(
            f"retries.policy must be one of the following values: {policies}"
        )
    return complaints
