"""Into the queue: only what may and can be sent, and only to who wrote first."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.builders import GUEST, events_of, guest_wrote
from tests.fakes import NOON
from tests.integration.queue.desk import Desk
from wedding_wa.domain.errors import BadInput, NoConsent, NotFound
from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.models import Consent, QueueMessage


def test_a_message_waits_from_its_first_moment_on(desk: Desk) -> None:
    """`pending`, no try made, as many tries as the policy says, `queued` written."""
    one = desk.row(desk.put(text=" Cara zia!\r\nA presto \x00\x1b"))
    assert (one.status, one.bucket) == ("pending", "waiting")
    assert (one.attempt, one.failures, one.max_attempts) == (0, 0, 4)
    assert (one.priority, one.kind) == (3, "message")
    assert one.text == "Cara zia!\nA presto"
    assert one.name == "Zia Maria"
    assert (one.chat_id, one.phone) == ("393331112222@c.us", GUEST)
    assert one.due_at == one.queue_at == NOON
    (queued,) = events_of(desk.db, one.id or 0)
    assert (queued.phase, queued.at, queued.attempt) == ("queued", NOON, 0)
    assert desk.counters() == {"waiting": 1}


def test_a_later_time_is_a_hold_that_says_so(desk: Desk) -> None:
    """ "Scheduled" is pending with a later `due_at`; a past time means now."""
    later = desk.row(desk.put(due_at=NOON + timedelta(hours=2)))
    assert (later.status, later.hold_rule, later.bucket) == (
        "pending",
        "scheduled",
        "held",
    )
    past = desk.row(desk.put(due_at=NOON - timedelta(days=2)))
    assert (past.due_at, past.hold_rule) == (NOON, None)


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("text", {"text": " \n\t "}),
        ("text", {"text": "\x00\x07"}),
        ("text", {"text": "x" * (MAX_TEXT + 1)}),
        ("priority", {"priority": 0}),
        ("priority", {"priority": 6}),
        ("max_attempts", {"max_attempts": 0}),
        ("max_attempts", {"max_attempts": 21}),
        ("expires_at", {"expires_at": NOON}),
        (
            "expires_at",
            {
                "due_at": NOON + timedelta(hours=2),
                "expires_at": NOON + timedelta(hours=1),
            },
        ),
        ("kind", {"kind": "spam"}),
        ("phone", {"to": "zia"}),
        ("phone", {"to": "12"}),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    desk: Desk, field: str, more: dict[str, object]
) -> None:
    """The refusal names the field, and nothing is written."""
    with pytest.raises(BadInput) as refused:
        desk.put(**more)
    assert refused.value.field == field
    assert desk.counted() == {}


def test_an_account_that_does_not_exist_is_refused(desk: Desk) -> None:
    """The wedding has a groom and a bride."""
    with pytest.raises(NotFound):
        desk.put(account="best_man")


@pytest.mark.parametrize(
    "to", ["+39 333 111 2222", "333 1112222", "393331112222@c.us", "00393331112222"]
)
def test_however_the_recipient_is_written_it_is_the_same_chat(
    desk: Desk, to: str
) -> None:
    """Numbers as people type them, and chat ids."""
    assert desk.row(desk.put(to=to)).chat_id == "393331112222@c.us"


def test_who_has_not_written_is_refused_with_the_way_to_mend_it(desk: Desk) -> None:
    """The refusal carries the account's wa.me link; nothing is written."""
    with pytest.raises(NoConsent) as refused:
        desk.put(to="+393339998888")
    assert refused.value.params["link"] == "https://wa.me/393470000001"
    assert desk.counted() == {}


def test_consent_belongs_to_one_account(desk: Desk) -> None:
    """Who wrote to the groom has not written to the bride."""
    with pytest.raises(NoConsent):
        desk.put(account="bride")
    guest_wrote(desk.db, desk.couple.bride)
    desk.put(account="bride")


def test_who_wrote_under_a_hidden_id_is_found_by_their_number(desk: Desk) -> None:
    """A LID chat whose number was learnt is that number's chat."""
    lid = "120363000000001@lid"
    guest_wrote(desk.db, desk.couple.groom, "+393335556666", chat_id=lid)
    assert desk.row(desk.put(to="+393335556666")).chat_id == lid
    assert desk.row(desk.put(to=lid)).chat_id == lid


def test_a_revoked_consent_is_none(desk: Desk) -> None:
    """Taken back is taken back, until they write again."""
    _revoke(desk)
    with pytest.raises(NoConsent):
        desk.put()
    guest_wrote(desk.db, desk.couple.groom)
    desk.put()


def test_an_outbound_row_without_consent_is_impossible(desk: Desk) -> None:
    """Not even straight SQL can write one: NULL, a stranger's, another account's."""
    good = desk.put()
    bride = guest_wrote(desk.db, desk.couple.bride)
    other = guest_wrote(desk.db, desk.couple.groom, "+393334445555")
    columns = [c for c in QueueMessage.__table__.c if c.name not in ("id", "bucket")]

    def copy(session: object, consent: object) -> None:
        names = ", ".join(c.name for c in columns)
        values = ", ".join(
            {"consent_id": ":consent", "task_id": ":task"}.get(c.name, c.name)
            for c in columns
        )
        session.execute(  # type: ignore[attr-defined]
            sa.text(
                f"INSERT INTO queue_message ({names}) "
                f"SELECT {values} FROM queue_message WHERE id = {good}"
            ),
            {"consent": consent, "task": f"copy-{consent}"},
        )

    for consent in (None, 4711, bride, other):
        with pytest.raises(sa.exc.IntegrityError):
            desk.db.write_now(copy, consent)
    desk.db.write_now(copy, desk.row(good).consent_id)  # the statement itself is fine
    assert desk.counted() == {"waiting": 2}


def _revoke(desk: Desk) -> None:
    desk.db.write_now(
        lambda s: (
            s.execute(
                sa.update(Consent)
                .where(Consent.account_id == desk.couple.groom)
                .values(revoked_at=NOON, revoked_reason="test")
            )
            and None
        )
    )
