"""pages: the navigation. A new page is one line here and one in wedding_wa.py."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its words are `nav.<key>`; `g` then `letter` goes there."""

    key: str
    route: str
    icon: str
    letter: str


NAV = (
    Entry("overview", "/", "house", "o"),
    Entry("queue", "/queue", "list-checks", "q"),
    Entry("guests", "/guests", "users", "g"),
    Entry("inbox", "/inbox", "mail", "i"),
    Entry("test", "/test", "send", "t"),
    Entry("accounts", "/accounts", "smartphone", "a"),
    Entry("settings", "/settings", "settings-2", "s"),
)
