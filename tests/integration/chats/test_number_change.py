"""Another number of ours: who wrote to the old one did not write to this one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from tests import accounts as see
from tests.builders import message, put
from tests.integration.chats.conftest import CHAT, PHONE, Post, later
from tests.integration.queue.desk import ME, PLAN
from wedding_wa.domain.errors import NoConsent
from wedding_wa.models import Account, Consent, Evidence
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.account_status import apply_status
from wedding_wa.services.pausing import set_account_paused
from wedding_wa.services.queue import Step
from wedding_wa.services.waha import Me

OURS, OTHER = "393470000001@c.us", "393479999999@c.us"


def log_in(post: Post, chat: str, at: float) -> None:
    def write(session: Session) -> None:
        account = session.get_one(Account, post.couple.groom)
        account.status_seen_at = None
        session.add(account)
        session.flush()
        me = Me(chat, "Luca")
        apply_status(
            session,
            post.couple.groom,
            "WORKING",
            at=later(at),
            now=later(at),
            me=me,
            polled=True,
        )

    post.db.write_now(write)


def valid(post: Post) -> list[Consent]:
    rows = see.consents(post.db, post.couple.groom)
    return [row for row in rows if row.revoked_at is None]


@pytest.fixture
def wrote(any_post: Post) -> Post:
    """A guest of a household wrote to the groom's number."""
    log_in(any_post, OURS, 0)
    any_post.household("Rossi", ("Maria", PHONE))
    any_post.wrote("Ciao", at=10)
    return any_post


def test_the_same_number_again_changes_nothing(wrote: Post) -> None:
    """A restart, a poll, a logout and a login of the same phone."""
    before = [row.id for row in valid(wrote)]
    for at in (20, 30):
        log_in(wrote, OURS, at)
    assert [row.id for row in valid(wrote)] == before


def test_another_number_has_nobodys_word(wrote: Post) -> None:
    """All but its own consent is revoked, and the household waits again; what was
    heard for the old number and comes late gives the new one nothing."""
    log_in(wrote, OTHER, 20)
    assert [(row.source, row.chat_id) for row in valid(wrote)] == [
        ("own_number", OTHER)
    ]
    gone = [row for row in see.consents(wrote.db, wrote.couple.groom) if row.revoked_at]
    assert {row.revoked_reason for row in gone} == {"number_changed"}
    home = wrote.guest("Maria").household_id
    assert wrote.stage(home) == "not_invited"
    with pytest.raises(NoConsent):
        put(wrote.db, wrote.couple, to=CHAT, now=later(25))
    wrote.wrote("late", at=15)
    wrote.wrote("late", at=16, chat="393330001111@c.us")
    assert len(valid(wrote)) == 1
    wrote.wrote("Ciao di nuovo", at=30)
    assert wrote.stage(home) == "active"
    assert valid(wrote)[-1].given_to == "+393479999999"


def test_the_right_number_has_its_word_back(wrote: Post) -> None:
    """A wrong phone scanned the code for a moment: the same proof counts again, and
    what was written to the right one meanwhile is read back; not what the wrong one
    was told."""
    log_in(wrote, OTHER, 20)
    wrote.wrote("Ciao, wrong number?", at=25, chat="393330001111@c.us")
    log_in(wrote, OURS, 30)
    back = [row for row in valid(wrote) if row.source != "own_number"]
    assert [(row.chat_id, row.evidence_at, row.given_to) for row in back] == [
        (CHAT, later(10), "+393470000001")
    ]
    assert wrote.stage(wrote.guest("Maria").household_id) == "active"
    put(wrote.db, wrote.couple, to=CHAT, now=later(35))
    meanwhile = "393330002222@c.us"
    wrote.wrote("Ciao", at=22, chat=meanwhile, source=Evidence.HISTORY)
    assert [row.chat_id for row in valid(wrote)][-1] == meanwhile


# --- what waits while a wrong phone is logged in --------------------------------------


def look(post: Post, at: float) -> Step:
    """The worker asks for the groom's next message."""

    def ask(session: Session) -> Step | None:
        lease = leases.acquire(session, post.couple.groom, owner=ME, now=later(at))
        assert lease is not None
        return queue.next_step(session, lease, now=later(at))

    step = post.db.write_now(ask)
    assert step is not None
    return step


def paused_by(post: Post) -> str | None:
    return post.db.read_now(
        lambda s: s.get_one(Account, post.couple.groom).pause_reason
    )


def resume(post: Post, at: float) -> None:
    post.db.write_now(set_account_paused, post.couple.groom, False, now=later(at))


def test_nothing_waiting_is_lost_to_a_wrong_phone(wrote: Post) -> None:
    """The account pauses with the reason, nothing goes and nothing is skipped; once
    the right number is back, it goes on by itself and the message leaves."""
    made = put(wrote.db, wrote.couple, to=CHAT, now=later(12))
    log_in(wrote, OTHER, 20)
    assert paused_by(wrote) == "number"
    assert look(wrote, 21).claim is None
    assert message(wrote.db, made.id).hold_rule == "paused"
    log_in(wrote, "393478888888@c.us", 25)
    assert (paused_by(wrote), look(wrote, 26).claim) == ("number", None)
    log_in(wrote, OURS, 30)
    assert paused_by(wrote) is None
    claim = look(wrote, 100_000).claim
    assert claim is not None
    assert claim.message_id == made.id
    marked = wrote.db.write_now(
        queue.mark_dispatched, claim, reserved_id=None, plan=PLAN, now=later(100_001)
    )
    assert marked is not None


def test_who_goes_on_with_the_new_number_leaves_the_old_ones_words(wrote: Post) -> None:
    """Resumed by the owner, what waits for who wrote to the old number is skipped."""
    made = put(wrote.db, wrote.couple, to=CHAT, now=later(12))
    log_in(wrote, OTHER, 20)
    resume(wrote, 22)
    assert look(wrote, 23).claim is None
    row = message(wrote.db, made.id)
    assert (row.status, row.skip_reason) == ("skipped", "consent_revoked")


def test_with_nothing_waiting_another_number_pauses_nothing(wrote: Post) -> None:
    """Nothing could be lost, so nobody has to resume anything."""
    log_in(wrote, OTHER, 20)
    assert paused_by(wrote) is None


def test_a_pause_by_a_person_stays_theirs(wrote: Post) -> None:
    """The right number back undoes nothing that the owner wanted; nothing is lost."""
    made = put(wrote.db, wrote.couple, to=CHAT, now=later(12))
    wrote.db.write_now(set_account_paused, wrote.couple.groom, True, now=later(13))
    log_in(wrote, OTHER, 20)
    assert look(wrote, 21).claim is None
    log_in(wrote, OURS, 30)
    assert paused_by(wrote) == "person"
    resume(wrote, 31)
    claim = look(wrote, 100_000).claim
    assert claim is not None
    assert claim.message_id == made.id


def test_a_message_goes_over_to_no_other_consent(wrote: Post) -> None:
    """Straight SQL: what they wrote to the new number is another proof."""
    made = put(wrote.db, wrote.couple, to=CHAT, now=later(12))
    log_in(wrote, OTHER, 20)
    wrote.wrote("Ciao", at=30)
    theirs = next(row.id for row in valid(wrote) if row.chat_id == CHAT)
    go_over = sa.text("UPDATE queue_message SET consent_id = :to WHERE id = :id")
    with pytest.raises(sa.exc.IntegrityError):
        wrote.db.write_now(lambda s: s.execute(go_over, {"to": theirs, "id": made.id}))
