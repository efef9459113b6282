"""state: what was typed and not yet saved, as the tab's own store keeps it.

A JSON text {account: {field: [typed, saved when it was typed]}}. The browser could put
anything there: what does not fit is as if nothing had been typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from wedding_wa.state.settings_units import FIELDS

LONGEST = 400

# field -> what was typed, and the saved text on top of which
Entries = dict[str, tuple[str, str]]


def entries_of(kept: str, account: str) -> Entries:
    """Return what was typed for one account."""
    try:
        entries = json.loads(kept)[account]
        return {
            name: (str(text)[:LONGEST], str(base)[:LONGEST])
            for name, (text, base) in entries.items()
            if name in FIELDS
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def with_entries(kept: str, account: str, entries: Mapping[str, object]) -> str:
    """Return the store with other entries for one account; "" when it is empty."""
    try:
        before = json.loads(kept)
    except ValueError:
        before = {}
    everything = {**(before if isinstance(before, dict) else {}), account: entries}
    return json.dumps(everything) if any(everything.values()) else ""
