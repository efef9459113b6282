"""pages: one message beside the list: what it is, what one can do, its timeline."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.messages import Phase
from wedding_wa.pages.browser import seconds_since, time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    side_panel,
    state_badge,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_actions import message_actions
from wedding_wa.pages.queue_list import next_try
from wedding_wa.pages.queue_parts import copy_id
from wedding_wa.state.queue import QueueState

_TONES = {
    "amber": (Phase.WAITING_RATE_LIMIT, Phase.RETRY_SCHEDULED, Phase.HELD),
    "sky": (Phase.READING, Phase.WAITING_HUMAN, Phase.TYPING, Phase.SENDING),
    "jade": (Phase.SENT, Phase.SERVER_ACK, Phase.DELIVERED, Phase.SETTLED),
    "blue": (Phase.READ, Phase.REPLIED),
    "violet": (Phase.UNCONFIRMED, Phase.RESCUED),
    "tomato": (Phase.FAILED, Phase.REFUSED),
}
_OUTCOME_TONES = {
    "sent": "jade",
    "running": "sky",
    "maybe_sent": "violet",
    "refused": "tomato",
    "not_sent": "amber",
    "account_down": "amber",
    "restricted": "amber",
}


def message_panel() -> rx.Component:
    """Return the panel of the message in the URL; nothing where none is named."""
    known = QueueState.panel["id"] != 0
    body = rx.cond(known, _body(), rx.el.p(tr("queue.not_found")))
    title = rx.cond(known, QueueState.panel["who"], tr("queue.panel.facts"))
    return side_panel(
        body,
        shown=QueueState.opened > 0,
        title=title,
        on_close=QueueState.close,
    )


def _body() -> rx.Component:
    return rx.el.div(
        _top(),
        rx.el.p(QueueState.panel["text"], class_name="bubble"),
        message_actions(),
        _section("timeline", _timeline()),
        rx.cond(
            QueueState.tries.length() > 0,
            _section(
                "tries",
                rx.el.ol(rx.foreach(QueueState.tries, _try), class_name="tries"),
            ),
            rx.fragment(),
        ),
        _section("facts", _facts()),
        _raw(),
        class_name="message-panel",
        custom_attrs={
            "data-panel": QueueState.panel["key"],
            "data-account": QueueState.panel["account"],
        },
    )


def _top() -> rx.Component:
    """State and account, and why it waits."""
    panel = QueueState.panel
    phase = rx.cond(
        QueueState.phases.contains(panel["key"]),
        QueueState.phases[panel["key"]],
        panel["state"],
    ).to(str)
    return rx.el.div(
        rx.el.div(
            state_badge(phase),
            rx.el.span(
                account_dot(panel["account"]),
                account_name(panel["account"]),
                class_name="panel-account",
            ),
            rx.el.span(
                tr("queue.try", n=panel["tries"], max=panel["max"]),
                class_name="panel-try",
            ),
            class_name="panel-line",
        ),
        rx.cond(
            (panel["note"] != "") | (panel["until"] != ""),
            rx.el.p(next_try(panel), " ", panel["note"], class_name="panel-note"),
            rx.fragment(),
        ),
    )


# --- what happened -------------------------------------------------------------------


def _section(name: str, *content: rx.Component) -> rx.Component:
    title = tr(f"queue.panel.{name}")
    return rx.el.section(rx.el.h3(title), *content, aria_label=title)


def _timeline() -> rx.Component:
    return rx.el.ol(rx.foreach(QueueState.steps, _step), class_name="timeline")


def _step(step: rx.Var[Any]) -> rx.Component:
    tones = [(phase, tone) for tone, phases in _TONES.items() for phase in phases]
    return rx.el.li(
        rx.el.div(
            rx.el.b(tr_of("phase", step["phase"])),
            rx.el.span(_took(step), class_name="step-took figures"),
            rx.el.span(time(step["at"], seconds=True), class_name="step-at figures"),
            class_name="step-head",
        ),
        rx.cond(step["about"] != "", rx.el.p(step["about"]), rx.fragment()),
        class_name="timeline-step",
        key=step["key"],
        custom_attrs={
            "data-phase": step["phase"],
            "data-tone": rx.match(step["phase"], *tones, "sand"),
            "data-running": rx.cond(step["running"], "true", "false"),
        },
    )


def _took(step: rx.Var[Any]) -> rx.Component:
    """How long it took, and what was planned where a plan was drawn."""
    running = rx.fragment(seconds_since(step["at"]), " ", tr("queue.panel.running"))
    planned = rx.el.small(tr("queue.panel.planned", time=step["planned"]))
    took = rx.fragment(
        step["took"],
        rx.cond(
            (step["took"] != "") & (step["planned"] != ""),
            rx.el.i(" · ", aria_hidden="true"),
            rx.fragment(),
        ),
        rx.cond(step["planned"] != "", planned, rx.fragment()),
    )
    return rx.cond(
        step["running"],
        rx.fragment(
            running,
            rx.cond(
                step["planned"] != "",
                rx.fragment(rx.el.i(" · ", aria_hidden="true"), planned),
                rx.fragment(),
            ),
        ),
        took,
    )


def _try(one: rx.Var[Any]) -> rx.Component:
    tones = list(_OUTCOME_TONES.items())
    return rx.el.li(
        rx.el.div(
            rx.el.b(
                tr_of("queue.outcome", one["outcome"]),
                custom_attrs={"data-tone": rx.match(one["outcome"], *tones, "sand")},
            ),
            rx.el.span(one["took"], class_name="step-took figures"),
            rx.el.span(time(one["at"], seconds=True), class_name="step-at figures"),
            class_name="step-head",
        ),
        rx.cond(one["error"] != "", rx.el.p(one["error"]), rx.fragment()),
        key=one["key"],
        custom_attrs={"data-outcome": one["outcome"]},
    )


# --- the small print -----------------------------------------------------------------


def _facts() -> rx.Component:
    panel = QueueState.panel
    return rx.el.dl(
        *_fact("number", panel["number"], show=panel["number"] != ""),
        *_fact("created", time(panel["at"], seconds=True)),
        *_fact("expires", time(panel["expires"]), show=panel["expires"] != ""),
        *_fact("id", _copy("id", panel["key"])),
        *_fact("task", _copy("task", panel["task"])),
        *_fact(
            "whatsapp",
            _copy("whatsapp", panel["whatsapp"]),
            show=panel["whatsapp"] != "",
        ),
        class_name="facts",
    )


def _fact(name: str, value: Any, *, show: Any = True) -> list[rx.Component]:
    pair = rx.fragment(rx.el.dt(tr(f"queue.panel.{name}")), rx.el.dd(value))
    return [pair if show is True else rx.cond(show, pair, rx.fragment())]


def _copy(name: str, value: Any) -> rx.Component:
    return copy_id(value, name=tr(f"queue.panel.{name}"))


def _raw() -> rx.Component:
    """The events as they are stored: sent only when somebody unfolds them."""
    unfolded = QueueState.raw != ""
    return rx.el.div(
        rx.el.button(
            rx.icon("chevron-right", size=15, aria_hidden="true"),
            tr("queue.panel.raw"),
            type="button",
            class_name="raw-toggle",
            on_click=QueueState.show_raw,
            custom_attrs={"aria-expanded": rx.cond(unfolded, "true", "false")},
        ),
        rx.cond(unfolded, rx.el.pre(QueueState.raw, tab_index=0), rx.fragment()),
        class_name="raw",
    )
