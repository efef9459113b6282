"""pages: Settings, People: who may log in, one's own password and browsers."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import card, confirm, skeleton, when_loaded
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_parts import field_error, only_owners, settings_head
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_people import PeopleState

_S = PeopleState


class _NewPassword(rx.Component):
    library = "$/utils/password"
    tag = "NewPassword"
    round: rx.Var[int]
    wrong: rx.Var[str]
    wrong_again: rx.Var[str]
    lang: rx.Var[str]
    label: rx.Var[str]
    name: rx.Var[str]


def settings_people() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("people"),
        when_loaded(_S, _content(), _bones()),
        here="settings",
    )


def _content() -> rx.Component:
    return rx.el.div(
        only_owners(_S.may_edit),
        card(
            rx.el.ul(rx.foreach(_S.members, _member), class_name="people-list"),
            title=tr("people.who.title"),
            about=tr("people.who.about"),
        ),
        rx.cond(_S.may_edit, _add(), rx.fragment()),
        _password(),
        _browsers(),
        class_name="stack",
    )


def _member(one: Any) -> rx.Component:
    named = rx.cond(one["name"] != "", one["name"], one["email"])
    seen = rx.cond(
        one["seen_at"] != "",
        rx.fragment(tr("people.seen"), " ", ago(one["seen_at"])),
        tr("people.nowhere"),
    )
    return rx.el.li(
        rx.el.div(
            rx.el.b(named),
            rx.cond(one["you"], rx.el.span(tr("people.you"), class_name="tag")),
            rx.el.span(
                rx.cond(one["name"] != "", one["email"], ""), class_name="people-email"
            ),
            class_name="people-who",
        ),
        rx.el.span(
            tr_of("people.role", one["role"]), " · ", seen, class_name="people-seen"
        ),
        rx.cond(_S.may_edit & ~one["you"], _remove(one, named), rx.fragment()),
        key=one["id"].to_string(),
        custom_attrs={"data-person": one["email"]},
    )


def _remove(one: Any, named: Any) -> rx.Component:
    button = rx.button(
        tr("people.remove.button"),
        aria_label=tr("people.remove.of", name=named),
        variant="soft",
        color_scheme="gray",
        size="3",
    )
    return confirm(
        button,
        title=tr("people.remove.title", name=named),
        about=tr("people.remove.about"),
        action=tr("people.remove.action"),
        on_confirm=_S.remove(one["id"]),
    )


def _add() -> rx.Component:
    form = rx.el.form(
        rx.el.div(
            _field("new", "email", type="email", required=True),
            _field("new", "name"),
            class_name="field-row",
            # A new key empties them, once the login was made.
            key=_S.added.to_string(),
        ),
        _new_password(
            _S.added,
            _S.wrong_new,
            label=tr("people.password"),
            name=tr("people.new_one"),
        ),
        field_error("new-form", _S.wrong_new["form"]),
        rx.button(
            rx.icon("user-plus", size=17, aria_hidden="true"),
            tr("people.add.button"),
            type="submit",
            size="3",
            margin_top="6px",
        ),
        on_submit=_S.add,
        no_validate=True,
        auto_complete="off",
    )
    return card(form, title=tr("people.add.title"), about=tr("people.add.about"))


def _password() -> rx.Component:
    form = rx.el.form(
        # For password managers: whose password this is.
        rx.el.input(
            type="text",
            name="username",
            auto_complete="username",
            value=_S.own_email,
            read_only=True,
            hidden=True,
        ),
        rx.el.div(
            _field(
                "own",
                "current",
                type="password",
                auto_complete="current-password",
                required=True,
            ),
            class_name="field-row",
            key=_S.changed.to_string(),
        ),
        _new_password(
            _S.changed,
            _S.wrong_own,
            label=tr("people.new_password"),
            name=tr("people.yours"),
        ),
        field_error("own-form", _S.wrong_own["form"]),
        rx.button(tr("people.own.button"), type="submit", size="3", margin_top="6px"),
        on_submit=_S.change_password,
        no_validate=True,
    )
    return card(form, title=tr("people.own.title"), about=tr("people.own.about"))


def _browsers() -> rx.Component:
    others = _S.seats.length() - 1
    end_others = confirm(
        rx.button(
            tr("people.others.button", n=others),
            variant="surface",
            color_scheme="gray",
            size="3",
        ),
        title=tr("people.others.title", n=others),
        about=tr("people.others.about"),
        action=tr("people.others.action", n=others),
        on_confirm=_S.end_others,
    )
    log_out = rx.el.a(
        rx.icon("log-out", size=17, aria_hidden="true"),
        tr("layout.log_out"),
        href="/logout",
        class_name="button-link",
        # No page of the pages' own router: the browser itself goes there.
        custom_attrs={"reloadDocument": True},
    )
    return card(
        rx.el.ul(rx.foreach(_S.seats, _seat), class_name="people-list"),
        rx.flex(
            log_out,
            rx.cond(others > 0, end_others, rx.fragment()),
            gap="10px",
            wrap="wrap",
            margin_top="14px",
        ),
        title=tr("people.browsers.title"),
        about=tr("people.browsers.about"),
    )


def _seat(one: Any) -> rx.Component:
    known = (one["program"] != "") & (one["system"] != "")
    return rx.el.li(
        rx.el.div(
            rx.cond(
                known,
                tr(
                    "people.browser_on",
                    program=one["program"],
                    system=one["system"],
                ),
                tr("people.some_browser"),
            ),
            rx.cond(one["here"], rx.el.span(tr("people.here"), class_name="tag")),
            class_name="people-who",
        ),
        rx.el.span(
            tr("people.seen"), " ", ago(one["seen_at"]), class_name="people-seen"
        ),
    )


def _field(form: str, name: str, **attrs: Any) -> rx.Component:
    wrong = _S.wrong_new if form == "new" else _S.wrong_own
    place = f"{form}-{name}"
    return rx.el.div(
        rx.el.label(
            tr(f"people.field.{name}"), html_for=place, class_name="field-name"
        ),
        rx.el.input(
            id=place,
            name=name,
            class_name="field",
            custom_attrs={
                "aria-describedby": f"{place}-error",
                "aria-invalid": rx.cond(wrong.contains(name), "true", "false"),
            },
            **{"type": "text", "auto_complete": "off"} | attrs,
        ),
        field_error(place, wrong[name]),
        class_name="field-block",
    )


def _new_password(round_: Any, wrong: Any, *, label: Any, name: Any) -> rx.Component:
    return _NewPassword.create(
        round=round_,
        wrong=rx.cond(wrong.contains("password"), wrong["password"], ""),
        wrong_again=rx.cond(wrong.contains("again"), wrong["again"], ""),
        lang=PageState.lang,
        label=label,
        name=name,
    )


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="44px", times=2)),
        card(skeleton(height="44px", times=3)),
        class_name="stack",
    )
