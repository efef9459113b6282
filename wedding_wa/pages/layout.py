"""pages: the frame around every page: navigation, strip, ribbons, content."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.browser import listeners
from wedding_wa.pages.help import keyboard_help
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.nav import NAV, Entry
from wedding_wa.pages.strip import ribbons, strip
from wedding_wa.state.base import PageState


def frame(*content: rx.Component, here: str = "") -> rx.Component:
    """Return `content` in the frame; `here` is the key of its navigation entry."""
    return rx.el.div(
        rx.el.a(tr("layout.skip"), href="#content", class_name="skip"),
        _navigation(here),
        rx.el.div(
            strip(),
            ribbons(here=here),
            rx.el.main(
                *content, id="content", class_name="column content", tab_index=-1
            ),
            class_name="main",
        ),
        listeners(),
        class_name="frame",
    )


def _navigation(here: str) -> rx.Component:
    return rx.el.nav(
        rx.el.div(_title(), class_name="nav-title"),
        *[_link(entry, current=entry.key == here) for entry in NAV],
        rx.el.div(keyboard_help(), class_name="nav-foot"),
        class_name="nav",
        aria_label=tr("nav.label"),
    )


def _title() -> rx.Component:
    """The couple's names, the app's name until they have arrived."""
    couple = tr("layout.couple", groom=PageState.groom_name, bride=PageState.bride_name)
    return rx.cond(PageState.groom_name != "", couple, tr("common.app"))


def _link(entry: Entry, *, current: bool) -> rx.Component:
    marks = {"data-go": entry.letter}
    if current:
        marks["aria-current"] = "page"
    return rx.link(
        rx.icon(entry.icon, size=20, stroke_width=1.8, aria_hidden="true"),
        rx.el.span(tr(f"nav.{entry.key}"), class_name="desk-only"),
        rx.el.span(tr(f"nav.short.{entry.key}"), class_name="phone-only"),
        _unread() if entry.key == "inbox" else rx.fragment(),
        href=entry.route,
        class_name="nav-link",
        underline="none",
        custom_attrs=marks,
    )


def _unread() -> rx.Component:
    """How many messages from guests nobody has read; nothing where none is."""
    n = PageState.unread
    pill = rx.el.span(
        rx.el.span(n, aria_hidden="true"),
        rx.el.span(tr("inbox.count", n=n), class_name="only-heard"),
        class_name="unread-pill figures",
        id="unread-count",
    )
    return rx.cond(n > 0, pill, rx.fragment())
