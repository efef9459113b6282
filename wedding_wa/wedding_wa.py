"""The Reflex app: a parts list. Importing it starts nothing."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import reflex as rx
from reflex.utils.prerequisites import get_web_dir
from starlette.types import ASGIApp

from wedding_wa import engine, runtime
from wedding_wa.api.app import create_api
from wedding_wa.api.cors import Cors
from wedding_wa.api.guard import guarding
from wedding_wa.api.headers import SecurityHeaders, TrailingSlash
from wedding_wa.build.plugins import CSP_FILE
from wedding_wa.pages import (
    accounts,
    activation,
    guest_import,
    guests,
    inbox,
    lost,
    never_twice,
    opted_out,
    overview,
    queue,
    settings,
    settings_invitation,
    settings_keys,
    settings_limits,
    settings_maintenance,
    settings_people,
    test_message,
    theme,
    unconfirmed,
    webhooks,
)
from wedding_wa.pages.i18n import tr
from wedding_wa.state.accounts import ACCOUNT_KEYS, AccountsState
from wedding_wa.state.activation import ActivationState
from wedding_wa.state.guest_forms import GuestFormsState
from wedding_wa.state.guest_import import GuestImportState
from wedding_wa.state.guests import GuestsState
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.maintenance import MaintenanceState
from wedding_wa.state.never_twice import NeverTwiceState
from wedding_wa.state.opted_out import OptedOutState
from wedding_wa.state.overview import OverviewState
from wedding_wa.state.queue import QueueState
from wedding_wa.state.session import LOGIN_PATH, LoginRequired
from wedding_wa.state.settings import SettingsState
from wedding_wa.state.settings_invitation import InvitationState
from wedding_wa.state.settings_keys import KeysState
from wedding_wa.state.settings_limits import LimitsState
from wedding_wa.state.settings_people import PeopleState
from wedding_wa.state.test_message import TestMessageState
from wedding_wa.state.unconfirmed import UnconfirmedState
from wedding_wa.state.webhooks import WebhooksState

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def engine_beside_the_pages() -> AsyncIterator[None]:
    """Run ears, chores and (WORKER=inline) the worker while the server serves."""
    now = runtime.current()
    async with engine.running(now, worker=now.settings.worker == "inline"):
        yield
    await now.rest()


def with_headers(served: ASGIApp) -> ASGIApp:
    """Put security and caching headers on everything, the outermost layer."""
    return SecurityHeaders(served, csp_file=Path(get_web_dir()) / "build" / CSP_FILE)


def report_defect(exception: Exception) -> None:
    """Log what a handler did not foresee; the page stays as it was."""
    log.error("event failed", exc_info=exception, extra={"action": "event_failed"})


class App(rx.App):
    """Reflex's, with our own word around it on which websites may call the API."""

    def __call__(self) -> ASGIApp:
        """Return what is served."""
        return Cors(super().__call__())


api = create_api()
app = App(
    head_components=theme.head(),
    stylesheets=theme.STYLESHEETS,
    toaster=theme.toaster(),
    # The live word in the strip says what Reflex's own overlay would.
    extra_app_wraps={(5, "Overlay"): lambda _stateful: None},
    backend_exception_handler=report_defect,
    # From the inside out: our routes, the door, one address with and without slash.
    api_transformer=[api, guarding(api), TrailingSlash, with_headers],
)
app.add_middleware(LoginRequired())
app.register_lifespan_task(engine_beside_the_pages)

# A page's `on_load` is the live loop of its state; its place in the menu: pages/nav.py.
app.add_page(
    overview.overview,
    "/",
    title=tr("overview.title"),
    on_load=OverviewState.live,
)
app.add_page(
    queue.queue,
    "/queue",
    title=tr("queue.title"),
    on_load=QueueState.live,
)
app.add_page(
    unconfirmed.unconfirmed,
    "/queue/unconfirmed",
    title=tr("unconfirmed.title"),
    on_load=UnconfirmedState.live,
)
app.add_page(
    never_twice.never_twice,
    "/never-twice",
    title=tr("never_twice.title"),
    on_load=NeverTwiceState.live,
)
app.add_page(
    inbox.inbox,
    "/inbox",
    title=tr("inbox.title"),
    on_load=InboxState.live,
)
app.add_page(
    guests.guests,
    "/guests",
    title=tr("guests.title"),
    on_load=[GuestsState.live, GuestFormsState.forget_form],
)
app.add_page(
    activation.activation,
    "/guests/activation",
    title=tr("activation.title"),
    on_load=ActivationState.live,
)
app.add_page(
    opted_out.opted_out,
    "/guests/opted-out",
    title=tr("opt_out.title"),
    on_load=OptedOutState.live,
)
app.add_page(
    accounts.accounts,
    "/accounts",
    title=tr("accounts.title"),
    on_load=[
        AccountsState.live,
        *[AccountsState.follow_code(key) for key in ACCOUNT_KEYS],
    ],
)
app.add_page(
    test_message.test_message,
    "/test",
    title=tr("test.title"),
    on_load=TestMessageState.live,
)
app.add_page(
    settings.settings,
    "/settings",
    title=tr("settings.title"),
    on_load=SettingsState.live,
)
app.add_page(
    settings_limits.settings_limits,
    "/settings/limits",
    title=tr("limits.page_title"),
    on_load=[LimitsState.live, LimitsState.follow_holds],
)
app.add_page(
    settings_invitation.settings_invitation,
    "/settings/invitation",
    title=tr("invitation_settings.page_title"),
    on_load=InvitationState.live,
)
app.add_page(
    settings_people.settings_people,
    "/settings/people",
    title=tr("people.page_title"),
    on_load=PeopleState.live,
)
app.add_page(
    settings_keys.settings_keys,
    "/settings/api-keys",
    title=tr("keys.page_title"),
    on_load=KeysState.live,
)
app.add_page(
    webhooks.webhooks,
    "/settings/webhooks",
    title=tr("webhooks.page_title"),
    on_load=WebhooksState.live,
)
app.add_page(
    settings_maintenance.settings_maintenance,
    "/settings/maintenance",
    title=tr("maintenance.page_title"),
    on_load=MaintenanceState.live,
)
app.add_page(
    guest_import.guest_import,
    "/guests/import",
    title=tr("guest_import.title"),
    on_load=GuestImportState.live,
)
app.add_page(lost.lost, "404", title=tr("layout.lost.title"))
app.add_page(lost.to_login, LOGIN_PATH, title=tr("common.app"))
