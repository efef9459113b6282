"""Reading back what happened: only a 200 proves anything."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.unit.waha.replay import Waha, recorded_json
from wedding_wa.domain.errors import AccountDown, BadInput, NotSent, SessionMissing
from wedding_wa.services.waha import NumberCheck

CHAT = "6285550000001@c.us"
ESCAPED = "6285550000001%40c.us"
ID = "3EB07D1185128E3FCD8B30"
ONE = f"GET /api/default/chats/{ESCAPED}/messages/{ID}"
MANY = f"GET /api/default/chats/{ESCAPED}/messages"
CHATS = "GET /api/default/chats/overview"
EXISTS = "GET /api/contacts/check-exists"


def page(count: int, *, start: int = 0) -> httpx.Response:
    """A page of own messages, the newest first."""
    shape = recorded_json("messages")[0]
    rows = [
        shape | {"id": f"true_{CHAT}_3EB0{start + n:06d}", "timestamp": 1795234202 - n}
        for n in range(count)
    ]
    return httpx.Response(200, json=rows)


async def test_a_message_is_found_by_full_or_bare_id() -> None:
    """Asked for by its bare id, which holds also when the chat became a LID."""
    waha = Waha().on(ONE, "message")
    client = waha.client()
    for asked in (ID, f"true_{CHAT}_{ID}"):
        found = await client.message(CHAT, asked)
        assert found is not None
        assert (found.message_id, found.ack, found.from_me) == (ID, 3, True)
    assert waha.calls() == [ONE, ONE]
    assert waha.asked[0].url.params["downloadMedia"] == "false"


async def test_webjs_is_asked_by_the_full_id() -> None:
    """It finds a message by nothing else."""
    path = f"GET /api/default/chats/{ESCAPED}/messages/true_{ESCAPED}_{ID}"
    waha = Waha(engine="WEBJS").on(path, "message")
    client = waha.client()
    await client.version()
    assert await client.message(CHAT, ID) is not None
    assert await client.message(CHAT, f"true_{CHAT}_{ID}") is not None
    assert waha.calls() == [path, path]


async def test_not_found_is_said_by_waha_itself() -> None:
    """A proxy's 404, a missing session or a store that is off proves nothing: taken
    for "not found", it would send the message a second time."""
    assert await Waha().on(ONE, "message_not_found").client().message(CHAT, ID) is None
    for answer, error in [
        ("session_missing", SessionMissing),
        ("unknown_path", NotSent),
        ("messages_store_off", NotSent),
        (httpx.Response(404, html="<h1>404</h1>"), AccountDown),
        (httpx.Response(404), AccountDown),
        (httpx.Response(200), NotSent),
        (httpx.Response(200, json=[]), NotSent),
        (httpx.ReadTimeout("late"), NotSent),
    ]:
        with pytest.raises(error):
            await Waha().on(ONE, answer).client().message(CHAT, ID)


async def test_a_store_that_is_off_says_so() -> None:
    """Settling waits until it is on again."""
    with pytest.raises(NotSent) as refused:
        await Waha().on(MANY, "messages_store_off").client().messages(CHAT)
    assert refused.value.params["reason"] == "store_off"


async def test_a_chats_messages_newest_first() -> None:
    """As recorded: both texts, by API, read."""
    waha = Waha().on(MANY, "messages")
    since = datetime(2026, 11, 21, 4, 0, 0, 900_000, tzinfo=UTC)
    found = await waha.client().messages(CHAT, since=since, from_me=True)
    assert [one.body for one in found] == ["second", "Dear Budi, you are invited"]
    assert {one.source for one in found} == {"api"}
    asked = dict(waha.asked[0].url.params)
    assert asked == {
        "downloadMedia": "false",
        "sortBy": "timestamp",
        "sortOrder": "desc",
        "limit": "100",
        "offset": "0",
        "filter.timestamp.gte": str(int(since.timestamp())),
        "filter.fromMe": "true",
    }


async def test_pages_are_read_until_the_limit() -> None:
    """250 of many: 100, 100 and 50."""
    waha = Waha().on(MANY, page(100), page(100, start=100), page(50, start=200))
    found = await waha.client().messages(CHAT, limit=250)
    assert len({one.message_id for one in found}) == 250
    windows = [(r.url.params["offset"], r.url.params["limit"]) for r in waha.asked]
    assert windows == [("0", "100"), ("100", "100"), ("200", "50")]


async def test_a_page_with_gaps_is_not_the_last() -> None:
    """WAHA cuts the page first and leaves out what it cannot show afterwards."""
    waha = Waha().on(MANY, page(97), page(100, start=100), page(0))
    assert len(await waha.client().messages(CHAT, limit=1000)) == 197


async def test_a_message_seen_on_two_pages_counts_once() -> None:
    """One that comes while we page pushes another onto the next page."""
    waha = Waha().on(MANY, page(100), page(100, start=99), page(0))
    assert len(await waha.client().messages(CHAT, limit=1000)) == 199


async def test_an_entry_that_makes_no_sense_hides_no_other() -> None:
    """The rest of the page is still evidence."""
    rows = [None, {"id": 7}, *recorded_json("messages"), {"id": "x", "timestamp": "y"}]
    waha = Waha().on(MANY, httpx.Response(200, json=rows))
    assert len(await waha.client().messages(CHAT)) == 2


@pytest.mark.parametrize(
    "answer", [httpx.Response(200), httpx.Response(200, json={}), "session_missing"]
)
async def test_no_list_is_no_evidence(answer: object) -> None:
    """An empty answer is not an empty chat."""
    with pytest.raises((NotSent, SessionMissing)):
        await Waha().on(MANY, answer).client().messages(CHAT)


def overview() -> list[dict[str, object]]:
    """Three lines as WAHA writes them: a person, one known by both names, a silent."""
    return [
        {
            "id": CHAT,
            "name": "Budi",
            "picture": None,
            "lastMessage": {"id": "false_x", "timestamp": 1795234255},
            "_chat": {"conversationTimestamp": 1795234255},
        },
        {
            "id": "985550000007@lid",
            "name": None,
            "picture": None,
            "lastMessage": None,
            "_chat": {"conversationTimestamp": 1795234200},
        },
        {"id": "6285550000009@s.whatsapp.net", "name": "", "lastMessage": {}},
    ]


async def test_the_chat_list() -> None:
    """Who has a chat with this account, and since when it is quiet."""
    waha = Waha().on(CHATS, httpx.Response(200, json=overview()), page(0))
    chats = await waha.client().chats()
    assert [(c.chat_id, c.name) for c in chats] == [
        (CHAT, "Budi"),
        ("985550000007@lid", None),
        ("6285550000009@c.us", None),
    ]
    assert chats[0].last_message_at == datetime.fromtimestamp(1795234255, UTC)
    assert chats[2].last_message_at is None


async def test_the_chats_of_a_gap() -> None:
    """Only those written since, and paging ends where the older ones begin."""
    since = datetime.fromtimestamp(1795234255, UTC)
    waha = Waha().on(CHATS, httpx.Response(200, json=overview()), page(0))
    chats = await waha.client().chats(since=since)
    assert [chat.chat_id for chat in chats] == [CHAT]
    waha = Waha().on(CHATS, httpx.Response(200, json=overview()))
    assert await waha.client().chats(since=since + timedelta(seconds=1)) == []
    assert len(waha.asked) == 1


async def test_whether_a_number_is_on_whatsapp() -> None:
    """As recorded, and under a LID where the engine answers with one."""
    client = Waha().on(EXISTS, "number_exists").client(session="groom")
    assert await client.number_exists("6285550000001") == NumberCheck(True, CHAT)
    client = Waha().on(EXISTS, "number_missing").client()
    assert await client.number_exists("6285550000404") == NumberCheck(False, None)
    body = {"numberExists": True, "chatId": "985550000001@lid"}
    waha = Waha().on(EXISTS, httpx.Response(200, json=body))
    found = await waha.client(session="groom").number_exists("6285550000001")
    assert found == NumberCheck(True, "985550000001@lid")
    assert dict(waha.asked[0].url.params) == {
        "phone": "6285550000001", "session": "groom"
    }  # fmt: skip


async def test_an_unclear_answer_is_not_a_no() -> None:
    """A guest is never called "not on WhatsApp" for a broken answer."""
    for answer in (httpx.Response(200), httpx.Response(200, json={"numberExists": 0})):
        with pytest.raises(NotSent):
            await Waha().on(EXISTS, answer).client().number_exists("6285550000001")


async def test_lids_and_numbers() -> None:
    """Each way, known and not known yet; `@` is escaped in the path."""
    lid = "GET /api/default/lids/985550000007%40lid"
    waha = Waha().on(lid, "phone_of_lid")
    client = waha.client()
    assert await client.phone_of_lid("985550000007@lid") == "+6285550000007"
    waha.on(lid, "phone_of_lid_unknown")
    assert await client.phone_of_lid("985550000007@lid") is None
    number = "GET /api/default/lids/pn/6285550000001"
    waha.on(number, "lid_unknown")
    assert await client.lid_of_phone("+6285550000001") is None
    known = {"lid": "985550000001@lid", "pn": CHAT}
    waha.on(number, httpx.Response(200, json=known))
    assert await client.lid_of_phone("+6285550000001") == "985550000001@lid"
    with pytest.raises(NotSent):
        await (
            waha.on(number, httpx.Response(200)).client().lid_of_phone("+6285550000001")
        )
    with pytest.raises(BadInput):
        await client.lid_of_phone("6285550000001")
