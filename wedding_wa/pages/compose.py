"""pages: the React components of a message being written (pages/js/compose.jsx)."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr
from wedding_wa.state.base import PageState


class _Compose(rx.Component):
    library = "$/utils/compose"


class _Recipient(_Compose):
    tag = "Recipient"
    people: rx.Var[list[dict[str, str]]]
    account: rx.Var[str]
    name: rx.Var[str]
    error: rx.Var[str]
    lang: rx.Var[str]
    zone: rx.Var[str]


class _Sheet(_Compose):
    tag = "Sheet"
    sent: rx.Var[str]
    limit: rx.Var[int]
    error: rx.Var[str]
    lang: rx.Var[str]
    zone: rx.Var[str]


class _Copy(_Compose):
    tag = "Copy"
    text: rx.Var[str]
    lang: rx.Var[str]


def recipient(*, people: Any, account: Any, name: Any, error: Any) -> rx.Component:
    """Return the choice of a recipient; the form gets it as `to`.

    `name` is whose number `account` is, `error` the sentence at the field.
    """
    return _Recipient.create(
        people=people,
        account=account,
        name=name,
        error=error,
        lang=PageState.lang,
        zone=PageState.time_zone,
    )


def sheet(*, sent: Any, limit: int, error: Any) -> rx.Component:
    """Return the words being written, counted and shown; the form gets `text` and
    `draft`, which names the sheet. It is cleared once `sent` is that draft."""
    return _Sheet.create(
        sent=sent,
        limit=limit,
        error=error,
        lang=PageState.lang,
        zone=PageState.time_zone,
    )


def timing(
    *, sent: Any, priority: int, at_error: Any, expires_error: Any
) -> rx.Component:
    """Return when it goes and until when it is useful, folded away: the form gets `at`
    and `expires_at` in the wedding's time, "" for none, and `priority`. With every
    message `sent` the fields begin anew."""
    choices = [
        rx.el.option(tr(f"queue.priority.p{one}"), value=str(one))
        for one in range(1, 6)
    ]
    return rx.el.details(
        rx.el.summary(tr("test.timing.title")),
        rx.el.div(
            _moment("at", at_error),
            _moment("expires_at", expires_error),
            rx.el.label(
                rx.el.span(tr("test.timing.priority"), class_name="field-name"),
                rx.el.select(
                    *choices,
                    name="priority",
                    default_value=str(priority),
                    class_name="field",
                ),
            ),
            class_name="timing-fields",
        ),
        class_name="timing",
        key=sent,
        open=rx.cond((at_error != "") | (expires_error != ""), True, None),
    )


def _moment(name: str, error: Any) -> rx.Component:
    told = f"test-{name}-error"
    return rx.el.label(
        rx.el.span(tr(f"test.timing.{name}"), class_name="field-name"),
        rx.el.input(
            type="datetime-local",
            name=name,
            class_name="field",
            custom_attrs={"aria-describedby": told},
        ),
        rx.el.p(error, id=told, class_name="field-error", role="alert"),
    )


def copy_button(text: Any) -> rx.Component:
    """Return the button that copies `text` and says so."""
    return _Copy.create(text=text, lang=PageState.lang)
