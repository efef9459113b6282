"""Chats from before the app, read from the real simulator with the real client."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import httpx
import pytest
from sqlmodel import Session, SQLModel, select

from tests.accounts import consents, inbound
from tests.builders import Couple, message, put
from tests.fakes import FakeClock
from tests.integration.activation.conftest import guest_of, household, make_home
from tests.integration.conftest import World, _until
from wedding_wa.models import AuditEntry, Chat, Guest, OptOut
from wedding_wa.services import history_consent
from wedding_wa.services.accounts import Clients
from wedding_wa.services.guests import GuestForm, edit_guest
from wedding_wa.services.history_look import Look, Progress, Trouble, Verdict
from wedding_wa.services.secrets import Sealer
from wedding_wa.services.waha import WahaClient, WahaConfig

MONTH_S = 30 * 86_400
MARIA, PIETRO, LINA, SOFIA = (
    "+393331110001",
    "+393331110002",
    "+393331110003",
    "+393331110004",
)


async def _on(_: Progress) -> bool:
    return True


@dataclass
class Chats:
    """The groom's chats before the app, and the owner's two clicks."""

    world: World
    clients: Clients
    clock: FakeClock

    def guest(self, name: str, phone: str) -> int:
        """A household of one, in the guest list; returns the household."""
        home = make_home(self.world.database, self.world.couple, name, guests=[name])
        guest_id = guest_of(self.world.database, home).id
        form = GuestForm(name=name, phone=phone, household_id=home)
        self.world.database.write_now(
            edit_guest,
            self.world.couple.wedding,
            guest_id,
            form,
            by=None,
            now=self.clock.now(),
        )
        return home

    def wrote(self, chat: str, text: str, *, days: int = 30, **more: object) -> None:
        """Somebody wrote to the groom so many days ago."""
        at = int(time.time()) - days * 86_400
        self.world.post(
            "/__world/messages",
            session="groom",
            **{"from": chat},
            text=text,
            at=at,
            **more,
        )

    async def look(self, told=_on) -> Look:  # type: ignore[no-untyped-def]
        return await history_consent.look(
            self.world.database,
            self.clients,
            self.world.couple.groom,
            self.clock,
            told=told,
        )

    async def record(self, *guest_ids: int) -> int:
        return await history_consent.record_kept(
            self.world.database,
            self.clients,
            self.world.couple.groom,
            guest_ids,
            by=None,
            now=self.clock.now(),
        )

    def rows(self) -> dict[str, int]:
        """How many rows every table has."""
        return self.world.database.read_now(
            lambda s: {
                name: len(s.execute(select(table)).all())
                for name, table in SQLModel.metadata.tables.items()
            }
        )


@pytest.fixture
def storeless(world: World, clients: Clients, clock: FakeClock) -> Chats:
    """As WAHA comes: it keeps no chats."""
    return Chats(world, clients, clock)


@pytest.fixture
def chats(storeless: Chats) -> Chats:
    """With WAHA's store on, as the app sets it."""
    world = storeless.world
    httpx.put(
        f"{world.url}/api/sessions/groom",
        json={"config": {"noweb": {"store": {"enabled": True}}}},
        headers=world.headers,
    ).raise_for_status()
    _until(world, "groom", "WORKING")
    return storeless


async def test_only_guests_who_wrote_are_found_and_nothing_is_stored(
    chats: Chats,
) -> None:
    """Not whom only we wrote to, not strangers; a hidden id is resolved. The look
    itself leaves no row behind."""
    chats.guest("Zia Maria", MARIA)
    chats.guest("Pietro", PIETRO)
    chats.guest("Nonna Lina", LINA)
    chats.wrote(MARIA, "A presto!", days=31)
    chats.wrote(MARIA, "Ciao Luca!", days=30)
    chats.world.post("/__world/phone-messages", session="groom", to=PIETRO, text="Ehi")
    chats.wrote("98000000000003@lid", "Sono la nonna", phone=LINA)
    chats.wrote("+393339999999", "Offerta speciale!")
    before = chats.rows()

    seen = await chats.look()

    assert chats.rows() == before
    assert (seen.trouble, seen.finished, seen.chats) == (None, True, 4)
    assert {one.name for one in seen.writers} == {"Zia Maria", "Nonna Lina"}
    maria = next(one for one in seen.writers if one.name == "Zia Maria")
    assert maria.verdict is Verdict.FREE
    assert abs(time.time() - maria.wrote_at.timestamp() - MONTH_S) < 3600


async def test_recording_keeps_one_message_of_those_chosen(chats: Chats) -> None:
    """The inbound row and its consent, the household active; nobody else's words."""
    home = chats.guest("Zia Maria", MARIA)
    chats.guest("Pietro", PIETRO)
    for phone in (MARIA, PIETRO):
        chats.wrote(phone, "Prima", days=40)
        chats.wrote(phone, "Ultima", days=20)
    chats.wrote("+393339999999", "Offerta speciale!")
    guest = guest_of(chats.world.database, home)
    await chats.look()

    assert await chats.record(guest.id) == 1

    [kept] = inbound(chats.world.database, chats.world.couple.groom)
    assert (kept.body, kept.source, kept.phone) == ("Ultima", "history", MARIA)
    [given] = consents(chats.world.database, chats.world.couple.groom)
    assert (given.inbound_id, given.source) == (kept.id, "history")
    assert given.evidence_at == kept.at
    assert household(chats.world.database, home).stage == "active"
    audits = chats.world.database.read_now(lambda s: s.exec(select(AuditEntry)).all())
    assert {
        "account_id": chats.world.couple.groom,
        "guests": [guest.id],
    } in [one.params for one in audits if one.action == "history_consent_recorded"]
    chat = chats.world.database.read_now(lambda s: s.exec(select(Chat)).one())
    assert (chat.unread, chat.household_id) == (0, home)
    sent = put(chats.world.database, chats.world.couple, to=MARIA)
    assert message(chats.world.database, sent.id).consent_id == given.id


async def test_doing_it_again_changes_nothing(chats: Chats) -> None:
    """A second record, and a second look, find it done."""
    home = chats.guest("Zia Maria", MARIA)
    chats.wrote(MARIA, "Ciao!")
    guest = guest_of(chats.world.database, home)
    await chats.look()
    assert await chats.record(guest.id) == 1
    after = chats.rows()
    assert await chats.record(guest.id) == 0
    seen = await chats.look()
    assert (seen.writers, seen.known) == ((), 1)
    assert await chats.record(guest.id) == 0
    assert chats.rows() == after


async def test_stop_as_the_last_word_is_no_consent(chats: Chats) -> None:
    """Offered greyed with the sentence; recording it all the same does nothing."""
    home = chats.guest("Zia Maria", MARIA)
    chats.wrote(MARIA, "Ciao!", days=30)
    chats.wrote(MARIA, "STOP", days=29)
    seen = await chats.look()
    [writer] = seen.writers
    assert (writer.verdict, writer.sentence) == (Verdict.STOPPED, "STOP")
    assert await chats.record(guest_of(chats.world.database, home).id) == 0
    assert not consents(chats.world.database, chats.world.couple.groom)
    assert not inbound(chats.world.database, chats.world.couple.groom)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        (["Stop", "Ci vediamo domenica"], Verdict.UNSURE),
        (["STOP", "START", "Eccomi"], Verdict.FREE),
        (["START", "Basta messaggi", "Scusa, come stai?"], Verdict.UNSURE),
        (["Non scrivermi più, dai"], Verdict.UNSURE),
        (["Non scrivermi più, dai", "Scherzavo"], Verdict.FREE),
    ],
)
async def test_a_stop_with_words_after_it_is_a_question(
    chats: Chats, words: list[str], verdict: Verdict
) -> None:
    """Friends say "basta" for many reasons; only the couple knows. START ends it."""
    chats.guest("Zia Maria", MARIA)
    for place, text in enumerate(words):
        chats.wrote(MARIA, text, days=30 - place)
    [writer] = (await chats.look()).writers
    assert writer.verdict is verdict


async def test_stop_after_the_look_still_counts(chats: Chats) -> None:
    """They withdrew between the two clicks: the second does nothing for them."""
    home = chats.guest("Zia Maria", MARIA)
    chats.wrote(MARIA, "Ciao!")
    await chats.look()
    couple, chat = chats.world.couple, f"{MARIA[1:]}@c.us"
    chats.world.database.write_now(_note_stop, couple, chat, chats.clock.now())
    assert await chats.record(guest_of(chats.world.database, home).id) == 0
    assert not consents(chats.world.database, couple.groom)


def _note_stop(session: Session, couple: Couple, chat_id: str, now: datetime) -> None:
    values = {"account_id": couple.groom, "chat_id": chat_id}
    session.add(OptOut(wedding_id=couple.wedding, **values, phone=MARIA, at=now))


async def test_a_guest_who_is_gone_or_changed_is_left_out(chats: Chats) -> None:
    """Another number since the look: what was found proves nothing of this one."""
    home = chats.guest("Zia Maria", MARIA)
    chats.wrote(MARIA, "Ciao!")
    await chats.look()
    guest_id = guest_of(chats.world.database, home).id
    chats.world.database.write_now(
        lambda s: setattr(s.get_one(Guest, guest_id), "phone", SOFIA)
    )
    assert await chats.record(guest_id) == 0


async def test_a_look_can_be_stopped_and_keeps_what_it_found(chats: Chats) -> None:
    """The newest chats come first; those that were seen stay."""
    for place, phone in enumerate((MARIA, PIETRO, LINA)):
        chats.guest(f"Ospite {place}", phone)
        chats.wrote(phone, "Ciao!", days=10 + place)

    async def twice(progress: Progress) -> bool:
        return progress.done < 2

    seen = await chats.look(twice)
    assert (seen.finished, seen.read, seen.chats) == (False, 2, 3)
    assert [one.name for one in seen.writers] == ["Ospite 0", "Ospite 1"]


async def test_what_was_found_is_forgotten_after_a_while(chats: Chats) -> None:
    """Nothing of the chats lies about in memory for a day."""
    home = chats.guest("Zia Maria", MARIA)
    chats.wrote(MARIA, "Ciao!")
    await chats.look()
    await chats.clock.sleep(history_consent.KEPT_FOR.total_seconds() + 1)
    assert await chats.record(guest_of(chats.world.database, home).id) == 0


async def test_a_store_that_is_off_says_so(storeless: Chats) -> None:
    """WAHA without a store refuses; that is told apart from "nobody wrote"."""
    assert (await storeless.look()).trouble is Trouble.STORE_OFF


async def test_an_account_that_is_not_connected_says_so(chats: Chats) -> None:
    """Also where the database has not heard of it yet."""
    chats.world.post("/api/sessions/groom/stop")
    assert (await chats.look()).trouble is Trouble.NOT_CONNECTED


async def test_groups_and_strangers_are_never_opened(
    world: World, clock: FakeClock
) -> None:
    """Told on the wire: of other people's chats no message is asked for."""
    listed = [
        "120363001@g.us",
        "393339999999@c.us",
        f"{MARIA[1:]}@c.us",
        "status@broadcast",
    ]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        asked.append(path)
        if path.endswith("/chats/overview"):
            first = request.url.params["offset"] == "0"
            told = [{"id": one, "lastMessage": {"timestamp": 5}} for one in listed]
            return httpx.Response(200, json=told * first)
        return httpx.Response(200, json=[])

    client = WahaClient(
        WahaConfig("http://waha", "key", "groom"),
        clock=clock,
        transport=httpx.MockTransport(answer),
    )

    class OneClient(Clients):
        async def get(self, account_id: int) -> WahaClient:
            return client

    chats = Chats(world, OneClient(world.database, Sealer(b"test"), clock), clock)
    chats.guest("Zia Maria", MARIA)
    seen = await chats.look()
    await client.aclose()
    assert (seen.chats, seen.writers) == (2, ())
    messages = [path for path in asked if path.endswith("/messages")]
    assert messages == [f"/api/groom/chats/{MARIA[1:]}@c.us/messages"]
