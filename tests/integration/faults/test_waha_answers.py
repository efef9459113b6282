"""What WAHA, or what stands in its place, may answer, and what a message makes of it.

The real client over real sockets. Each case has two messages for one guest from the
groom and one from the bride: what is wrong with one account is no matter of the other.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests import accounts as see
from tests.builders import attempts_of, message, put
from tests.fakes import NOON, FakeClock
from tests.integration.conftest import World
from tests.integration.faults.line import (
    EVERYTHING,
    SEND,
    Behaviour,
    Line,
    Turn,
    says,
)
from tests.unit.waha.replay import recorded
from wedding_wa.models import QueueMessage
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.worker import AccountWorker

PROXY_PAGE = b"<html><h1>nginx</h1></html>"
ELSEWHERE = "http://127.0.0.1:9/"


def as_recorded(name: str) -> Behaviour:
    """What a real WAHA answered once."""
    said = recorded(name)
    return says(said.status_code, dict(said.json()))


async def hangs_up(turn: Turn) -> None:
    turn.reset()


@dataclass(frozen=True)
class Case:
    """A fault and the rule for it. `rule` None: the try was the last word."""

    name: str
    behave: Behaviour
    status: str
    outcome: str
    rule: str | None = None
    failures: int = 0
    where: str = SEND
    http: int | None = None
    account: str = "WORKING"

    @property
    def held_with_the_account(self) -> bool:
        return self.rule == "account_down"


def down(name: str, behave: Behaviour, account: str, http: int | None = None) -> Case:
    """All of WAHA is so: the account waits, no failure is counted."""
    return Case(
        name,
        behave,
        "pending",
        "account_down",
        rule="account_down",
        where=EVERYTHING,
        http=http,
        account=account,
    )


def hiccup(name: str, behave: Behaviour, http: int) -> Case:
    """Only the send is refused so, the session works: a failed try, with back-off."""
    return Case(
        name, behave, "pending", "not_sent", rule="retry", failures=1, http=http
    )


def refused(name: str, behave: Behaviour, http: int) -> Case:
    """About this message: given up at once, the next one goes."""
    return Case(name, behave, "failed", "refused", failures=1, http=http)


def open_(name: str, behave: Behaviour, http: int | None) -> Case:
    """Nobody knows: settled by evidence, never sent again blindly."""
    return Case(name, behave, "unconfirmed", "maybe_sent", http=http)


def nest(status: int, text: str) -> dict[str, object]:
    return {"message": text, "error": "Said", "statusCode": status}


LIMIT = nest(429, "Too Many Requests")
IN_90_S = format_datetime(NOON + timedelta(seconds=120), usegmt=True)

CASES = [
    down("hangs up on everything", hangs_up, "UNREACHABLE"),
    down("key not accepted", as_recorded("wrong_key"), "BAD_KEY"),
    down("forbidden", says(403, nest(403, "Forbidden resource")), "BAD_KEY"),
    down("no such session", as_recorded("session_missing"), "MISSING"),
    down("deleted session", as_recorded("send_after_delete"), "MISSING"),
    down("another server", says(404, PROXY_PAGE), "UNREACHABLE"),
    down("a proxy without WAHA", says(502, PROXY_PAGE), "UNREACHABLE"),
    down("WAHA breaks", says(500, nest(500, "no")), "UNREACHABLE"),
    down("led elsewhere", says(307, b"", f"Location: {ELSEWHERE}"), "UNREACHABLE"),
    hiccup("key not accepted for a send", as_recorded("wrong_key"), 401),
    hiccup("forbidden for a send", says(403, nest(403, "Forbidden resource")), 403),
    hiccup("failed in that moment", as_recorded("send_while_failed"), 422),
    hiccup("starting in that moment", as_recorded("send_while_starting"), 422),
    hiccup("stopped in that moment", as_recorded("send_while_stopped"), 422),
    hiccup("deleted in that moment", as_recorded("send_after_delete"), 422),
    hiccup("no such path", says(404, nest(404, "Cannot POST /api/sendText")), 404),
    hiccup("asked to wait", says(429, LIMIT), 429),
    hiccup("asked to wait, in seconds", says(429, LIMIT, "Retry-After: 120"), 429),
    hiccup("asked to wait, a date", says(429, LIMIT, f"Retry-After: {IN_90_S}"), 429),
    hiccup("a send led elsewhere", says(302, b"", f"Location: {ELSEWHERE}"), 302),
    refused("a text it does not take", as_recorded("malformed_json"), 400),
    refused("too large", says(413, PROXY_PAGE), 413),
    refused("not implemented", says(501, nest(501, "not by this engine")), 501),
    refused("unprocessable text", says(422, nest(422, "text must be a string")), 422),
    open_("broken", says(500, nest(500, "Connection Closed")), 500),
    open_("a proxy's 502", says(502, PROXY_PAGE), 502),
    open_("unavailable", says(503, nest(503, "busy")), 503),
    open_("a proxy's time-out", says(504, PROXY_PAGE), 504),
]  # fmt: skip


@dataclass
class Table:
    """Two messages for one guest from the groom, one from the bride."""

    world: World
    first: int
    second: int
    brides: int

    def row(self, number: int) -> QueueMessage:
        return message(self.world.database, number)

    def arrived(self, session: str = "groom") -> list[str]:
        return [str(fact["text"]) for fact in self.world.delivered(session)]


@pytest.fixture
def table(world: World, line: Line) -> Table:
    texts = {"first": "groom", "second": "groom", "from the bride": "bride"}
    ids = [
        put(world.database, world.couple, account=account, text=text).id
        for text, account in texts.items()
    ]
    return Table(world, *ids)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_an_answer_means(
    case: Case,
    table: Table,
    line: Line,
    groom: AccountWorker,
    bride: AccountWorker,
    clients: Clients,
    clock: FakeClock,
) -> None:
    """Verdict, hold, failures as the table says; the bride goes on; once all is well
    what may still go goes, each once, and what was held goes in its order."""
    line.on(case.where, case.behave)
    await groom.step()
    row = table.row(table.first)
    assert (row.status, row.hold_rule, row.failures) == (
        case.status,
        case.rule,
        case.failures,
    )
    (tried,) = attempts_of(table.world.database, table.first)
    assert tried.outcome == case.outcome
    if case.where == SEND:
        assert tried.http_status == case.http
    account = see.account(table.world.database, table.world.couple.groom)
    assert account.status == case.account
    assert table.arrived() == []
    await _second_message(case, table, groom)
    await bride.step()
    assert table.arrived("bride") == ["from the bride"]

    line.mend()
    await poll(table.world.database, clients, table.world.couple.groom, clock)
    await _until_nothing_waits(groom, clock)
    gone = ["first", "second"] if case.rule else ["second"]
    assert sorted(table.arrived()) == gone
    if case.held_with_the_account:
        assert table.arrived() == gone


async def _second_message(case: Case, table: Table, groom: AccountWorker) -> None:
    """Held with its account it costs nothing: WAHA is not even asked for it."""
    if not case.held_with_the_account:
        return
    await groom.step()
    second = table.row(table.second)
    assert (second.status, second.attempt, second.failures) == ("pending", 0, 0)


async def _until_nothing_waits(worker: AccountWorker, clock: FakeClock) -> None:
    for _ in range(20):
        wake = await worker.step()
        if wake is None:
            return
        clock.advance(max(0.0, (wake - clock.now()).total_seconds()))
    raise AssertionError("twenty steps and no end")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("Retry-After: 120", 120), (f"Retry-After: {IN_90_S}", 100)],
    ids=["seconds", "a date"],
)
async def test_asked_to_wait_it_does_not_come_sooner(
    header: str,
    seconds: float,
    table: Table,
    line: Line,
    groom: AccountWorker,
    clock: FakeClock,
) -> None:
    """Retry-After in both its forms moves the next try, whatever the back-off drew."""
    line.on(SEND, says(429, LIMIT, header))
    await groom.step()
    due = table.row(table.first).due_at
    assert due - NOON >= timedelta(seconds=seconds)
    assert due - clock.now() <= timedelta(seconds=120)


@pytest.fixture(params=["nobody listens", "no such name"])
def nowhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address at which there is no WAHA."""
    if request.param == "no such name":
        yield "http://waha.invalid:3000"
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_an_address_without_a_waha_costs_no_try(
    nowhere: str,
    table: Table,
    line: Line,
    groom: AccountWorker,
    bride: AccountWorker,
    clients: Clients,
    clock: FakeClock,
) -> None:
    """Down, or a name that no server of names knows: held, no failure; right again,
    both go in their order."""
    see.update(table.world.database, table.world.couple.groom, waha_url=nowhere)
    for _ in range(3):
        await groom.step()
        clock.advance(3600)
    row = table.row(table.first)
    assert (row.status, row.hold_rule, row.failures) == ("pending", "account_down", 0)
    assert table.row(table.second).attempt == 0
    await bride.step()
    assert table.arrived("bride") == ["from the bride"]
    see.update(table.world.database, table.world.couple.groom, waha_url=line.url)
    await poll(table.world.database, clients, table.world.couple.groom, clock)
    await _until_nothing_waits(groom, clock)
    assert table.arrived() == ["first", "second"]


@pytest.mark.parametrize("status", ["STARTING", "SCAN_QR_CODE", "STOPPED", "FAILED"])
async def test_a_session_that_is_not_working_holds_its_account(
    status: str,
    table: Table,
    line: Line,
    groom: AccountWorker,
    bride: AccountWorker,
    clients: Clients,
    clock: FakeClock,
) -> None:
    """The send says so, the session itself says so too: no failure, nothing asked any
    more, and the other number sends."""
    told = {**recorded("send_while_failed").json(), "status": status}
    session = {"name": "groom", "status": status, "config": {}, "me": None}
    line.on("/api/sessions/groom", says(200, session))
    line.on(SEND, says(422, told))
    see.update(table.world.database, table.world.couple.groom, stopped_at=NOON)
    for _ in range(3):
        await groom.step()
    row = table.row(table.first)
    assert (row.status, row.hold_rule, row.failures) == ("pending", "account_down", 0)
    assert len(line.sends()) == 1
    await bride.step()
    assert table.arrived("bride") == ["from the bride"]


async def test_the_order_within_a_chat_outlives_a_failed_try(
    table: Table, line: Line, groom: AccountWorker, clock: FakeClock
) -> None:
    """A guest reads "second" after "first", also where "first" needed two tries."""
    line.on(SEND, says(429, LIMIT))
    await groom.step()
    line.mend()
    await _until_nothing_waits(groom, clock)
    assert table.arrived() == ["first", "second"]


async def test_asked_to_wait_the_whole_account_waits(
    table: Table, line: Line, groom: AccountWorker
) -> None:
    """WAHA limits a number, not a message: the ones behind burn no tries meanwhile."""
    line.on(SEND, says(429, LIMIT, "Retry-After: 120"))
    for _ in range(3):
        await groom.step()
    assert len(line.sends()) == 1
