"""pages: the Inbox's React components (pages/js/inbox.jsx)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.state.base import PageState


class _Inbox(rx.Component):
    library = "$/utils/inbox"


class _Thread(_Inbox):
    tag = "Thread"
    chat: rx.Var[str]
    newest: rx.Var[str]
    heard: rx.Var[str]
    unread: rx.Var[int]
    said: rx.Var[str]
    lang: rx.Var[str]
    on_seen: rx.EventHandler[lambda chat: [chat]]  # type: ignore[type-arg, valid-type]


class _Day(_Inbox):
    tag = "Day"
    date: rx.Var[str]
    zone: rx.Var[str]
    lang: rx.Var[str]


class _Clock(_Inbox):
    tag = "Clock"
    at: rx.Var[str]
    zone: rx.Var[str]
    lang: rx.Var[str]


class _ReplyBox(_Inbox):
    tag = "ReplyBox"
    chat: rx.Var[str]
    name: rx.Var[str]
    sent: rx.Var[str]
    error: rx.Var[str]
    limit: rx.Var[int]
    lang: rx.Var[str]
    on_reply: rx.EventHandler[lambda form: [form]]  # type: ignore[type-arg, valid-type]


def thread_scroller(
    *children: Any,
    chat: Any,
    newest: Any,
    heard: Any,
    unread: Any,
    said: Any,
    on_seen: Any,
) -> rx.Component:
    """Return what the lines scroll in. It stays where the reader is; what is new below
    is offered. While somebody looks and `unread` is not 0, it calls `on_seen(chat)`.

    `newest` is the key of the last line, `heard` of the last one that came in; `said`
    is what a screen reader hears of that.
    """
    return _Thread.create(
        *children,
        chat=chat,
        newest=newest,
        heard=heard,
        unread=unread,
        said=said,
        lang=PageState.lang,
        on_seen=on_seen,
    )


def day_mark(date: Any) -> rx.Component:
    """Return the name of the day `date` (ISO): today, yesterday, Saturday 21 …"""
    return _Day.create(date=date, zone=PageState.time_zone, lang=PageState.lang)


def clock_time(at: Any) -> rx.Component:
    """Return the hour of the ISO moment `at`; in full, and how long ago, on hover."""
    return _Clock.create(at=at, zone=PageState.time_zone, lang=PageState.lang)


def reply_box(
    *children: Any,
    chat: Any,
    name: Any,
    sent: Any,
    error: Any,
    limit: int,
    on_reply: Any,
) -> rx.Component:
    """Return the field for an answer; Ctrl+Enter sends it as `{chat, text, draft}`.

    What is typed stays in the tab until `sent` names its draft. `children` stand under
    the field.
    """
    return _ReplyBox.create(
        *children,
        chat=chat,
        name=name,
        sent=sent,
        error=error,
        limit=limit,
        lang=PageState.lang,
        on_reply=on_reply,
    )
