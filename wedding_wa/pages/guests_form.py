"""pages: the forms of a guest and of a household."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.guests import NAME_LONGEST, NOTES_LONGEST, Side
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.pages.settings_parts import field_error
from wedding_wa.state.guest_forms import GuestFormsState
from wedding_wa.state.guests import GuestsState

_S = GuestsState
_F = GuestFormsState
_PAUSE_MS = 200


def guest_form() -> rx.Component:
    """Return the form of the guest that the panel shows; a new one is empty."""
    person = _S.person
    fields = [
        _text("name", person["name"], required=True, max_length=NAME_LONGEST),
        _phone(),
        _household(),
        _sides(person["side"]),
        _language(person["language"]),
        _tags(),
        _notes(person["notes"]),
    ]
    return rx.el.form(
        *fields,
        field_error("guest", _F.wrong[""]),
        rx.el.div(_save(person["id"] > 0), class_name="guests-save"),
        on_submit=_F.save,
        no_validate=True,
        auto_complete="off",
        # Another guest, or another state of this one: fields begin anew.
        key=person["form"],
        class_name="guests-form",
    )


def home_form() -> rx.Component:
    """Return the form of the household that the panel shows."""
    home = _S.home
    return rx.el.form(
        _text("name", home["name"], error="household", max_length=NAME_LONGEST),
        _sides(home["side"]),
        _language(home["language"]),
        _notes(home["notes"]),
        field_error("home", _F.wrong[""]),
        rx.el.div(_save(True), class_name="guests-save"),
        on_submit=_F.save_home,
        no_validate=True,
        auto_complete="off",
        key="home" + home["id"].to_string(),
        class_name="guests-form",
    )


def _save(known: Any) -> rx.Component:
    return rx.button(
        rx.cond(known, tr("guests.save"), tr("guests.add_this")),
        type="submit",
        size="3",
        custom_attrs={"data-action": "save-guest"},
    )


def _block(
    name: str, field: rx.Component, *after: rx.Component, error: str = ""
) -> rx.Component:
    """A label, its field, what is wrong with it, and what may help."""
    return rx.el.div(
        rx.el.label(
            tr_of("guests.field", name),
            html_for=f"guest-{name}",
            class_name="field-name",
        ),
        field,
        field_error(f"guest-{name}", _F.wrong[error or name]),
        *after,
        class_name="field-block",
    )


def _about(name: str, error: str = "") -> dict[str, Any]:
    return {
        "id": f"guest-{name}",
        "name": name,
        "class_name": "field",
        "aria_describedby": f"guest-{name}-error",
        "aria_invalid": _F.wrong.contains(error or name).to_string(),
    }


def _text(name: str, value: Any, *, error: str = "", **more: Any) -> rx.Component:
    field = rx.el.input(
        type="text",
        default_value=value,
        auto_complete="off",
        **_about(name, error),
        **more,
    )
    return _block(name, field, error=error)


def _phone() -> rx.Component:
    """A number of their own, or whose phone they are on."""
    person = _S.person
    shares = rx.el.label(
        rx.el.input(
            type="checkbox",
            name="shares",
            value=person["contact"].to_string(),
            default_checked=True,
        ),
        tr("guests.on_phone", name=person["shares"]),
        class_name="guests-check",
    )
    field = rx.el.input(
        type="tel",
        default_value=person["phone"],
        auto_complete="off",
        **_about("phone"),
    )
    return _block(
        "phone",
        field,
        rx.cond(person["contact"] > 0, shares, rx.fragment()),
        rx.cond(_F.taken["id"] > 0, _taken(), rx.fragment()),
    )


def _taken() -> rx.Component:
    """The number is somebody's: they may share it, or it is the same person."""
    name = _F.taken["name"]
    return rx.el.div(
        rx.button(
            rx.icon("smartphone", size=16, aria_hidden="true"),
            tr("guests.share_phone", name=name),
            type="button",
            variant="soft",
            size="3",
            on_click=_F.share_phone,
            custom_attrs={"data-action": "share-phone"},
        ),
        query_link(
            tr("guests.open_other", name=name),
            to={"guest": _F.taken["id"].to_string(), "add": "", "household": ""},
            class_name="text-button",
        ),
        class_name="guests-taken",
    )


def _household() -> rx.Component:
    field = rx.el.input(
        type="text",
        default_value=_S.person["household"],
        on_change=_F.look_up.debounce(_PAUSE_MS),
        list="guest-homes",
        max_length=NAME_LONGEST + 10,
        auto_complete="off",
        placeholder=tr("guests.field.household_new"),
        **_about("household"),
    )
    offered = rx.el.datalist(
        rx.foreach(_F.homes, lambda name: rx.el.option(value=name)), id="guest-homes"
    )
    return _block("household", field, offered)


def _sides(value: Any) -> rx.Component:
    """Whose guest: two radio buttons that look like the choice they are."""
    options = [
        rx.el.label(
            rx.el.input(
                type="radio",
                name="side",
                value=side.value,
                default_checked=value == side.value,
            ),
            account_dot(side.value),
            account_name(side.value),
        )
        for side in Side
    ]
    return rx.el.fieldset(
        rx.el.legend(tr("guests.field.side"), class_name="field-name"),
        rx.el.div(*options, class_name="guests-sides"),
        field_error("guest-side", _F.wrong["side"]),
        class_name="field-block",
    )


def _language(value: Any) -> rx.Component:
    options = [
        rx.el.option(tr_of("guests.language", code or "none"), value=code)
        for code in ("", *GUEST_LANGUAGES)
    ]
    field = rx.el.select(*options, default_value=value, **_about("language"))
    return _block("language", field)


def _tags() -> rx.Component:
    field = rx.el.input(
        type="text",
        default_value=_S.person["tags"],
        auto_complete="off",
        placeholder=tr("guests.field.tags_like"),
        **_about("tags"),
    )
    return _block("tags", field)


def _notes(value: Any) -> rx.Component:
    field = rx.el.textarea(
        default_value=value, rows="3", max_length=NOTES_LONGEST, **_about("notes")
    )
    return _block("notes", field)
