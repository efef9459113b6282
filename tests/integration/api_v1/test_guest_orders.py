"""One order of a program for many guests, as one of the page's bar."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import Session

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Made, Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.domain.guest_search import parse_search
from wedding_wa.services.guest_bulk import Order, Selection
from wedding_wa.services.guest_orders import ORDERS


def by_hand(session: Session, made: Made, what: str, value: str, q: str | None) -> int:
    """What the page does after its question."""
    order = Order(made.couple.wedding, None, NOON)
    whom = Selection(ids=(made.guest, made.other_guest))
    if q is not None:
        whom = Selection(query=parse_search(q), expected=1)
    return ORDERS[what](session, order, whom, value)


@pytest.mark.parametrize("q", [None, "side:bride"], ids=["named", "matching"])
@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("tag", "choir"),
        ("untag", "family"),
        ("side", "bride"),
        ("language", "fr"),
        ("invited", ""),
        ("merge", ""),
        ("join", ""),
        ("delete", ""),
    ],
)
async def test_each_does_what_the_page_does(
    place: Place, program: httpx.AsyncClient, what: str, value: str, q: str | None
) -> None:
    """The same rows change in a wedding where a person gave the order."""
    if q is not None and what in ("merge", "join"):
        pytest.skip("of one entry there is nothing to merge")
    mine = place.mine
    twins = Twins(place.house.db, mine.couple.wedding, place.theirs.couple.wedding)
    whom = {"guest_ids": [mine.guest, mine.other_guest]}
    body = whom if q is None else {"q": q, "expected": 1}
    asked = {"order": what, "value": value, **body}
    answer = await program.post("/guests/orders", json=asked)
    assert answer.status_code == 200, answer.text
    n = place.house.db.write_now(by_hand, place.theirs, what, value, q)
    assert answer.json() == {"done": n}
    twins.same(*(["audit_entry"] if n else []))


def test_every_order_of_the_page_can_be_given() -> None:
    """None was forgotten."""
    assert set(ORDERS) == {
        "tag",
        "untag",
        "side",
        "language",
        "invited",
        "merge",
        "join",
        "delete",
    }


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"order": "delete"}, 422),
        ({"order": "delete", "q": ""}, 422),
        ({"order": "delete", "q": "", "expected": 3}, 409),
        ({"order": "delete", "q": "", "guest_ids": [1], "expected": 2}, 422),
        ({"order": "delete", "q": "sidez:x", "expected": 0}, 422),
        ({"order": "burn", "guest_ids": [1]}, 422),
        ({"order": "tag", "value": "", "guest_ids": "mine"}, 422),
        ({"order": "tag", "value": "x" * 60, "guest_ids": "mine"}, 422),
        ({"order": "side", "value": "left", "guest_ids": "mine"}, 422),
        ({"order": "language", "value": "xx", "guest_ids": "mine"}, 422),
        ({"order": "merge", "guest_ids": "mine"}, 422),
        ({"order": "delete", "guest_ids": "theirs"}, 404),
        ({"order": "invited", "guest_ids": "both"}, 404),
    ],
)
async def test_an_order_for_others_or_without_sense_does_nothing(
    place: Place, program: httpx.AsyncClient, body: dict[str, object], status: int
) -> None:
    """Never for everybody by mistake, never for another wedding's guests."""
    ids = {
        "mine": [place.mine.guest],
        "theirs": [place.theirs.guest],
        "both": [place.mine.guest, place.theirs.guest],
    }
    named = body.get("guest_ids")
    if isinstance(named, str):
        body = {**body, "guest_ids": ids[named]}
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    answer = await program.post("/guests/orders", json=body)
    assert answer.status_code == status, answer.text
    assert twins.changed() == ({}, {})
