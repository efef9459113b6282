"""pages: the strip on top of every page, and the ribbons under it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import live_word, time
from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr
from wedding_wa.state.base import PageState


def strip() -> rx.Component:
    """Per account: dot, name, figures; then the live word and pause or resume."""
    accounts = rx.el.div(
        rx.foreach(PageState.strip, _account),
        class_name="strip-accounts",
        role="group",
        aria_label=tr("layout.strip.label"),
    )
    end = rx.el.div(live_word(), _pause(), class_name="strip-end")
    return rx.el.header(
        rx.el.div(accounts, end, class_name="column"), class_name="strip"
    )


def ribbons() -> rx.Component:
    """Say what is out of the ordinary; nothing while all is well."""
    paused = rx.el.div(
        rx.icon("pause", size=15, aria_hidden="true"),
        tr("layout.paused"),
        class_name="ribbon",
        role="status",
        custom_attrs={"data-tone": "tomato"},
    )
    simulated = rx.el.div(
        rx.icon("flask-conical", size=15, aria_hidden="true"),
        tr("layout.simulator"),
        class_name="ribbon",
        id="simulator-mark",
    )
    return rx.el.section(
        rx.cond(PageState.paused, paused, rx.fragment()),
        rx.cond(PageState.simulated, simulated, rx.fragment()),
        aria_label=tr("layout.notices"),
    )


def _account(one: rx.Var[dict[str, Any]]) -> rx.Component:
    return rx.el.div(
        account_dot(one["key"], off=~one["ready"]),
        rx.el.b(account_name(one["key"])),
        rx.el.span(
            _connection(one["ready"]),
            rx.el.span(
                tr("layout.strip.sent", sent=one["sent"], limit=one["limit"]),
            ),
            _next_free(one),
            rx.el.span(tr("layout.strip.waiting", n=one["waiting"])),
            _done_about(one),
            class_name="strip-figures figures",
        ),
        class_name="strip-account",
        key=one["key"],
        custom_attrs={"data-strip": one["key"]},
    )


def _connection(ready: Any) -> rx.Component:
    """Only heard while all is well: the dot tells it to the eye."""
    return rx.cond(
        ready,
        rx.el.i(tr("layout.strip.up"), class_name="only-heard"),
        rx.el.span(tr("layout.strip.down"), custom_attrs={"data-tone": "tomato"}),
    )


def _next_free(one: rx.Var[dict[str, Any]]) -> rx.Component:
    shown = rx.el.span(tr("layout.strip.next_free"), " ", time(one["next_free"]))
    return rx.cond(one["next_free"] != "", shown, rx.fragment())


def _done_about(one: rx.Var[dict[str, Any]]) -> rx.Component:
    shown = rx.el.span(tr("layout.strip.done_about"), " ", time(one["done_at"]))
    return rx.cond(one["done_at"] != "", shown, rx.fragment())


def _pause() -> rx.Component:
    """Pausing is safe and asks nothing; so is resuming."""
    resume = rx.button(
        rx.icon("play", size=15, aria_hidden="true"),
        rx.el.span(tr("layout.resume_all"), class_name="desk-only"),
        aria_label=tr("layout.resume_all"),
        color_scheme="jade",
        size="3",
        title=tr("layout.resume_hint"),
        on_click=PageState.pause_all(False),
    )
    pause = rx.button(
        rx.icon("pause", size=15, aria_hidden="true"),
        rx.el.span(tr("layout.pause_all"), class_name="desk-only"),
        aria_label=tr("layout.pause_all"),
        variant="surface",
        color_scheme="gray",
        size="3",
        on_click=PageState.pause_all(True),
    )
    return rx.cond(PageState.paused, resume, pause)
