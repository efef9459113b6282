"""pages: the guest list's table: one row a guest, households together."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.activation_row import stage_badge
from wedding_wa.pages.components import account_name
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.state.guest_orders import GuestOrdersState
from wedding_wa.state.guests import GuestsState

_S = GuestsState
_COLUMNS = ("name", "home", "phone", "tags", "lang", "stage")


def guest_table() -> rx.Component:
    """Return the table. `data-calm` keeps its rows still while pointed at."""
    return rx.el.div(
        rx.cond(_S.fresh > 0, _fresh(), rx.fragment()),
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(
                        rx.cond(_S.may_edit, _choose_page(), rx.fragment()),
                        scope="col",
                        role="columnheader",
                        class_name="guests-pick",
                    ),
                    *[_heading(name) for name in _COLUMNS],
                    role="row",
                ),
                role="rowgroup",
            ),
            rx.el.tbody(rx.foreach(_S.rows, _row), role="rowgroup"),
            class_name="queue-table guests-table",
            role="table",
            aria_label=tr("guests.list"),
        ),
        class_name="queue-scroll",
        custom_attrs={"data-calm": "true"},
    )


def pager() -> rx.Component:
    """Return the ways to the pages beside this one; nothing where there are none."""
    back = query_link(
        rx.icon("chevron-left", size=17, aria_hidden="true"),
        tr("guests.previous"),
        to={"before": _S.previous, "after": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "previous"},
    )
    on = query_link(
        tr("guests.following"),
        rx.icon("chevron-right", size=17, aria_hidden="true"),
        to={"after": _S.following, "before": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "following"},
    )
    return rx.cond(
        (_S.previous != "") | (_S.following != ""),
        rx.el.nav(
            rx.cond(_S.previous != "", back, rx.el.span()),
            rx.cond(_S.following != "", on, rx.el.span()),
            class_name="queue-pager",
            aria_label=tr("guests.pages"),
        ),
        rx.fragment(),
    )


def _heading(name: str) -> rx.Component:
    return rx.el.th(
        tr_of("guests.column", name),
        scope="col",
        role="columnheader",
        class_name=f"guests-{name}",
    )


def _fresh() -> rx.Component:
    button = rx.el.button(
        rx.icon("arrow-up", size=15, aria_hidden="true"),
        tr("guests.fresh", n=_S.fresh),
        type="button",
        class_name="queue-fresh",
        custom_attrs={"data-release": "true"},
    )
    return rx.el.div(button, class_name="queue-fresh-place")


def _choose_page() -> rx.Component:
    return _box(
        checked=_S.everybody | _S.page_chosen,
        on_change=GuestOrdersState.choose_page,
        label=tr("guests.choose_page"),
    )


def _row(row: rx.Var[Any]) -> rx.Component:
    chosen = _S.everybody | _S.selected.contains(row["id"])
    opened = (_S.mode == "guest") & (_S.opened == row["id"])
    stage = _S.stages[row["home"]]
    return rx.el.tr(
        _cell("pick", rx.cond(_S.may_edit, _choose(row, chosen), rx.fragment())),
        _cell("name", _name(row)),
        _cell("home", _home(row)),
        _cell("phone", _phone(row)),
        _cell("tags", rx.foreach(row["tags"].to(list[str]), _tag)),
        _cell("lang", _language(row)),
        _cell("stage", stage_badge(stage)),
        key=row["key"],
        role="row",
        class_name="queue-row guests-row",
        custom_attrs={
            "data-guest": row["key"],
            "data-account": row["side"],
            "data-stage": stage,
            "data-first": rx.cond(row["first"], "true", "false"),
            "data-last": rx.cond(row["last"], "true", "false"),
            "data-chosen": rx.cond(chosen, "true", "false"),
            "data-open": rx.cond(opened, "true", "false"),
        },
    )


def _cell(name: str, *children: Any) -> rx.Component:
    return rx.el.td(*children, role="cell", class_name=f"guests-{name}")


def _choose(row: rx.Var[Any], chosen: Any) -> rx.Component:
    return _box(
        checked=chosen,
        on_change=lambda on: GuestOrdersState.choose(row["id"], on),
        label=tr("guests.choose", name=row["name"]),
        mark={"data-select": row["key"]},
    )


def _box(
    *, checked: Any, on_change: Any, label: Any, mark: dict[str, Any] | None = None
) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            checked=checked,
            on_change=on_change,
            custom_attrs=mark or {},
        ),
        rx.el.span(label, class_name="only-heard"),
        class_name="guests-box",
    )


def _name(row: rx.Var[Any]) -> rx.Component:
    """The name is the link; it reaches over the whole row."""
    note = rx.icon("notebook-pen", size=14, aria_label=tr("guests.has_notes"))
    return rx.el.div(
        rx.el.i(class_name="dot", aria_hidden="true"),
        rx.el.span(account_name(row["side"]), class_name="only-heard"),
        query_link(
            row["name"],
            to={"guest": row["key"], "household": "", "add": ""},
            class_name="queue-open guests-open",
            custom_attrs={"data-row": "true"},
        ),
        rx.cond(row["notes"], note, rx.fragment()),
        class_name="guests-name-in",
    )


def _home(row: rx.Var[Any]) -> rx.Component:
    """Named once for its people, and not where it is called like its only guest."""
    link = query_link(
        row["household"],
        to={"household": row["home"], "guest": "", "add": ""},
        class_name="guests-home-link",
    )
    again = rx.el.span(row["household"], class_name="only-heard")
    alone = row["household"] == row["name"]
    return rx.cond(row["first"] & ~alone, link, again)


def _phone(row: rx.Var[Any]) -> rx.Component:
    shared = rx.el.span(
        tr("guests.on_phone", name=row["shares"]), class_name="guests-shares"
    )
    return rx.cond(
        row["shares"] != "",
        shared,
        rx.el.span(row["phone"], class_name="figures"),
    )


def _language(row: rx.Var[Any]) -> rx.Component:
    name = tr_of("guests.language", row["language"])
    return rx.el.abbr(
        row["language"],
        title=name,
        class_name="guests-code",
        custom_attrs={"data-own": rx.cond(row["own_language"], "true", "false")},
    )


def _tag(tag: Any) -> rx.Component:
    return rx.el.span(tag, class_name="guests-tag", key=tag.to(str))
