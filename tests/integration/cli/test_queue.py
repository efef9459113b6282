"""`queue …`: lists, and orders for one, several, or all that match."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.builders import GUEST, guest_wrote, message, phases_of, put, set_policy
from tests.fakes import NOON
from tests.integration.cli.conftest import Terminal
from tests.integration.queue.desk import FAULT, ME, NO_LIMITS, PLAN, wa_id
from wedding_wa.domain.messages import Outcome
from wedding_wa.services import lease as leases
from wedding_wa.services import queue
from wedding_wa.services.queue import Fault
from wedding_wa.services.records import message_record

OTHER = "+393339998877"


@pytest.fixture(autouse=True)
def _two_guests_wrote(terminal: Terminal) -> None:
    guest_wrote(terminal.db, terminal.couple.groom)
    guest_wrote(terminal.db, terminal.couple.groom, OTHER)
    guest_wrote(terminal.db, terminal.couple.bride, OTHER)
    set_policy(terminal.db, terminal.couple.groom, **NO_LIMITS)


def some(terminal: Terminal, n: int = 3, **more: object) -> list[int]:
    """So many messages that wait."""
    return [put(terminal.db, terminal.couple, **more).id for _ in range(n)]


def claim(terminal: Terminal) -> queue.Claim:
    """The next of the groom's messages, in a worker's hands."""

    def take(session):  # type: ignore[no-untyped-def]
        lease = leases.acquire(session, terminal.couple.groom, owner=ME, now=NOON)
        return queue.next_step(session, lease, now=NOON).claim

    taken = terminal.db.write_now(take)
    assert taken is not None
    return taken


def mark(terminal: Terminal, made: queue.Claim) -> None:
    """It is on its way."""
    terminal.db.write_now(
        queue.mark_dispatched,
        made,
        reserved_id=wa_id(made.message_id),
        plan=PLAN,
        now=NOON,
    )


def failed(terminal: Terminal, fault: Fault = FAULT, **more: object) -> int:
    """A message that was given up."""
    (made,) = some(terminal, 1, priority=1, **more)
    taken = claim(terminal)
    assert taken.message_id == made
    mark(terminal, taken)
    terminal.db.write_now(
        queue.finish_failed, taken, outcome=Outcome.REFUSED, fault=fault, now=NOON
    )
    return made


def unconfirmed(terminal: Terminal) -> int:
    """A message of which nobody knows whether it went."""
    (made,) = some(terminal, 1, priority=1)
    taken = claim(terminal)
    mark(terminal, taken)
    terminal.db.write_now(queue.finish_unconfirmed, taken, fault=FAULT, now=NOON)
    return made


def state(terminal: Terminal, message_id: int) -> str | None:
    return message(terminal.db, message_id).bucket


def test_a_list_goes_from_new_to_old_and_on(terminal: Terminal) -> None:
    """`--limit`, then `--after` what it ended with, reaches every message once."""
    ids = some(terminal, 5)
    seen, after = [], ()
    while True:
        done = terminal("queue", "list", "--limit", 2, "--json", *after)
        told = json.loads(done.stdout)
        seen += [one["id"] for one in told["messages"]]
        if told["next"] is None:
            break
        after = ("--after", told["next"])
    assert seen == ids[::-1]


def test_a_list_says_what_and_why(terminal: Terminal) -> None:
    """Each row: whom, state, try, and the reason in words; plain lines when piped."""
    kept = some(terminal, 1, text="Ciao [red]zia", title="Treno")[0]
    terminal("queue", "hold", kept)
    refused = failed(terminal, Fault("error.waha.message_refused", 400))
    (one, two) = terminal("queue", "list").stdout.splitlines()
    assert one.split("\t")[:4] == [str(refused), "groom", "Zia Maria", "failed"]
    assert "WhatsApp does not take this message" in one
    assert two.split("\t")[3:7] == ["held", "3", "1/4", "Treno"]
    told = json.loads(terminal("queue", "list", "--json").stdout)["messages"]
    assert [row["hold_rule"] for row in told] == [None, "by_hand"]
    assert told[1]["text"] == "Ciao [red]zia"
    assert told[1]["about"]


def test_a_list_is_filtered(terminal: Terminal) -> None:
    """By state, by account, by words or number; an unknown state names the known."""
    mine = put(terminal.db, terminal.couple, to=GUEST, text="Navetta alle sei").id
    hers = put(terminal.db, terminal.couple, account="bride", to=OTHER).id
    lost = failed(terminal)

    def ids(*words: str) -> list[int]:
        told = json.loads(terminal("queue", "list", "--json", *words).stdout)
        return [one["id"] for one in told["messages"]]

    assert ids("--state", "failed") == [lost]
    assert ids("--account", "bride") == [hers]
    assert ids("--search", "navetta") == [mine]
    assert ids("--search", "8877") == [hers]
    assert ids("--search", "navetta", "--state", "failed") == []
    wrong = terminal("queue", "list", "--state", "waitng")
    assert (wrong.exit_code, "waiting, held" in wrong.stderr) == (3, True)
    assert terminal("queue", "list", "--account", "aunt").exit_code == 3


ORDERS = [
    ("cancel", (), "skipped", "cancelled"),
    ("hold", (), "held", "held"),
    ("priority", ("--to", 1), "waiting", "reordered"),
]


@pytest.mark.parametrize(("order", "more", "becomes", "phase"), ORDERS)
def test_an_order_for_one_and_for_several(
    terminal: Terminal,
    order: str,
    more: tuple[object, ...],
    becomes: str,
    phase: str,
) -> None:
    """One id, or several; each has its event. The rest stays as it was."""
    one, two, three, rest = some(terminal, 4)
    assert terminal("queue", order, *more, one).exit_code == 0
    done = terminal("queue", order, *more, two, three, two, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == {"done": 2, "left": 0, "total": 2, "stopped": False}
    assert [state(terminal, i) for i in (one, two, three)] == [becomes] * 3
    assert all(phase in phases_of(terminal.db, i) for i in (one, two, three))
    assert state(terminal, rest) == "waiting"
    assert phases_of(terminal.db, rest) == ["queued"]


def test_what_is_held_is_released(terminal: Terminal) -> None:
    """By the same ways; a second time it is refused, in words, with exit code 3."""
    (one,) = some(terminal, 1)
    terminal("queue", "hold", one)
    assert terminal("queue", "release", one).exit_code == 0
    assert state(terminal, one) == "waiting"
    again = terminal("queue", "release", one)
    assert (again.exit_code, f"Message {one}" in again.stderr) == (3, True)


def test_too_late_is_told_not_done(terminal: Terminal) -> None:
    """A message on its way cannot be cancelled: of several the others still are."""
    first, second = some(terminal, 2)
    mark(terminal, claim(terminal))
    assert terminal("queue", "cancel", first).exit_code == 3
    done = terminal("queue", "cancel", first, second, 999)
    assert done.exit_code == 3
    assert "1 message will not be sent" in done.stderr
    assert "2 were left" in done.stderr
    assert state(terminal, first) == "processing"
    assert state(terminal, second) == "skipped"
    missing = terminal("queue", "hold", 999)
    assert (missing.exit_code, "no such message" in missing.stderr) == (3, True)


def test_all_that_match(terminal: Terminal) -> None:
    """`--all` with a filter, in batches; nobody to ask and no `--yes`: nothing."""
    mine = some(terminal, 60, text="navetta")
    other = some(terminal, 1)
    words = ("queue", "cancel", "--search", "navetta", "--all")
    unsaid = terminal(*words)
    assert (unsaid.exit_code, "60" in unsaid.output) == (2, True)
    assert state(terminal, mine[0]) == "waiting"
    done = terminal(*words, "--yes", "--json")
    assert json.loads(done.stdout)["done"] == 60
    assert {state(terminal, i) for i in mine} == {"skipped"}
    assert state(terminal, other[0]) == "waiting"
    nothing = terminal(*words, "--yes")
    assert (nothing.exit_code, "0 messages" in nothing.stderr) == (0, True)


def test_stopped_between_two_batches(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C lets the batch under way end, says how many were done, and leaves the
    rest as it was."""
    ids = some(terminal, 60)

    @contextmanager
    def told_at_once() -> Iterator[Callable[[], bool]]:
        yield lambda: True

    monkeypatch.setattr("wedding_wa.cli.queue_orders.stoppable", told_at_once)
    done = terminal("queue", "hold", "--all", "--yes")
    assert (done.exit_code, "50 of 60" in done.stderr) == (130, True)
    states = [state(terminal, i) for i in ids]
    assert (states.count("held"), states.count("waiting")) == (50, 10)


@pytest.mark.parametrize(
    "words",
    [
        ("cancel",),
        ("cancel", "1", "--all"),
        ("cancel", "1", "--state", "waiting"),
        ("retry", "1", "--search", "x"),
        ("priority", "1"),
        ("priority", "1", "--to", "6"),
        ("settle", "1", "--sent", "--again"),
        ("settle", "--sent"),
        ("list", "--limit", "0"),
    ],
)
def test_what_is_not_understood_is_exit_code_2(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    """An order that could mean two things is none."""
    (one,) = some(terminal, 1)
    assert terminal("queue", *words).exit_code == 2
    assert phases_of(terminal.db, one) == ["queued"]


def test_retry_takes_failed_ones_but_never_refused_for_good(
    terminal: Terminal,
) -> None:
    """One that WhatsApp refused stays; the others get all their tries again."""
    lost = failed(terminal)
    refused = failed(terminal, Fault("error.waha.message_refused", 400))
    assert terminal("queue", "retry", refused).exit_code == 3
    done = terminal("queue", "retry", "--all", "--yes", "--json")
    assert json.loads(done.stdout)["done"] == 1
    assert state(terminal, lost) == "waiting"
    assert state(terminal, refused) == "failed"
    assert terminal("queue", "retry", 999).exit_code == 3


def test_force_and_edit_are_for_one(terminal: Terminal) -> None:
    """Before all others; with other words, cleaned and checked as at first."""
    (one,) = some(terminal, 1)
    assert terminal("queue", "edit", one, "--text", "Alle sette\x00!").exit_code == 0
    assert message(terminal.db, one).text == "Alle sette!"
    assert terminal("queue", "edit", one, "--text", "").exit_code == 3
    assert terminal("queue", "force", one, "--json").stdout == (
        f'{{"id": {one}, "done": "force"}}\n'
    )
    assert message(terminal.db, one).forced_at is not None
    mark(terminal, claim(terminal))
    assert terminal("queue", "edit", one, "--text", "Zu spät").exit_code == 3
    assert terminal("queue", "force", one).exit_code == 3


def test_queue_show_is_show(terminal: Terminal) -> None:
    """Two names for the same page of facts."""
    (one,) = some(terminal, 1)
    said = terminal("queue", "show", one, "--json").stdout
    assert json.loads(said) == terminal.db.read_now(message_record, one)
    assert terminal("show", one, "--json").stdout == said


def test_a_person_settles_what_nobody_knows(terminal: Terminal) -> None:
    """`--sent` and `--again` take a person's word, on record; for one that is in no
    doubt they are refused. `--again` under the same id."""
    went, again = unconfirmed(terminal), unconfirmed(terminal)
    reserved = message(terminal.db, again).reserved_id
    assert terminal("queue", "settle", went, "--sent").exit_code == 0
    assert state(terminal, went) == "sent"
    assert terminal("queue", "settle", went, "--again").exit_code == 3
    done = terminal("queue", "settle", "--again", "--all", "--yes", "--json")
    assert json.loads(done.stdout) == {"done": [again], "left": [], "stopped": False}
    row = message(terminal.db, again)
    assert (row.bucket, row.reserved_id) == ("waiting", reserved)
    mixed = terminal("queue", "settle", went, again, "--sent")
    assert (mixed.exit_code, "2 were left" in mixed.stderr) == (3, True)


def test_a_look_settles_nothing_without_evidence(terminal: Terminal) -> None:
    """Without a WAHA that can be asked it stays in doubt, and says so."""
    lost = unconfirmed(terminal)
    done = terminal("queue", "settle")
    assert (done.exit_code, "1 stays in doubt" in done.stderr) == (0, True)
    told = json.loads(terminal("queue", "settle", lost, "--json").stdout)
    assert told == {"sent": 0, "not_sent": 0, "open": 1}
    assert state(terminal, lost) == "unconfirmed"
