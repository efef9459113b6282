"""pages: the bar over the guest list while guests are chosen, and its question."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.pages.components import account_dot, account_name, asking
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.guest_orders import GuestOrdersState
from wedding_wa.state.guests import GuestsState

_S = GuestsState
_O = GuestOrdersState


def selection_bar() -> rx.Component:
    """Return the bar; it is there while anybody is chosen."""
    n = rx.cond(_S.everybody, _S.total, _S.selected.length())
    bar = rx.el.div(
        rx.el.div(
            rx.el.b(tr("guests.chosen", n=n), role="status"),
            _everybody(),
            rx.el.button(
                tr("guests.choose_nobody"),
                type="button",
                class_name="text-button",
                on_click=_O.choose_nobody,
                custom_attrs={"data-esc": "true"},
            ),
            class_name="guests-bar-who",
        ),
        rx.el.div(
            _tags(n),
            _menu("languages", tr("guests.do.language"), _languages()),
            _menu("users", tr("guests.do.side"), _sides()),
            _order("send", tr("guests.do.invited"), "invited"),
            rx.cond(
                ~_S.everybody & (_S.selected.length() > 1),
                _menu("merge", tr("guests.do.together"), _together()),
                rx.fragment(),
            ),
            _order("trash-2", tr("guests.do.delete", n=n), "delete", color="tomato"),
            class_name="guests-bar-do",
        ),
        class_name="guests-bar",
        role="region",
        aria_label=tr("guests.bar"),
        custom_attrs={"data-bar": "true"},
    )
    return rx.cond(_S.everybody | (_S.selected.length() > 0), bar, rx.fragment())


def question() -> rx.Component:
    """Return the dialog that asks before anything is done to many."""
    asked = _O.asked
    grave = (asked["kind"] == "delete") | (asked["kind"] == "merge")
    return asking(asked, grave=grave, on_yes=_O.do_it, on_no=_O.leave_it)


def _everybody() -> rx.Component:
    """All of the page are chosen and there are more: offer them all."""
    more = rx.el.button(
        tr("guests.choose_everybody", n=_S.total),
        type="button",
        class_name="text-button",
        on_click=_O.choose_everybody,
        custom_attrs={"data-action": "everybody"},
    )
    full = (_S.selected.length() >= _S.rows.length()) & (
        _S.total > _S.selected.length()
    )
    return rx.cond(~_S.everybody & full, more, rx.fragment())


def _order(icon: str, words: Any, kind: str, *, color: str = "gray") -> rx.Component:
    return rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        words,
        variant="soft",
        color_scheme=color,
        size="3",
        on_click=_O.ask(kind, ""),
        custom_attrs={"data-order": kind},
    )


def _menu(icon: str, words: Any, items: list[rx.Component]) -> rx.Component:
    button = rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        words,
        variant="soft",
        color_scheme="gray",
        size="3",
    )
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(button), rx.dropdown_menu.content(*items, size="2")
    )


def _sides() -> list[rx.Component]:
    return [
        rx.dropdown_menu.item(
            account_dot(key), account_name(key), on_select=_O.ask("side", key)
        )
        for key in ACCOUNT_KEYS
    ]


def _languages() -> list[rx.Component]:
    return [
        rx.dropdown_menu.item(
            tr_of("guests.language", code), on_select=_O.ask("language", code)
        )
        for code in GUEST_LANGUAGES
    ] + [
        rx.dropdown_menu.separator(),
        rx.dropdown_menu.item(
            tr("guests.language.none"), on_select=_O.ask("language", "")
        ),
    ]


def _together() -> list[rx.Component]:
    return [
        rx.dropdown_menu.item(tr("guests.do.merge"), on_select=_O.ask("merge", "")),
        rx.dropdown_menu.item(tr("guests.do.join"), on_select=_O.ask("join", "")),
    ]


def _tags(n: Any) -> rx.Component:
    button = rx.button(
        rx.icon("tag", size=16, aria_hidden="true"),
        tr("guests.do.tag"),
        variant="soft",
        color_scheme="gray",
        size="3",
    )
    field = rx.el.input(
        default_value="",
        on_change=_O.write_tag,
        list="guests-tags",
        class_name="field",
        auto_complete="off",
        max_length=60,
        placeholder=tr("guests.tag_name"),
        aria_label=tr("guests.tag_name"),
        id="guests-bulk-tag",
    )
    known = rx.el.datalist(
        rx.foreach(_S.tags_known, lambda tag: rx.el.option(value=tag)),
        id="guests-tags",
    )
    return rx.popover.root(
        rx.popover.trigger(button),
        rx.popover.content(
            rx.flex(
                field,
                known,
                _tag_order("tag", tr("guests.do.tag_give", n=n), "solid"),
                _tag_order("untag", tr("guests.do.tag_take", n=n), "soft"),
                direction="column",
                gap="10px",
            ),
            width="300px",
        ),
    )


def _tag_order(kind: str, words: Any, variant: Any) -> rx.Component:
    button = rx.button(
        words,
        variant=variant,
        size="3",
        on_click=_O.ask(kind, ""),
        disabled=_O.new_tag == "",
        custom_attrs={"data-order": kind},
    )
    return rx.popover.close(button)
