"""pages: chats from before the app: what is read and kept, who was found, one click."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import account_dot, account_name, card
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.history_consent import HistoryState

_S = HistoryState
_QUIET = {"variant": "soft", "color_scheme": "gray"}


def chats_from_before() -> rx.Component:
    """Return the section; for owners only, since these are their own chats."""
    shown = card(
        rx.el.details(
            rx.el.summary(tr("activation.before.what")),
            rx.el.ul(
                *[
                    rx.el.li(tr(f"activation.before.{name}"))
                    for name in ("reads", "keeps", "leaves", "knows")
                ],
            ),
            class_name="before-what",
        ),
        rx.cond(_S.looks.length() > 0, _looks(), rx.fragment()),
        rx.cond(_S.found.length() > 0, _found(), rx.fragment()),
        _buttons(),
        title=tr("activation.before.title"),
        about=tr("activation.before.about"),
        id="before",
    )
    return rx.el.div(rx.cond(_S.may_look, shown, rx.fragment()), on_mount=_S.recall)


def _looks() -> rx.Component:
    return rx.el.ul(
        *[
            rx.cond(_S.looks.contains(key), _look(key), rx.fragment())
            for key in ACCOUNT_KEYS
        ],
        class_name="before-looks",
    )


def _look(key: str) -> rx.Component:
    """One account: how far the look has come, or how it ended."""
    one = _S.looks[key]
    figures = {"done": one["done"], "total": one["total"], "found": one["found"]}
    said = rx.match(
        one["step"],
        ("looking", tr("activation.before.looking", **figures)),
        ("trouble", tr_of("activation.before.trouble", one["trouble"])),
        ("stopped", tr("activation.before.stopped", **figures)),
        tr("activation.before.done", n=one["total"], found=one["found"]),
    )
    known = rx.cond(
        one["known"] > 0,
        rx.el.span(" ", tr("activation.before.known", n=one["known"])),
        rx.fragment(),
    )
    bar = rx.el.progress(
        value=one["done"],
        max=rx.cond(one["total"] > 0, one["total"], 1),
        aria_label=tr("activation.before.progress", name=account_name(key)),
    )
    accounts = rx.link(tr("activation.before.to_accounts"), href="/accounts")
    return rx.el.li(
        rx.el.span(
            account_dot(key), rx.el.b(account_name(key)), class_name="before-account"
        ),
        rx.el.span(
            said,
            known,
            rx.cond(one["step"] == "trouble", rx.fragment(" ", accounts), ""),
            role="status",
        ),
        rx.cond(one["step"] == "looking", bar, rx.fragment()),
        custom_attrs={"data-look": key, "data-step": one["step"]},
    )


def _found() -> rx.Component:
    return rx.el.ul(rx.foreach(_S.found, _guest), class_name="before-found")


def _guest(one: rx.Var[Any]) -> rx.Component:
    """A guest who has written: to whom, when, and what speaks against it."""
    said = rx.el.q(one["sentence"], class_name="before-said")
    why = rx.match(
        one["verdict"],
        ("stopped", tr("activation.before.said_stop")),
        ("unsure", tr("activation.before.said_stop_once")),
        "",
    )
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                checked=one["chosen"],
                disabled=(one["verdict"] == "stopped") | _S.looking,
                on_change=lambda on: _S.choose(one["key"], on),
            ),
            account_dot(one["account"]),
            _name(one),
        ),
        rx.cond(
            one["verdict"] != "free",
            rx.el.p(rx.cond(one["sentence"] != "", said, ""), " ", why),
            rx.fragment(),
        ),
        key=one["key"],
        custom_attrs={"data-guest": one["key"], "data-verdict": one["verdict"]},
    )


def _name(one: Any) -> rx.Component:
    home = rx.el.small(" · ", one["household"])
    wrote = tr("activation.before.wrote", name=account_name(one["account"]))
    return rx.fragment(
        rx.el.span(
            rx.el.b(one["name"]),
            rx.cond(one["household"] != "", home, rx.fragment()),
            class_name="before-name",
        ),
        rx.el.small(wrote, " ", ago(one["wrote_at"]), class_name="before-when"),
    )


def _buttons() -> rx.Component:
    look = rx.cond(
        _S.looks.length() > 0,
        tr("activation.before.look_again"),
        tr("activation.before.look"),
    )
    idle = rx.fragment(
        rx.cond(
            _S.chosen > 0,
            _button("record", "check", tr("activation.before.record", n=_S.chosen)),
            rx.fragment(),
        ),
        _button(
            "look", "search", look, variant=rx.cond(_S.chosen > 0, "soft", "solid")
        ),
        rx.cond(
            _S.found.length() > 0,
            _button("forget", "trash-2", tr("activation.before.forget"), **_QUIET),
            rx.fragment(),
        ),
    )
    stop = _button("stop", "square", tr("activation.before.stop"), **_QUIET)
    return rx.flex(rx.cond(_S.looking, stop, idle), gap="10px", wrap="wrap")


def _button(name: str, icon: str, words: Any, **looks: Any) -> rx.Component:
    return rx.button(
        rx.icon(icon, size=16, aria_hidden="true"),
        words,
        size="3",
        on_click=getattr(_S, name),
        custom_attrs={"data-action": name},
        **looks,
    )
