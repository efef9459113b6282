"""pages: our few React components (pages/js): what counts and listens by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_components_core.core.banner import connection_errors_count

from wedding_wa.state.base import PageState


class _Live(rx.Component):
    library = "$/utils/live"


class _LiveWord(_Live):
    tag = "LiveWord"
    beat: rx.Var[int]
    errors: rx.Var[int]
    lang: rx.Var[str]


class _Toasts(_Live):
    tag = "Toasts"
    notice: rx.Var[dict[str, str]]


class _Language(_Live):
    tag = "Language"
    lang: rx.Var[str]


class _Time(_Live):
    tag = "Time"
    at: rx.Var[str]
    zone: rx.Var[str]
    lang: rx.Var[str]
    seconds: rx.Var[bool]


class _Ago(_Live):
    tag = "Ago"
    at: rx.Var[str]
    zone: rx.Var[str]
    lang: rx.Var[str]


class _Seconds(_Live):
    tag = "Seconds"
    at: rx.Var[str]
    down: rx.Var[bool]


class _Keys(rx.Component):
    library = "$/utils/keys"
    tag = "Keys"


def live_word() -> rx.Component:
    """Live, reconnecting, or stale since n seconds."""
    return _LiveWord.create(
        beat=PageState.beat, errors=connection_errors_count, lang=PageState.lang
    )


def listeners() -> rx.Component:
    """What every page listens with: toasts, the language, the keyboard."""
    return rx.fragment(
        _Toasts.create(notice=PageState.toast),
        _Language.create(lang=PageState.lang),
        _Keys.create(),
    )


def time(at: Any, *, seconds: bool = False) -> rx.Component:
    """Show the ISO moment `at` in the wedding's zone, in full on hover."""
    return _Time.create(
        at=at, zone=PageState.time_zone, lang=PageState.lang, seconds=seconds
    )


def ago(at: Any) -> rx.Component:
    """Show how long ago (or how soon) the ISO moment `at` is; it ticks by itself."""
    return _Ago.create(at=at, zone=PageState.time_zone, lang=PageState.lang)


def seconds_since(at: Any) -> rx.Component:
    """Count the seconds since the ISO moment `at`."""
    return _Seconds.create(at=at)


def seconds_until(at: Any) -> rx.Component:
    """Count down the seconds until the ISO moment `at`."""
    return _Seconds.create(at=at, down=True)
