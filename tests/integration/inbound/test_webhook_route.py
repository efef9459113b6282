"""The door for WAHA's events: only what is signed rightly gets in, and once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests import accounts as see
from tests.fakes import NOON, FakeClock
from tests.integration.inbound.conftest import BRIDES_KEY, Door, groom_of
from wedding_wa.api import webhooks
from wedding_wa.services.inbound import apply_open_events

GUEST = "6285550000001@c.us"


def sample(name: str, kind: str) -> bytes:
    found = next(s for s in see.SAMPLES if (s["event"], s["kind"]) == (name, kind))
    return str(found["raw_body"]).encode()


@pytest.mark.parametrize("recorded", see.SAMPLES, ids=lambda s: s["event"] + s["kind"])
async def test_every_recorded_event_is_taken_in(
    door: Door, recorded: dict[str, object]
) -> None:
    """What a real WAHA sent and signed is stored, applied, and without an error."""
    raw = str(recorded["raw_body"]).encode()
    given = recorded["headers"]["X-Webhook-Hmac"]  # type: ignore[index]
    answer = await door.post(raw, key=None, headers={"X-Webhook-Hmac": given})
    assert (answer.status_code, answer.json()) == (200, {"stored": True})
    (row,) = see.log(door.app.db, door.couple.groom)
    assert (row.raw, row.error, row.applied_at is not None) == (raw, None, True)


async def test_the_recorded_story_ends_where_it_did(
    door: Door, clock: FakeClock
) -> None:
    """Replayed in order: logged in, the guest consented, then the device removed."""
    clock.advance(400 * 24 * 3600)  # the samples were recorded then
    for recorded in see.SAMPLES:
        await door.post(str(recorded["raw_body"]).encode())
    groom = groom_of(door)
    assert (groom.status, groom.own_chat_id) == ("FAILED", "6281111111111@c.us")
    (message,) = see.inbound(door.app.db, groom.id)
    assert (message.chat_id, message.body, message.push_name) == (
        GUEST,
        "Thank you, we will come!",
        "Budi",
    )
    sources = {c.chat_id: c.source for c in see.consents(door.app.db, groom.id)}
    assert sources == {"6281111111111@c.us": "own_number", GUEST: "webhook"}


async def test_a_repeat_is_welcome_and_ignored(door: Door) -> None:
    """The same event again answers 200 and leaves nothing."""
    raw = sample("message.any", "DEVICE")
    first, second = await door.post(raw), await door.post(raw)
    assert (first.json(), second.json()) == ({"stored": True}, {"stored": False})
    assert second.status_code == 200
    assert len(see.log(door.app.db, door.couple.groom)) == 1


async def test_message_and_message_any_share_an_id_and_are_one_message(
    door: Door,
) -> None:
    """WAHA gives both events one id: both are kept, the guest wrote once."""
    await door.post(sample("message", "DEVICE"))
    await door.post(sample("message.any", "DEVICE"))
    assert len(see.log(door.app.db, door.couple.groom)) == 2
    assert len(see.inbound(door.app.db, door.couple.groom)) == 1


def _forged(raw: bytes) -> dict[str, str]:
    return {"X-Webhook-Hmac": see.signature(raw, "guessed")}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Webhook-Hmac": ""},
        {"X-Webhook-Hmac": "00"},
        {"X-Webhook-Hmac": "é"},
        _forged(sample("message", "DEVICE")),
    ],
    ids=["missing", "empty", "short", "not hex", "another key"],
)
async def test_an_event_without_the_right_signature_is_refused(
    door: Door, headers: dict[str, str]
) -> None:
    """401, and nothing of it is stored."""
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = await door.http.post(
        "/api/webhooks/waha/groom",
        content=sample("message", "DEVICE"),
        headers=encoded,  # type: ignore[arg-type]
    )
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert see.log(door.app.db, door.couple.groom) == []


async def test_an_altered_body_is_refused(door: Door) -> None:
    """One changed byte breaks the signature, white space included."""
    raw = sample("message", "DEVICE")
    for altered in (raw.replace(b"will", b"wont"), raw + b" "):
        answer = await door.post(
            altered, key=None, headers={"X-Webhook-Hmac": see.signature(raw)}
        )
        assert answer.status_code == 401


async def test_each_account_has_its_own_secret(door: Door) -> None:
    """The groom's signature opens nothing at the bride's address."""
    raw = sample("message", "DEVICE")
    assert (await door.post(raw, account="bride")).status_code == 401
    assert (await door.post(raw, account="bride", key=BRIDES_KEY)).status_code == 200


async def test_an_unknown_account_is_not_found(door: Door) -> None:
    """404 for a name that no account has."""
    answer = await door.post(sample("message", "DEVICE"), account="uncle")
    assert answer.status_code == 404


async def test_a_slash_at_the_end_changes_nothing(door: Door) -> None:
    """Both forms of the address take the event."""
    answer = await door.post(sample("message", "DEVICE"), account="groom/")
    assert answer.json() == {"stored": True}


async def test_an_old_event_is_taken(door: Door, clock: FakeClock) -> None:
    """A retry may come half an hour late or more: its age is no reason to refuse."""
    clock.advance(10 * 365 * 24 * 3600)
    assert (await door.post(sample("message", "DEVICE"))).json() == {"stored": True}


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    door: Door,
) -> None:
    """413 by the length told, and by the bytes that come, whatever was told."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 100_000
            yield b"x" * 100_000

    told = await door.http.post(
        "/api/webhooks/waha/groom",
        content=b"x" * (webhooks.LARGEST + 1),
        headers={"X-Webhook-Hmac": "0"},
    )
    untold = await door.http.post(
        "/api/webhooks/waha/groom", content=endless(), headers={"X-Webhook-Hmac": "0"}
    )
    assert (told.status_code, untold.status_code) == (413, 413)
    assert see.log(door.app.db, door.couple.groom) == []


@pytest.mark.parametrize("raw", [b"not json", b"[]", b'{"event": "message"}', b"\xff"])
async def test_what_is_no_event_but_signed_is_kept_and_not_asked_for_again(
    door: Door, raw: bytes
) -> None:
    """200, kept with its error: a refusal would make WAHA repeat it for nothing."""
    answers = [(await door.post(raw)).status_code for _ in range(2)]
    assert answers == [200, 200]
    (row,) = see.log(door.app.db, door.couple.groom)
    assert (row.event, row.raw) == ("malformed", raw)
    assert row.error == "error.waha.bad_event"
    assert row.applied_at is not None


async def test_an_event_of_another_session_is_kept_and_not_applied(
    door: Door,
) -> None:
    """One WAHA may send every session's events here: none is the groom's by that."""
    raw = see.event(
        "message.any",
        see.written(GUEST, "3AAA", at=NOON),
        at=NOON,
        session="somebody_else",
    )
    assert (await door.post(raw)).status_code == 200
    (row,) = see.log(door.app.db, door.couple.groom)
    assert row.error == "account.error.other_session"
    assert see.inbound(door.app.db, door.couple.groom) == []


async def test_one_broken_event_stops_none_behind_it(door: Door) -> None:
    """An event that cannot be applied keeps its error; the next ones go on."""
    broken = see.event("message.any", {"id": "?"}, at=NOON, session="default")
    await door.post(broken)
    await door.post(sample("message.any", "DEVICE"))
    first, second = see.log(door.app.db, door.couple.groom)
    assert (first.error, second.error) == ("error.waha.bad_event", None)
    assert len(see.inbound(door.app.db, door.couple.groom)) == 1


async def test_a_crash_between_storing_and_applying_loses_nothing(
    door: Door, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored when the process died is applied by the next one."""

    async def died(*_: object) -> int:
        return 0

    monkeypatch.setattr(webhooks, "apply_open_events", died)
    await door.post(sample("message.any", "DEVICE"))
    assert see.inbound(door.app.db, door.couple.groom) == []
    app = door.app
    assert await apply_open_events(app.db, app.clients, door.couple.groom, clock) == 1
    assert len(see.inbound(door.app.db, door.couple.groom)) == 1


async def test_every_event_is_proof_of_hearing(door: Door, clock: FakeClock) -> None:
    """`last_heard_at` is when we received it, not what the event claims."""
    clock.advance(5)
    await door.post(sample("message.ack", "READ"))
    groom = groom_of(door)
    assert groom.last_heard_at == NOON + timedelta(seconds=5)
    assert groom.last_heard_kind == "ack"


async def test_unknown_events_are_kept(door: Door) -> None:
    """A kind of event that we have no use for is stored and done with."""
    raw = json.dumps(
        {
            "id": "evt_x",
            "timestamp": 1795234255687,
            "event": "call.received",
            "session": "default",
            "payload": {},
        }
    ).encode()
    await door.post(raw)
    (row,) = see.log(door.app.db, door.couple.groom)
    assert (row.event, row.error) == ("call.received", None)
    assert row.applied_at is not None
