"""kill -9 of the whole app: its simulator goes with it, and everything comes back."""

from __future__ import annotations

import shutil
import socket

import httpx
import pytest
from sqlmodel import Session, select

from tests.crash.places import Child, Place, WhatsApp, free_port, until
from tests.crash.truth import sent_exactly_once
from wedding_wa.build import frontend
from wedding_wa.models import Account, Consent

NEW_GUEST = "+393331119999"

# the pages may have to be built first
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


@pytest.fixture
def own(place: Place) -> Place:
    return own_world(place)


def own_world(place: Place) -> Place:
    """Give the wedding a world of its own, for the app's own simulator."""
    world = place.whatsapp.config.state
    assert world is not None
    shutil.copy(world, place.folder / "simulator.json")
    place.whatsapp = WhatsApp(
        place.folder, place.zygote
    )  # asked only: the app starts its own
    frontend.build()
    return place


def test_the_app_killed_while_it_sends(own: Place) -> None:
    """A guest writes, messages go, kill -9: ports free, second start, each once."""
    port = free_port()
    app = started(own, port)
    # the sessions' webhook is set first, which restarts them
    until(lambda: app.log.count("hearing_gap_closed") == 2, "both numbers are heard")
    own.whatsapp.guest_writes("groom", NEW_GUEST, "Ciao!")
    until(lambda: heard(own, NEW_GUEST), "the guest's message came by webhook")
    ids = [own.put("groom", "Benvenuta", to=NEW_GUEST), *own.put_many(4, name="app")]
    until(lambda: "sent" in own.statuses().values(), "one is sent")
    app.kill()
    for one in (port, own.whatsapp.port):
        until(lambda one=one: is_free(one), f"port {one} is free", seconds=15)

    again = started(own, port)
    own.until_status(ids, "sent")
    sent_exactly_once(own, ids)
    assert again.stop() == 0
    assert is_free(port)
    assert is_free(own.whatsapp.port)


def started(place: Place, port: int) -> Child:
    """`python -m wedding_wa run`, once it answers."""
    ports = {"PORT": str(port), "SIM_PORT": str(place.whatsapp.port)}
    app = place.child(["run"], whole=True, **ports)

    def answers() -> bool:
        assert app.alive, app.log
        try:
            health = httpx.get(f"http://127.0.0.1:{port}/api/health", trust_env=False)
        except httpx.TransportError:
            return False
        return health.status_code == 200

    until(answers, "the app answers")
    return app


def heard(place: Place, phone: str) -> bool:
    """They consented, and a webhook came: the feed may have been quicker."""

    def look(session: Session) -> bool:
        given = session.exec(select(Consent.id).where(Consent.phone == phone)).first()
        groom = session.exec(select(Account).where(Account.key == "groom")).one()
        return given is not None and groom.webhook_at is not None

    return place.database.read_now(look)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
