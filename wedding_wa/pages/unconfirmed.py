"""pages: Not sure yet: what nobody knows whether it went, what was looked at, and the
two things that a person can say."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago, time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    confirm,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.state.unconfirmed import UnconfirmedState
from wedding_wa.state.unconfirmed_views import MARKS, FactView

_S = UnconfirmedState
_ICONS = dict(zip(MARKS, ("circle-check", "hourglass", "hand"), strict=True))


def unconfirmed() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("unconfirmed.title"), tr("unconfirmed.about"), _look_again()),
        when_loaded(_S, _content(), _bones()),
        here="queue",
    )


def _content() -> rx.Component:
    nothing = rx.el.section(
        empty(
            "circle-check",
            tr("unconfirmed.empty.title"),
            tr("unconfirmed.empty.about"),
            _to_proof(),
        ),
        class_name="card",
    )
    return rx.el.div(
        rx.cond(_S.rows.length() > 0, _list(), nothing),
        _to_queue(),
        class_name="doubts-page",
    )


def _look_again() -> rx.Component:
    button = rx.button(
        rx.icon("search-check", size=17, aria_hidden="true"),
        rx.cond(_S.busy, tr("unconfirmed.look.busy"), tr("unconfirmed.look.button")),
        size="3",
        variant="surface",
        disabled=_S.busy,
        on_click=_S.look_again,
        custom_attrs={"data-action": "look-again"},
    )
    return rx.cond(
        _S.may_decide & (_S.rows.length() > 0),
        button,
        rx.fragment(),
    )


def _to_queue() -> rx.Component:
    return rx.link(
        rx.icon("arrow-left", size=16, aria_hidden="true"),
        tr("unconfirmed.to_queue"),
        href="/queue",
        class_name="doubts-back",
    )


def _to_proof() -> rx.Component:
    return rx.link(
        rx.icon("shield-check", size=17, aria_hidden="true"),
        tr("unconfirmed.to_proof"),
        href="/never-twice",
        class_name="plain-button",
    )


def _list() -> rx.Component:
    some = rx.el.p(
        tr("unconfirmed.more", shown=_S.rows.length(), n=_S.total),
        class_name="doubts-more",
    )
    return rx.fragment(
        rx.el.div(
            rx.el.p(
                tr("unconfirmed.count", n=_S.total),
                class_name="doubts-count",
                role="status",
            ),
            _to_proof(),
            class_name="doubts-top",
        ),
        rx.el.ul(rx.foreach(_S.rows, _doubt), class_name="doubts"),
        rx.cond(_S.total > _S.rows.length(), some, rx.fragment()),
    )


def _doubt(row: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        _who(row),
        rx.el.p(row["text"], class_name="bubble"),
        rx.cond(row["looked_at"] != "", _seen(row), rx.fragment()),
        _next(row),
        rx.cond(_S.may_decide, _say(row), rx.fragment()),
        class_name="doubt card",
        key=row["key"],
        custom_attrs={"data-message-id": row["key"], "data-state": "unconfirmed"},
    )


def _who(row: rx.Var[Any]) -> rx.Component:
    number = rx.cond(row["number"] != "", " · " + row["number"].to(str), "")
    links = rx.el.span(
        rx.cond(
            row["chat"] != "",
            rx.link(tr("unconfirmed.chat"), href=row["chat"]),
            rx.fragment(),
        ),
        rx.link(
            tr("unconfirmed.timeline"), href="/queue?message=" + row["key"].to(str)
        ),
        class_name="doubt-links",
    )
    return rx.el.div(
        rx.el.div(
            account_dot(row["account"]),
            rx.el.div(
                rx.el.h2(row["who"], class_name="doubt-name"),
                rx.el.small(
                    account_name(row["account"]),
                    number,
                    " · ",
                    tr("unconfirmed.may_have_gone"),
                    " ",
                    ago(row["since"]),
                ),
            ),
            class_name="doubt-who",
        ),
        links,
        class_name="doubt-head",
    )


def _seen(row: rx.Var[Any]) -> rx.Component:
    return rx.el.div(
        rx.el.ul(
            rx.foreach(row["facts"].to(list[FactView]), _fact),
            class_name="doubt-facts",
            aria_label=tr("unconfirmed.what_was_seen"),
        ),
        rx.el.small(
            tr("unconfirmed.looked_at"), " ", time(row["looked_at"], seconds=True)
        ),
        class_name="doubt-seen",
    )


def _fact(fact: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        _icon(fact["mark"], size=18),
        rx.el.span(
            tr_of("unconfirmed.mark", fact["mark"]), ": ", class_name="only-heard"
        ),
        rx.el.span(fact["text"]),
        custom_attrs={"data-mark": fact["mark"]},
    )


def _next(row: rx.Var[Any]) -> rx.Component:
    return rx.el.p(
        _icon(row["mark"], size=18),
        rx.el.span(row["next"]),
        class_name="doubt-next",
        custom_attrs={"data-mark": row["mark"]},
    )


def _icon(mark: rx.Var[Any], *, size: int) -> rx.Component:
    icons = [
        (name, rx.icon(icon, size=size, aria_hidden="true"))
        for name, icon in _ICONS.items()
    ]
    return rx.match(mark, *icons, rx.fragment())


def _say(row: rx.Var[Any]) -> rx.Component:
    """The two things that only a person can say, each with what it means."""
    was_sent = confirm(
        _button("check-check", "sent", row, color="jade"),
        title=tr("unconfirmed.sent.sure", who=row["who"]),
        about=tr("unconfirmed.sent.about"),
        action=tr("unconfirmed.sent.button"),
        on_confirm=_S.was_sent(row["id"]),
        color="jade",
    )
    again = confirm(
        _button("rotate-ccw", "again", row, color="gray"),
        title=tr("unconfirmed.again.sure", who=row["who"]),
        about=tr("unconfirmed.again.about", who=row["who"]),
        action=tr("unconfirmed.again.button"),
        on_confirm=_S.send_again(row["id"]),
    )
    return rx.el.div(was_sent, again, class_name="doubt-do")


def _button(icon: str, name: str, row: rx.Var[Any], *, color: Any) -> rx.Component:
    return rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        tr(f"unconfirmed.{name}.button"),
        size="3",
        variant="soft",
        color_scheme=color,
        aria_label=tr(f"unconfirmed.{name}.of", who=row["who"]),
        custom_attrs={"data-action": name},
    )


def _bones() -> rx.Component:
    bone = rx.el.div(
        skeleton(height="22px", width="180px"),
        skeleton(height="60px"),
        skeleton(height="18px", times=4),
        class_name="doubt card",
    )
    return rx.el.div(bone, bone, class_name="doubts-page", aria_busy="true")
