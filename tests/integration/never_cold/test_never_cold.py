"""Nothing is ever sent cold, whatever anybody does in whatever order.

Guests write, or do not; post comes, is lost, comes twice, is forged; the couple and
their programs try every door to write to whom they like; the worker sends whatever it
may. What truly reached WhatsApp is then compared with who had truly written.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session, col, select

from tests.integration.never_cold.town import ACCOUNTS, Letter, Town
from wedding_wa.domain.errors import WeddingError
from wedding_wa.models import (
    Account,
    Chat,
    Consent,
    Guest,
    Household,
    InboundMessage,
    OptOut,
    QueueMessage,
)
from wedding_wa.services import chats, guests, queue
from wedding_wa.services.enqueue import EnqueueRequest, enqueue
from wedding_wa.services.guests import GuestForm
from wedding_wa.simulator import SimulatorServer
from wedding_wa.state.inbox import InboxState
from wedding_wa.state.test_message import TestMessageState

PHONES = ("+12025550140", "+12025550141")
# The first is the first phone's other name; of the second nobody knows the number.
LIDS = ("985550000001@lid", "985550000002@lid")
EVERYBODY = (*PHONES, *LIDS)
WORDS = ("Ciao!", "Who is this?", "STOP", "please stop the car", "START", "")

accounts = st.sampled_from(ACCOUNTS)
people = st.sampled_from(EVERYBODY)
whose = st.integers(0, 1_000_000)
often = st.sampled_from([True, True, True, False])


class NeverCold(RuleBasedStateMachine):
    """One wedding's days, in any order. `simulator`, `template`, `folder` are set by
    the test that runs it."""

    simulator: SimulatorServer
    template: Path
    folder: Path
    went = 0  # of all days together

    @initialize()
    def found(self) -> None:
        self.town = Town(self.simulator, self.template, self.folder / "app.db")
        self.letters: list[Letter] = []
        self.numbers = iter(range(1, 1_000_000))
        # One has written to the groom, so that something may go from the first day on;
        # the bride knows nobody, and nobody else has written.
        self.a_guest_writes("groom", PHONES[0], "Ciao!", heard=True)

    def teardown(self) -> None:
        if hasattr(self, "town"):
            self.town.close()
            for file in self.folder.glob("app.db*"):
                file.unlink()

    # --- guests -------------------------------------------------------------------

    @rule(
        account=accounts,
        writer=people,
        text=st.sampled_from(WORDS),
        heard=st.booleans(),
    )
    def a_guest_writes(self, account: str, writer: str, text: str, heard: bool) -> None:
        """Their post comes at once, or lies about until somebody carries it."""
        told = {"phone": PHONES[0]} if writer == LIDS[0] else {}
        said = text or self._greeting()
        letter = self.town.guest_writes(account, writer, said, **told)
        self.letters.append(letter)
        if heard:
            assert self.town.carry(letter) == 200

    def _greeting(self) -> str:
        """What the wa.me button of the newest household would write."""
        code = self._look(
            lambda s: s.exec(
                select(Household.code).order_by(col(Household.id).desc())
            ).first()
        )
        return f"Hello! (Invitation {code or 'K7M2P'})"

    @rule(account=accounts, to=people)
    def the_couple_writes_first_on_the_phone(self, account: str, to: str) -> None:
        """That is theirs to do; it is no consent for the app."""
        self.letters.append(self.town.couple_writes(account, to, "Come stai?"))

    # --- the post -----------------------------------------------------------------

    @precondition(lambda self: self.letters)
    @rule(which=whose, times=st.integers(1, 2))
    def post_is_carried(self, which: int, times: int) -> None:
        letter = self.letters[which % len(self.letters)]
        for _ in range(times):
            assert self.town.carry(letter) == 200

    @precondition(lambda self: self.letters)
    @rule(which=whose, writer=people)
    def post_is_forged(self, which: int, writer: str) -> None:
        """Altered under the old signature, or brought to the other number."""
        letter = self.letters[which % len(self.letters)]
        before = self._counts()
        chat = writer if "@" in writer else f"{writer[1:]}@c.us"
        told = json.loads(letter.body)
        told["payload"] |= {"from": chat, "fromMe": False, "id": f"false_{chat}_3AFF"}
        other = ACCOUNTS[letter.account == "groom"]
        assert self.town.carry(letter, body=json.dumps(told).encode()) == 401
        assert self.town.carry(letter, to=other) == 401
        assert self._counts() == before

    @rule()
    def the_chats_are_read(self) -> None:
        """The chores poll; what post was lost is found in WAHA's own chats."""
        self.town.run(self.town.ask_waha())

    # --- the couple's doors -------------------------------------------------------

    @rule(
        account=accounts,
        to=people,
        door=st.sampled_from(["program", "program alone", "command line", "page"]),
        at_work=often,
    )
    def somebody_wants_to_write(
        self, account: str, to: str, door: str, at_work: bool
    ) -> None:
        """By whichever door, to whomever they like; the worker may be quick."""
        text = self._text()
        if door == "command line":
            assert self.town.command("enqueue", "--to", to, "--text", text) in (0, 3)
        elif door == "page":
            form = {"account": account, "to": to, "text": text, "draft": ""}
            self.town.run(self.town.tab.do(TestMessageState.send(form)))
        else:
            named = account if door == "program" else None
            request = EnqueueRequest(account=named, to=to, text=text)
            self._try(enqueue, self.town.couple.wedding, request)
        if at_work:
            self.town.work()

    @rule(which=whose)
    def a_household_is_to_be_written_to(self, which: int) -> None:
        code = self._look(lambda s: _one_of(s.exec(select(Household.code)), which))
        if code is not None:
            request = EnqueueRequest(None, f"household:{code}", self._text())
            self._try(enqueue, self.town.couple.wedding, request)

    @rule(which=whose, times=st.integers(1, 3))
    def who_is_in_the_app_is_written_to(self, which: int, times: int) -> None:
        """Whoever has a chat there, for whatever reason, by the number that knows."""
        to = self._look(lambda s: _one_of(s.exec(select(Chat.chat_id)), which))
        for _ in range(times if to is not None else 0):
            request = EnqueueRequest(None, to, self._text())
            self._try(enqueue, self.town.couple.wedding, request)
        self.town.work()

    @rule(which=whose, by_page=st.booleans())
    def somebody_answers_in_the_inbox(self, which: int, by_page: bool) -> None:
        """Also somebody who has never written, or wants no more."""
        chat = self._look(lambda s: _one_of(s.exec(select(Chat.id)), which))
        text, key = self._text(), f"key-{next(self.numbers)}"
        if by_page:
            form = {"chat": str(chat), "text": text, "draft": key}
            self.town.run(self.town.tab.do(InboxState.send(form)))
        elif chat is not None:
            path = f"/api/v1/inbox/{chat}/reply"
            self.town.api("POST", path, text=text, idempotency_key=key)
        self.town.work()

    @rule(which=whose)
    def an_opt_out_is_undone(self, which: int) -> None:
        row = self._look(lambda s: _one_of(s.exec(select(OptOut.id)), which))
        if row is not None:
            self.town.api("POST", f"/api/v1/opt-outs/{row}/undo")

    @rule(one=whose, other=whose)
    def two_guests_are_made_one(self, one: int, other: int) -> None:
        pair = [
            self._look(lambda s, n=n: _one_of(s.exec(select(Guest.id)), n))
            for n in (one, other)
        ]
        if None not in pair and pair[0] != pair[1]:
            self.town.api("POST", "/api/v1/guests/merge", guest_ids=pair)

    @rule(which=whose)
    def somebody_presses_send_now(self, which: int) -> None:
        """Also on one that failed, was skipped, or is long over."""
        message_id = self._look(
            lambda s: _one_of(s.exec(select(QueueMessage.id)), which)
        )
        if message_id is not None:
            self._try(queue.force, self.town.couple.wedding, message_id)

    @rule(phone=st.sampled_from(PHONES), which=whose)
    def a_guest_is_noted(self, phone: str, which: int) -> None:
        form = GuestForm(name=f"Guest {which}", phone=phone)
        self._try(guests.add_guest, self.town.couple.wedding, form, by=None)

    @rule(chat=whose, home=whose)
    def a_chat_is_said_to_be_somebodys(self, chat: int, home: int) -> None:
        """By mistake perhaps: whose chat it is makes nobody have written."""
        chat_id = self._look(lambda s: _one_of(s.exec(select(Chat.id)), chat))
        household = self._look(lambda s: _one_of(s.exec(select(Household.id)), home))
        if chat_id is not None and household is not None:
            self._try(
                chats.link,
                chat_id,
                household_id=household,
                guest_id=None,
                how="hand",
                by=None,
            )

    @rule()
    def the_worker_works(self) -> None:
        self.town.work()

    # --- what must hold -----------------------------------------------------------

    @invariant()
    def nothing_was_sent_cold_or_twice(self) -> None:
        if not hasattr(self, "town"):
            return
        for account, chat, text in self.town.left():
            assert chat in self.town.truth.wrote[account], f"{chat} never wrote"
            assert text not in self.town.truth.texts, f"twice: {text}"
            self.town.truth.texts.add(text)
            type(self).went += 1

    @invariant()
    def every_consent_rests_on_a_word_that_was_said(self) -> None:
        if not hasattr(self, "town"):
            return
        for account, chat in self._look(_consents):
            assert chat in self.town.truth.wrote[account]

    # --- help ---------------------------------------------------------------------

    def _text(self) -> str:
        return f"Message {next(self.numbers)}"

    def _try(self, service: Any, *args: Any, **more: Any) -> None:
        """Do it as a door does: a refusal is an answer."""
        now = self.town.app.clock.now()
        with contextlib.suppress(WeddingError):
            self.town.app.db.write_now(service, *args, **more, now=now)

    def _look(self, read: Any) -> Any:
        return self.town.app.db.read_now(read)

    def _counts(self) -> tuple[int, ...]:
        return self._look(
            lambda s: tuple(
                s.exec(select(sa.func.count()).select_from(table)).one()
                for table in (InboundMessage, Consent, Chat, QueueMessage)
            )
        )


def _one_of(rows: Any, which: int) -> Any:
    found = rows.all()
    return found[which % len(found)] if found else None


def _consents(session: Session) -> list[tuple[str, str]]:
    """Account and chat of every consent but the own numbers'."""
    rows = session.exec(
        select(Account.key, Consent.chat_id)
        .join(Account, col(Account.id) == col(Consent.account_id))
        .where(Consent.source != "own_number")
    ).all()
    return [(key, chat) for key, chat in rows]


@pytest.fixture(scope="module")
def simulator() -> Any:
    with SimulatorServer(speed=200) as server:
        yield server


@pytest.mark.timeout(300)
def test_nothing_is_ever_sent_cold(
    simulator: SimulatorServer,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No sequence of calls to pages, API, command line and webhooks makes a message
    leave for a chat whose person had not written to that number before."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'app.db'}")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    class Days(NeverCold):
        pass

    Days.simulator, Days.template, Days.folder = simulator, template, tmp_path
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=8,
            stateful_step_count=40,
            phases=(Phase.explicit, Phase.generate),  # a day is too long to shorten
        ),
    )
    # the days drawn change with whatever constants the sources hold: 22 to 102 seen
    assert Days.went >= 15, "too little was sent for this to prove anything"
