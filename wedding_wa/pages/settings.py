"""pages: Settings: language, light or dark, the keyboard."""

from __future__ import annotations

import reflex as rx
from reflex.style import color_mode, set_color_mode

from wedding_wa.pages.components import card, choice, page_head
from wedding_wa.pages.help import keys_list
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.layout import frame
from wedding_wa.state.base import PageState
from wedding_wa.words import languages


def settings() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("settings.title"), tr("settings.about")),
        rx.flex(
            _language(), _theme(), _keyboard(), _you(), direction="column", gap="16px"
        ),
        here="settings",
    )


def _language() -> rx.Component:
    return card(
        choice(
            [(code, None, tr(f"settings.language.{code}")) for code in languages()],
            value=PageState.lang,
            on_choose=PageState.choose_language,
            label=tr("settings.language.title"),
        ),
        title=tr("settings.language.title"),
        about=tr("settings.language.about"),
    )


def _theme() -> rx.Component:
    icons = {"system": "monitor-smartphone", "light": "sun", "dark": "moon"}
    return card(
        choice(
            [
                (name, icon, tr(f"settings.theme.{name}"))
                for name, icon in icons.items()
            ],
            value=color_mode,
            on_choose=set_color_mode,
            label=tr("settings.theme.title"),
        ),
        title=tr("settings.theme.title"),
        about=tr("settings.theme.about"),
    )


def _keyboard() -> rx.Component:
    return card(
        keys_list(),
        title=tr("settings.keys.title"),
        about=tr("settings.keys.about"),
    )


def _you() -> rx.Component:
    """Who is logged in, and the way out: a plain page of the server."""
    return card(
        rx.el.a(
            rx.icon("log-out", size=17, aria_hidden="true"),
            tr("layout.log_out"),
            href="/logout",
            class_name="plain-button",
        ),
        title=tr("settings.you.title"),
        about=tr("settings.you.about", name=PageState.viewer_name),
    )
