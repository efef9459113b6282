"""The server and the session: what is asked, in which order, how often."""

import asyncio
import base64
from datetime import UTC, datetime

import httpx
import pytest

from tests.unit.waha.replay import SetClock, Waha, recorded_json
from wedding_wa.domain.errors import (
    BadKey,
    NotSent,
    SessionMissing,
    SessionNotReady,
    Unreachable,
)
from wedding_wa.services.waha import (
    Qr,
    ServerVersion,
    SessionConfig,
    WahaClient,
    WahaConfig,
)

WANTED = SessionConfig("http://app:8000/api/webhooks/waha/groom", "hook-key", "groom")
GET = "GET /api/sessions/default"
PUT = "PUT /api/sessions/default"
CREATE = "POST /api/sessions"
QR = "GET /api/default/auth/qr"
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


def command(name: str) -> str:
    return f"POST /api/sessions/default/{name}"


def shown(config: object, **more: object) -> httpx.Response:
    body = recorded_json("session_working") | {"config": config, **more}
    return httpx.Response(200, json=body)


# ── the server ──────────────────────────────────────────────────────────────────


async def test_ping_and_version() -> None:
    """The doctor tells which WAHA it found."""
    waha = Waha(engine="NOWEB", version="2026.4.1").on("GET /ping", "ping")
    client = waha.client()
    await client.ping()
    assert await client.version() == ServerVersion("2026.4.1", "NOWEB", "CORE")
    assert waha.asked[1].headers["X-Api-Key"] == "testkey-0123456789"


async def test_a_page_that_is_no_waha_does_not_pass_for_one() -> None:
    """Some other server on that port answers 200 too."""
    waha = Waha().on("GET /ping", httpx.Response(200, html="<h1>It works!</h1>"))
    with pytest.raises(NotSent):
        await waha.client().ping()


# ── the session ─────────────────────────────────────────────────────────────────


async def test_a_working_session_says_who_is_logged_in() -> None:
    """Number, name and LID of the account, and the engine."""
    info = await Waha().on(GET, "session_working").client().session()
    assert (info.name, info.status, info.engine) == ("default", "WORKING", "NOWEB")
    assert info.me is not None
    assert info.me.chat_id == "6281111111111@c.us"
    assert (info.me.push_name, info.me.lid) == ("Groom", "981111111111@lid")
    assert (info.timelock, info.reachout_until) == (None, None)


async def test_a_stopped_session_has_neither_engine_nor_config() -> None:
    """As WAHA Core shows it after its container was restarted."""
    info = await Waha().on(GET, "session_stopped_no_config").client().session()
    assert (info.status, info.engine, info.config, info.me) == (
        "STOPPED", None, None, None
    )  # fmt: skip


async def test_a_pairing_code_already_names_somebody() -> None:
    """`me` is set in SCAN_QR_CODE too: only the status says that one is logged in."""
    info = await Waha().on(GET, "session_after_request_code").client().session()
    assert info.status == "SCAN_QR_CODE"
    assert info.me is not None
    assert (info.me.push_name, info.me.lid) == ("~", None)


async def test_a_timelock_is_told_with_its_end() -> None:
    """WhatsApp's restriction of new chats holds them until it ends."""
    lock = {"isActive": True, "timeEnforcementEnds": 1795300000, "enforcementType": "X"}
    me = {"id": "6281111111111@c.us", "pushName": "Groom"}
    waha = Waha()
    waha.on(GET, shown(None, me={**me, "reachoutTimelock": lock}))
    info = await waha.client().session()
    assert info.reachout_until == datetime.fromtimestamp(1795300000, UTC)
    lock["isActive"] = False
    waha.on(GET, shown(None, me={**me, "reachoutTimelock": lock}))
    info = await waha.client().session()
    assert info.reachout_until is None
    assert info.timelock is not None
    assert not info.timelock.active


async def test_a_session_that_is_not_there_is_missing() -> None:
    """Deleted, or misnamed on a WAHA that knows only `default`."""
    with pytest.raises(SessionMissing):
        await Waha().on(GET, "session_missing").client().session()
    named = Waha().on("GET /api/sessions/groom", "session_name_not_default")
    with pytest.raises(SessionMissing):
        await named.client(session="groom").session()


# ── its config ──────────────────────────────────────────────────────────────────


async def test_a_config_is_put_right_once() -> None:
    """The owner's webhook stays, ours comes, and the next look changes nothing."""
    waha = Waha().on(GET, "session_working")
    client = waha.client()
    waha.on(PUT, "configure_stopped")
    assert await client.ensure_session(WANTED) is True
    put = waha.bodies(PUT)[0]["config"]
    assert [hook["url"] for hook in put["webhooks"]] == [
        WANTED.webhook_url, "http://127.0.0.1:3999/hook"
    ]  # fmt: skip
    waha.on(GET, shown(put))
    assert await client.ensure_session(WANTED) is False
    assert len(waha.bodies(PUT)) == 1


async def test_a_config_lost_with_a_restart_is_written_anew() -> None:
    """WAHA Core up to 2026.5 forgets it: store off, no webhook, until it is told."""
    waha = Waha().on(GET, "session_stopped_no_config").on(PUT, "configure_stopped")
    assert await waha.client().ensure_session(WANTED) is True
    assert waha.bodies(PUT)[0]["config"]["noweb"]["store"]["enabled"] is True


async def test_a_waha_that_shows_the_config_otherwise_is_not_restarted_for_ever() -> (
    None
):
    """Each change restarts the session: one that masks the key gets just one."""
    config = WANTED.merged_into(None, engine="NOWEB")
    config["webhooks"][0]["hmac"] = {"key": "******"}
    waha = Waha().on(GET, shown(None)).on(PUT, shown(config))
    client = waha.client()
    assert await client.ensure_session(WANTED) is True
    waha.on(GET, shown(config))
    assert await client.ensure_session(WANTED) is False
    assert await client.ensure_session(WANTED) is False
    rotated = SessionConfig(WANTED.webhook_url, "new-key", "groom")
    assert await client.ensure_session(rotated) is True
    assert len(waha.bodies(PUT)) == 2


async def test_a_missing_session_is_created_and_started() -> None:
    """With `start`, since WAHA 2026.4.1 answers 201 without it and creates none."""
    waha = Waha().on(GET, "session_missing").on(CREATE, "create")
    assert await waha.client().ensure_session(WANTED) is True
    body = waha.bodies(CREATE)[0]
    assert (body["name"], body["start"]) == ("default", True)
    assert body["config"]["webhooks"][0]["hmac"] == {"key": "hook-key"}


async def test_somebody_else_created_it_first() -> None:
    """Then it is configured, as WAHA's own answer says."""
    waha = Waha().on(GET, "session_missing").on(CREATE, "create_already_exists")
    waha.on(PUT, "configure_stopped")
    assert await waha.client().ensure_session(WANTED) is True
    assert waha.calls() == [GET, CREATE, PUT]


async def test_a_name_this_waha_will_never_take_is_not_created() -> None:
    """Core up to 2026.5 knows `default` only: the owner must be told, not retried."""
    waha = Waha().on("GET /api/sessions/groom", "session_name_not_default")
    with pytest.raises(SessionMissing):
        await waha.client(session="groom").ensure_session(WANTED)
    assert waha.calls() == ["GET /api/sessions/groom"]


# ── its commands ────────────────────────────────────────────────────────────────


async def test_start_stop_restart_logout() -> None:
    """Each is one call."""
    waha = Waha()
    for name, answer in [
        ("start", "start"),
        ("stop", "stop"),
        ("restart", "restart_from_failed"),
        ("logout", "logout"),
    ]:
        waha.on(command(name), answer)
        await getattr(waha.client(), name)()
    assert waha.calls() == [command(n) for n in ("start", "stop", "restart", "logout")]


async def test_starting_what_runs_is_fine() -> None:
    """WAHA refuses with 422; what was wanted is so."""
    waha = Waha().on(command("start"), "start_again").on(GET, "session_working")
    await waha.client().start()
    assert waha.calls() == [command("start"), GET]


@pytest.mark.parametrize(
    "answer", ["start_from_failed", shown(None, status="FAILED")], ids=["422", "201"]
)
async def test_starting_what_failed_restarts_it(answer: str | httpx.Response) -> None:
    """WAHA calls a FAILED session "already started"; only a restart helps."""
    waha = Waha().on(command("start"), answer).on(GET, "session_failed")
    waha.on(command("restart"), "restart_from_failed")
    await waha.client().start()
    assert waha.calls()[-1] == command("restart")


async def test_starting_a_missing_session_says_so() -> None:
    """Nothing is created by starting."""
    with pytest.raises(SessionMissing):
        await Waha().on(command("start"), "session_missing").client().start()


async def test_commands_go_one_at_a_time() -> None:
    """WAHA answers 500 to a command that waits 5 s behind another."""
    running: list[int] = [0]
    most: list[int] = [0]

    async def slowly(_: httpx.Request) -> httpx.Response:
        running[0] += 1
        most[0] = max(most[0], running[0])
        for _ in range(5):
            await asyncio.sleep(0)
        running[0] -= 1
        return shown(WANTED.merged_into(None, engine="NOWEB"))

    config = WahaConfig("http://waha:3000", "testkey")
    transport = httpx.MockTransport(slowly)
    client = WahaClient(config, clock=SetClock(), transport=transport)
    await asyncio.gather(
        client.stop(), client.start(), client.restart(), client.logout(),
        client.ensure_session(WANTED),
    )  # fmt: skip
    assert most == [1]


# ── linking a phone ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "picture",
    [
        httpx.Response(200, headers={"Content-Type": "image/png"}, content=PNG),
        httpx.Response(
            200,
            json={"mimetype": "image/png", "data": base64.b64encode(PNG).decode()},
        ),
    ],
    ids=["binary", "json"],
)
async def test_the_qr_code_is_picture_and_value(picture: httpx.Response) -> None:
    """The picture is shown; the value lets the page draw it sharper itself."""
    waha = Waha().on(QR, picture, "qr_raw")
    assert await waha.client().qr() == Qr(PNG, recorded_json("qr_raw")["value"])
    assert waha.asked[0].headers["Accept"] == "image/png"


async def test_a_qr_code_without_value_is_one_too() -> None:
    """Engines that only have the picture."""
    picture = httpx.Response(200, content=PNG)
    waha = Waha().on(QR, picture, httpx.Response(501, json={"message": "no"}))
    assert await waha.client().qr() == Qr(PNG, None)


async def test_no_qr_code_in_another_status() -> None:
    """WAHA waits and says which status it found; a page is not a picture."""
    with pytest.raises(SessionNotReady) as refused:
        await Waha().on(QR, "qr_while_stopped").client().qr()
    assert refused.value.status == "STOPPED"
    for odd in (httpx.Response(200), httpx.Response(200, html="<h1>hi</h1>")):
        with pytest.raises(NotSent):
            await Waha().on(QR, odd).client().qr()


async def test_a_pairing_code() -> None:
    """The code as WAHA gives it, and the status where it gives none."""
    path = "POST /api/default/auth/request-code"
    waha = Waha().on(path, "request_code")
    assert await waha.client().request_code("6281111111111") == "X93M-C2CJ"
    assert waha.bodies(path) == [{"phoneNumber": "6281111111111"}]
    with pytest.raises(SessionNotReady) as refused:
        await Waha().on(path, "request_code_working").client().request_code("628")
    assert refused.value.status == "WORKING"


# ── reserving ids ───────────────────────────────────────────────────────────────

NEW_ID = "GET /api/default/new-message-id"


async def test_an_id_is_reserved_where_waha_gives_one() -> None:
    """NOWEB and GOWS from 2026.4.3."""
    given = httpx.Response(200, json={"id": "3EB0AABBCCDDEEFF001122"})
    for engine in ("NOWEB", "GOWS"):
        waha = Waha(engine=engine).on(NEW_ID, given)
        assert await waha.client().new_message_id() == "3EB0AABBCCDDEEFF001122"


async def test_engines_that_ignore_ids_are_not_asked() -> None:
    """WEBJS and WPP send under an id of their own."""
    for engine in ("WEBJS", "WPP"):
        waha = Waha(engine=engine).on(NEW_ID, httpx.Response(200, json={"id": "A"}))
        assert await waha.client().new_message_id() is None
        assert waha.calls() == []


async def test_an_older_waha_is_asked_once_until_its_version_changes() -> None:
    """It has no such path; after an update it has."""
    clock = SetClock()
    waha = Waha(version="2026.4.1").on(NEW_ID, "new_message_id_absent")
    client = waha.client(clock=clock)
    assert [await client.new_message_id() for _ in range(3)] == [None] * 3
    assert waha.calls() == [NEW_ID]
    waha.runs(version="2026.7.1")
    waha.on(NEW_ID, httpx.Response(200, json={"id": "3EB0AA"}))
    assert await client.new_message_id() is None
    clock.passed = 601
    assert await client.new_message_id() == "3EB0AA"


async def test_a_waha_that_was_away_may_be_another_one() -> None:
    """An update stops it first: the version is asked again at once."""
    waha = Waha(version="2026.4.1").on(NEW_ID, "new_message_id_absent")
    waha.on(GET, httpx.ConnectError("refused"))
    client = waha.client()
    assert await client.new_message_id() is None
    with pytest.raises(Unreachable):
        await client.session()
    waha.runs(version="2026.7.1")
    waha.on(NEW_ID, httpx.Response(200, json={"id": "3EB0AA"}))
    assert await client.new_message_id() == "3EB0AA"


async def test_only_a_missing_path_means_no_ids() -> None:
    """Anything else is a fault: sending without an id would lose the settling key."""
    for answer, error in [
        ("wrong_key", BadKey),
        ("send_while_stopped", SessionNotReady),
        ("session_missing", SessionMissing),
        ("send_connection_closed", NotSent),
        (httpx.Response(200, json={"id": None}), NotSent),
        (httpx.Response(200), NotSent),
    ]:
        with pytest.raises(error):
            await Waha().on(NEW_ID, answer).client().new_message_id()
