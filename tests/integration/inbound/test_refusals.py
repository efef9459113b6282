"""What the webhook door turns away leaves a note of itself and changes nothing else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from fastapi import FastAPI
from sqlmodel import SQLModel, select

from tests import accounts as see
from tests.builders import make_couple
from tests.fakes import NOON, FakeClock
from tests.integration.inbound.conftest import BRIDES_KEY, Door
from tests.integration.inbound.test_webhook_route import sample
from wedding_wa.api import delivery_limits, errors, webhooks
from wedding_wa.db import Database
from wedding_wa.models import WebhookRefusal
from wedding_wa.services import inbound
from wedding_wa.services.webhook_refusals import HEAD, KEPT

EVENT = sample("message", "DEVICE")
GROOM = "/api/webhooks/waha/groom"


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but the notes of refusals."""

    def read(session: sa.orm.Session) -> dict[str, list[tuple[object, ...]]]:
        return {
            name: sorted((tuple(row) for row in session.execute(sa.select(t))), key=str)
            for name, t in SQLModel.metadata.tables.items()
            if name != "webhook_refusal"
        }

    return database.read_now(read)


def refusals(database: Database) -> list[WebhookRefusal]:
    return database.read_now(
        lambda s: list(s.exec(select(WebhookRefusal).order_by(WebhookRefusal.id)))
    )


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100_000 + 1):
        yield b"x" * 100_000


Sending = Callable[[Door], Awaitable[httpx.Response]]


async def _forged(door: Door) -> httpx.Response:
    return await door.post(EVENT, key="guessed")


async def _altered(door: Door) -> httpx.Response:
    altered = EVENT.replace(b"will", b"wont")
    assert altered != EVENT
    return await door.post(
        altered, key=None, headers={"X-Webhook-Hmac": see.signature(EVENT)}
    )


async def _unsigned(door: Door) -> httpx.Response:
    return await door.post(EVENT, key=None)


async def _of_the_bride(door: Door) -> httpx.Response:
    return await door.post(EVENT, key=BRIDES_KEY)


async def _oversized(door: Door) -> httpx.Response:
    return await door.post(EVENT + b" " * webhooks.LARGEST)


async def _oversized_in_chunks(door: Door) -> httpx.Response:
    return await door.http.post(
        GROOM, content=chunks(webhooks.LARGEST), headers={"X-Webhook-Hmac": "0" * 128}
    )


async def _nobodys(door: Door) -> httpx.Response:
    return await door.post(EVENT, account="uncle")


CASES: list[tuple[Sending, int, str]] = [
    (_forged, 401, "signature"),
    (_altered, 401, "signature"),
    (_of_the_bride, 401, "signature"),
    (_unsigned, 401, "unsigned"),
    (_oversized, 413, "too_large"),
    (_oversized_in_chunks, 413, "too_large"),
    (_nobodys, 404, "unknown_account"),
]


@pytest.mark.parametrize(
    ("send", "status", "reason"), CASES, ids=[one[0].__name__ for one in CASES]
)
async def test_it_is_refused_noted_and_changes_nothing(
    door: Door, send: Sending, status: int, reason: str
) -> None:
    """The whole database is as before, but for a note of why and from where."""
    before = everything(door.app.db)
    answer = await send(door)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert everything(door.app.db) == before
    (noted,) = refusals(door.app.db)
    assert (noted.reason, noted.address, noted.at) == (reason, "127.0.0.1", NOON)
    known = reason != "unknown_account"
    assert (noted.account_id, noted.wedding_id) == (
        door.couple.groom if known else None,
        door.couple.wedding,
    )


async def test_a_replayed_event_changes_nothing(door: Door, clock: FakeClock) -> None:
    """However often a right delivery comes again, it is answered and ignored."""
    await door.post(EVENT)
    before = everything(door.app.db)
    for _ in range(5):
        clock.advance(3600)
        assert (await door.post(EVENT)).json() == {"stored": False}
    assert everything(door.app.db) == before
    assert refusals(door.app.db) == []


async def test_of_a_refused_body_only_the_head_is_kept(door: Door) -> None:
    """Enough to see what it was; the size tells how much more there was."""
    raw = b"{" + b" " * 9000 + b"}"
    await door.post(raw, key="guessed")
    await door.post(raw, key=None)
    signed_wrong, unsigned = refusals(door.app.db)
    assert (signed_wrong.head, signed_wrong.size) == (raw[:HEAD], len(raw))
    assert (unsigned.head, unsigned.size) == (raw[:HEAD], len(raw))


async def test_too_many_refused_ones_are_not_even_read(
    door: Door, clock: FakeClock
) -> None:
    """429 with the seconds to wait; noted once; afterwards the genuine one gets in."""
    for _ in range(int(delivery_limits.REFUSED_MOST)):
        assert (await door.post(b"{}", key="guessed")).status_code == 401
    before, noted = everything(door.app.db), len(refusals(door.app.db))
    for _ in range(5):
        answer = await door.post(EVENT)  # signed rightly, and still not looked at
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) == 2
        assert answer.json()["code"] == "webhooks.error.too_many"
    assert everything(door.app.db) == before
    told = refusals(door.app.db)[noted:]
    assert [(one.reason, one.head) for one in told] == [("too_many", b"")]
    clock.advance(2)
    assert (await door.post(EVENT)).json() == {"stored": True}


async def test_a_burst_of_genuine_events_is_taken_whole(door: Door) -> None:
    """400 at once from one address: all are stored, none is told to come later."""
    raws = [
        see.event("call.received", {}, at=NOON, session="default") for _ in range(400)
    ]
    answers = await asyncio.gather(*(door.post(raw) for raw in raws))
    assert {answer.status_code for answer in answers} == {200}
    rows = see.log(door.app.db, door.couple.groom)
    assert len(rows) == 400
    assert all(row.applied_at and not row.error for row in rows)


async def test_what_takes_long_holds_up_neither_answers_nor_later_events(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While chats are read after a reconnect the next event is answered and applied."""
    reading, over = asyncio.Event(), asyncio.Event()

    async def long_reading(*_: object) -> bool:
        reading.set()
        await over.wait()
        return True

    monkeypatch.setattr(inbound, "catch_up", long_reading)
    back = see.status_event("WORKING", at=NOON, session="default")
    signed = {"X-Webhook-Hmac": see.signature(back)}
    assert (await door.http.post(GROOM, content=back, headers=signed)).json()["stored"]
    await asyncio.wait_for(reading.wait(), 20)
    signed = {"X-Webhook-Hmac": see.signature(EVENT)}
    assert (await door.http.post(GROOM, content=EVENT, headers=signed)).json()["stored"]
    for _ in range(2000):
        if see.inbound(door.app.db, door.couple.groom):
            break
        await asyncio.sleep(0.01)
    assert see.inbound(door.app.db, door.couple.groom)
    over.set()
    await door.applier.idle()


async def test_only_the_newest_refusals_of_an_account_are_kept(
    door: Door, clock: FakeClock
) -> None:
    """200 of each, so that nobody pushes the other account's out."""
    await door.post(b"{}", account="bride", key="guessed")
    for number in range(KEPT + 5):
        clock.advance(10)
        await door.post(b"%d" % number, key="guessed")
    kept = refusals(door.app.db)
    groom = [one.head for one in kept if one.account_id == door.couple.groom]
    assert groom == [b"%d" % number for number in range(5, KEPT + 5)]
    assert len(kept) == KEPT + 1


async def test_what_may_be_another_weddings_mail_is_not_kept(door: Door) -> None:
    """Two weddings have a groom: each is told that somebody knocked, none what with.
    An address of nobody is told to none of them."""
    other = make_couple(door.app.db)
    await door.post(EVENT, key="guessed")
    await door.post(EVENT, account="uncle")
    noted = refusals(door.app.db)
    assert {(one.wedding_id, one.head) for one in noted} == {
        (door.couple.wedding, b""),
        (other.wedding, b""),
    }


async def test_headers_are_not_believed(door: Door) -> None:
    """No header stands in for the signature, for the time, or for the address."""
    lies = {
        "X-Webhook-Request-Id": "1",
        "X-Webhook-Timestamp": "1",
        "X-Webhook-Hmac-Algorithm": "none",
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
    }
    assert (await door.post(EVENT, headers=lies)).json() == {"stored": True}
    assert (await door.post(EVENT, key=None, headers=lies)).status_code == 401
    (noted,) = refusals(door.app.db)
    assert noted.address == "127.0.0.1"


@pytest.fixture
async def served(door: Door) -> AsyncIterator[str]:
    """The same door behind a real server and a real socket; its address."""
    api = FastAPI()
    errors.install(api)
    api.include_router(webhooks.router(door.applier))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            api, log_level="warning", lifespan="off", forwarded_allow_ips="10.9.9.9"
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.ensure_future(server.serve(sockets=[listening]))
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{GROOM}"
        server.should_exit = True
        await task


async def test_over_a_socket_a_body_without_end_is_cut_off(
    door: Door, served: str
) -> None:
    """Chunked, its length never told: refused soon after the first megabyte."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 200_000_000:
            sent += 65_536
            yield b"x" * 65_536

    async with httpx.AsyncClient(timeout=30) as http:
        for _ in range(2):
            # Told to stop or cut off: either way it did not get through.
            try:
                answer = await http.post(
                    served, content=endless(), headers={"X-Webhook-Hmac": "0"}
                )
                assert answer.status_code == 413
            except httpx.TransportError:
                pass
    assert sent < 100_000_000
    assert [one.reason for one in refusals(door.app.db)] == ["too_large"] * 2


async def test_over_a_socket_a_strangers_word_for_its_address_is_not_taken(
    door: Door, served: str
) -> None:
    """X-Forwarded-For counts only from a proxy that was named."""
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await http.post(
            served, content=b"{}", headers={"X-Forwarded-For": "203.0.113.9"}
        )
    assert answer.status_code == 401
    assert [one.address for one in refusals(door.app.db)] == ["127.0.0.1"]


async def test_a_body_that_never_ends_is_given_up(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who holds the door open is let go after a while."""
    monkeypatch.setattr(webhooks, "BODY_SECONDS", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    answer = await door.http.post(
        GROOM, content=trickle(), headers={"X-Webhook-Hmac": "0" * 128}
    )
    assert answer.status_code == 408
    assert [(one.reason, one.head) for one in refusals(door.app.db)] == [
        ("too_slow", b"{")
    ]
