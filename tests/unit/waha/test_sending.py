"""Acting like a person, and the one call that puts a text on its way."""

import logging

import httpx
import pytest

from tests.unit.waha.replay import Waha, recorded_json
from wedding_wa.domain.errors import BadInput, MessageRefused, NotSent
from wedding_wa.services import waha_wire
from wedding_wa.services.waha import SentMessage

SEND = "POST /api/sendText"
SEEN = "POST /api/sendSeen"
CHAT = "6285550000001@c.us"

GOWS = {"id": f"true_{CHAT}_3EB0AABBCCDDEEFF001122", "_data": None}
WEBJS_ID = {
    "fromMe": True,
    "remote": CHAT,
    "id": "3EB0AABBCCDDEEFF001122",
    "_serialized": f"true_{CHAT}_3EB0AABBCCDDEEFF001122",
}


def answers(body: object) -> Waha:
    return Waha().on(SEND, httpx.Response(201, json=body))


async def test_a_text_goes_out_as_recorded() -> None:
    """One POST; the id and chat WAHA names come back in our spelling."""
    waha = Waha().on(SEND, "send_text")
    sent = await waha.client().send_text(CHAT, "Dear Budi, you are invited")
    assert sent == SentMessage("3EB0DC5533DFB429BF70B1", CHAT, "PENDING")
    assert waha.bodies(SEND) == [
        {
            "session": "default",
            "chatId": CHAT,
            "text": "Dear Budi, you are invited",
            "linkPreview": False,
        }
    ]


async def test_a_reserved_id_is_sent_along() -> None:
    """It is the key by which the message is found again after a crash."""
    waha = Waha().on(SEND, "send_text_own_id")
    sent = await waha.client(session="groom").send_text(
        "6285550000055@s.whatsapp.net",
        "once",
        message_id="3EB0AABBCCDDEEFF001122",
        link_preview=True,
    )
    assert sent.message_id == "3EB0AABBCCDDEEFF001122"
    assert waha.bodies(SEND)[0] == {
        "session": "groom",
        "chatId": "6285550000055@c.us",
        "text": "once",
        "linkPreview": True,
        "id": "3EB0AABBCCDDEEFF001122",
    }


async def test_a_lid_is_a_chat_like_any_other() -> None:
    """Guests without a known number are answered where they wrote."""
    waha = Waha().on(SEND, "send_text_to_lid")
    sent = await waha.client().send_text("985550000001@lid", "by lid")
    assert (sent.message_id, sent.chat_id) == (
        "3EB022F76C52DCD3022EB3", "985550000001@lid"
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        GOWS,
        {**GOWS, "_data": {"Info": {}}},
        {"id": WEBJS_ID, "_data": {"id": WEBJS_ID}, "ack": 0},
        {"_data": {"id": WEBJS_ID, "ack": 0}},
        {"id": {"_serialized": WEBJS_ID["_serialized"]}},
        {"id": GOWS["id"], "from": "me", "ack": 0, "ackName": "PENDING"},
        {"key": {"id": "3EB0AABBCCDDEEFF001122", "fromMe": True}},
        {"id": "3EB0AABBCCDDEEFF001122"},
        {"id": "true_???_3EB0AABBCCDDEEFF001122"},
    ],
)
async def test_every_engines_answer_gives_the_bare_id(body: object) -> None:
    """GOWS, WEBJS (whole and half), WPP: one id in the end, one chat."""
    sent = await answers(body).client().send_text(CHAT, "hello")
    assert (sent.message_id, sent.chat_id) == ("3EB0AABBCCDDEEFF001122", CHAT)


@pytest.mark.parametrize("text", ["", " \n", "half a \ud83d smile"])
async def test_what_is_no_text_never_leaves(text: str) -> None:
    """WAHA answers it with a 500, which would hang as "maybe sent"."""
    waha = Waha()
    with pytest.raises(MessageRefused):
        await waha.client().send_text(CHAT, text)
    assert waha.asked == []


async def test_half_an_address_never_leaves() -> None:
    """WAHA would complete it to a number of its own making."""
    waha = Waha()
    with pytest.raises(BadInput):
        await waha.client().send_text("Budi", "hello")
    assert waha.asked == []


async def test_any_script_arrives_whole() -> None:
    """Emoji, accents, right-to-left and line breaks go through as they are."""
    text = "Cari zia Müller 💐\n\n\u202bمرحبا\u202c — è l'ora!"
    waha = Waha().on(SEND, "send_text")
    await waha.client().send_text(CHAT, text)
    assert waha.bodies(SEND)[0]["text"] == text


async def test_a_send_is_given_all_the_time_waha_may_take() -> None:
    """WAHA was seen to answer after 240 s: giving up before means not knowing."""
    waha = Waha().on(SEND, "send_text").on("POST /api/startTyping", "start_typing")
    client = waha.client()
    await client.send_text(CHAT, "hello")
    await client.start_typing(CHAT)
    sending, typing = (request.extensions["timeout"] for request in waha.asked)
    assert sending == {"connect": 5.0, "pool": 5.0, "write": 10.0, "read": 300.0}
    assert typing == {"connect": 5.0, "pool": 5.0, "write": 10.0, "read": 15.0}


async def test_typing_and_presence() -> None:
    """The small signs of a person, each one call for this session."""
    waha = Waha().on("POST /api/startTyping", "start_typing")
    waha.on("POST /api/stopTyping", "stop_typing")
    waha.on("POST /api/default/presence", httpx.Response(201))
    client = waha.client()
    await client.start_typing(CHAT)
    await client.stop_typing(CHAT)
    await client.presence_offline()
    assert waha.bodies("POST /api/stopTyping") == [
        {"session": "default", "chatId": CHAT}
    ]
    assert waha.bodies("POST /api/default/presence") == [{"presence": "offline"}]


@pytest.mark.parametrize(
    "answer", ["send_connection_closed", httpx.ReadTimeout("late"), "wrong_key"]
)
async def test_going_offline_is_never_worth_a_fault(answer: object) -> None:
    """It comes after the message: a sent one must not look failed for it."""
    await Waha().on("POST /api/default/presence", answer).client().presence_offline()


async def test_only_the_messages_named_are_marked_read() -> None:
    """Full ids go as they are, bare ones are completed; the answer is empty."""
    waha = Waha().on(SEEN, "send_seen_ids")
    full = f"false_{CHAT}_3AAAAAAAAAAAAAAAAA01"
    await waha.client().send_seen(CHAT, [full, "3AAAAAAAAAAAAAAAAA02"])
    assert waha.bodies(SEEN)[0] == {
        "session": "default",
        "chatId": CHAT,
        "messageIds": [full, f"false_{CHAT}_3AAAAAAAAAAAAAAAAA02"],
    }


async def test_nothing_to_mark_is_no_call() -> None:
    """Without ids WAHA marks the whole chat: the couple's own unread marks stay."""
    waha = Waha()
    await waha.client().send_seen(CHAT, [])
    assert waha.asked == []


async def test_phone_numbers_in_addresses_stay_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """httpx logs each URL at INFO, and WAHA's URLs name the guests."""
    waha = Waha().on("GET /api/default/lids/pn/6285550000001", "lid_unknown")
    with caplog.at_level(logging.DEBUG):
        await waha.client().lid_of_phone("+6285550000001")
    assert "62855" not in caplog.text


async def test_the_environments_proxies_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key and the guests' texts go to WAHA and through nobody else."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    client = Waha().client()
    assert client._wire._http._mounts == {}
    assert client._wire._http.follow_redirects is False
    assert waha_wire._LIMITS.keepalive_expiry == 2.0  # below Node's 5 s


async def test_a_gesture_that_fails_is_not_sent() -> None:
    """Before the text nothing can be out, whatever happened to the gesture."""
    waha = Waha().on(SEEN, httpx.ReadTimeout("late"))
    with pytest.raises(NotSent):
        await waha.client().send_seen(CHAT, ["3AAAAAAAAAAAAAAAAA02"])


def test_the_recorded_send_is_what_the_contract_says() -> None:
    """PENDING is all a 201 promises: truth comes with the acks."""
    assert recorded_json("send_text")["status"] == "PENDING"
