"""pages: two pages that only show the way: an unknown address, and to the login."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.i18n import tr


def lost() -> rx.Component:
    """Return the page for an address that does not exist."""
    home = rx.link(rx.button(tr("layout.lost.home"), size="3"), href="/")
    return rx.el.main(
        rx.el.div(
            rx.icon("signpost", size=40, stroke_width=1.4, aria_hidden="true"),
            rx.el.h1(tr("layout.lost.title"), class_name="page-title"),
            rx.el.p(tr("layout.lost.about"), class_name="empty-about"),
            home,
            class_name="empty",
        ),
        padding_top="16vh",
    )


def to_login() -> rx.Component:
    """Load `/login` from the server: the login is plain HTML, outside these pages."""
    return rx.box(on_mount=rx.run_script("window.location.reload()"))
