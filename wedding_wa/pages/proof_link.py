"""pages: the way to the proof page from the pages beside it."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.i18n import tr


def proof_link() -> rx.Component:
    """Return the quiet way to the proof page."""
    return rx.link(
        rx.icon("shield-check", size=17, aria_hidden="true"),
        tr("unconfirmed.to_proof"),
        href="/never-twice",
        underline="hover",
        class_name="doubts-back",
    )
