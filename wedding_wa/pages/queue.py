"""pages: the Queue: every message, live: what goes now, counters, list, side panel."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import (
    account_dot,
    account_name,
    empty,
    page_head,
    skeleton,
    state_badge,
    when_loaded,
)
from wedding_wa.pages.components.badge import state_icon, tone_of
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.not_written import not_written_empty
from wedding_wa.pages.proof_link import proof_link
from wedding_wa.pages.queue_list import message_list, pager
from wedding_wa.pages.queue_orders import missed_starts, question, selection_bar
from wedding_wa.pages.queue_panel import message_panel
from wedding_wa.pages.queue_parts import calm, query_link, search_field
from wedding_wa.pages.queue_text import text_dialog
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_orders import QueueOrdersState

# In the order of a message's life. "refused" shows only where there is one.
COUNTERS = (
    "waiting",
    "held",
    "processing",
    "sent",
    "delivered",
    "read",
    "unconfirmed",
    "failed",
    "refused",
    "skipped",
)
_FIRST_PAGE = {"after": "", "before": ""}


def queue() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(
            tr("queue.title"), tr("queue.about"), _to_unconfirmed(), _retry_failed()
        ),
        when_loaded(QueueState, _content(), _bones()),
        message_panel(),
        selection_bar(),
        question(),
        text_dialog(),
        calm(QueueState.hold),
        here="queue",
    )


def _content() -> rx.Component:
    return rx.el.div(
        missed_starts(),
        _lanes(),
        _counters(),
        _announcement(),
        _list(),
        proof_link(),
        class_name="queue",
    )


def _list() -> rx.Component:
    any_rows = QueueState.rows.length() > 0
    total = rx.el.span(tr("queue.total", n=QueueState.total), class_name="queue-total")
    return rx.el.section(
        rx.el.div(
            search_field(),
            rx.cond(QueueState.searched == "", total, rx.fragment()),
            class_name="queue-tools",
        ),
        rx.cond(QueueState.rule != "", _only_set_aside(), rx.fragment()),
        rx.cond(any_rows, rx.fragment(message_list(), pager()), _nothing()),
        class_name="queue-sheet",
        aria_label=tr("queue.list"),
    )


# --- what goes out now --------------------------------------------------------------


def _lanes() -> rx.Component:
    return rx.el.section(
        rx.foreach(QueueState.lanes, _lane),
        class_name="queue-lanes",
        aria_label=tr("queue.lanes"),
    )


def _lane(lane: rx.Var[Any]) -> rx.Component:
    """One account: whom it writes to, or whom it will write to next and when."""
    nobody = rx.el.p(tr("queue.lane_empty"), class_name="queue-lane-note")
    return rx.el.div(
        rx.el.span(
            account_dot(lane["account"]),
            account_name(lane["account"]),
            class_name="queue-lane-account",
        ),
        rx.cond(lane["key"] == "", nobody, _lane_message(lane)),
        class_name="queue-lane",
        key=lane["account"],
        custom_attrs={
            "data-lane": lane["account"],
            "data-live": rx.cond(lane["live"], "true", "false"),
        },
    )


def _lane_message(lane: rx.Var[Any]) -> rx.Component:
    phase = rx.cond(
        QueueState.phases.contains(lane["key"]),
        QueueState.phases[lane["key"]],
        "processing",
    )
    note = rx.el.p(lane["note"], class_name="queue-lane-note")
    text = rx.el.p(lane["preview"], class_name="queue-lane-note")
    return rx.fragment(
        rx.el.div(
            rx.cond(
                lane["live"],
                rx.fragment(),
                rx.el.span(tr("queue.lane_next"), class_name="queue-lane-next"),
            ),
            query_link(
                lane["who"], to={"message": lane["key"]}, class_name="queue-lane-who"
            ),
            rx.cond(lane["live"], state_badge(phase), rx.fragment()),
            class_name="queue-lane-line",
        ),
        rx.cond(lane["live"], text, note),
    )


# --- counters are the filters -------------------------------------------------------


def _counters() -> rx.Component:
    return rx.el.nav(
        _counter("", QueueState.total_of_all),
        *[_counter(name, QueueState.counts[name]) for name in COUNTERS],
        class_name="queue-counters",
        aria_label=tr("queue.counters"),
    )


def _counter(name: str, count: Any) -> rx.Component:
    """A state with its count; a second click on it takes the filter off."""
    active = QueueState.shown == name
    icon = state_icon(name, size=16) if name else rx.icon("layers", size=16)
    # The badge says by whom; here there is no room for it.
    short = tr("queue.refused") if name == "refused" else tr_of("state", name)
    words = short if name else tr("queue.all")
    marks = {
        "data-counter": name or "all",
        "data-count": count,
        "data-tone": tone_of(name),
        "aria-current": rx.cond(active, "true", "false"),
    }
    shown = query_link(
        rx.el.b(count, class_name="figures"),
        icon,
        rx.el.span(words, class_name="queue-counter-word"),
        to={
            "state": rx.cond(active, "", name),
            "rule": "",
            "message": "",
            **_FIRST_PAGE,
        },
        class_name="queue-counter",
        custom_attrs=marks,
    )
    if name != "refused":
        return shown
    return rx.cond((count > 0) | active, shown, rx.fragment())


def _announcement() -> rx.Component:
    """The figures once more for those who hear the page."""
    counts = QueueState.counts
    names = ("waiting", "held", "processing", "sent", "failed")
    words = tr("queue.summary", **{name: counts[name] for name in names})
    return rx.el.p(words, class_name="only-heard", role="status")


def _retry_failed() -> rx.Component:
    """Only while there is anything that another try may help."""
    n = QueueState.retryable
    button = rx.button(
        rx.icon("rotate-ccw", size=16, aria_hidden="true"),
        tr("queue.retry_failed", n=n),
        variant="surface",
        color_scheme="tomato",
        size="3",
        on_click=QueueOrdersState.ask_retry,
        custom_attrs={"data-action": "retry-failed"},
    )
    return rx.cond((n > 0) & QueueState.may_send, button, rx.fragment())


def _to_unconfirmed() -> rx.Component:
    n = QueueState.counts["unconfirmed"].to(int)
    link = rx.link(
        rx.icon("circle-help", size=17, aria_hidden="true"),
        tr("queue.to_unconfirmed", n=n),
        href="/queue/unconfirmed",
        class_name="plain-button",
    )
    return rx.cond(n > 0, link, rx.fragment())


def _only_set_aside() -> rx.Component:
    """The list shows one reason only; this says so, and takes it off."""
    return rx.el.p(
        tr("queue.only_set_aside"),
        " ",
        query_link(
            tr("common.clear_filters"),
            to={"rule": "", "state": "", **_FIRST_PAGE},
            class_name="queue-only-clear",
        ),
        class_name="queue-only",
        role="status",
    )


# --- nothing to show, and not yet anything to show ----------------------------------


def _nothing() -> rx.Component:
    clear = query_link(
        tr("common.clear_filters"),
        to={"state": "", "q": "", "rule": "", **_FIRST_PAGE},
        class_name="queue-clear",
    )
    about = rx.cond(
        QueueState.searched != "",
        tr("queue.filtered.about"),
        tr("queue.filtered.state"),
    )
    none_here = empty("search-x", tr("queue.filtered.title"), about, clear)
    none_at_all = empty("mail", tr("queue.empty.title"), tr("queue.empty.about"))
    none_yet = not_written_empty(QueueState, none_at_all)
    return rx.cond(QueueState.total_of_all > 0, none_here, none_yet)


def _bones() -> rx.Component:
    lane = rx.el.div(skeleton(height="16px", times=2), class_name="queue-lane")
    counter = rx.el.div(skeleton(height="40px"), class_name="queue-counter")
    return rx.el.div(
        rx.el.div(lane, lane, class_name="queue-lanes"),
        rx.el.div(*[counter] * (len(COUNTERS)), class_name="queue-counters"),
        rx.el.div(
            skeleton(height="44px", times=8, gap="10px"),
            class_name="queue-sheet queue-bones",
        ),
        class_name="queue",
        aria_busy="true",
    )
