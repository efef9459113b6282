"""The Reflex app: a parts list. Importing it starts nothing."""

import logging
from pathlib import Path

import reflex as rx
from reflex.utils.prerequisites import get_web_dir
from starlette.types import ASGIApp

from wedding_wa.api.app import create_api
from wedding_wa.api.headers import SecurityHeaders, TrailingSlash
from wedding_wa.build.plugins import CSP_FILE
from wedding_wa.pages import lost, settings, theme
from wedding_wa.pages.i18n import tr
from wedding_wa.state.settings import SettingsState

log = logging.getLogger(__name__)


def with_headers(app: ASGIApp) -> ASGIApp:
    """Put security and caching headers on everything, the outermost layer."""
    return SecurityHeaders(app, csp_file=Path(get_web_dir()) / "build" / CSP_FILE)


def report_defect(exception: Exception) -> None:
    """A handler failed in a way nobody foresaw: log it, the page stays as it was."""
    log.error("event failed", exc_info=exception, extra={"action": "event_failed"})


app = rx.App(
    head_components=theme.head(),
    stylesheets=theme.STYLESHEETS,
    toaster=theme.toaster(),
    extra_app_wraps={(5, "Overlay"): lambda _stateful: None},
    backend_exception_handler=report_defect,
    api_transformer=[create_api(), TrailingSlash, with_headers],
)

# A page's `on_load` is the live loop of its state; its place in the menu: pages/nav.py.
app.add_page(
    settings.settings,
    "/settings",
    title=tr("settings.title"),
    on_load=SettingsState.live,
)
app.add_page(lost.lost, "404", title=tr("layout.lost.title"))
app.add_page(lost.to_login, "/login", title=tr("common.app"))
