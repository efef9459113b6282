"""The real client against the simulator, over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from wedding_wa.domain.errors import (
    BadKey,
    MaybeSent,
    NotSent,
    RateLimited,
    Restricted,
    SessionMissing,
    SessionNotReady,
    WahaError,
)
from wedding_wa.services.clock import Clock
from wedding_wa.services.waha import SessionConfig, WahaClient, WahaConfig
from wedding_wa.simulator import SimulatorServer

GUEST = "+393331234567"
CHAT = "393331234567@c.us"
WANTED = SessionConfig("http://127.0.0.1:9/api/webhooks/waha/groom", "key", "groom")


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(speed=50) as running:
        yield running


@pytest.fixture
def sim(server: SimulatorServer) -> SimulatorServer:
    server.reset()
    return server


@pytest.fixture
async def groom(sim: SimulatorServer) -> AsyncIterator[WahaClient]:
    client = client_of(sim, "groom")
    yield client
    await client.aclose()


@pytest.fixture
def linked(sim: SimulatorServer, groom: WahaClient) -> WahaClient:
    """A client whose number is logged in, its store on."""
    sim.link("groom", phone="393330000001", name="Groom")
    return groom


def client_of(sim: SimulatorServer, session: str, key: str | None = None) -> WahaClient:
    config = WahaConfig(sim.url, sim.api_key if key is None else key, session)
    return WahaClient(config, clock=Clock())


async def status_is(client: WahaClient, status: str) -> None:
    await until(lambda: client.session(), lambda info: info.status == status)


async def until(ask: Callable, right: Callable) -> object:
    """Ask until the answer is right."""
    deadline = time.monotonic() + 20
    while not right(found := await ask()):
        assert time.monotonic() < deadline, f"still {found!r}"
        await asyncio.sleep(0.02)
    return found


async def test_the_server_is_there(sim: SimulatorServer, groom: WahaClient) -> None:
    """Ping needs no key, the version proves it."""
    await groom.ping()
    version = await groom.version()
    assert version.engine == "NOWEB"
    stranger = client_of(sim, "groom", key="wrong")
    await stranger.ping()
    with pytest.raises(BadKey):
        await stranger.version()
    await stranger.aclose()


async def test_a_number_is_linked_from_nothing(
    sim: SimulatorServer, groom: WahaClient
) -> None:
    """Config put right before the scan, code shown, scanned, logged in, and the
    second look changes nothing."""
    assert await groom.ensure_session(WANTED) is True
    await groom.start()
    await status_is(groom, "SCAN_QR_CODE")
    qr = await groom.qr()
    assert qr.png.startswith(b"\x89PNG")
    assert qr.value
    sim.scan("groom", phone="393330000001", name="Groom")
    await status_is(groom, "WORKING")
    info = await groom.session()
    assert info.me is not None
    assert (info.me.chat_id, info.me.push_name) == ("393330000001@c.us", "Groom")
    assert await groom.ensure_session(WANTED) is False


async def test_a_pairing_code_links_too(
    sim: SimulatorServer, groom: WahaClient
) -> None:
    """The other way in, for whoever holds only one phone."""
    await groom.start()
    await status_is(groom, "SCAN_QR_CODE")
    code = await groom.request_code("393330000001")
    sim.scan("groom", code=code)
    await status_is(groom, "WORKING")
    with pytest.raises(SessionNotReady):
        await groom.request_code("393330000001")


async def test_the_owners_webhook_outlives_ours(groom: WahaClient) -> None:
    """Ours comes, moves and never touches the other."""
    foreign = {"url": "http://127.0.0.1:9/n8n", "events": ["message"]}
    await groom._call(
        "configure",
        "PUT",
        "/api/sessions/groom",
        json={"config": {"webhooks": [foreign], "debug": False}},
    )
    moved = SessionConfig("http://127.0.0.1:8/api/webhooks/waha/groom", "k", "groom")
    for wanted in (WANTED, moved):
        assert await groom.ensure_session(wanted) is True
        assert await groom.ensure_session(wanted) is False
    config = (await groom.session()).config
    assert config is not None
    urls = [hook["url"] for hook in config["webhooks"]]
    assert urls == [moved.webhook_url, foreign["url"]]
    assert config["debug"] is False


async def test_commands_may_be_repeated(linked: WahaClient) -> None:
    """Start on a running, stop on a stopped session: what was wanted is so."""
    await linked.start()
    await linked.start()
    await linked.stop()
    await linked.stop()
    assert (await linked.session()).status == "STOPPED"
    await linked.restart()
    await status_is(linked, "WORKING")
    await linked.logout()
    await status_is(linked, "SCAN_QR_CODE")


async def test_starting_a_failed_session_restarts_it(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """WAHA calls it already started and leaves it FAILED."""
    sim.fault("fail_session", session="groom", times=1)
    await status_is(linked, "FAILED")
    await linked.start()
    await status_is(linked, "WORKING")


async def test_a_message_is_sent_like_a_person_would(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """Seen, typing, stopped, text: WhatsApp saw them in that order, under the
    reserved id."""
    inbound = sim.guest_writes("groom", GUEST, "We are coming!")
    await linked.send_seen(CHAT, [inbound])
    await linked.start_typing(CHAT)
    await linked.stop_typing(CHAT)
    reserved = await linked.new_message_id()
    assert reserved
    sent = await linked.send_text(CHAT, "Wonderful 💐", message_id=reserved)
    await linked.presence_offline()
    assert (sent.message_id, sent.chat_id) == (reserved, CHAT)
    (delivered,) = sim.delivered("groom")
    assert (delivered["id"], delivered["text"]) == (reserved, "Wonderful 💐")
    assert [mark["type"] for mark in delivered["marks"]] == [
        "seen", "typing", "stopped"
    ]  # fmt: skip


async def test_the_chat_itself_is_the_evidence(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """A sent message is found by its id, in the chat, and in the chat list."""
    before = datetime.now(UTC) - timedelta(seconds=5)
    sim.guest_writes("groom", GUEST, "We are coming!", name="Budi")
    sent = await linked.send_text(CHAT, "Wonderful")
    found = await linked.message(CHAT, sent.message_id)
    assert found is not None
    assert (found.body, found.from_me, found.source) == ("Wonderful", True, "api")
    assert await linked.message(CHAT, "3EB0FFFFFFFFFFFFFFFFFF") is None
    both = await linked.messages(CHAT, since=before)
    assert {one.body for one in both} == {"Wonderful", "We are coming!"}
    inbound = await linked.messages(CHAT, from_me=False)
    assert [(one.body, one.push_name) for one in inbound] == [
        ("We are coming!", "Budi")
    ]
    assert [chat.chat_id for chat in await linked.chats(since=before)] == [CHAT]
    assert await linked.chats(since=before + timedelta(days=1)) == []


async def test_many_messages_come_over_several_pages(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """None is lost between two pages."""
    ids = {
        await asyncio.to_thread(sim.guest_writes, "groom", GUEST, f"n {n}")
        for n in range(130)
    }
    found = await linked.messages(CHAT, limit=500)
    assert {one.message_id for one in found} == ids


async def test_numbers_and_lids(sim: SimulatorServer, linked: WahaClient) -> None:
    """Known numbers, unknown ones, and a guest known by a LID only."""
    sim.guest_writes("groom", GUEST, "hello")
    assert (await linked.number_exists("393331234567")).exists
    sim.fault("unknown_number", times=1)
    assert not (await linked.number_exists("393339999999")).exists
    sim.guest_writes("groom", "985550000007@lid", "by lid")
    assert await linked.phone_of_lid("111110000000@lid") is None
    sent = await linked.send_text("985550000007@lid", "hello you")
    assert sent.chat_id == "985550000007@lid"


async def test_without_a_store_there_is_no_evidence(
    sim: SimulatorServer, groom: WahaClient
) -> None:
    """A look-up then fails; it must not say "not found"."""
    sim.link("groom", store=False)
    for look in (groom.messages(CHAT), groom.message(CHAT, "3EB0AA")):
        with pytest.raises(NotSent) as refused:
            await look
        assert refused.value.params["reason"] == "store_off"


async def test_a_session_that_is_not_working_sends_nothing(
    sim: SimulatorServer, groom: WahaClient
) -> None:
    """Stopped, waiting for its scan, deleted or never there."""
    with pytest.raises(SessionNotReady) as stopped:
        await groom.send_text(CHAT, "hello")
    assert stopped.value.status == "STOPPED"
    await groom.start()
    await status_is(groom, "SCAN_QR_CODE")
    with pytest.raises(SessionNotReady) as unscanned:
        await groom.send_text(CHAT, "hello")
    assert unscanned.value.status == "SCAN_QR_CODE"
    nobody = client_of(sim, "nobody")
    for call in (nobody.session(), nobody.send_text(CHAT, "hello"), nobody.restart()):
        with pytest.raises(SessionMissing):
            await call
    await nobody.aclose()
    assert sim.delivered() == []


async def test_a_missing_session_is_made(sim: SimulatorServer) -> None:
    """One WAHA may hold many: the session of a new account is created with its
    config before any scan."""
    config = SessionConfig("http://127.0.0.1:9/api/webhooks/waha/x", "k", "x")
    client = client_of(sim, "third")
    assert await client.ensure_session(config) is True
    assert await client.ensure_session(config) is False
    await status_is(client, "SCAN_QR_CODE")
    await client.aclose()


@pytest.mark.parametrize(
    ("mode", "error", "delivered"),
    [
        ("401", BadKey, 0),
        ("422", SessionNotReady, 0),
        ("429", RateLimited, 0),
        ("500", MaybeSent, 0),
        ("refuse", MaybeSent, 0),
        ("lost", MaybeSent, 1),
    ],
)
async def test_faults_of_a_send(
    sim: SimulatorServer,
    linked: WahaClient,
    mode: str,
    error: type[WahaError],
    delivered: int,
) -> None:
    """Each as the client names it, beside what really reached WhatsApp."""
    sim.fault(mode, path="/api/sendText", times=1)
    with pytest.raises(error) as caught:
        await linked.send_text(CHAT, "hello")
    assert type(caught.value) is error
    await until(
        lambda: asyncio.to_thread(sim.delivered, "groom"),
        lambda told: len(told) == delivered,
    )
    await linked.send_text(CHAT, "and again")
    assert sim.delivered("groom")[-1]["text"] == "and again"


async def test_a_lost_answer_is_settled_by_the_reserved_id(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """The message went out, its answer did not come: the chat proves it."""
    reserved = await linked.new_message_id()
    sim.fault("lost", path="/api/sendText", times=1)
    with pytest.raises(MaybeSent):
        await linked.send_text(CHAT, "hello", message_id=reserved)
    assert reserved
    found = await until(lambda: linked.message(CHAT, reserved), bool)
    assert found.body == "hello"


async def test_a_restriction_of_whatsapp_is_not_a_fault_of_the_account(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """NOWEB tells 463 by an ERROR ack after a 201; an engine that answers 500 with
    it is named as restricted."""
    body = {
        "statusCode": 500,
        "exception": {"message": "2 UNKNOWN: server returned error 463", "code": 2},
        "request": {"path": "/api/sendText", "body": {"chatId": CHAT}},
    }
    sim.fault("500", path="/api/sendText", times=1, body=body)
    with pytest.raises(Restricted):
        await linked.send_text(CHAT, "hello")
    sim.fault("error_463", times=1)
    sent = await linked.send_text(CHAT, "hello")
    found = await until(
        lambda: linked.message(CHAT, sent.message_id),
        lambda one: one is not None and one.ack == -1,
    )
    assert found.from_me


async def test_two_accounts_of_one_waha_do_not_wait_for_each_other(
    sim: SimulatorServer, linked: WahaClient
) -> None:
    """A hanging send of the groom leaves the bride free."""
    sim.link("bride")
    bride = client_of(sim, "bride")
    sim.fault("hang", path="/api/sendText", session="groom", times=1)
    hanging = asyncio.create_task(linked.send_text(CHAT, "slow"))
    sent = await bride.send_text(CHAT, "quick")
    assert sent.message_id
    assert not hanging.done()
    sim.clear_faults()
    await asyncio.wait([hanging], timeout=20)
    assert hanging.done()
    assert hanging.exception() is None or isinstance(hanging.exception(), MaybeSent)
    await bride.aclose()
