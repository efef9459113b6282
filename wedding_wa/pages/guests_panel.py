"""pages: one guest, or one household, beside the list: what is known, and the forms."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.activation_row import stage_badge
from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    confirm,
    side_panel,
)
from wedding_wa.pages.consent_evidence import consent_evidence
from wedding_wa.pages.guests_form import guest_form, home_form
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.queue_parts import copy_id, query_link
from wedding_wa.state.guest_forms import GuestFormsState
from wedding_wa.state.guests import GuestsState

_S = GuestsState


def guests_panel() -> rx.Component:
    """Return the panel that the URL names; nothing where it names none."""
    title = rx.match(
        _S.mode,
        ("add", tr("guests.panel.new")),
        (
            "guest",
            rx.cond(_S.person["id"] > 0, _S.person["name"], tr("guests.panel.gone")),
        ),
        rx.cond(_S.home["id"] > 0, _S.home["name"], tr("guests.panel.gone")),
    )
    body = rx.match(
        _S.mode,
        ("add", rx.cond(_S.may_edit, guest_form(), rx.fragment())),
        ("guest", rx.cond(_S.person["id"] > 0, _guest(), _gone("no_guest"))),
        rx.cond(_S.home["id"] > 0, _household(), _gone("no_household")),
    )
    return side_panel(
        rx.el.div(
            body,
            class_name="guests-panel",
            custom_attrs={"data-panel": _S.mode, "data-household": _S.home["id"]},
        ),
        shown=_S.mode != "",
        title=title,
        on_close=_S.close,
    )


def _gone(which: str) -> rx.Component:
    words = {
        "no_guest": tr("guests.wrong.no_guest"),
        "no_household": tr("guests.wrong.no_household"),
    }
    return rx.el.p(words[which])


def _guest() -> rx.Component:
    return rx.fragment(
        _where(),
        _section(tr("guests.panel.written"), _threads(), _in_queue()),
        _section(tr("evidence.title"), consent_evidence(_S.proofs)),
        rx.cond(
            _S.may_edit,
            _section(tr("guests.panel.details"), guest_form()),
            _facts(),
        ),
        _section(
            tr("guests.panel.household"),
            query_link(
                rx.icon("house", size=16, aria_hidden="true"),
                _S.home["name"],
                to={"household": _S.home["id"].to_string(), "guest": ""},
                class_name="guests-to-home",
            ),
            rx.cond(_S.members.length() > 1, _members(), rx.fragment()),
        ),
        _section(tr("guests.panel.invitation"), _invitation()),
        rx.cond(_S.may_edit, _delete(), rx.fragment()),
    )


def _household() -> rx.Component:
    add = query_link(
        rx.icon("user-plus", size=16, aria_hidden="true"),
        tr("guests.panel.add_here"),
        to={"add": _S.home["id"].to_string(), "household": ""},
        class_name="guests-to-home",
    )
    return rx.fragment(
        _where(),
        _section(
            tr("guests.panel.people"),
            _members(),
            rx.cond(_S.may_edit, add, rx.fragment()),
        ),
        _section(tr("guests.panel.invitation"), _invitation()),
        _section(tr("guests.panel.written"), _threads()),
        _section(tr("evidence.title"), consent_evidence(_S.proofs)),
        rx.cond(
            _S.may_edit,
            _section(tr("guests.panel.details"), home_form()),
            rx.fragment(),
        ),
    )


def _section(title: Any, *children: rx.Component) -> rx.Component:
    return rx.el.section(rx.el.h3(title), *children, class_name="guests-section")


def _where() -> rx.Component:
    """Whose they are, and how far."""
    home = _S.home
    return rx.el.div(
        stage_badge(home["stage"]),
        rx.el.span(
            account_dot(home["side"]),
            account_name(home["side"]),
            class_name="panel-account",
        ),
        class_name="panel-line",
    )


def _members() -> rx.Component:
    return rx.el.ul(rx.foreach(_S.members, _member), class_name="guests-members")


def _member(one: rx.Var[Any]) -> rx.Component:
    note = rx.cond(
        one["shares"] != "", tr("guests.on_phone", name=one["shares"]), one["phone"]
    )
    return rx.el.li(
        account_dot(one["side"]),
        query_link(
            one["name"],
            to={"guest": one["id"].to_string(), "household": "", "add": ""},
            custom_attrs={
                "aria-current": rx.cond(
                    (_S.mode == "guest") & (_S.opened == one["id"]), "true", "false"
                )
            },
        ),
        rx.el.small(note, class_name="figures"),
        key=one["id"].to_string(),
    )


def _invitation() -> rx.Component:
    """What happened to the link, the link itself, and the code."""
    home = _S.home
    return rx.fragment(
        rx.el.dl(
            _step(home["invited_at"], tr("guests.link.sent")),
            _step(home["opened_at"], tr("guests.link.opened", n=home["opens"])),
            _step(home["activated_at"], tr("guests.link.wrote")),
            _step(home["opted_out_at"], tr("guests.link.opted_out")),
            class_name="facts guests-steps",
        ),
        rx.cond(
            (home["invited_at"] == "") & (home["opened_at"] == ""),
            rx.el.p(tr("guests.link.not_sent"), class_name="guests-note"),
            rx.fragment(),
        ),
        rx.el.dl(
            rx.el.dt(tr("guests.link.link")),
            rx.el.dd(copy_id(home["link"], name=tr("guests.link.link"))),
            rx.el.dt(tr("guests.link.code")),
            rx.el.dd(copy_id(home["code"], name=tr("guests.link.code"))),
            class_name="facts",
        ),
    )


def _step(at: Any, words: Any) -> rx.Component:
    return rx.cond(
        at != "",
        rx.fragment(rx.el.dt(words), rx.el.dd(ago(at))),
        rx.fragment(),
    )


def _threads() -> rx.Component:
    none = rx.el.p(tr("guests.panel.silent"), class_name="guests-note")
    return rx.cond(
        _S.threads.length() > 0,
        rx.el.ul(rx.foreach(_S.threads, _thread), class_name="guests-threads"),
        none,
    )


def _in_queue() -> rx.Component:
    """What was written to their number, in the Queue."""
    link = rx.link(
        rx.icon("list-checks", size=16, aria_hidden="true"),
        tr("guests.panel.queue"),
        href=_S.person["queue"],
        underline="none",
        class_name="guests-to-home",
    )
    return rx.cond(_S.person["queue"] != "", link, rx.fragment())


def _thread(one: rx.Var[Any]) -> rx.Component:
    """A chat: its last line leads to the Inbox."""
    return rx.el.li(
        account_dot(one["account"]),
        rx.link(
            rx.el.b(one["who"]),
            rx.el.span(one["text"], class_name="guests-last"),
            href="/inbox?chat=" + one["id"].to_string(),
            underline="none",
            class_name="guests-thread",
        ),
        rx.cond(one["at"] != "", rx.el.small(ago(one["at"])), rx.fragment()),
        key=one["id"].to_string(),
    )


def _facts() -> rx.Component:
    """For who may only look."""
    person = _S.person
    return _section(
        tr("guests.panel.details"),
        rx.el.dl(
            rx.el.dt(tr("guests.field.phone")),
            rx.el.dd(person["phone"]),
            rx.el.dt(tr("guests.field.tags")),
            rx.el.dd(person["tags"]),
            rx.el.dt(tr("guests.field.notes")),
            rx.el.dd(person["notes"]),
            class_name="facts",
        ),
    )


def _delete() -> rx.Component:
    name = _S.person["name"]
    button = rx.button(
        rx.icon("trash-2", size=16, aria_hidden="true"),
        tr("guests.delete.button"),
        variant="soft",
        color_scheme="tomato",
        size="3",
        custom_attrs={"data-action": "delete-guest"},
    )
    asked = confirm(
        button,
        title=tr("guests.delete.title", name=name),
        about=tr("guests.delete.about"),
        action=tr("guests.delete.action", name=name),
        on_confirm=GuestFormsState.delete_opened(_S.person["id"]),
    )
    return rx.el.div(asked, class_name="guests-away")
