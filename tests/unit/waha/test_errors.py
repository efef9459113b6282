"""Each row of the failure table: what a fault means for the message at hand."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.waha.replay import SetClock, Waha, recorded
from wedding_wa.domain.errors import (
    AccountDown,
    BadKey,
    MaybeSent,
    MessageRefused,
    NotSent,
    RateLimited,
    Restricted,
    SessionMissing,
    SessionNotReady,
    Unreachable,
    WahaError,
)

SEND = "POST /api/sendText"
TYPE = "POST /api/startTyping"
CHAT = "6285550000001@c.us"
TEXT = "Dear Budi, you are invited"
HTML_502 = httpx.Response(502, html="<html><h1>502 Bad Gateway</h1>nginx</html>")


async def fault(
    answer: str | httpx.Response | Exception, *, sending: bool
) -> WahaError:
    """Return what the client raises when WAHA answers so."""
    waha = Waha().on(SEND, answer).on(TYPE, answer)
    client = waha.client()
    call = client.send_text(CHAT, TEXT) if sending else client.start_typing(CHAT)
    with pytest.raises(WahaError) as caught:
        await call
    await client.aclose()
    return caught.value


def nest(status: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"message": message, "statusCode": status})


def thrown(message: str, **exception: Any) -> httpx.Response:
    """A 500 as WAHA's exception filter writes it, text and phone number included."""
    body = json.loads(recorded("send_connection_closed").content)
    body["exception"] |= {"message": message, **exception}
    return httpx.Response(500, json=body)


TIMELOCK_463 = thrown("2 UNKNOWN: server returned error 463", code=2)

BEFORE_THE_REQUEST = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("no route"),
    httpx.PoolTimeout("all busy"),
]
ON_THE_WAY = [
    httpx.ReadTimeout("no answer"),
    httpx.ReadError("reset"),
    httpx.WriteError("broken pipe"),
    httpx.WriteTimeout("stuck"),
    httpx.RemoteProtocolError("disconnected without an answer"),
    httpx.DecodingError("half an answer"),
]


@pytest.mark.parametrize("error", BEFORE_THE_REQUEST, ids=repr)
@pytest.mark.parametrize("sending", [True, False])
async def test_no_connection_is_surely_not_sent(
    error: Exception, sending: bool
) -> None:
    """What never left this machine may be tried again."""
    assert type(await fault(error, sending=sending)) is Unreachable


@pytest.mark.parametrize("error", ON_THE_WAY, ids=repr)
async def test_a_lost_answer_is_maybe_sent_only_for_a_text(error: Exception) -> None:
    """A text may have gone out; a gesture carries none, so its message is not sent."""
    assert type(await fault(error, sending=True)) is MaybeSent
    assert type(await fault(error, sending=False)) is NotSent


@pytest.mark.parametrize(
    ("answer", "sending_means", "else_means"),
    [
        ("send_connection_closed", MaybeSent, NotSent),
        ("send_without_text", MaybeSent, NotSent),
        (HTML_502, MaybeSent, NotSent),
        (httpx.Response(503), MaybeSent, NotSent),
        (httpx.Response(504, text="upstream timed out"), MaybeSent, NotSent),
        (httpx.Response(408, text="slow"), MaybeSent, NotSent),
        (nest(501, "Not implemented by the engine."), MessageRefused, NotSent),
        (httpx.Response(501, html="<p>no</p>"), MaybeSent, NotSent),
        (nest(500, "rate-overlimit"), MaybeSent, RateLimited),
        (TIMELOCK_463, Restricted, Restricted),
        (thrown("NackCallerReachoutTimelocked"), Restricted, Restricted),
        (thrown("reachoutTimelock is active"), Restricted, Restricted),
        (thrown("no such user 6285550000463@c.us"), MaybeSent, NotSent),
        (httpx.Response(429), RateLimited, RateLimited),
        ("wrong_key", BadKey, BadKey),
        (nest(403, "Forbidden resource"), BadKey, BadKey),
        (httpx.Response(401, html="<p>Basic auth</p>"), BadKey, BadKey),
        ("send_while_stopped", SessionNotReady, SessionNotReady),
        ("send_while_starting", SessionNotReady, SessionNotReady),
        ("send_while_failed", SessionNotReady, SessionNotReady),
        ("send_after_delete", SessionMissing, SessionMissing),
        ("session_missing", SessionMissing, SessionMissing),
        ("me_while_stopped", SessionMissing, SessionMissing),
        ("session_name_not_default", SessionMissing, SessionMissing),
        ("session_name_bad", SessionMissing, SessionMissing),
        ("send_without_session", SessionMissing, SessionMissing),
        ("malformed_json", MessageRefused, NotSent),
        ("configure_bad_webhook", MessageRefused, NotSent),
        ("needs_plus", MessageRefused, NotSent),
        (nest(409, "conflict"), MessageRefused, NotSent),
        (httpx.Response(413, html="<h1>too large</h1>"), MessageRefused, NotSent),
        ("unknown_path", AccountDown, NotSent),
        (httpx.Response(404, html="<h1>Not Found</h1>nginx"), AccountDown, AccountDown),
        (httpx.Response(405), AccountDown, AccountDown),
        (httpx.Response(400, text=""), AccountDown, AccountDown),
        (httpx.Response(301), AccountDown, AccountDown),
        (nest(302, "Found"), AccountDown, AccountDown),
        (httpx.Response(307), AccountDown, AccountDown),
    ],
)  # fmt: skip
async def test_an_answer_is_judged_by_whether_the_text_may_be_out(
    answer: str | httpx.Response, sending_means: type, else_means: type
) -> None:
    """The failure table, answer by answer, for a text and for everything else."""
    assert type(await fault(answer, sending=True)) is sending_means
    assert type(await fault(answer, sending=False)) is else_means


@pytest.mark.parametrize("sending", [True, False])
async def test_redirects_are_never_followed(sending: bool) -> None:
    """The key and the text go to the address the owner gave and nowhere else."""
    away = httpx.Response(308, headers={"Location": "http://evil/api/sendText"})
    waha = Waha().on(SEND, away).on(TYPE, away)
    client = waha.client()
    call = client.send_text(CHAT, TEXT) if sending else client.start_typing(CHAT)
    with pytest.raises(AccountDown):
        await call
    assert len(waha.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201),
        httpx.Response(200, html="<html>welcome to nginx</html>"),
        httpx.Response(201, text='{"key":{"remoteJid":"62855'),
        httpx.Response(201, json=[]),
        httpx.Response(201, json={"key": {}}),
        httpx.Response(201, json={"id": None, "_data": None}),
    ],
)
async def test_a_yes_that_cannot_be_read_is_maybe_sent(answer: httpx.Response) -> None:
    """Without an id nobody can say what became of the message."""
    error = await fault(answer, sending=True)
    assert type(error) is MaybeSent
    assert error.params["reason"] == "unreadable"


async def test_the_status_waha_names_is_told() -> None:
    """The worker holds or restarts by it, so it must come through."""
    for name, status in [
        ("send_while_stopped", "STOPPED"),
        ("send_while_starting", "STARTING"),
        ("send_while_failed", "FAILED"),
    ]:
        error = await fault(name, sending=True)
        assert isinstance(error, SessionNotReady)
        assert (error.status, error.http_status) == (status, 422)


async def test_an_odd_status_is_unknown_not_quoted() -> None:
    """What is no status word is not passed on into sentences and logs."""
    odd = {"error": "x", "session": "default", "status": "<b>6281</b>", "expected": []}
    error = await fault(httpx.Response(422, json=odd), sending=True)
    assert isinstance(error, SessionNotReady)
    assert error.status == "UNKNOWN"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("999999999", 86_400.0),
        ("inf", 86_400.0),
        ("nan", None),
        ("Sat, 21 Nov 2026 04:02:00 GMT", 120.0),
        ("Sat, 21 Nov 2026 03:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(
    header: str, seconds: float | None
) -> None:
    """WAHA says how long to wait in either form; nonsense is "did not say"."""
    error = await fault(
        httpx.Response(429, headers={"Retry-After": header}), sending=True
    )
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


LEAKY = [
    "send_connection_closed",
    "send_without_text",
    TIMELOCK_463,
    thrown("bad jid 6285550000001@c.us: Dear Budi, you are invited"),
    nest(400, 'Unexpected token D, "Dear Budi, you are invited" is not valid JSON'),
    nest(422, "no LID for 6285550000001"),
]


@pytest.mark.parametrize("answer", LEAKY)
@pytest.mark.parametrize("sending", [True, False])
async def test_an_error_tells_no_text_no_number_no_stack(
    answer: str | httpx.Response, sending: bool
) -> None:
    """WAHA's 500s repeat the request and its stack; our errors go to logs and pages."""
    error = await fault(answer, sending=sending)
    told = f"{error} {error!r} {error.detail} {error.params}"
    for secret in ("Budi", "62855", "node_modules", "at async", "testkey"):
        assert secret not in told


async def test_the_reason_of_a_500_is_told_where_it_is_harmless() -> None:
    """The timeline can say "connection closed" instead of "500"."""
    error = await fault("send_connection_closed", sending=True)
    assert error.params["reason"] == "connection_closed"
    assert error.http_status == 500


@settings(max_examples=200, deadline=None)
@given(
    status=st.integers(300, 599),
    body=st.one_of(
        st.binary(max_size=80),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["message", "error", "status", "expected", "exception", "x"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=9,
        ).map(lambda value: json.dumps(value).encode()),
    ),
)
async def test_no_answer_is_left_unjudged(status: int, body: bytes) -> None:
    """Whatever stands between us and WAHA says, it becomes one of our errors, and a
    5xx on a text is never called "not sent"."""
    answer = httpx.Response(status, content=body)
    sending = await fault(answer, sending=True)
    other = await fault(answer, sending=False)
    assert not isinstance(other, MaybeSent | MessageRefused)
    if status >= 500:
        assert isinstance(sending, MaybeSent | MessageRefused | Restricted)


def test_the_clock_of_these_tests_stands() -> None:
    """The date in a Retry-After is compared with the client's own clock."""
    assert SetClock().now().isoformat() == "2026-11-21T04:00:00+00:00"
