"""What only a person can say of a writer, told by a program: as on the page."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from tests.fakes import NOON
from tests.integration.api_v1.conftest import PIA, Made, Place
from tests.integration.api_v1.twins import Twins, trace
from tests.integration.inbox.conftest import Post
from wedding_wa.models import AuditEntry, Chat, Consent, OptOut
from wedding_wa.services import inbox_marks, inbox_naming, opt_outs
from wedding_wa.services.inbox_people import group_of
from wedding_wa.services.opt_out_list import Who, open_questions, opt_out_list
from wedding_wa.state.opted_out import _wish

WRITER = {
    "chats",
    "name",
    "household",
    "push_name",
    "phone",
    "guest_id",
    "household_id",
    "ignored",
    "unread",
    "wants_none",
}


@pytest.fixture
def strangers(place: Place) -> tuple[int, int]:
    """Pia, whom no list knows, has written in both weddings: her chats."""
    mine, theirs = (
        Post(place.house.db, made.couple).writes(PIA, "Ciao, sono Pia", name="Pia N.")
        for made in (place.mine, place.theirs)
    )
    return mine, theirs


def link(session: Session, made: Made, chat: int) -> None:
    inbox_naming.link_to(
        session,
        made.couple.wedding,
        chat,
        household_id=made.household,
        guest_id=made.guest,
        by=None,
        now=NOON,
    )


def add(session: Session, made: Made, chat: int) -> None:
    inbox_naming.add_as_guest(
        session, made.couple.wedding, chat, name="Pia", side="bride", by=None, now=NOON
    )


def ignore(session: Session, made: Made, chat: int) -> None:
    inbox_naming.ignore(session, made.couple.wedding, chat, by=None, now=NOON)


def bring_back(session: Session, made: Made, chat: int) -> None:
    wedding = made.couple.wedding
    inbox_naming.ignore(session, wedding, chat, by=None, now=NOON, ignored=False)


def unread(session: Session, made: Made, chat: int) -> None:
    inbox_marks.mark_unread(session, made.couple.wedding, chat)


def opt_out(session: Session, made: Made, chat: int) -> None:
    told_in = group_of(session, made.couple.wedding, chat).wrote_last
    opt_outs.note_by_hand(session, told_in, sentence="no more", by=None, now=NOON)


@pytest.mark.parametrize(
    ("path", "status", "by_hand", "changed"),
    [
        ("link", 200, link, {"chat", "audit_entry"}),
        ("add", 201, add, {"chat", "guest", "household", "audit_entry"}),
        ("ignore", 200, ignore, {"chat", "audit_entry"}),
        ("bring-back", 200, bring_back, {"chat", "audit_entry"}),
        ("unread", 204, unread, set()),
        ("opt-out", 200, opt_out, {"opt_out", "audit_entry"}),
    ],
)
async def test_each_does_what_the_page_does(
    place: Place,
    program: httpx.AsyncClient,
    strangers: tuple[int, int],
    path: str,
    status: int,
    by_hand: Callable[[Session, Made, int], None],
    changed: set[str],
) -> None:
    """The same rows in every table, beside those of a wedding where a person did it."""
    db, (chat, theirs) = place.house.db, strangers
    if path == "bring-back":
        db.write_now(ignore, place.mine, chat)
        db.write_now(ignore, place.theirs, theirs)
    twins = Twins(db, place.mine.couple.wedding, place.theirs.couple.wedding)
    body = {
        "link": {"household_id": place.mine.household, "guest_id": place.mine.guest},
        "add": {"name": "Pia", "side": "bride"},
        "opt-out": {"sentence": "no more"},
    }.get(path)
    answer = await program.post(f"/inbox/{chat}/{path}", json=body)
    assert answer.status_code == status, answer.text
    if status != 204:
        assert set(answer.json()) == WRITER
    db.write_now(by_hand, place.theirs, theirs)
    twins.same(*changed)


async def test_a_stranger_gets_a_name(
    place: Place, program: httpx.AsyncClient, strangers: tuple[int, int]
) -> None:
    """Suggested by what they call themselves, found by what is typed, then linked; the
    consent follows the person."""
    chat, _ = strangers
    pia = (await program.post("/guests", json={"name": "Pia Neri"})).json()
    path = f"/inbox/{chat}/matches"
    for asked in ({}, {"q": "neri"}):
        (one,) = (await program.get(path, params=asked)).json()["items"]
        assert (one["guest_id"], one["name"], one["wrote"]) == (
            pia["id"],
            "Pia Neri",
            False,
        )
    body = {"household_id": pia["household_id"], "guest_id": pia["id"]}
    linked = (await program.post(f"/inbox/{chat}/link", json=body)).json()
    assert (linked["name"], linked["guest_id"]) == ("Pia Neri", pia["id"])
    given = (await program.get("/consents", params={"guest": pia["id"]})).json()
    assert len(given["items"]) == 1


async def test_unread_is_there_again(
    place: Place, program: httpx.AsyncClient, strangers: tuple[int, int]
) -> None:
    """Read by one, marked by another to come back to."""
    chat, _ = strangers
    await program.post(f"/inbox/{chat}/read")
    await program.post(f"/inbox/{chat}/unread")
    unread = place.house.db.read_now(lambda s: s.get_one(Chat, chat).unread)
    assert unread == 1


async def test_a_wish_told_elsewhere_stops_what_waits(
    place: Place, program: httpx.AsyncClient
) -> None:
    """Carla told it on the telephone: nothing goes to her, in any of her chats."""
    wedding, chat = place.mine.couple.wedding, place.mine.chat
    sent = await program.post(
        f"/inbox/{chat}/reply", json={"text": "A domani!", "idempotency_key": "k1"}
    )
    assert sent.status_code == 202
    told = (
        await program.post(f"/inbox/{chat}/opt-out", json={"sentence": "Basta, grazie"})
    ).json()
    assert told["wants_none"] is True
    task = sent.json()["task_id"]
    message = (await program.get(f"/whatsapp/messages/{task}")).json()
    assert message["status"] == "skipped"

    def wishes(session: Session) -> list[str]:
        rows = session.exec(select(OptOut).where(OptOut.wedding_id == wedding))
        return [row.sentence for row in rows if row.undone_at is None]

    assert "Basta, grazie" in place.house.db.read_now(wishes)
    refused = await program.post(
        f"/inbox/{chat}/reply", json={"text": "Ciao", "idempotency_key": "k2"}
    )
    assert refused.status_code == 409


async def test_the_page_says_that_a_program_did_it(
    place: Place, program: httpx.AsyncClient
) -> None:
    """What it noted or undid is not told as the guest's own word, nor as a mistake, and
    which program it was."""
    wedding, chat = place.mine.couple.wedding, place.mine.chat
    await program.post(f"/inbox/{chat}/opt-out", json={"sentence": "Basta, grazie"})
    found = place.house.db.read_now(opt_out_list, wedding)
    told = {one.sentence: one.noted_by for one in found.active}
    it = Who("program", program=True)
    assert told == {"Basta, grazie": it, "STOP": None}
    for one in found.active:
        await program.post(f"/opt-outs/{one.id}/undo")
    found = place.house.db.read_now(opt_out_list, wedding)
    assert [one.undone_by for one in found.undone] == [it, it]
    views = [_wish(one, "en") for one in found.undone]
    assert [(one["ended"], one["ended_by"]) for one in views] == [
        ("person", "the program “program”")
    ] * 2
    assert {one["noted_by"] for one in views} == {"the program “program”", ""}


async def test_the_page_says_which_program_judged_a_sentence(
    place: Place, program: httpx.AsyncClient
) -> None:
    """That a guest's words mean STOP was its word: the page does not say that the guest
    themselves wrote STOP."""
    wedding = place.mine.couple.wedding
    Post(place.house.db, place.mine.couple).writes(
        PIA, "Per favore stop con i messaggi la sera"
    )
    [asked] = place.house.db.read_now(open_questions, wedding)
    answer = {"answer": "stop"}
    assert (await program.post(f"/questions/{asked.id}/answer", json=answer)).is_success
    found = place.house.db.read_now(opt_out_list, wedding)
    told = {one.sentence: one.noted_by for one in found.active}
    assert told == {asked.sentence: Who("program", program=True), "STOP": None}


async def test_of_lines_without_a_key_the_page_says_another_program(
    place: Place, program: httpx.AsyncClient
) -> None:
    """An earlier version wrote them so."""
    wedding, chat = place.mine.couple.wedding, place.mine.chat
    await program.post(f"/inbox/{chat}/opt-out", json={"sentence": "Basta, grazie"})

    def forget(session: Session) -> None:
        session.execute(sa.update(AuditEntry).values(params={}))

    place.house.db.write_now(forget)
    found = place.house.db.read_now(opt_out_list, wedding)
    views = [_wish(one, lang) for one in found.active for lang in ("en", "it")]
    told = {one["noted_by"] for one in views}
    assert told == {"another program", "un altro programma", ""}


async def test_nobody_of_another_wedding_can_be_named(
    place: Place, program: httpx.AsyncClient, strangers: tuple[int, int]
) -> None:
    """Neither their chat nor their household is reached; nothing is written."""
    mine, theirs = strangers
    before = trace(place.house.db, place.theirs.couple.wedding)
    own = {"household_id": place.mine.household}
    other = {"household_id": place.theirs.household, "guest_id": place.theirs.guest}
    asked = [
        await program.post(f"/inbox/{theirs}/link", json=own),
        await program.post(f"/inbox/{mine}/link", json=other),
        await program.post(
            f"/inbox/{mine}/link", json={**own, "guest_id": place.theirs.guest}
        ),
        await program.post(f"/inbox/{theirs}/opt-out", json={"sentence": "x"}),
        await program.get(f"/inbox/{theirs}/matches"),
    ]
    assert [one.status_code for one in asked] == [404] * 5
    assert trace(place.house.db, place.theirs.couple.wedding) == before


async def test_a_program_gives_no_consent(
    place: Place, program: httpx.AsyncClient, strangers: tuple[int, int]
) -> None:
    """Naming a writer makes no consent: there is the one that Pia gave by writing."""
    count = lambda s: len(s.exec(select(Consent)).all())  # noqa: E731
    before = place.house.db.read_now(count)
    body = {"name": "Pia", "side": "groom"}
    await program.post(f"/inbox/{strangers[0]}/add", json=body)
    assert place.house.db.read_now(count) == before
