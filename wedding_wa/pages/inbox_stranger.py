"""pages: what the Inbox asks the couple: who is this, and was it meant so?"""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.settings_parts import draft
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.inbox_stranger import MATCH, NEW, StrangerState

_head = InboxState.head


def questions() -> rx.Component:
    """Return the sentences of which only the couple can tell what was meant."""
    return rx.foreach(InboxState.questions, _question)


def stranger() -> rx.Component:
    """Return the card of a writer nobody knows: what WhatsApp tells, and three ways."""
    told = rx.el.p(_called(), " ", _number(), class_name="who-about")
    asked = rx.fragment(told, rx.cond(InboxState.may_send, _ways(), rx.fragment()))
    return rx.el.section(
        rx.el.h3(tr("inbox.who.title"), class_name="who-title"),
        rx.cond(_head["ignored"], _ignored(), asked),
        class_name="who",
        aria_label=tr("inbox.who.title"),
        custom_attrs={"data-who": _head["chat"]},
    )


def _question(one: rx.Var[Any]) -> rx.Component:
    somebody = tr("inbox.question.somebody")
    name = rx.cond(_head["name"] == "", somebody, _head["name"])
    buttons = rx.el.div(
        _button(
            tr("inbox.question.stop"),
            StrangerState.answer(one["id"], "stop"),
            color="tomato",
            name="stop",
        ),
        _button(
            tr("inbox.question.go_on"),
            StrangerState.answer(one["id"], "go_on"),
            color="gray",
            name="go-on",
        ),
        class_name="who-ways",
    )
    return rx.el.section(
        rx.el.h3(tr("inbox.question.title", name=name), class_name="who-title"),
        rx.el.p(
            tr("inbox.question.about", sentence=one["sentence"]),
            dir="auto",
            class_name="who-about",
        ),
        rx.cond(InboxState.may_send, buttons, rx.fragment()),
        key=one["line"],
        class_name="who who-question",
        role="status",
        custom_attrs={"data-question": one["line"]},
    )


def _called() -> rx.Var[str]:
    said: rx.Var[str] = rx.cond(
        _head["push_name"] != "",
        tr("inbox.who.called", name=_head["push_name"]),
        tr("inbox.who.nameless"),
    ).to(str)
    return said


def _number() -> rx.Var[str]:
    said: rx.Var[str] = rx.cond(
        _head["phone"] != "",
        tr("inbox.who.number", phone=_head["phone"]),
        tr("inbox.who.no_number"),
    ).to(str)
    return said


def _ignored() -> rx.Component:
    back = _button(
        tr("inbox.who.bring_back"),
        StrangerState.bring_back,
        color="gray",
        name="bring-back",
    )
    return rx.fragment(
        rx.el.p(tr("inbox.who.ignored_about"), class_name="who-about"),
        rx.cond(
            InboxState.may_send, rx.el.div(back, class_name="who-ways"), rx.fragment()
        ),
    )


def _ways() -> rx.Component:
    here = StrangerState.unfolded_for == _head["chat"]
    matching = here & (StrangerState.unfolded == MATCH)
    adding = here & (StrangerState.unfolded == NEW)
    return rx.fragment(
        rx.el.div(
            _fold(tr("inbox.who.match"), MATCH, matching),
            _fold(tr("inbox.who.new"), NEW, adding),
            _button(
                tr("inbox.who.ignore"),
                StrangerState.ignore,
                color="gray",
                name="ignore",
            ),
            class_name="who-ways",
        ),
        rx.cond(matching, _match(), rx.fragment()),
        rx.cond(adding, _new(), rx.fragment()),
    )


def _fold(words: Any, what: str, is_open: Any) -> rx.Component:
    return rx.button(
        words,
        type="button",
        variant=rx.cond(is_open, "solid", "surface"),
        size="3",
        on_click=StrangerState.unfold(what),
        custom_attrs={
            "aria-expanded": rx.cond(is_open, "true", "false"),
            "data-action": what,
        },
    )


def _button(words: Any, event: Any, *, color: Any, name: str) -> rx.Component:
    return rx.button(
        words,
        type="button",
        variant="surface",
        color_scheme=color,
        size="3",
        on_click=event,
        custom_attrs={"data-action": name},
    )


def _match() -> rx.Component:
    """Guests and households by what is typed; before that who is called alike."""
    nobody = rx.el.p(
        rx.cond(
            StrangerState.only_alike,
            tr("inbox.who.nobody_alike"),
            tr("inbox.who.nobody"),
        ),
        class_name="who-about",
        role="status",
    )
    alike = rx.el.p(tr("inbox.who.alike"), class_name="who-about")
    shown = rx.fragment(
        rx.cond(StrangerState.only_alike, alike, rx.fragment()),
        rx.el.ul(rx.foreach(StrangerState.found, _one_match), class_name="who-found"),
    )
    return rx.el.div(
        draft(
            value=StrangerState.looked_for,
            on_text=StrangerState.look_for,
            class_name="field",
            type="search",
            placeholder=tr("inbox.who.search"),
            autoFocus=True,
            **{"aria-label": tr("inbox.who.search"), "data-who-search": "true"},
        ),
        rx.cond(StrangerState.found.length() > 0, shown, nobody),
        class_name="who-more",
    )


def _one_match(one: rx.Var[Any]) -> rx.Component:
    family = rx.cond(one["guest"] == 0, tr("inbox.who.household"), one["family"])
    wrote = rx.el.span(tr("inbox.who.wrote"))
    return rx.el.li(
        rx.el.button(
            account_dot(one["side"]),
            rx.el.span(
                rx.el.b(one["name"], dir="auto"),
                rx.el.small(
                    rx.cond(
                        family != "", rx.el.span(family, dir="auto"), rx.fragment()
                    ),
                    rx.cond(
                        one["phone"] != "",
                        rx.el.span(one["phone"], class_name="figures"),
                        rx.fragment(),
                    ),
                    rx.cond(one["wrote"], wrote, rx.fragment()),
                ),
            ),
            type="button",
            class_name="who-one",
            on_click=StrangerState.link(one["household"], one["guest"]),
            custom_attrs={"data-match": one["key"]},
        ),
        key=one["key"],
    )


def _new() -> rx.Component:
    """A guest's name and side, as WhatsApp and the number suggest them."""
    sides = [_side(key) for key in ACCOUNT_KEYS]
    return rx.el.form(
        rx.el.label(
            rx.el.span(tr("inbox.who.name"), class_name="field-name"),
            rx.el.input(
                name="name",
                default_value=_head["push_name"],
                class_name="field",
                max_length=120,
                auto_complete="off",
                required=True,
                dir="auto",
            ),
        ),
        rx.el.fieldset(
            rx.el.legend(tr("inbox.who.side"), class_name="field-name"),
            *sides,
            class_name="who-sides",
        ),
        rx.button(tr("inbox.who.add"), type="submit", size="3"),
        on_submit=StrangerState.add,
        key=_head["chat"],
        class_name="who-more who-new",
    )


def _side(key: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="side",
            value=key,
            default_checked=_head["account"] == key,
        ),
        account_dot(key),
        account_name(key),
        class_name="who-side",
    )
