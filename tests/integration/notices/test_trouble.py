"""An account in trouble: held, not failed; told once; over by itself. Real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from tests import accounts as see
from tests.builders import attempts_of, guest_wrote, message, put
from tests.fakes import FakeClock
from tests.integration.conftest import World
from wedding_wa.models import Account
from wedding_wa.services import notices
from wedding_wa.services.account_poll import poll
from wedding_wa.services.account_status import apply_status, restrict
from wedding_wa.services.accounts import Clients
from wedding_wa.services.notices import NoticeView
from wedding_wa.services.sender import Sender
from wedding_wa.services.watchdog import mark_unacknowledged
from wedding_wa.services.worker import AccountWorker

SESSION = "/api/sessions/groom"
POLLS = 12  # two minutes of them, as the app asks about an account that is away
EVERY = 10.0


@dataclass
class Story:
    """The groom's number, its worker, and who asks WAHA about it."""

    world: World
    worker: AccountWorker
    clients: Clients
    clock: FakeClock

    @property
    def groom(self) -> int:
        return self.world.couple.groom

    @property
    def account(self) -> Account:
        return see.account(self.world.database, self.groom)

    def opened(self) -> list[NoticeView]:
        return self.world.database.read_now(
            notices.open_notices, self.world.couple.wedding
        )

    def ended(self) -> list[NoticeView]:
        return self.world.database.read_now(
            notices.ended_notices, self.world.couple.wedding, limit=9
        )

    async def poll(self) -> str:
        return await poll(self.world.database, self.clients, self.groom, self.clock)

    async def watch(self, times: int = POLLS) -> None:
        """What the app does meanwhile: it asks, and it would send if it might."""
        for _ in range(times):
            self.clock.advance(EVERY)
            await self.poll()
            await self.worker.step()
            self.world.database.write_now(mark_unacknowledged, now=self.clock.now())

    async def until_connected(self) -> None:
        """Ask until WAHA says WORKING, by our poll, with a deadline."""
        deadline = time.monotonic() + 20
        while await self.poll() != "WORKING":
            assert time.monotonic() < deadline, self.account.status
            self.clock.advance(1)

    async def until_sent(self, *ids: int) -> None:
        """Step as the worker would, until these are sent."""
        for _ in range(60):
            rows = [message(self.world.database, one) for one in ids]
            if all(row.status == "sent" for row in rows):
                return
            wake = await self.worker.step()
            later = (wake - self.clock.now()).total_seconds() if wake else 1.0
            self.clock.advance(min(max(0.0, later), 600.0))
        raise AssertionError([(row.status, row.hold_rule) for row in rows])


@pytest.fixture
def story(
    world: World, groom: AccountWorker, clients: Clients, clock: FakeClock
) -> Story:
    guest_wrote(world.database, world.couple.groom)
    return Story(world, groom, clients, clock)


def delete(world: World) -> None:
    httpx.delete(f"{world.url}{SESSION}", headers=world.headers).raise_for_status()


def log_in(world: World) -> None:
    phone = see.account(world.database, world.couple.groom).own_chat_id
    assert phone is not None
    number = phone.partition("@")[0]
    deadline = time.monotonic() + 20
    while httpx.get(f"{world.url}{SESSION}", headers=world.headers).json()[
        "status"
    ] not in ("SCAN_QR_CODE",):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    world.post("/__world/sessions/groom/scan", phone=number)


def create_and_log_in(world: World) -> None:
    world.post("/api/sessions", name="groom", start=True)
    log_in(world)


def mend_and_restart(world: World) -> None:
    world.mend()
    world.post(f"{SESSION}/restart")


Act = Callable[[World], object]
TROUBLES: dict[str, tuple[Act, Act]] = {
    "FAILED": (
        lambda world: world.fault("fail_session", session="groom"),
        mend_and_restart,
    ),
    "SCAN_QR_CODE": (
        lambda world: world.post(f"{SESSION}/logout"),
        lambda world: (world.post(f"{SESSION}/restart"), log_in(world)),
    ),
    "BAD_KEY": (
        lambda world: world.fault("401", session="groom"),
        lambda world: world.mend(),
    ),
    "MISSING": (delete, create_and_log_in),
    "UNREACHABLE": (
        lambda world: world.fault("refuse", path="/api/"),
        lambda world: world.mend(),
    ),
}


@pytest.mark.parametrize("status", TROUBLES)
async def test_a_trouble_holds_is_told_once_and_ends_by_itself(
    story: Story, status: str
) -> None:
    """Whatever ails the account: its messages wait with no failure counted, one notice
    tells since when, it is not restarted by itself, and once it is back the notice is
    over, with how many waited, and they go."""
    begin, mend = TROUBLES[status]
    await story.poll()
    begin(story.world)
    began = story.clock.now()
    ids = [put(story.world.database, story.world.couple).id for _ in range(2)]
    await story.watch()

    # codes that nobody scans run out, and then it is FAILED: the same trouble still
    assert story.account.status in (status, "FAILED")
    rows = [message(story.world.database, one) for one in ids]
    assert [(row.status, row.failures) for row in rows] == [("pending", 0)] * 2
    assert rows[0].hold_rule == "account_down"
    for one in ids:
        assert not any(t.counts for t in attempts_of(story.world.database, one))
    assert story.account.failures_in_row == 0
    [told] = story.opened()
    assert (told.kind, told.account) == ("account_down", "groom")
    assert told.params["status"] == story.account.status
    assert str(told.params["since"]) >= began.isoformat()
    assert story.ended() == []

    mend(story.world)
    await story.until_connected()
    assert story.opened() == []
    [over] = story.ended()
    assert (over.id, over.params["back"], over.params["waited"]) == (told.id, True, 2)
    await story.until_sent(*ids)
    assert len(story.world.delivered()) == 2


async def test_a_session_that_stopped_is_started_and_nobody_is_bothered(
    story: Story,
) -> None:
    """STOPPED by itself is the one status that a start mends, and soon enough."""
    await story.poll()
    one = put(story.world.database, story.world.couple).id
    story.world.post(f"{SESSION}/stop")
    await story.until_connected()
    assert (story.opened(), story.ended()) == ([], [])
    await story.until_sent(one)


async def test_a_session_that_stops_again_and_again_is_left_alone(
    story: Story,
) -> None:
    """Three starts in ten minutes; then it stays stopped, and the owner is told."""
    await story.poll()
    for _ in range(3):
        story.world.post(f"{SESSION}/stop")
        await story.until_connected()
    story.world.post(f"{SESSION}/stop")
    await story.watch()
    assert story.account.status == "STOPPED"
    assert story.account.status_error == "account.error.stops_again"
    [told] = story.opened()
    assert told.params["status"] == "STOPPED"
    story.clock.advance(600)
    await story.until_connected()
    assert story.opened() == []


async def test_the_owners_own_stop_is_no_trouble(story: Story) -> None:
    """Who stopped it knows; nothing is told and nothing starts it again."""
    await story.poll()
    see.update(story.world.database, story.groom, stopped_at=story.clock.now())
    story.world.post(f"{SESSION}/stop")
    await story.watch()
    assert story.account.status == "STOPPED"
    assert story.opened() == []


async def test_a_short_absence_is_no_news(story: Story) -> None:
    """Unreachable for less than a minute: held, and nobody is told."""
    await story.poll()
    one = put(story.world.database, story.world.couple).id
    story.world.fault("refuse", path="/api/")
    await story.watch(times=5)
    assert story.account.status == "UNREACHABLE"
    assert message(story.world.database, one).hold_rule == "account_down"
    story.world.mend()
    await story.until_connected()
    assert (story.opened(), story.ended()) == ([], [])


async def test_coming_and_going_is_one_trouble(story: Story) -> None:
    """Back for a moment and gone again: the same notice goes on, untold anew."""
    await story.poll()
    for _ in range(3):
        story.world.fault("401", session="groom")
        await story.watch(times=2)
        [told] = story.opened()
        story.world.mend()
        await story.until_connected()
        story.clock.advance(30)
    assert story.opened() == []
    assert [one.id for one in story.ended()] == [told.id]
    story.clock.advance(600)
    story.world.fault("401", session="groom")
    await story.watch(times=2)
    assert [one.id for one in story.opened()] != [told.id]


def word(story: Story, status: str) -> None:
    """WAHA tells a status, as an event does."""
    now = story.clock.now()
    story.world.database.write_now(apply_status, story.groom, status, at=now, now=now)


async def test_a_status_nobody_knows_holds_and_is_told_in_time(story: Story) -> None:
    """A newer WAHA may say anything: not ready is not ready, whatever its name."""
    word(story, "MOON_PHASE")
    one = put(story.world.database, story.world.couple).id
    await story.worker.step()
    row = message(story.world.database, one)
    assert (row.hold_rule, row.failures) == ("account_down", 0)
    assert story.opened() == []
    story.clock.advance(61)
    story.world.database.write_now(mark_unacknowledged, now=story.clock.now())
    [told] = story.opened()
    assert told.params["status"] == "MOON_PHASE"


async def test_a_number_that_was_never_linked_is_a_step_not_a_trouble(
    story: Story,
) -> None:
    """The overview's first steps say it; a ribbon would cry wolf."""
    see.update(story.world.database, story.groom, own_chat_id=None, phone=None)
    word(story, "FAILED")
    assert story.opened() == []


async def test_a_restriction_is_told_until_it_ends_and_restarts_nothing(
    story: Story,
) -> None:
    """463: new chats wait, no failure; one notice says until when; no restart."""
    await story.poll()
    guest_wrote(story.world.database, story.groom, "+393334445555")
    said = {"statusCode": 500, "message": "Error 463"}
    story.world.fault("500", path="/api/sendText", times=1, body=said)
    one = put(story.world.database, story.world.couple, to="+393334445555").id
    await story.worker.step()
    row = message(story.world.database, one)
    assert (row.status, row.failures, row.hold_rule) == ("pending", 0, "restricted")
    until = story.account.restricted_until
    assert until is not None
    [told] = story.opened()
    assert (told.kind, told.params["until"]) == ("restricted", until.isoformat())
    await story.watch(times=3)
    assert [one.id for one in story.opened()] == [told.id]
    changes = see.changes(story.world.database, story.groom)
    assert {change.status for change in changes} <= {"WORKING"}
    story.clock.advance((until - story.clock.now()).total_seconds())
    story.world.database.write_now(mark_unacknowledged, now=story.clock.now())
    assert story.opened() == []
    await story.until_sent(one)


async def test_a_restriction_that_whatsapp_lifts_is_over_at_once(story: Story) -> None:
    """The notice ends with the restriction, in one transaction."""
    db, now = story.world.database, story.clock.now()
    until = now.replace(year=now.year + 1)
    db.write_now(restrict, story.groom, until, now=now)
    assert [one.kind for one in story.opened()] == ["restricted"]
    db.write_now(restrict, story.groom, None, now=now)
    assert story.opened() == []


async def test_the_other_account_sends_meanwhile(story: Story, sender: Sender) -> None:
    """One number's trouble is its own: the bride's messages go, tries untouched."""
    world = story.world
    guest_wrote(world.database, world.couple.bride)
    await story.poll()
    world.fault("401", session="groom")
    mine = put(world.database, world.couple).id
    hers = [put(world.database, world.couple, account="bride").id for _ in range(2)]
    bride = AccountWorker(world.database, sender, story.clock, world.couple.bride)
    for _ in range(8):
        await story.worker.step()
        wake = await bride.step()
        story.clock.advance(
            max(1.0, (wake - story.clock.now()).total_seconds() if wake else 1.0)
        )
    assert [message(world.database, one).status for one in hers] == ["sent"] * 2
    row = message(world.database, mine)
    assert (row.status, row.failures) == ("pending", 0)
    assert len(world.delivered("bride")) == 2
    assert world.delivered("groom") == []
