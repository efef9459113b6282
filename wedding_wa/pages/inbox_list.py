"""pages: the Inbox's list: one person a row, with what they wrote last."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.state.inbox import InboxState

_MEDIA_ICONS = {
    "image": "image",
    "video": "video",
    "voice": "mic",
    "audio": "music",
    "document": "file-text",
    "sticker": "sticker",
    "location": "map-pin",
    "contact": "contact",
    "poll": "list-checks",
}


def people() -> rx.Component:
    """Return the list. `data-calm` keeps its people in place while pointed at."""
    return rx.el.div(
        rx.cond(InboxState.fresh > 0, _fresh(), rx.fragment()),
        rx.el.ul(rx.foreach(InboxState.rows, _row), class_name="inbox-rows"),
        class_name="inbox-scroll",
        custom_attrs={"data-calm": "true"},
    )


def pager() -> rx.Component:
    """Return the ways to the pages beside this one; nothing where there are none."""
    newer = query_link(
        rx.icon("chevron-left", size=17, aria_hidden="true"),
        tr("inbox.newer"),
        to={"before": InboxState.newer, "after": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "newer"},
    )
    older = query_link(
        tr("inbox.older"),
        rx.icon("chevron-right", size=17, aria_hidden="true"),
        to={"after": InboxState.older, "before": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "older"},
    )
    return rx.cond(
        (InboxState.newer != "") | (InboxState.older != ""),
        rx.el.nav(
            rx.cond(InboxState.newer != "", newer, rx.el.span()),
            rx.cond(InboxState.older != "", older, rx.el.span()),
            class_name="queue-pager",
            aria_label=tr("inbox.pages"),
        ),
        rx.fragment(),
    )


def media_icon(kind: Any, *, size: int = 15) -> rx.Component:
    """Return the icon of what came beside words."""
    shown = [
        (name, rx.icon(icon, size=size, aria_hidden="true"))
        for name, icon in _MEDIA_ICONS.items()
    ]
    return rx.match(kind, *shown, rx.icon("paperclip", size=size, aria_hidden="true"))


def called(name: Any) -> rx.Var[str]:
    """Return the name, or that WhatsApp hides it."""
    shown: rx.Var[str] = rx.cond(name == "", tr("inbox.hidden"), name).to(str)
    return shown


def _fresh() -> rx.Component:
    """A click lets the new people in: it ends the stillness (pages/js/queue.jsx)."""
    button = rx.el.button(
        rx.icon("arrow-up", size=15, aria_hidden="true"),
        tr("inbox.fresh", n=InboxState.fresh),
        type="button",
        class_name="queue-fresh",
        custom_attrs={"data-release": "true"},
    )
    return rx.el.div(button, class_name="queue-fresh-place")


def _row(row: rx.Var[Any]) -> rx.Component:
    here = InboxState.head["key"] == row["key"]
    return rx.el.li(
        query_link(
            rx.el.span(_dots(row), class_name="inbox-dots"),
            rx.el.span(
                rx.el.span(
                    rx.el.b(called(row["name"]), class_name="inbox-name", dir="auto"),
                    _marks(row),
                    rx.el.span(ago(row["at"]), class_name="inbox-at"),
                    class_name="inbox-top",
                ),
                rx.el.span(_words(row), _unread(row), class_name="inbox-under"),
                class_name="inbox-row-words",
            ),
            to={"chat": row["chat"]},
            class_name="inbox-row",
            custom_attrs={
                "data-row": "true",
                "aria-current": rx.cond(here, "true", "false"),
            },
        ),
        key=row["key"],
        custom_attrs={
            "data-person": row["key"],
            "data-unread": rx.cond(row["unread"] > 0, "true", "false"),
        },
    )


def _dots(row: rx.Var[Any]) -> rx.Component:
    """Whose number they write to: one dot, or both."""
    return rx.foreach(
        row["accounts"].to(list[str]),
        lambda key: rx.fragment(
            account_dot(key), rx.el.span(account_name(key), class_name="only-heard")
        ),
    )


def _marks(row: rx.Var[Any]) -> rx.Component:
    return rx.fragment(
        rx.cond(
            row["question"],
            _mark(tr("inbox.asked"), "amber", "question"),
            rx.fragment(),
        ),
        rx.cond(
            row["opted_out"],
            _mark(tr("inbox.no_more"), "gray", "opted_out"),
            rx.fragment(),
        ),
        rx.cond(
            row["known"] | row["opted_out"],
            rx.fragment(),
            _mark(tr("inbox.stranger"), "sand", "stranger"),
        ),
    )


def _mark(words: Any, tone: str, name: str) -> rx.Component:
    return rx.el.span(
        words,
        class_name="inbox-mark",
        custom_attrs={"data-tone": tone, "data-mark": name},
    )


def _words(row: rx.Var[Any]) -> rx.Component:
    reply = rx.el.span(
        rx.icon("corner-up-left", size=14, aria_hidden="true"),
        rx.el.span(tr("inbox.answered"), class_name="only-heard"),
        class_name="inbox-answered",
        title=tr("inbox.answered"),
    )
    media = rx.el.span(
        media_icon(row["media"]),
        rx.cond(row["text"] == "", tr_of("inbox.media", row["media"]), ""),
        class_name="inbox-media",
    )
    return rx.el.span(
        rx.cond(row["answered"], reply, rx.fragment()),
        rx.cond(row["media"] != "", media, rx.fragment()),
        rx.el.span(row["text"], dir="auto"),
        class_name="inbox-text",
    )


def _unread(row: rx.Var[Any]) -> rx.Component:
    pill = rx.el.span(
        rx.el.span(row["unread"], aria_hidden="true"),
        rx.el.span(tr("inbox.count", n=row["unread"]), class_name="only-heard"),
        class_name="unread-pill figures",
    )
    return rx.cond(row["unread"] > 0, pill, rx.fragment())
