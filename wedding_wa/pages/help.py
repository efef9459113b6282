"""pages: what the keys do and what the badges mean, behind `?`."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.components import shortcut, state_badge
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.nav import NAV

_EXPLAINED = (
    "waiting",
    "held",
    "typing",
    "sent",
    "delivered",
    "read",
    "unconfirmed",
    "failed",
    "skipped",
)


def keyboard_help() -> rx.Component:
    """Return the button that opens the list; `?` presses it."""
    button = rx.button(
        rx.icon("keyboard", size=17, aria_hidden="true"),
        tr("layout.keys.button"),
        variant="ghost",
        color_scheme="gray",
        size="3",
        custom_attrs={"data-help": "true"},
    )
    close = rx.button(tr("common.close"), variant="soft", color_scheme="gray", size="3")
    return rx.dialog.root(
        rx.dialog.trigger(button),
        rx.dialog.content(
            rx.dialog.title(tr("layout.keys.title"), size="5"),
            rx.dialog.description(
                tr("layout.keys.note"), size="3", color="var(--ink-soft)"
            ),
            keys_list(),
            rx.heading(
                tr("layout.keys.states"), as_="h2", size="4", margin="26px 0 14px"
            ),
            states_list(),
            rx.flex(rx.dialog.close(close), justify="end", margin_top="20px"),
            max_width="560px",
        ),
    )


def keys_list() -> rx.Component:
    """Return every shortcut with what it does."""
    pages = [
        (("g", entry.letter), tr("layout.keys.go", page=tr(f"nav.{entry.key}")))
        for entry in NAV
    ]
    rest = [
        (("/",), tr("layout.keys.search")),
        (("j", "k"), tr("layout.keys.rows")),
        (("↵",), tr("layout.keys.open")),
        (("x",), tr("layout.keys.choose")),
        (("⇧", "x"), tr("layout.keys.choose_range")),
        (("r",), tr("layout.keys.reply")),
        (("esc",), tr("layout.keys.close")),
        (("?",), tr("layout.keys.help")),
    ]
    pairs = [
        part
        for keys, words in [*pages, *rest]
        for part in (rx.el.dt(shortcut(*keys)), rx.el.dd(words))
    ]
    return rx.el.dl(*pairs, class_name="keys-list", margin="18px 0 0")


def states_list() -> rx.Component:
    """Return every kind of badge with what it means."""
    pairs = [
        part
        for state in _EXPLAINED
        for part in (
            rx.el.dt(state_badge(state)),
            rx.el.dd(tr(f"state.about.{state}")),
        )
    ]
    return rx.el.dl(*pairs, class_name="keys-list", margin="0")
