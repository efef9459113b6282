"""pages: what one can do with the message in the side panel."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.messages import Status
from wedding_wa.pages.components import confirm
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.queue_list import priority_word
from wedding_wa.pages.queue_orders import priority_menu
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_text import QueueTextState


def message_actions() -> rx.Component:
    """Each asks first; none is done later if the line was cut meanwhile."""
    panel: rx.Var[Any] = rx.Var.create(QueueState.panel)
    orders = {
        "can_release": _sure("play", "release", "jade", QueueState.let_go),
        "can_force": _sure("send-horizontal", "force", "jade", QueueState.force),
        "can_retry": _retry(),
        "can_hold": _sure("hand", "hold", "gray", QueueState.set_aside),
        "can_edit": _edit(),
        "can_hurry": _hurry(),
        "can_cancel": _cancel(),
    }
    shown = [
        rx.cond(QueueState.may_send & panel[name], order, rx.fragment())
        for name, order in orders.items()
    ]
    doubtful = panel["state"] == Status.UNCONFIRMED.value
    return rx.el.div(
        *shown,
        rx.cond(doubtful, _to_evidence(), rx.fragment()),
        class_name="panel-do",
        role="group",
        aria_label=tr("queue.panel.actions"),
    )


def _cancel() -> rx.Component:
    return confirm(
        _button("ban", "cancel", "gray"),
        title=tr("queue.cancel.sure"),
        about=tr("queue.cancel.about", who=QueueState.panel["who"]),
        action=tr("queue.cancel.button"),
        on_confirm=QueueState.cancel(QueueState.panel["id"]),
    )


def _retry() -> rx.Component:
    return confirm(
        _button("rotate-ccw", "retry", "jade"),
        title=tr("queue.retry_failed_sure", n=1),
        about=tr("queue.retry_failed_about"),
        action=tr("queue.retry.button"),
        on_confirm=QueueState.retry(QueueState.panel["id"]),
        color="jade",
    )


def _sure(icon: str, name: str, color: str, order: Any) -> rx.Component:
    """One whose question needs no figure and no name."""
    return confirm(
        _button(icon, name, color),
        title=tr(f"queue.{name}.sure"),
        about=tr(f"queue.{name}.about"),
        action=tr(f"queue.{name}.button"),
        on_confirm=order(QueueState.panel["id"]),
        color="jade",
    )


def _edit() -> rx.Component:
    return _button(
        "pencil",
        "edit",
        "gray",
        on_click=QueueTextState.open_text(QueueState.panel["id"]),
    )


def _hurry() -> rx.Component:
    """A choice among five, so it asks nothing more; the next choice takes it back."""
    panel = QueueState.panel
    button = rx.button(
        rx.icon("chevrons-up-down", size=16, aria_hidden="true"),
        tr("queue.hurry.button", now=priority_word(panel["priority"])),
        variant="surface",
        color_scheme="gray",
        size="3",
        custom_attrs={"data-action": "hurry"},
    )
    return priority_menu(button, lambda p: QueueState.hurry(panel["id"], p))


def _to_evidence() -> rx.Component:
    return rx.link(
        rx.icon("search", size=16, aria_hidden="true"),
        tr("queue.see_evidence"),
        href="/queue/unconfirmed",
        class_name="plain-button",
    )


def _button(icon: str, name: str, color: str, **events: Any) -> rx.Component:
    return rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        tr(f"queue.{name}.button"),
        variant="surface",
        color_scheme=color,
        size="3",
        custom_attrs={"data-action": name},
        **events,
    )
