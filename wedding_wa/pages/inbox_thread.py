"""pages: one conversation: who, the lines on both sides, and the answer."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import account_dot, account_name, state_badge
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.inbox_list import called, media_icon
from wedding_wa.pages.inbox_parts import (
    clock_time,
    day_mark,
    reply_box,
    thread_scroller,
)
from wedding_wa.pages.inbox_stranger import questions, stranger
from wedding_wa.pages.queue_list import next_try
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.state.base import PageState
from wedding_wa.state.inbox import LIMIT, InboxState

_head = InboxState.head


def conversation() -> rx.Component:
    """Return the open conversation."""
    return rx.fragment(
        _title(),
        questions(),
        rx.cond(_head["known"], rx.fragment(), stranger()),
        thread_scroller(
            _earlier(),
            rx.el.ol(
                rx.foreach(InboxState.lines, _line),
                class_name="thread",
                aria_label=tr("inbox.thread", name=called(_head["name"])),
            ),
            chat=_head["chat"],
            newest=_newest(),
            heard=InboxState.heard["key"],
            unread=_head["unread"],
            said=tr(
                "inbox.new_message",
                name=called(_head["name"]),
                text=InboxState.heard["text"],
            ),
            on_seen=InboxState.seen,
        ),
        _answer(),
    )


def _newest() -> rx.Var[str]:
    lines: rx.Var[Any] = rx.Var.create(InboxState.lines)
    found: rx.Var[str] = rx.cond(lines.length() > 0, lines[-1]["key"], "").to(str)
    return found


# --- who ----------------------------------------------------------------------------


def _title() -> rx.Component:
    back = query_link(
        rx.icon("chevron-left", size=22, aria_hidden="true"),
        rx.el.span(tr("inbox.back"), class_name="only-heard"),
        to={"chat": ""},
        class_name="thread-back",
        title=tr("inbox.back"),
        custom_attrs={"data-esc": "true"},
    )
    return rx.el.header(
        back,
        rx.el.div(
            rx.el.h2(called(_head["name"]), class_name="thread-name", dir="auto"),
            rx.el.p(_about(), class_name="thread-about"),
            class_name="thread-who",
        ),
        rx.el.div(_to_guest(), _mark_unread(), class_name="thread-does"),
        class_name="thread-head",
    )


def _about() -> rx.Component:
    """Household, number, and which of the two numbers they write to."""
    household = rx.el.span(_head["household"], dir="auto")
    phone = rx.el.span(_head["phone"], class_name="figures")
    return rx.fragment(
        rx.cond(_head["household"] != "", household, rx.fragment()),
        rx.cond(
            (_head["phone"] != "") & (_head["phone"] != _head["name"]),
            phone,
            rx.fragment(),
        ),
        rx.foreach(
            _head["accounts"].to(list[str]),
            lambda key: rx.el.i(
                account_dot(key),
                rx.el.span(account_name(key), class_name="thread-side"),
                class_name="thread-account",
            ),
        ),
    )


def _to_guest() -> rx.Component:
    link = rx.link(
        rx.icon("user-round", size=18, aria_hidden="true"),
        href=_head["link"],
        aria_label=tr("inbox.to_guest"),
        title=tr("inbox.to_guest"),
        class_name="icon-link",
    )
    return rx.cond(_head["link"] != "", link, rx.fragment())


def _mark_unread() -> rx.Component:
    button = rx.el.button(
        rx.icon("mail", size=18, aria_hidden="true"),
        type="button",
        aria_label=tr("inbox.mark_unread"),
        title=tr("inbox.mark_unread"),
        class_name="icon-link",
        on_click=InboxState.mark_unread(_head["chat"]),
        custom_attrs={"data-action": "mark-unread"},
    )
    return rx.cond(InboxState.may_send, button, rx.fragment())


# --- the lines ----------------------------------------------------------------------


def _earlier() -> rx.Component:
    button = rx.el.button(
        tr("inbox.earlier"),
        type="button",
        class_name="thread-earlier",
        on_click=InboxState.show_earlier,
    )
    return rx.cond(InboxState.earlier, button, rx.fragment())


def _line(line: rx.Var[Any]) -> rx.Component:
    day = rx.el.p(day_mark(line["day"]), class_name="thread-day")
    return rx.el.li(
        rx.cond(line["day"] != "", day, rx.fragment()),
        rx.el.div(
            _media(line),
            rx.cond(
                line["text"] != "",
                rx.el.p(line["text"], dir="auto", class_name="line-words"),
                rx.fragment(),
            ),
            class_name="line-paper",
        ),
        _foot(line),
        key=line["key"],
        class_name="thread-line",
        custom_attrs={
            "data-kind": line["kind"],
            "data-account": line["account"],
            "data-line": line["key"],
            "data-joined": rx.cond(line["joined"], "true", "false"),
        },
    )


def _media(line: rx.Var[Any]) -> rx.Component:
    """What cannot be shown here, honestly in words."""
    groom = line["account"] == "groom"
    name = rx.cond(groom, PageState.groom_name, PageState.bride_name)
    shown = rx.el.p(
        media_icon(line["media"], size=18),
        rx.el.span(
            tr_of("inbox.media", line["media"]),
            rx.el.small(tr("inbox.media.see", name=name)),
        ),
        class_name="thread-media",
        custom_attrs={"data-media": line["media"]},
    )
    return rx.cond(line["media"] != "", shown, rx.fragment())


def _foot(line: rx.Var[Any]) -> rx.Component:
    by_hand = rx.el.span(
        rx.icon("smartphone", size=13, aria_hidden="true"),
        tr("inbox.by_hand"),
        class_name="line-by-hand",
    )
    return rx.el.p(
        rx.el.span(account_name(line["account"]), class_name="only-heard"),
        clock_time(line["at"]),
        rx.match(
            line["kind"],
            ("hand", by_hand),
            ("out", _state(line)),
            rx.fragment(),
        ),
        class_name="line-foot",
    )


def _state(line: rx.Var[Any]) -> rx.Component:
    """The badge leads to the message's own timeline; under it, why it waits."""
    key = line["key"]
    note = InboxState.notes[key]
    words = rx.el.span(next_try(note), " ", note["text"], class_name="line-note")
    answered = rx.el.span(
        rx.icon("reply", size=13, aria_hidden="true"),
        tr("inbox.reached"),
        class_name="line-answered",
    )
    return rx.fragment(
        rx.link(
            state_badge(InboxState.states[key], message_id=line["message"]),
            href="/queue?message=" + line["message"].to(str),
            title=tr("inbox.open_message"),
            underline="none",
            class_name="line-state",
        ),
        rx.cond(line["answered"], answered, rx.fragment()),
        rx.cond(InboxState.notes.contains(key), words, rx.fragment()),
    )


# --- the answer ---------------------------------------------------------------------


def _answer() -> rx.Component:
    """The field, or the sentence that says why there is none."""
    return rx.el.div(
        rx.cond(
            _head["opted_out"],
            _no_more(),
            rx.cond(
                _head["account"] == "",
                _sentence("message-circle-off", tr("inbox.no_chat")),
                rx.cond(
                    InboxState.may_send,
                    _box(),
                    _sentence("eye", tr("inbox.reply.viewer")),
                ),
            ),
        ),
        class_name="thread-answer",
        custom_attrs={"data-account": _head["account"]},
    )


def _box() -> rx.Component:
    groom = _head["account"] == "groom"
    sender = rx.cond(groom, PageState.groom_name, PageState.bride_name)
    return reply_box(
        rx.el.span(
            account_dot(_head["account"]),
            tr("inbox.reply.from", name=sender),
            class_name="reply-from",
        ),
        rx.el.span(InboxState.forecast, class_name="reply-forecast", role="status"),
        chat=_head["chat"],
        name=_head["name"],
        sent=InboxState.sent_draft,
        error=InboxState.error,
        limit=LIMIT,
        on_reply=InboxState.send,
    )


def _no_more() -> rx.Component:
    name = called(_head["name"])
    said = rx.cond(
        _head["said"] != "",
        tr("inbox.reply.opted_out_said", name=name, said=_head["said"]),
        tr("inbox.reply.opted_out", name=name),
    )
    link = rx.link(tr("inbox.reply.undo"), href="/guests/opted-out")
    return _sentence("ban", said, " (", time(_head["opted_out_at"]), ") ", link)


def _sentence(icon: str, *words: Any) -> rx.Component:
    return rx.el.div(
        rx.icon(icon, size=17, aria_hidden="true"),
        rx.el.p(*words, dir="auto"),
        class_name="notice",
        role="status",
        custom_attrs={"data-tone": "sand"},
    )
