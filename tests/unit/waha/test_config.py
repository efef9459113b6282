"""Where WAHA is, and what its session must be set to."""

from typing import Any

import pytest

from tests.unit.waha.replay import recorded_json
from wedding_wa.domain.errors import BadInput
from wedding_wa.services.waha import SessionConfig, WahaConfig

WANTED = SessionConfig("http://app:8000/api/webhooks/waha/groom", "hook-key", "groom")
FOREIGN = {"url": "http://n8n:5678/hook", "events": ["message"]}


def merged(config: dict[str, Any] | None, engine: str = "NOWEB") -> dict[str, Any]:
    return WANTED.merged_into(config, engine=engine)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://waha:3000/", "http://waha:3000"),
        (" https://waha.example/base/ ", "https://waha.example/base"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_a_base_address_is_kept_without_its_slash(given: str, kept: str) -> None:
    """WAHA may stand under a path of a bigger server."""
    assert WahaConfig(given, "key").url == kept


@pytest.mark.parametrize(
    "url",
    ["", "waha:3000", "ftp://waha", "http://", "http://u:p@waha", "http://waha/?a=1",
     "http://waha/#x", "http://waha:99999", "http://wa ha", "http://waha\n.evil"],
)  # fmt: skip
def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    """Said at once and naming the field, not at the first message."""
    with pytest.raises(BadInput) as refused:
        WahaConfig(url, "key")
    assert refused.value.field == "url"


def test_key_and_session_name_are_checked() -> None:
    """A key with a line break would be a second header; WAHA refuses odd names."""
    for key in ("a\nb", "schlüssel"):
        with pytest.raises(BadInput, match="api_key"):
            WahaConfig("http://waha", key)
    for name in ("", "groom bride!", "x" * 55, "../x"):
        with pytest.raises(BadInput, match="session"):
            WahaConfig("http://waha", "key", name)


def test_secrets_are_not_in_reprs() -> None:
    """A config in a log line tells neither key."""
    assert "secret" not in repr(WahaConfig("http://waha", "secret"))
    assert "secret" not in repr(SessionConfig("http://app/x", "secret", "groom"))


def test_an_empty_config_gets_all_we_need() -> None:
    """Webhook with our events and key, store on, the account's name."""
    config = merged(None)
    assert config["webhooks"][0]["url"] == WANTED.webhook_url
    assert set(config["webhooks"][0]["events"]) == {
        "session.status", "message.any", "message.ack"
    }  # fmt: skip
    assert config["webhooks"][0]["hmac"] == {"key": "hook-key"}
    assert config["noweb"]["store"]["enabled"] is True
    assert config["metadata"] == {"account": "groom"}
    assert WANTED.fits(config, engine="NOWEB")
    assert not WANTED.fits(None, engine="NOWEB")


def test_what_is_the_owners_stays() -> None:
    """Foreign webhooks and keys we do not know come through a change untouched."""
    owners = recorded_json("session_working")["config"]
    owners["proxy"] = {"server": "proxy:3128"}
    config = merged(owners)
    assert config["webhooks"][1:] == owners["webhooks"]
    assert config["proxy"] == owners["proxy"]
    assert config["metadata"] == {"who": "groom", "account": "groom"}
    assert config["noweb"]["markOnline"] is True


def test_our_old_address_is_replaced_not_joined() -> None:
    """After the app moved, the old webhook must not be retried for ever."""
    old = {"url": "https://old.example/base/api/webhooks/waha/groom", "events": ["*"]}
    bride = {"url": "http://app:8000/api/webhooks/waha/bride", "events": ["message"]}
    urls = [
        hook["url"] for hook in merged({"webhooks": [old, FOREIGN, bride]})["webhooks"]
    ]
    assert urls == [WANTED.webhook_url, FOREIGN["url"], bride["url"]]


def _ours(**changes: Any) -> dict[str, Any]:
    config = merged({"webhooks": [FOREIGN]})
    config["webhooks"][0] |= changes
    return config


@pytest.mark.parametrize(
    ("config", "fits"),
    [
        (_ours(), True),
        (_ours(events=["message.ack", "session.status", "message.any"]), True),
        (_ours(retries=None, customHeaders=None), True),
        (_ours(events=["message.any"]), False),
        (_ours(hmac={"key": "another"}), False),
        (_ours(hmac=None), False),
        (_ours(url="http://moved/api/webhooks/waha/groom"), False),
        (_ours() | {"webhooks": [FOREIGN]}, False),
        (_ours() | {"noweb": {"store": {"enabled": False}}}, False),
        (_ours() | {"noweb": None}, False),
        (_ours() | {"metadata": {"account": "bride"}}, False),
        (_ours() | {"proxy": None, "debug": True}, True),
        ({"webhooks": "odd", "noweb": [], "metadata": 3}, False),
    ],
)
def test_only_what_we_set_is_compared(config: dict[str, Any], fits: bool) -> None:
    """A restart of the session is paid only for a difference that matters."""
    assert WANTED.fits(config, engine="NOWEB") is fits


def test_webjs_needs_a_switch_for_acks() -> None:
    """Without `tagsEventsOn` WEBJS never tells that a message arrived."""
    assert merged(None, "WEBJS")["webjs"] == {"tagsEventsOn": True}
    assert "webjs" not in merged(None, "NOWEB")
    assert not WANTED.fits(merged(None, "NOWEB"), engine="WEBJS")
