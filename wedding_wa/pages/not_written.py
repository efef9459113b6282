"""pages: "14 guests have not written yet": why a page is still empty, and what helps.

Guests write first, so until they do there is nobody to write to. A page whose state
has `NotWritten` shows it where its own list is empty.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import card, empty
from wedding_wa.pages.i18n import tr
from wedding_wa.state.not_written import NotWritten

ACTIVATION = "/guests/activation"


def not_written_empty(state: type[NotWritten], otherwise: rx.Component) -> rx.Component:
    """Return the empty state that names them; `otherwise` where there are none."""
    shown = empty(
        "mail-question",
        _count(state.waiting_guests),
        tr("activation.not_written.about"),
        rx.link(
            rx.button(tr("activation.not_written.go"), size="3", tab_index=-1),
            href=ACTIVATION,
        ),
    )
    return rx.cond(state.waiting_guests > 0, shown, otherwise)


def not_written_card(state: type[NotWritten]) -> rx.Component:
    """Return a card that names them; nothing where there are none."""
    shown = card(
        rx.el.div(
            rx.icon("mail-question", size=26, stroke_width=1.5, aria_hidden="true"),
            rx.el.div(
                rx.el.h2(_count(state.waiting_guests), class_name="card-title"),
                rx.el.p(tr("activation.not_written.about"), class_name="waiting-about"),
            ),
            rx.link(
                rx.button(
                    tr("activation.not_written.go"),
                    size="3",
                    variant="surface",
                    tab_index=-1,
                ),
                href=ACTIVATION,
            ),
            class_name="waiting",
        ),
    )
    return rx.cond(state.waiting_guests > 0, shown, rx.fragment())


def _count(n: Any) -> rx.Var[str]:
    return tr("activation.not_written.title", n=n)
