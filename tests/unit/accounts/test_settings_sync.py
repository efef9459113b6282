"""What the settings say of WAHA gets into the accounts' rows, and no further."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests import accounts as see
from tests.builders import Couple, make_couple
from tests.fakes import NOON, FakeClock
from wedding_wa.db import Database
from wedding_wa.models import Account
from wedding_wa.services.accounts import (
    Clients,
    NotConfigured,
    WahaPlace,
    sync_from_settings,
)
from wedding_wa.services.live import Change
from wedding_wa.services.secrets import Sealer

SEALER = Sealer(b"one key")
PLACE = WahaPlace("http://waha:3000", "default", "api key")


@pytest.fixture
def couple(database: Database) -> Couple:
    return make_couple(database, status="UNKNOWN")


@pytest.fixture
async def clients(database: Database) -> AsyncIterator[Clients]:
    made = Clients(database, SEALER, FakeClock())
    yield made
    await made.aclose()


def sync(
    database: Database, groom: WahaPlace | None, *, sealer: Sealer = SEALER
) -> list[Change]:
    changes: list[Change] = []
    database.on_commit.append(changes.extend)
    database.write_now(
        sync_from_settings,
        {"groom": groom, "bride": None},
        sealer,
        NOON,
        webhook_base="http://app:8000",
    )
    database.on_commit.remove(changes.extend)
    return changes


def groom_of(database: Database, couple: Couple) -> Account:
    return see.account(database, couple.groom)


def test_the_row_gets_what_the_settings_say_sealed(
    database: Database, couple: Couple
) -> None:
    """Url, session and webhook address in clear; key and secret sealed."""
    sync(database, PLACE)
    groom = groom_of(database, couple)
    assert (groom.waha_url, groom.session) == ("http://waha:3000", "default")
    assert groom.webhook_url == "http://app:8000/api/webhooks/waha/groom"
    assert "api key" not in groom.api_key_sealed
    assert SEALER.open(groom.api_key_sealed) == "api key"
    assert see.account(database, couple.bride).status == "NOT_CONFIGURED"


def test_a_secret_is_generated_once_and_kept(
    database: Database, couple: Couple
) -> None:
    """Without one in the settings WAHA's events get a secret of their own."""
    sync(database, PLACE)
    secrets = [
        SEALER.open(groom_of(database, couple).webhook_secret_sealed),
        SEALER.open(see.account(database, couple.bride).webhook_secret_sealed),
    ]
    assert len(set(secrets)) == 2
    assert min(map(len, secrets)) >= 32
    sync(database, PLACE)
    kept = SEALER.open(groom_of(database, couple).webhook_secret_sealed)
    assert kept == secrets[0]
    sync(database, WahaPlace(PLACE.url, PLACE.session, PLACE.api_key, "chosen"))
    assert SEALER.open(groom_of(database, couple).webhook_secret_sealed) == "chosen"


def test_a_start_that_changes_nothing_tells_nobody(
    database: Database, couple: Couple
) -> None:
    """The second start with the same settings leaves the rows as they are."""
    assert sync(database, PLACE)
    before = groom_of(database, couple)
    assert sync(database, PLACE) == []
    assert groom_of(database, couple) == before


def test_another_waha_is_asked_anew(database: Database, couple: Couple) -> None:
    """What is known of the old WAHA does not hold for the new one."""
    sync(database, PLACE)
    see.update(database, couple.groom, status="WORKING", engine="NOWEB")
    sync(database, WahaPlace("http://other:3000", "default", "api key"))
    groom = groom_of(database, couple)
    assert (groom.status, groom.engine) == ("UNKNOWN", "")
    assert len(see.gaps(database, couple.groom)) == 1


def test_a_new_secret_key_mends_itself(database: Database, couple: Couple) -> None:
    """Seals of another SECRET_KEY cannot be opened: all is sealed anew."""
    sync(database, PLACE, sealer=Sealer(b"an older key"))
    sync(database, PLACE)
    groom = groom_of(database, couple)
    assert SEALER.open(groom.api_key_sealed) == "api key"
    assert len(SEALER.open(groom.webhook_secret_sealed)) >= 32


async def test_one_client_an_account_until_its_settings_change(
    database: Database, couple: Couple, clients: Clients
) -> None:
    """The same client each time; another key, url or session makes a new one."""
    sync(database, PLACE)
    first = await clients.get(couple.groom)
    assert await clients.get(couple.groom) is first
    for place in (
        WahaPlace(PLACE.url, PLACE.session, "another key"),
        WahaPlace(PLACE.url, "groom", "another key"),
        WahaPlace("http://other:3000", "groom", "another key"),
    ):
        sync(database, place)
        client = await clients.get(couple.groom)
        assert client is not first
        assert (client.config.url, client.config.session, client.config.api_key) == (
            place.url,
            place.session,
            place.api_key,
        )
        first = client


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (None, None),
        (WahaPlace("http://waha:3000", "no good name!", "key"), "error.waha.session"),
        (WahaPlace("http://waha:3000", "default", "kéy"), "error.waha.key"),
    ],
)
async def test_settings_that_cannot_work_are_told_as_not_configured(
    database: Database,
    couple: Couple,
    clients: Clients,
    place: WahaPlace | None,
    reason: str | None,
) -> None:
    """No client is made of what no WAHA can be asked with; the reason is named."""
    sync(database, place)
    with pytest.raises(NotConfigured) as error:
        await clients.get(couple.groom)
    assert error.value.code == "account.error.not_configured"
    if reason is not None:
        assert str(error.value.params["reason"]).startswith(reason)
