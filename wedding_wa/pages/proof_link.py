"""pages: the ways to what is in doubt, and to the proof, from the pages beside them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr


def doubts_link(n: Any) -> rx.Component:
    """Return the way to the messages in doubt, how many they are; nothing for none."""
    shown = rx.link(
        rx.icon("circle-help", size=18, aria_hidden="true"),
        rx.el.span(tr("unconfirmed.some", n=n)),
        rx.el.b(tr("unconfirmed.see")),
        href="/queue/unconfirmed",
        underline="none",
        class_name="proof-open doubts-link",
    )
    return rx.cond(n > 0, shown, rx.fragment())


def proof_link() -> rx.Component:
    """Return the quiet way to the proof page."""
    return rx.link(
        rx.icon("shield-check", size=17, aria_hidden="true"),
        tr("unconfirmed.to_proof"),
        href="/never-twice",
        underline="hover",
        class_name="doubts-back",
    )
