"""pages: two pages that only show the way: an unknown address, and to the login."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.components import empty
from wedding_wa.pages.i18n import tr


def lost() -> rx.Component:
    """Return the page for an address that does not exist."""
    home = rx.link(rx.button(tr("layout.lost.home"), size="3"), href="/")
    return rx.el.main(
        empty("signpost", tr("layout.lost.title"), tr("layout.lost.about"), home),
        padding_top="16vh",
    )


def to_login() -> rx.Component:
    """Load `/login` from the server: the login is plain HTML, outside these pages."""
    return rx.box(on_mount=rx.run_script("window.location.reload()"))
