"""Sentences that may mean STOP, and what a program says they mean."""

from __future__ import annotations

import httpx
import pytest

from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.api_v1.twins import Twins
from tests.integration.inbox.conftest import Post
from wedding_wa.services import opt_outs
from wedding_wa.services.opt_out_list import open_questions

SENTENCE = "Per favore stop con i messaggi la sera"


@pytest.fixture
def asked(place: Place) -> tuple[int, int]:
    """Carla wrote a sentence with a stop word in both weddings: the questions."""
    ids = []
    for made in (place.mine, place.theirs):
        Post(place.house.db, made.couple).writes(CARLA, SENTENCE, minutes=10)
        (one,) = place.house.db.read_now(open_questions, made.couple.wedding)
        ids.append(one.id)
    return ids[0], ids[1]


async def test_questions_are_told(
    place: Place, program: httpx.AsyncClient, asked: tuple[int, int]
) -> None:
    """Whose sentence, which word, in which conversation."""
    (one,) = (await program.get("/questions")).json()["items"]
    assert one == {
        "id": asked[0],
        "account": "groom",
        "chat": place.mine.chat,
        "guest_id": place.mine.guest,
        "household_id": place.mine.household,
        "name": "Zia Carla",
        "sentence": SENTENCE,
        "word": "stop",
        "at": "2026-06-20T12:10:00Z",
    }


@pytest.mark.parametrize("answer", ["stop", "go_on"])
async def test_an_answer_does_what_it_does_on_the_page(
    place: Place, program: httpx.AsyncClient, asked: tuple[int, int], answer: str
) -> None:
    """The question is closed; with `stop` she gets no more messages. A second answer
    changes nothing."""
    db, (mine, theirs) = place.house.db, asked
    twins = Twins(db, place.mine.couple.wedding, place.theirs.couple.wedding)
    said = {"answer": answer}
    assert (
        await program.post(f"/questions/{mine}/answer", json=said)
    ).status_code == 204
    db.write_now(
        opt_outs.answer_question,
        place.theirs.couple.wedding,
        theirs,
        stop=answer == "stop",
        by=None,
        now=NOON,
    )
    twins.same("stop_question", *(["opt_out"] if answer == "stop" else []))
    assert (await program.get("/questions")).json()["items"] == []
    silent = (await program.get(f"/inbox/{place.mine.chat}")).json()["opted_out"]
    assert (silent is not None) == (answer == "stop")
    before = twins.changed()
    other = {"answer": "go_on" if answer == "stop" else "stop"}
    await program.post(f"/questions/{mine}/answer", json=other)
    assert twins.changed() == before


async def test_questions_of_another_wedding_are_not_there(
    place: Place, program: httpx.AsyncClient, asked: tuple[int, int]
) -> None:
    """404, and the question stays open; nonsense is refused."""
    body = {"answer": "stop"}
    refused = await program.post(f"/questions/{asked[1]}/answer", json=body)
    assert refused.status_code == 404
    assert place.house.db.read_now(open_questions, place.theirs.couple.wedding)
    for wrong in ({"answer": "maybe"}, {}, {"answer": None}):
        refused = await program.post(f"/questions/{asked[0]}/answer", json=wrong)
        assert refused.status_code == 422
