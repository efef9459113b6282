"""Recorded answers of a real WAHA, and how ours are held against them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (_FOLDER / "recorded.json").read_text()
)
WEBHOOKS: list[dict[str, Any]] = json.loads((_FOLDER / "webhooks.json").read_text())

# What is of the moment or of chance: held against the type only.
_OF_THE_MOMENT = {
    "timestamp",
    "messageTimestamp",
    "conversationTimestamp",
    "messageSecret",
    "data",
    "startTimestamp",
    "uptime",
    "senderTimestampMs",
    "stack",
    "code",
}
_VERSIONS = {"2026.4.1": "2026.7.1"}


def same(recorded: Any, ours: Any, where: str = "$") -> None:
    """Assert that two answers are equal: keys, their order, types and values."""
    assert type(recorded) is type(ours), f"{where}: {recorded!r} is not like {ours!r}"
    if isinstance(recorded, dict):
        assert list(recorded) == list(ours), f"{where}: other keys or another order"
        for key, value in recorded.items():
            if key in _OF_THE_MOMENT and not isinstance(value, dict):
                assert type(value) is type(ours[key]), f"{where}.{key}: another type"
            else:
                same(value, ours[key], f"{where}.{key}")
    elif isinstance(recorded, list):
        assert len(recorded) == len(ours), f"{where}: another length"
        for index, (one, other) in enumerate(zip(recorded, ours, strict=True)):
            same(one, other, f"{where}[{index}]")
    elif isinstance(recorded, str):
        assert _VERSIONS.get(recorded, recorded) == ours, f"{where}: another text"
    else:
        assert recorded == ours, f"{where}: another value"
