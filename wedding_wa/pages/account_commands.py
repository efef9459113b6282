"""pages: the buttons of an account: those that can work now, and no others."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import confirm
from wedding_wa.pages.i18n import tr
from wedding_wa.state.accounts import AccountsState

_ICONS = {
    "start": "play",
    "new_code": "qr-code",
    "ask": "refresh-cw",
    "restart": "rotate-cw",
    "stop": "square",
    "logout": "log-out",
    "pause": "pause",
    "resume": "play",
}
# The one that mends things stands out wherever it is shown.
_STRONG = ("start", "new_code", "resume")
_ASKS_FIRST = ("stop", "logout")
# Our own, whatever WAHA says: shown by whether the account is paused.
_PAUSING = ("pause", "resume")


def commands(key: str, can: Any, name: Any) -> rx.Component:
    """Return the buttons of account `key`; `can` lists what makes sense now."""
    offered = [
        rx.cond(can.to(list[str]).contains(command), _command(key, command, name))
        for command in _ICONS
        if command not in _PAUSING
    ]
    return rx.el.div(*offered, _pausing(key), class_name="account-commands")


def _command(key: str, command: str, name: Any) -> rx.Component:
    done = AccountsState.command(key, command)
    if command not in _ASKS_FIRST:
        return _button(key, command, on_click=done)
    return confirm(
        _button(key, command),
        title=tr(f"accounts.sure.{command}.title", name=name),
        about=tr(f"accounts.sure.{command}.about"),
        action=tr(f"accounts.sure.{command}.action"),
        on_confirm=done,
    )


def _button(key: str, command: str, **props: Any) -> rx.Component:
    busy = AccountsState.busy[key]
    strong = command in _STRONG
    return rx.button(
        rx.cond(
            busy == command,
            rx.spinner(size="1"),
            rx.icon(_ICONS[command], size=15, aria_hidden="true"),
        ),
        rx.cond(
            busy == command,
            tr(f"accounts.doing.{command}"),
            tr(f"accounts.do.{command}"),
        ),
        variant="solid" if strong else "surface",
        color_scheme="jade" if strong else "gray",
        size="3",
        disabled=busy != "",
        custom_attrs={"data-command": command},
        **props,
    )


def _pausing(key: str) -> rx.Component:
    shown = AccountsState.groom if key == "groom" else AccountsState.bride
    resume = _button(key, "resume", on_click=AccountsState.command(key, "resume"))
    pause = _button(key, "pause", on_click=AccountsState.command(key, "pause"))
    linked = shown["phone"] != ""
    return rx.cond(shown["paused"], resume, rx.cond(linked, pause, rx.fragment()))
