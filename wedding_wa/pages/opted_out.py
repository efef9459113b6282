"""pages: Opted out: who wants no more messages, in their own words, and how to undo."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    confirm,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.state.opted_out import OptedOutState
from wedding_wa.state.stop_answers import GO_ON, STOP

_S = OptedOutState


def opted_out() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("opt_out.title"), tr("opt_out.about"), _to_guests()),
        when_loaded(_S, _content(), _bones()),
        here="guests",
    )


def _to_guests() -> rx.Component:
    return rx.link(
        rx.icon("users", size=17, aria_hidden="true"),
        tr("opt_out.to_guests"),
        href="/guests",
        class_name="plain-button",
    )


def _content() -> rx.Component:
    nobody = empty("heart-handshake", tr("opt_out.empty"), tr("opt_out.empty_about"))
    return rx.el.div(
        rx.cond(_S.questions.length() > 0, _questions(), rx.fragment()),
        rx.cond(
            _S.active.length() > 0,
            card(
                rx.el.ul(rx.foreach(_S.active, _active), class_name="wishes"),
                title=tr("opt_out.holds", n=_S.active.length()),
            ),
            card(nobody),
        ),
        rx.cond(_S.undone.length() > 0, _undone(), rx.fragment()),
        class_name="stack",
    )


def _questions() -> rx.Component:
    return card(
        rx.el.ul(rx.foreach(_S.questions, _question), class_name="wishes"),
        title=tr("opt_out.question.title"),
        about=tr("opt_out.question.about"),
    )


def _question(row: Any) -> rx.Component:
    stop = confirm(
        rx.button(tr("opt_out.question.stop"), size="3", variant="soft"),
        title=tr("opt_out.question.confirm", name=row["name"]),
        about=tr("opt_out.question.confirm_about"),
        action=tr("opt_out.question.stop"),
        on_confirm=_S.answer(row["id"], STOP),
    )
    talk = rx.button(
        tr("opt_out.question.go_on"),
        size="3",
        variant="soft",
        color_scheme="gray",
        on_click=_S.answer(row["id"], GO_ON),
    )
    return _row(
        row,
        rx.el.small(tr("opt_out.question.word", word=row["word"])),
        rx.cond(_S.may_send, rx.el.div(stop, talk, class_name="wish-do")),
        kind="question",
    )


def _active(row: Any) -> rx.Component:
    undo = confirm(
        rx.button(
            tr("opt_out.undo"),
            aria_label=tr("opt_out.undo_of", name=row["name"]),
            size="3",
            variant="soft",
            color_scheme="gray",
        ),
        title=tr("opt_out.undo_title", name=row["name"]),
        about=tr("opt_out.undo_about"),
        action=tr("opt_out.undo_action"),
        on_confirm=_S.undo(row["id"]),
        color="jade",
    )
    noted = rx.el.small(tr("opt_out.noted_by", name=row["noted_by"]))
    return _row(
        row,
        rx.cond(row["noted_by"] != "", noted, rx.fragment()),
        rx.cond(_S.may_send, rx.el.div(undo, class_name="wish-do")),
        kind="active",
    )


def _undone() -> rx.Component:
    return card(
        rx.el.ul(rx.foreach(_S.undone, _ended), class_name="wishes"),
        title=tr("opt_out.undone_title"),
        about=tr("opt_out.undone_about"),
    )


def _ended(row: Any) -> rx.Component:
    how = rx.el.small(
        tr_of("opt_out.ended", row["ended"], name=row["ended_by"]),
        " ",
        time(row["ended_at"]),
    )
    return _row(row, how, rx.fragment(), kind="undone")


def _row(
    row: Any, note: rx.Component, actions: rx.Component, *, kind: str
) -> rx.Component:
    """Who, their words, when and to which number; then what can be done."""
    name = rx.cond(
        row["href"] != "",
        rx.link(row["name"], href=row["href"], class_name="wish-name"),
        rx.el.b(row["name"], class_name="wish-name"),
    )
    words = rx.el.blockquote(row["sentence"], class_name="wish-words")
    told = rx.el.span(
        account_dot(row["account"]),
        account_name(row["account"]),
        " · ",
        time(row["at"]),
        class_name="wish-told",
    )
    return rx.el.li(
        rx.el.div(
            rx.el.div(name, rx.el.span(row["about"], class_name="wish-about")),
            rx.cond(row["sentence"] != "", words, rx.fragment()),
            rx.el.div(told, note, class_name="wish-facts"),
            class_name="wish-main",
        ),
        actions,
        class_name="wish",
        key=row["id"].to_string(),
        custom_attrs={"data-wish": row["id"].to_string(), "data-kind": kind},
    )


def _bones() -> rx.Component:
    return card(skeleton(height="64px", times=4))
