"""pages: the React components of a message being written (pages/js/compose.jsx)."""

from __future__ import annotations

from typing import Any

import reflex as rx

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


def copy_button(text: Any) -> rx.Component:
    """Return the button that copies `text` and says so."""
    return _Copy.create(text=text, lang=PageState.lang)
