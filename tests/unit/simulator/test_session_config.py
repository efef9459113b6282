"""Session names and configs, checked as WAHA checks them."""

from __future__ import annotations

from typing import Any

import pytest

from wedding_wa.simulator import session_config
from wedding_wa.simulator.answers import WahaError


def test_noweb_is_filled_in() -> None:
    """What NOWEB's config leaves out is filled in; the rest stays as it was told."""
    assert session_config.read(None) is None
    told = session_config.read({"noweb": {"store": {"enabled": True}}, "debug": True})
    assert told == {
        "noweb": {"markOnline": True, "store": {"enabled": True, "fullSync": False}},
        "debug": True,
    }
    assert session_config.read({"noweb": {"markOnline": False}}) == {
        "noweb": {"markOnline": False}
    }


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("text", "config must be an object"),
        ({"webhooks": {}}, "config.webhooks must be an array"),
        ({"webhooks": [{"url": "ftp://a", "events": []}]}, "must be a URL address"),
        ({"webhooks": [{"url": "http://a"}]}, "events must be an array"),
        (
            {"webhooks": [{"url": "http://a", "events": [], "retries": {"policy": 1}}]},
            "retries.policy must be one of",
        ),
        (
            {
                "webhooks": [
                    {"url": "http://a", "events": [], "customHeaders": [{"name": "a"}]}
                ]
            },
            "customHeaders.0.value must be a string",
        ),
    ],
)
def test_complaints(config: Any, complaint: str) -> None:
    """A config that WAHA refuses is refused, 400, saying where it is wrong."""
    with pytest.raises(WahaError) as refused:
        session_config.read(config)
    assert refused.value.status == 400
    assert complaint in refused.value.body["message"][0]


@pytest.mark.parametrize(
    "url", ["http://localhost:3000/x", "https://app", "http://[::1]:9/"]
)
def test_urls_need_no_tld(url: str) -> None:
    """A host name without a dot is a fine webhook url."""
    hook = {"url": url, "events": ["*"]}
    assert session_config.read({"webhooks": [hook]}) == {"webhooks": [hook]}


@pytest.mark.parametrize("name", ["groom bride!", "a" * 55, 7])
def test_bad_names(name: object) -> None:
    """Letters, digits, - and _, at most 54 of them."""
    with pytest.raises(WahaError):
        session_config.check_name(name)
    session_config.check_name("a" * 54)
