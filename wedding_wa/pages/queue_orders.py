"""pages: the bar over the queue while messages are selected, its question, how far an
order for many is, and what was missed while the app was away."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import asking, confirm
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import QueueOrdersState

_S = QueueState
_O = QueueOrdersState
_ICONS = {
    "cancel": "ban",
    "hold": "hand",
    "release": "play",
    "priority": "chevrons-up-down",
    "retry": "rotate-ccw",
}
PRIORITIES = (1, 2, 3, 4, 5)


def selection_bar() -> rx.Component:
    """Return the bar; it is there while anything is selected or an order runs."""
    bar = rx.el.div(
        rx.cond(_S.run["kind"] != "", _run(), rx.fragment(_who(), _orders())),
        class_name="guests-bar queue-bar",
        role="region",
        aria_label=tr("queue.bar"),
        custom_attrs={"data-bar": "true"},
    )
    return rx.cond((_S.chosen > 0) | (_S.run["kind"] != ""), bar, rx.fragment())


def question() -> rx.Component:
    """Return the dialog that asks before anything is done to many."""
    asked = _O.asked
    return asking(
        asked, grave=asked["kind"] == "cancel", on_yes=_O.do_it, on_no=_O.leave_it
    )


def missed_starts() -> rx.Component:
    """Return the banner about what should have gone while the app was away."""
    n = _S.missed
    orders = rx.cond(
        _S.may_send,
        rx.fragment(
            _missed("send-horizontal", "release", "jade"),
            _missed("ban", "cancel", "gray"),
        ),
        rx.fragment(),
    )
    choose = query_link(
        tr("queue.missed.choose"),
        to={
            "state": "held",
            "rule": "missed",
            "q": "",
            "message": "",
            "after": "",
            "before": "",
        },
        class_name="queue-clear",
        custom_attrs={"data-action": "choose-missed"},
    )
    banner = rx.el.section(
        rx.icon("calendar-clock", size=20, aria_hidden="true"),
        rx.el.p(
            rx.el.b(tr("queue.missed.title", n=n)),
            " ",
            tr("queue.missed.about"),
            class_name="queue-missed-words",
        ),
        rx.el.div(orders, choose, class_name="queue-missed-do"),
        class_name="queue-missed",
        role="status",
        custom_attrs={"data-tone": "amber", "data-missed": n},
    )
    return rx.cond(n > 0, banner, rx.fragment())


def priority_menu(trigger: rx.Component, on_choose: Any) -> rx.Component:
    """Return a menu of the five priorities; `on_choose(priority)` is the event."""
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(trigger),
        rx.dropdown_menu.content(
            *[
                rx.dropdown_menu.item(
                    tr_of("queue.priority", f"p{priority}"),
                    on_select=on_choose(priority),
                    custom_attrs={"data-priority": str(priority)},
                )
                for priority in PRIORITIES
            ],
            size="2",
        ),
    )


def _missed(icon: str, kind: str, color: str) -> rx.Component:
    return rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        tr(f"queue.missed.{kind}", n=_S.missed),
        variant="surface",
        color_scheme=color,
        size="3",
        on_click=_O.ask_missed(kind),
        custom_attrs={"data-missed-order": kind},
    )


# --- the bar ------------------------------------------------------------------------


def _who() -> rx.Component:
    return rx.el.div(
        rx.el.b(tr("queue.chosen", n=_S.chosen), role="status"),
        _page(),
        _everybody(),
        rx.el.button(
            tr("queue.choose_nobody"),
            type="button",
            class_name="text-button",
            on_click=_O.choose_nobody,
            custom_attrs={"data-esc": "true"},
        ),
        class_name="guests-bar-who",
    )


def _page() -> rx.Component:
    """On a phone the list has no head with a box for the page."""
    button = rx.el.button(
        tr("queue.choose_page"),
        type="button",
        class_name="text-button queue-choose-page",
        on_click=_O.choose_page(True),
    )
    return rx.cond(_S.page_chosen == "some", button, rx.fragment())


def _everybody() -> rx.Component:
    """All of the page are selected and there are more: offer them all."""
    more = rx.el.button(
        tr("queue.choose_everybody", n=_S.matching),
        type="button",
        class_name="text-button",
        on_click=_O.choose_everybody,
        custom_attrs={"data-action": "everybody"},
    )
    return rx.cond(~_S.everybody & (_S.matching > _S.chosen), more, rx.fragment())


def _orders() -> rx.Component:
    """Only what can be done with some of them, each with how many that are."""
    return rx.el.div(
        _force(),
        _where_able("hold", _order("hold")),
        _where_able("release", _order("release", color="jade")),
        _where_able(
            "priority",
            priority_menu(_button("priority"), lambda p: _O.ask("priority", p)),
        ),
        _where_able("retry", _order("retry", color="jade")),
        _where_able("cancel", _order("cancel", color="tomato")),
        class_name="guests-bar-do",
    )


def _where_able(what: str, order: rx.Component) -> rx.Component:
    return rx.cond(_S.able.contains(what), order, rx.fragment())


def _order(what: str, *, color: str = "gray") -> rx.Component:
    return _button(what, color=color, on_click=_O.ask(what, 3))


def _button(what: str, *, color: str = "gray", **events: Any) -> rx.Component:
    return rx.button(
        rx.icon(_ICONS[what], size=16, aria_hidden="true"),
        tr(f"queue.do.{what}", n=_S.able[what]),
        variant="soft",
        color_scheme=color,
        size="3",
        custom_attrs={"data-order": what},
        **events,
    )


def _force() -> rx.Component:
    """One message may go now, past the limits; many never."""
    one = (_S.selected.length() == 1) & ~_S.everybody & _S.able.contains("force")
    button = rx.button(
        rx.icon("send-horizontal", size=16, aria_hidden="true"),
        tr("queue.force.button"),
        variant="soft",
        color_scheme="jade",
        size="3",
        custom_attrs={"data-order": "force"},
    )
    asked = confirm(
        button,
        title=tr("queue.force.sure"),
        about=tr("queue.force.about"),
        action=tr("queue.force.button"),
        on_confirm=QueueState.force(_S.selected[0]),
        color="jade",
    )
    return rx.cond(one, asked, rx.fragment())


def _run() -> rx.Component:
    """How far the order is that is under way, with the way to stop it."""
    run = _S.run
    words = tr_of("queue.run", run["kind"], done=run["done"], total=run["total"])
    return rx.fragment(
        rx.el.div(
            rx.el.b(words, role="status"),
            rx.el.progress(
                value=run["done"],
                max=run["total"],
                aria_label=tr("queue.run.label"),
                class_name="queue-progress",
            ),
            class_name="queue-run",
            custom_attrs={"data-run": run["kind"], "data-done": run["done"]},
        ),
        rx.button(
            rx.icon("square", size=15, aria_hidden="true"),
            rx.cond(run["stopped"], tr("queue.run.aborting"), tr("queue.run.abort")),
            variant="soft",
            color_scheme="tomato",
            size="3",
            disabled=run["stopped"].to(bool) | ~_S.may_send,
            on_click=_O.abort,
            custom_attrs={"data-action": "abort"},
        ),
    )
