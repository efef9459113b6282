"""Reflex's own settings. What an operator sets stands in wedding_wa/settings.py."""

import os

import reflex as rx

from wedding_wa.build.plugins import SENTINEL_URL, NoFlash, SameOrigin, Words
from wedding_wa.settings import load_settings

settings = load_settings()

# Set by wedding_wa.build.frontend: the pages then find the server at their own origin.
building = os.environ.get("WEDDING_WA_BUILD") == "1"
same_origin = [SameOrigin()] if building else []

config = rx.Config(
    app_name="wedding_wa",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode="memory",
    redis_token_expiration=86_400,
    frontend_lazy_bundled_libraries=True,
    api_url=SENTINEL_URL if building else settings.public,
    cors_allowed_origins=settings.allowed_origins,
    plugins=[
        rx.plugins.RadixThemesPlugin(
            theme=rx.theme(
                appearance="inherit",
                accent_color="jade",
                gray_color="sand",
                radius="large",
                panel_background="solid",
            )
        ),
        Words(),
        NoFlash(),
        *same_origin,
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
