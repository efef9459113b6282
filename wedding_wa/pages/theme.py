"""pages: what the whole app wears. Colours and sizes are in assets/app.css."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.i18n import head_script

STYLESHEETS = [
    "/app.css",
    "/account-pages.css",
    "/queue.css",
    "/never-twice.css",
    "/guests.css",
    "/settings.css",
    "/invitation.css",
    "/inbox.css",
    "/activation.css",
    "/opted-out.css",
    "/webhooks.css",
    "/maintenance.css",
    "/guest-import.css",
    "/api-keys.css",
]


def head() -> list[rx.Component]:
    """Return what stands in `<head>`: language, icons, fonts of the first paint."""
    return [
        head_script(),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(rel="manifest", href="/site.webmanifest"),
        rx.el.meta(name="theme-color", content="#f9f9f8"),
        _preload("/fonts/inter-latin-wght-normal.woff2"),
        _preload("/fonts/fraunces-latin-opsz-normal.woff2"),
    ]


def toaster() -> rx.Component:
    """Return where toasts appear: over the content, clear of the phone's bar."""
    return rx.toast.provider(
        position="bottom-right", close_button=True, rich_colors=True, gap=10
    )


def _preload(path: str) -> rx.Component:
    return rx.el.link(
        rel="preload",
        href=path,
        custom_attrs={"as": "font", "crossOrigin": "anonymous"},
    )
