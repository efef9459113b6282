"""Signature, retry waits and event choice of the simulator's webhooks."""

from __future__ import annotations

import pytest

from wedding_wa.simulator.webhooks import Delivery, Retries, signature, wanted


def test_the_documented_vector() -> None:
    """HMAC-SHA512 of the raw body equals the vector in WAHA's documentation."""
    raw = b'{"event":"message","session":"default","engine":"WEBJS"}'
    assert signature("my-secret-key", raw) == (
        "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
        "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
    )


def test_retry_defaults() -> None:
    """Without words about it: 15 more tries, 2 seconds apart."""
    retries = Retries.of({"url": "http://a", "retries": None})
    assert retries == Retries("constant", 2.0, 15)
    assert Retries.of({"retries": {"attempts": 0}}).attempts == 0


@pytest.mark.parametrize(
    ("policy", "waits"),
    [("constant", [3, 3, 3]), ("linear", [3, 6, 9]), ("exponential", [3, 6, 12])],
)
def test_retry_waits(policy: str, waits: list[int]) -> None:
    """Constant, linear and exponential, after the first, second and third try."""
    retries = Retries.of({"retries": {"policy": policy, "delaySeconds": 3}})
    assert [retries.wait(tries) for tries in (1, 2, 3)] == waits


def test_star_is_all_but_the_noisy_ones() -> None:
    """`*` means every event but state.change and engine.event."""
    star = {"events": ["*"]}
    assert wanted(star, "message.ack")
    assert not wanted(star, "engine.event")
    assert wanted({"events": ["engine.event"]}, "engine.event")
    assert not wanted({"events": ["message"]}, "message.any")


def test_headers_without_a_secret_are_unsigned() -> None:
    """No hmac.key, no HMAC headers; custom ones stand before WAHA's own."""
    hook = {
        "url": "http://a",
        "events": ["*"],
        "customHeaders": [{"name": "X-Who", "value": "groom"}],
    }
    delivery = Delivery.of(hook, {"event": "message", "timestamp": 7}, "abc")
    names = [name for name, _ in delivery.headers]
    assert names.index("X-Who") < names.index("X-Webhook-Request-Id")
    assert not [name for name in names if "Hmac" in name]
    assert ("X-Webhook-Timestamp", "7") in delivery.headers
