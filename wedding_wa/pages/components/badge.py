"""pages: how a message's state and an account look: colour, icon and word."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr_of

# state -> (tone, icon). The live phases have moving dots instead of an icon.
_LOOKS = {
    "waiting": ("sand", "hourglass"),
    "pending": ("sand", "hourglass"),
    "held": ("amber", "clock"),
    "processing": ("sky", "loader"),
    "reading": ("sky", ""),
    "waiting_human": ("sky", ""),
    "typing": ("sky", ""),
    "sending": ("sky", ""),
    "sent": ("jade", "check"),
    "delivered": ("jade", "check-check"),
    "read": ("blue", "check-check"),
    "refused": ("tomato", "circle-slash"),
    "unconfirmed": ("violet", "circle-help"),
    "failed": ("tomato", "triangle-alert"),
    "skipped": ("gray", "ban"),
}
STATES = tuple(_LOOKS)


def state_badge(state: Any, *, message_id: Any = None) -> rx.Component:
    """Return the badge of a message state; a change cross-fades.

    With `message_id` it carries `data-message-id`, so that it can be found again.
    """
    state = rx.Var.create(state).to(str)
    marks: dict[str, Any] = {"data-state": state, "data-tone": tone_of(state)}
    if message_id is not None:
        marks["data-message-id"] = rx.Var.create(message_id).to_string(use_json=False)
    return rx.el.span(
        state_icon(state),
        rx.el.span(tr_of("state", state), class_name="badge-word", key=state),
        class_name="badge",
        custom_attrs=marks,
    )


def state_icon(state: Any, *, size: int = 15) -> rx.Component:
    """Return the icon of a message state alone."""
    shown = [(name, _icon(icon, size)) for name, (_, icon) in _LOOKS.items()]
    return rx.match(state, *shown, rx.fragment())


def tone_of(state: Any) -> rx.Var[str]:
    """Return the colour scale of a message state, for `data-tone`."""
    tones = [(name, tone) for name, (tone, _) in _LOOKS.items()]
    found: rx.Var[str] = rx.match(state, *tones, "sand")
    return found


def account_dot(key: Any, *, off: Any = False) -> rx.Component:
    """Return the account's coloured dot; hollow while `off` (not connected)."""
    off = rx.Var.create(off).to_string(use_json=False)
    return rx.el.i(
        class_name="dot",
        aria_hidden="true",
        custom_attrs={"data-account": key, "data-off": off},
    )


def account_name(key: Any) -> rx.Var[str]:
    """Return "Groom" or "Bride" in the reader's language."""
    return tr_of("common.account", key)


def _icon(name: str, size: int) -> rx.Component:
    if name:
        return rx.icon(name, size=size, stroke_width=2.2, aria_hidden="true")
    dots = [rx.el.i() for _ in range(3)]
    return rx.el.span(*dots, class_name="dots", aria_hidden="true")
