"""pages: the Queue's list: one row a message, cards on a phone."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import account_dot, account_name, state_badge
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import pick, pick_page, query_link, try_in
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import QueueOrdersState

_COLUMNS = ("guest", "message", "state", "why", "try", "age")


def message_list() -> rx.Component:
    """Return the table. `data-calm` keeps its rows still while pointed at."""
    return rx.el.div(
        rx.cond(QueueState.fresh > 0, _fresh(), rx.fragment()),
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    _pick_page(), *[_heading(name) for name in _COLUMNS], role="row"
                ),
                role="rowgroup",
            ),
            rx.el.tbody(rx.foreach(QueueState.rows, _row), role="rowgroup"),
            class_name="queue-table",
            role="table",
            aria_label=tr("queue.list"),
        ),
        class_name="queue-scroll",
        custom_attrs={"data-calm": "true"},
    )


def shown_state(key: Any) -> rx.Var[str]:
    """What the badge of the message `key` says: the live phase, else its state."""
    return rx.cond(
        QueueState.phases.contains(key),
        QueueState.phases[key],
        QueueState.states[key],
    ).to(str)


def next_try(note: Any) -> rx.Component:
    """Which try comes when, where the note counts down to one."""
    return rx.cond(
        note["until"].to(str) != "",
        try_in(note["until"], n=note["n"], most=note["most"]),
        rx.fragment(),
    )


def pager() -> rx.Component:
    """Return the ways to the pages beside this one; nothing where there are none."""
    line = (QueueState.shown == "waiting") | (QueueState.shown == "held")
    newer = rx.cond(line, tr("queue.earlier"), tr("queue.newer"))
    older = rx.cond(line, tr("queue.later"), tr("queue.older"))
    back = query_link(
        rx.icon("chevron-left", size=17, aria_hidden="true"),
        newer,
        to={"before": QueueState.newer, "after": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "newer"},
    )
    on = query_link(
        older,
        rx.icon("chevron-right", size=17, aria_hidden="true"),
        to={"after": QueueState.older, "before": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "older"},
    )
    return rx.cond(
        (QueueState.newer != "") | (QueueState.older != ""),
        rx.el.nav(
            rx.cond(QueueState.newer != "", back, rx.el.span()),
            rx.cond(QueueState.older != "", on, rx.el.span()),
            class_name="queue-pager",
            aria_label=tr("queue.pages"),
        ),
        rx.fragment(),
    )


def _heading(name: str) -> rx.Component:
    return rx.el.th(
        tr(f"queue.column.{name}"),
        scope="col",
        role="columnheader",
        class_name=f"queue-{name}",
    )


def _fresh() -> rx.Component:
    """A click lets the new rows in: it ends the stillness (pages/js/queue.jsx)."""
    button = rx.el.button(
        rx.icon("arrow-up", size=15, aria_hidden="true"),
        tr("queue.fresh", n=QueueState.fresh),
        type="button",
        class_name="queue-fresh",
        custom_attrs={"data-release": "true"},
    )
    return rx.el.div(button, class_name="queue-fresh-place")


def _row(row: rx.Var[Any]) -> rx.Component:
    key = row["key"]
    state = shown_state(key)
    opened = QueueState.opened == row["id"]
    chosen = QueueState.everybody | QueueState.selected.contains(row["id"])
    return rx.el.tr(
        _cell("pick", _pick(row, chosen)),
        _cell("guest", _guest(row)),
        _cell("message", rx.el.span(row["preview"])),
        _cell("state", state_badge(state, message_id=row["id"])),
        _cell("why", _why(key)),
        _cell("try", tr("queue.try_short", n=row["tries"], max=row["max"])),
        _cell("age", _age(row)),
        key=key,
        role="row",
        class_name="queue-row",
        custom_attrs={
            "data-message-id": key,
            "data-state": state,
            "data-account": row["account"],
            "data-chosen": rx.cond(chosen, "true", "false"),
            "data-open": rx.cond(opened, "true", "false"),
        },
    )


def _cell(name: str, *children: Any) -> rx.Component:
    return rx.el.td(*children, role="cell", class_name=f"queue-{name}")


def _pick(row: rx.Var[Any], chosen: Any) -> rx.Component:
    box = pick(
        row["id"],
        chosen=chosen,
        label=tr("queue.choose", name=row["who"]),
        on_choose=QueueOrdersState.choose,
    )
    return rx.cond(QueueState.may_send, box, rx.fragment())


def _pick_page() -> rx.Component:
    box = pick_page(
        chosen=QueueState.page_chosen,
        label=tr("queue.choose_page"),
        on_choose=QueueOrdersState.choose_page,
    )
    return rx.el.th(
        rx.el.span(tr("queue.pick"), class_name="only-heard"),
        rx.cond(QueueState.may_send, box, rx.fragment()),
        scope="col",
        role="columnheader",
        class_name="queue-pick",
    )


def _guest(row: rx.Var[Any]) -> rx.Component:
    """The name is the link; it reaches over the whole row."""
    return rx.el.div(
        account_dot(row["account"]),
        rx.el.span(
            query_link(
                row["who"],
                to={"message": row["key"]},
                class_name="queue-open",
                custom_attrs={"data-row": "true"},
            ),
            rx.el.small(
                rx.cond(row["priority"] != 3, _priority(row), rx.fragment()),
                account_name(row["account"]),
                rx.cond(row["number"] != "", " · " + row["number"].to(str), ""),
            ),
            class_name="queue-who",
        ),
        class_name="queue-guest-in",
    )


def _priority(row: rx.Var[Any]) -> rx.Component:
    """Only where it is not the usual one."""
    words = tr("queue.hurry.button", now=priority_word(row["priority"]))
    return rx.cond(
        row["priority"].to(int) < 3,
        rx.icon("chevrons-up", size=14, aria_label=words),
        rx.icon("chevrons-down", size=14, aria_label=words),
    )


def priority_word(priority: Any) -> rx.Var[str]:
    """Return a priority in words: 1 very high to 5 very low."""
    name: rx.Var[str] = rx.Var.create("p") + priority.to(str)
    return tr_of("queue.priority", name)


def _age(row: rx.Var[Any]) -> rx.Component:
    """Above the row's link, so that the pointer finds the exact time; a link too."""
    return query_link(
        ago(row["at"]),
        to={"message": row["key"]},
        class_name="queue-when",
        tab_index=-1,
    )


def _why(key: Any) -> rx.Component:
    note = QueueState.notes[key]
    words = rx.el.span(next_try(note), " ", note["text"], class_name="queue-note")
    return rx.cond(QueueState.notes.contains(key), words, rx.fragment())
