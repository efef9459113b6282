"""pages: one raw event, or one refusal, beside the list: facts, body, apply again."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import account_dot, account_name, side_panel
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import copy_id
from wedding_wa.state.webhooks import WebhooksState

# state -> (tone, icon)
_LOOKS = {
    "applied": ("jade", "circle-check"),
    "kept": ("gray", "archive"),
    "waiting": ("sand", "hourglass"),
    "failed": ("tomato", "triangle-alert"),
    "refused": ("amber", "shield-x"),
}
STATES = tuple(_LOOKS)

_S = WebhooksState


def event_badge(state: Any) -> rx.Component:
    """Return the badge of an event's state: colour, icon and word."""
    state = rx.Var.create(state).to(str)
    icons = [
        (name, rx.icon(icon, size=15, stroke_width=2.2, aria_hidden="true"))
        for name, (_, icon) in _LOOKS.items()
    ]
    tones = [(name, tone) for name, (tone, _) in _LOOKS.items()]
    return rx.el.span(
        rx.match(state, *icons, rx.fragment()),
        rx.el.span(tr_of("webhooks.state", state), class_name="badge-word", key=state),
        class_name="badge",
        custom_attrs={"data-tone": rx.match(state, *tones, "sand")},
    )


def webhook_panel() -> rx.Component:
    """Return the panel of what the URL names; nothing where it names nothing."""
    known = _S.panel["id"] != 0
    word = rx.cond(
        _S.panel["refused"],
        tr("webhooks.panel.refusal"),
        tr_of("webhooks.event", _S.panel["word"]),
    )
    gone = rx.el.p(tr("webhooks.error.not_found"))
    return side_panel(
        rx.cond(known, _body(), gone),
        shown=_S.opened > 0,
        title=rx.cond(known, word, tr("webhooks.panel.gone")),
        on_close=_S.close,
    )


def _body() -> rx.Component:
    panel = _S.panel
    return rx.el.div(
        _top(),
        rx.cond(panel["refused"], rx.fragment(), _again()),
        _facts(),
        _raw(),
        class_name="message-panel",
        custom_attrs={"data-panel": panel["key"]},
    )


def _top() -> rx.Component:
    panel = _S.panel
    proof = rx.cond(
        panel["refused"],
        tr_of("webhooks.reason_about", panel["word"]),
        tr_of("webhooks.proof", panel["way"]),
    )
    account = rx.el.span(
        account_dot(panel["account"]),
        account_name(panel["account"]),
        class_name="panel-account",
    )
    return rx.el.div(
        rx.el.div(
            event_badge(panel["state"]),
            rx.cond(panel["account"] != "", account, rx.fragment()),
            class_name="panel-line",
        ),
        rx.cond(
            panel["note"] != "",
            rx.el.p(panel["note"], class_name="panel-note"),
            rx.fragment(),
        ),
        rx.el.p(proof, class_name="panel-note hooks-proof"),
    )


def _again() -> rx.Component:
    """Harmless, so it does not ask first."""
    button = rx.button(
        rx.icon("rotate-ccw", size=16, aria_hidden="true"),
        tr("webhooks.again.one"),
        variant="surface",
        color_scheme="jade",
        size="3",
        on_click=_S.apply_again(_S.panel["id"]),
        custom_attrs={"data-action": "apply-again"},
    )
    possible = _S.may_apply & ~_S.panel["pruned"].to(bool)
    return rx.cond(
        possible,
        rx.el.div(
            button, rx.el.p(tr("webhooks.again.harmless"), class_name="hooks-harmless")
        ),
        rx.fragment(),
    )


def _facts() -> rx.Component:
    panel = _S.panel
    return rx.el.dl(
        *_fact("at", time(panel["at"], seconds=True)),
        *_fact(
            "applied", time(panel["applied"], seconds=True), show=panel["applied"] != ""
        ),
        *_fact("event", rx.el.code(panel["event"]), show=panel["event"] != ""),
        *_fact("reason", _reason(), show=panel["refused"]),
        *_fact("asked", rx.el.code(panel["asked"]), show=panel["refused"]),
        *_fact("address", rx.el.code(panel["address"]), show=panel["address"] != ""),
        *_fact("way", tr_of("webhooks.way", panel["way"])),
        *_fact("size", tr("webhooks.bytes", n=panel["size"]), show=panel["size"] != ""),
        *_fact(
            "event_id",
            _copy("event_id", panel["event_id"]),
            show=panel["event_id"] != "",
        ),
        *_fact(
            "message_id",
            _copy("message_id", panel["message_id"]),
            show=panel["message_id"] != "",
        ),
        class_name="facts",
    )


def _reason() -> rx.Var[str]:
    return tr_of("webhooks.reason", _S.panel["word"])


def _fact(name: str, value: Any, *, show: Any = True) -> list[rx.Component]:
    pair = rx.fragment(rx.el.dt(tr(f"webhooks.panel.{name}")), rx.el.dd(value))
    return [pair if show is True else rx.cond(show, pair, rx.fragment())]


def _copy(name: str, value: Any) -> rx.Component:
    return copy_id(value, name=tr(f"webhooks.panel.{name}"))


def _raw() -> rx.Component:
    panel = _S.panel
    title = tr("webhooks.panel.body")
    note = rx.match(
        rx.cond(
            panel["withheld"],
            "withheld",
            rx.cond(panel["pruned"], "pruned", rx.cond(panel["cut"], "cut", "whole")),
        ),
        ("withheld", tr("webhooks.panel.withheld")),
        ("pruned", tr("webhooks.panel.pruned")),
        ("cut", tr("webhooks.panel.cut")),
        "",
    )
    return rx.el.section(
        rx.el.h3(title),
        rx.cond(
            panel["body"] != "",
            rx.el.pre(panel["body"], tab_index=0),
            rx.cond(
                panel["pruned"] | panel["withheld"],
                rx.fragment(),
                rx.el.p(tr("webhooks.panel.no_body"), class_name="hooks-harmless"),
            ),
        ),
        rx.cond(
            panel["pruned"] | panel["cut"] | panel["withheld"],
            rx.el.p(note, class_name="hooks-harmless"),
            rx.fragment(),
        ),
        class_name="raw hooks-raw",
        aria_label=title,
    )
