"""One voice to each guest, heard and left in peace: what the line knows of people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from tests.builders import GUEST, events_of, guest_wrote, set_policy, write_guest
from tests.fakes import NOON
from tests.integration.queue.desk import Desk
from wedding_wa.domain.errors import NoConsent, OptedOut
from wedding_wa.domain.messages import Outcome
from wedding_wa.models import Chat, Consent, OptOut, QueueMessage
from wedding_wa.services import queue
from wedding_wa.services.households import create_household

AUNT = "+393334445555"
LID = "120363000000001@lid"


def chat_of(phone: str) -> str:
    return f"{phone[1:]}@c.us"


def change_chat(desk: Desk, chat_id: str, **values: Any) -> None:
    desk.db.write_now(
        lambda session: session.execute(
            sa.update(Chat).where(col(Chat.chat_id) == chat_id).values(**values)
        )
    )


def opted_out(desk: Desk, chat_id: str, **more: Any) -> None:
    wish = OptOut(
        wedding_id=desk.couple.wedding,
        account_id=desk.couple.groom,
        chat_id=chat_id,
        at=desk.now,
        **more,
    )
    desk.db.write_now(lambda session: session.add(wish))


def send_one(desk: Desk, **more: Any) -> int:
    message_id = desk.put(**more)
    assert desk.order() == [message_id]
    return message_id


class TestUnanswered:
    def test_who_does_not_answer_is_left_in_peace_until_they_write(
        self, desk: Desk
    ) -> None:
        """Three unanswered hold the fourth without an end; those behind it pass, and
        the guest's own word sets it free at once."""
        set_policy(desk.db, desk.couple.groom, unanswered_max=3)
        for _ in range(3):
            desk.later(1)
            send_one(desk)
        held = desk.put()
        guest_wrote(desk.db, desk.couple.groom, AUNT)
        other = desk.put(to=AUNT)
        assert desk.order() == [other]
        assert desk.row(held).hold_rule == "unanswered"
        desk.later(86_400)
        assert desk.step().claim is None
        change_chat(desk, chat_of(GUEST), last_inbound_at=desk.now)
        person = {chat_of(GUEST)}
        desk.db.write_now(queue.heard_from, desk.couple.wedding, person, now=desk.now)
        assert desk.order() == [held]

    def test_many_who_wait_for_a_word_do_not_hide_those_behind(
        self, desk: Desk
    ) -> None:
        """However many are held without an end, the next one that may go is found."""
        set_policy(desk.db, desk.couple.groom, unanswered_max=1)
        send_one(desk)
        held = [desk.put(priority=1) for _ in range(120)]
        guest_wrote(desk.db, desk.couple.groom, AUNT)
        behind = desk.put(to=AUNT, priority=5)
        steps = 0
        while (step := desk.step()).claim is None:
            steps += 1
            assert step.wake_at == desk.now
            assert steps < 10
        assert step.claim.message_id == behind
        rules = {desk.row(one).hold_rule for one in held}
        assert rules == {"unanswered"}
        waits = [e for e in events_of(desk.db, held[0]) if "waiting" in e.phase]
        assert len(waits) == 1

    def test_both_numbers_count_together(self, desk: Desk) -> None:
        """What the bride's number sent to them is unanswered for the groom's too, also
        where it knows them by another name of their chat."""
        set_policy(desk.db, desk.couple.groom, unanswered_max=1)
        sent = send_one(desk)
        guest_wrote(desk.db, desk.couple.bride, GUEST, chat_id=LID, at=NOON)
        desk.db.write_now(_moved_to, sent, desk.couple.bride, LID)
        held = desk.put()
        assert desk.step().claim is None
        assert desk.row(held).hold_rule == "unanswered"


def _moved_to(session: Session, message_id: int, account_id: int, chat_id: str) -> None:
    """As if the other number had sent it."""
    session.execute(
        sa.text(
            "UPDATE message_attempt SET account_id = :account, chat_id = :chat "
            "WHERE message_id = :message"
        ),
        {"account": account_id, "chat": chat_id, "message": message_id},
    )


class TestStopInHand:
    def test_a_stop_while_the_machine_types_ends_the_message(self, desk: Desk) -> None:
        """The mark refuses, nothing goes, no failure is counted, and what was in hand
        is skipped with the reason at its next turn."""
        message_id = desk.put()
        claim = desk.claim()
        opted_out(desk, chat_of(GUEST))
        assert desk.mark(claim) is None
        assert desk.release(claim, Outcome.CANCELLED)
        assert desk.step().claim is None
        row = desk.row(message_id)
        assert (row.status, row.skip_reason) == ("skipped", "opted_out")
        assert (row.dispatched_at, row.failures) == (None, 0)


class TestHumanBeforeMachine:
    def test_a_hand_on_the_phone_holds_the_chat(self, desk: Desk) -> None:
        """Half an hour after one of the couple typed to a guest, and not before, the
        queue goes on with them; others go meanwhile, and so does a reply by hand."""
        set_policy(desk.db, desk.couple.groom, human_hold_seconds=1800.0)
        change_chat(desk, chat_of(GUEST), human_at=desk.now)
        guest_wrote(desk.db, desk.couple.groom, AUNT)
        held, reply = desk.put(), desk.put(kind="reply", priority=5)
        other = desk.put(to=AUNT)
        assert desk.order() == [other, reply]
        assert desk.row(held).hold_rule == "human"
        desk.later(1799)
        assert desk.order() == []
        desk.later(1)
        assert desk.order() == [held]

    @pytest.mark.parametrize("more", [{}, {"kind": "reply"}])
    def test_a_hand_comes_before_what_is_typed_just_now(
        self, desk: Desk, more: dict[str, str]
    ) -> None:
        """One of the couple writes while the machine seems to type: it lets go, and
        waits as if it had not begun. An answer of the couple's own goes."""
        set_policy(desk.db, desk.couple.groom, human_hold_seconds=1800.0)
        message_id = desk.put(**more)
        desk.now += timedelta(milliseconds=700)
        claim = desk.claim()
        change_chat(desk, chat_of(GUEST), human_at=desk.now.replace(microsecond=0))
        desk.later(5)
        assert (desk.mark(claim) is not None) is bool(more)
        if not more:
            assert desk.release(claim, Outcome.CANCELLED)
            assert desk.step().claim is None
            assert desk.row(message_id).hold_rule == "human"

    def test_who_sends_at_once_sends_beside_a_hand(self, desk: Desk) -> None:
        """Forced, it goes in spite of it."""
        set_policy(desk.db, desk.couple.groom, human_hold_seconds=1800.0)
        message_id = desk.put()
        desk.db.write_now(queue.force, desk.couple.wedding, message_id, now=desk.now)
        claim = desk.claim()
        change_chat(desk, chat_of(GUEST), human_at=desk.now)
        assert desk.mark(claim) is not None


class TestOneVoice:
    def test_without_a_number_the_one_they_wrote_to_last_speaks(
        self, desk: Desk
    ) -> None:
        """Whoever wrote to both is answered by the number they wrote to last."""
        later = NOON + timedelta(hours=1)
        guest_wrote(desk.db, desk.couple.bride, at=later)
        assert desk.row(desk.put(account=None)).account_id == desk.couple.bride
        change_chat(desk, chat_of(GUEST), last_inbound_at=NOON)
        _wrote_again(desk, desk.couple.groom, later + timedelta(hours=1))
        assert desk.row(desk.put(account=None)).account_id == desk.couple.groom

    def test_a_number_that_is_down_is_waited_for(self, desk: Desk) -> None:
        """Never a silent fail-over: the message stays with the number they know."""
        guest_wrote(desk.db, desk.couple.bride, at=NOON - timedelta(hours=1))
        desk.db.write_now(
            lambda session: session.execute(
                sa.text("UPDATE account SET status = 'FAILED' WHERE id = :id"),
                {"id": desk.couple.groom},
            )
        )
        assert desk.row(desk.put(account=None)).account_id == desk.couple.groom

    def test_a_household_invited_by_both_gets_one_message(self, desk: Desk) -> None:
        """Asked for once from each side under the household's key, there is one, from
        the number where anybody of them wrote last."""
        code = desk.db.write_now(_household_of_both, desk)
        first = desk.put(account=None, to=f"household:{code}", idempotency_key="x")
        again = desk.put(account=None, to=f"household:{code}", idempotency_key="x")
        assert first == again
        one = desk.row(first)
        assert (one.account_id, one.chat_id) == (desk.couple.bride, chat_of(AUNT))
        assert one.name == "Rossi"
        everything = select(sa.func.count()).select_from(QueueMessage)
        assert desk.db.read_now(lambda session: session.exec(everything).one()) == 1

    def test_a_household_that_has_not_written_is_refused(self, desk: Desk) -> None:
        """An invitation alone is no consent."""
        code = desk.db.write_now(_household, desk)
        with pytest.raises(NoConsent):
            desk.put(account=None, to=f"household:{code}")


def _wrote_again(desk: Desk, account_id: int, at: datetime) -> None:
    desk.db.write_now(
        lambda session: session.execute(
            sa.update(Chat)
            .where(col(Chat.account_id) == account_id)
            .values(last_inbound_at=at)
        )
    )


def _household(session: Session, desk: Desk) -> str:
    made = create_household(
        session, desk.couple.wedding, name="Rossi", side="groom", now=desk.now
    )
    return made.code


def _household_of_both(session: Session, desk: Desk) -> str:
    made = create_household(
        session, desk.couple.wedding, name="Rossi", side="groom", now=desk.now
    )
    write_guest(session, desk.couple.bride, AUNT, at=NOON + timedelta(minutes=5))
    for chat in session.exec(select(Chat)).all():
        chat.household_id = made.id
    return made.code


class TestNotWanted:
    def test_nothing_is_queued_for_who_wants_no_more(self, desk: Desk) -> None:
        """Refused in words, whichever number and whichever name of the chat."""
        guest_wrote(desk.db, desk.couple.bride, GUEST, chat_id=LID)
        opted_out(desk, chat_of(GUEST), phone=GUEST)
        for account, to in (("groom", GUEST), ("bride", GUEST), (None, LID)):
            with pytest.raises(OptedOut):
                desk.put(account=account, to=to)

    def test_what_waits_is_skipped_with_its_reason(self, desk: Desk) -> None:
        """At the word of the guest, from both numbers; others wait on."""
        guest_wrote(desk.db, desk.couple.groom, AUNT)
        mine, other = desk.put(), desk.put(to=AUNT)
        left = desk.db.write_now(
            queue.skip_unwanted, desk.couple.wedding, {chat_of(GUEST)}, now=desk.now
        )
        assert left == 1
        row = desk.row(mine)
        assert (row.status, row.skip_reason) == ("skipped", "opted_out")
        assert desk.row(other).status == "pending"

    def test_what_was_overlooked_is_skipped_when_its_turn_comes(
        self, desk: Desk
    ) -> None:
        """The wish is asked for again before each claim, forced or not."""
        waiting, forced = desk.put(), desk.put()
        desk.db.write_now(queue.force, desk.couple.wedding, forced, now=desk.now)
        opted_out(desk, chat_of(GUEST))
        assert desk.order() == []
        for one in (waiting, forced):
            assert desk.row(one).skip_reason == "opted_out"

    def test_one_in_hand_is_let_go_at_its_mark(self, desk: Desk) -> None:
        """A STOP while the app is typing: the message does not leave."""
        message = desk.put()
        claim = desk.claim()
        opted_out(desk, chat_of(GUEST))
        assert desk.mark(claim) is None
        assert desk.row(message).dispatched_at is None

    def test_the_database_itself_refuses(self, desk: Desk) -> None:
        """Not even straight SQL queues for, or dispatches to, who wants no more; nor
        on a consent that was taken back."""
        guest_wrote(desk.db, desk.couple.groom, AUNT)
        message, other = desk.put(), desk.put(to=AUNT)
        opted_out(desk, chat_of(GUEST))
        desk.db.write_now(_revoke, other)
        dispatch = "UPDATE queue_message SET dispatched_at = '2026-06-20' WHERE id = "
        copy = (
            "INSERT INTO queue_message (task_id, wedding_id, account_id, consent_id,"
            " chat_id, kind, text, priority, max_attempts, due_at, queue_at,"
            " hold_params, error_params, status, attempt, failures, created_at)"
            " SELECT 'again', wedding_id, account_id, consent_id, chat_id, kind, text,"
            " priority, max_attempts, due_at, queue_at, hold_params, error_params,"
            f" 'pending', 0, 0, created_at FROM queue_message WHERE id = {message}"
        )
        for statement in (f"{dispatch}{message}", f"{dispatch}{other}", copy):
            with pytest.raises(sa.exc.DBAPIError, match="no more messages"):
                desk.db.write_now(_run, statement)


def _run(session: Session, statement: str) -> None:
    session.execute(sa.text(statement))


def _revoke(session: Session, message_id: int) -> None:
    session.execute(
        sa.update(Consent)
        .where(col(Consent.phone) == AUNT)
        .values(revoked_at=NOON, revoked_reason="test")
    )
