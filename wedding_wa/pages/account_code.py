"""pages: logging a number in: the QR code, or a code to type instead."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import seconds_since, seconds_until
from wedding_wa.pages.components import skeleton
from wedding_wa.pages.i18n import tr
from wedding_wa.state.accounts import AccountsState


def code_to_scan(key: str, name: Any) -> rx.Component:
    """Return the code of the moment with its age, and the other way in a fold."""
    code = AccountsState.groom_code if key == "groom" else AccountsState.bride_code
    return rx.el.div(
        rx.cond(code["image"] != "", _code(code, name), _coming()),
        _pairing(key, name),
        class_name="account-code",
    )


def _code(code: Any, name: Any) -> rx.Component:
    how_many = {"count": code["count"], "of": code["of"]}
    is_last = code["count"] == code["of"]
    return rx.el.figure(
        rx.el.img(
            src=code["image"],
            alt=tr("accounts.code.picture", name=name),
            class_name="qr",
            custom_attrs={"data-code": code["count"].to_string()},
        ),
        rx.el.figcaption(
            rx.el.span(
                rx.cond(
                    is_last,
                    tr("accounts.code.last", **how_many),
                    tr("accounts.code.count", **how_many),
                ),
                " ",
                seconds_until(code["next_at"]),
            ),
            rx.el.span(tr("accounts.code.age"), " ", seconds_since(code["at"])),
            class_name="qr-age",
        ),
    )


def _coming() -> rx.Component:
    return rx.el.figure(
        rx.el.div(skeleton(height="100%"), class_name="qr qr-coming"),
        rx.el.figcaption(
            rx.el.span(tr("accounts.code.coming"), role="status"), class_name="qr-age"
        ),
    )


def _pairing(key: str, name: Any) -> rx.Component:
    """The fold opens in the browser, so it stays open whatever the server does."""
    error = AccountsState.pairing_error[key]
    got = AccountsState.pairing.contains(key)
    return rx.el.details(
        rx.el.summary(tr("accounts.pair.open")),
        rx.el.p(tr("accounts.pair.about"), class_name="pair-about"),
        _pairing_form(key, name, error, got),
        rx.cond(got, _pairing_code(key), rx.fragment()),
        class_name="pair",
    )


def _pairing_form(key: str, name: Any, error: Any, got: Any) -> rx.Component:
    field, busy = f"{key}-phone", AccountsState.busy[key]
    return rx.el.form(
        rx.el.label(tr("accounts.pair.phone", name=name), html_for=field),
        rx.el.div(
            rx.el.input(
                id=field,
                name="phone",
                type="tel",
                auto_complete="tel",
                placeholder=tr("accounts.pair.placeholder"),
                aria_invalid=error != "",
                aria_describedby=f"{field}-error",
                class_name="field",
            ),
            rx.button(
                rx.match(
                    busy,
                    ("pair", tr("accounts.doing.pair")),
                    rx.cond(got, tr("accounts.pair.again"), tr("accounts.pair.ask")),
                ),
                type="submit",
                size="3",
                variant="surface",
                disabled=busy != "",
            ),
            class_name="pair-row",
        ),
        rx.el.p(error, id=f"{field}-error", class_name="field-error", role="alert"),
        on_submit=AccountsState.pair(key),
        no_validate=True,
    )


def _pairing_code(key: str) -> rx.Component:
    pairing = AccountsState.pairing[key]
    return rx.el.div(
        rx.el.p(tr("accounts.pair.code", phone=pairing["typed"])),
        rx.el.p(pairing["code"], class_name="pair-code figures"),
        rx.el.p(tr("accounts.pair.how")),
        class_name="pair-got",
        role="status",
    )
