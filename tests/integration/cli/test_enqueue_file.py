"""`enqueue`: one message, or a file of them; all or nothing, and never twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from tests.builders import GUEST, guest_wrote, message
from tests.integration.cli.conftest import Terminal
from wedding_wa.models import QueueMessage
from wedding_wa.services import enqueue_lines

STRANGER = "+393339998877"


def line(**fields: object) -> str:
    """One line of a file, to a guest who wrote."""
    return json.dumps({"to": GUEST, "text": "Ciao zia!", **fields})


def queued(terminal: Terminal) -> list[QueueMessage]:
    """What is in the queue, in order."""

    def read(session: Session) -> list[QueueMessage]:
        return list(session.exec(select(QueueMessage).order_by(QueueMessage.id)))  # type: ignore[arg-type]

    return terminal.db.read_now(read)


@pytest.fixture(autouse=True)
def _a_guest_wrote(terminal: Terminal) -> None:
    guest_wrote(terminal.db, terminal.couple.groom)


def test_one_message_prints_its_id_alone(terminal: Terminal) -> None:
    """A script reads the id from stdout, nothing else stands there."""
    done = terminal("enqueue", "--to", GUEST, "--text", "Ciao")
    assert (done.exit_code, done.stdout) == (0, f"{queued(terminal)[0].id}\n")


def test_one_message_as_json_tells_both_ids(terminal: Terminal) -> None:
    """`--json` is one JSON document on stdout."""
    done = terminal("enqueue", "--to", GUEST, "--text", "Ciao", "--json")
    (row,) = queued(terminal)
    assert json.loads(done.stdout) == {"id": row.id, "task_id": row.task_id}


def test_a_key_queues_once(terminal: Terminal) -> None:
    """The same command again, after an answer that was lost, gives the first id."""
    words = ("enqueue", "--to", GUEST, "--text", "Ciao", "--idempotency-key", "k1")
    assert terminal(*words).stdout == terminal(*words).stdout
    assert len(queued(terminal)) == 1


def test_every_field_of_a_line_arrives(terminal: Terminal) -> None:
    """A line has the options' names; times without an offset are the wedding's."""
    file = terminal.file(
        line(
            account="groom",
            text="Il codice è 12 💍",
            kind="notification",
            category="otp",
            title="Codice",
            priority=2,
            max_attempts=7,
            at="2099-06-19T18:00",
            expires_at="2099-06-20T18:00+00:00",
            idempotency_key="one",
        )
    )
    done = terminal("enqueue", "--file", file)
    assert done.exit_code == 0, done.output
    (row,) = queued(terminal)
    assert (row.account_id, row.kind, row.text) == (
        terminal.couple.groom,
        "notification",
        "Il codice è 12 💍",
    )
    assert (row.priority, row.max_attempts, row.idempotency_key) == (2, 7, "one")
    assert (row.category, row.title) == ("otp", "Codice")
    assert row.due_at == datetime(2099, 6, 19, 16, tzinfo=UTC)  # Rome in summer
    assert row.expires_at == datetime(2099, 6, 20, 18, tzinfo=UTC)


def test_options_fill_what_lines_leave_out(terminal: Terminal) -> None:
    """`--priority 5 --file`: of the lines that say nothing else."""
    file = terminal.file(line(), line(priority=1), line(priority=None))
    assert terminal("enqueue", "--priority", 5, "--file", file).exit_code == 0
    assert [row.priority for row in queued(terminal)] == [5, 1, 3]


def test_a_notification_goes_as_soon_as_its_category_wants(terminal: Terminal) -> None:
    """Who names no priority: a one-time code goes first, a reminder in its turn."""
    words = ("enqueue", "--to", GUEST, "--text", "12", "--kind", "notification")
    for category in ("otp", "account", "reminder"):
        assert terminal(*words, "--category", category).exit_code == 0
    assert [row.priority for row in queued(terminal)] == [1, 2, 3]
    refused = terminal(*words, "--category", "spam")
    assert (refused.exit_code, "account, otp" in refused.stderr) == (3, True)


def test_ids_come_in_the_order_of_the_lines(terminal: Terminal) -> None:
    """Piped, stdout has one id a line; the words are on stderr."""
    file = terminal.file(*(line(text=f"n. {n}") for n in range(150)))
    done = terminal("enqueue", "--file", file)
    ids = [int(word) for word in done.stdout.split()]
    assert [message(terminal.db, i).text for i in ids[::30]] == [
        f"n. {n}" for n in range(0, 150, 30)
    ]
    assert (len(ids), done.stderr) == (150, "Queued 150 messages.\n")


def test_stdin_is_a_file_too(terminal: Terminal) -> None:
    """`--file -` reads what another program writes."""
    done = terminal("enqueue", "--file", "-", "--json", stdin=line().encode())
    told = json.loads(done.stdout)
    assert (told["queued"], told["ids"]) == (1, [queued(terminal)[0].id])


BAD = {
    "not json": (b"{to: 1}", "enqueue.bad.json"),
    "a list": (b"[1]", "enqueue.bad.json"),
    "deep": (b"[" * 100_000, "enqueue.bad.json"),
    "latin-1": ('{"to": "+39333", "text": "è"}'.encode("latin-1"), "enqueue.bad.utf8"),
    "long line": (b'{"text": "' + b"x" * 1_100_000 + b'"}', "enqueue.bad.line_long"),
    "no text": (json.dumps({"to": GUEST}).encode(), "enqueue.bad.missing"),
    "unknown field": (line(teXt=1).encode(), "enqueue.bad.field"),
    "number as text": (line(priority="2").encode(), "enqueue.bad.number"),
    "truth as number": (line(priority=True).encode(), "enqueue.bad.number"),
    "text as number": (line(text=7).encode(), "enqueue.bad.text"),
    "half a character": (
        line(idempotency_key="\ud800").encode(),
        "enqueue.bad.characters",
    ),
    "nul": (line(to="+39\x00333").encode(), "enqueue.bad.characters"),
    "long key": (line(idempotency_key="k" * 256).encode(), "enqueue.bad.long"),
    "kind": (line(kind="reply").encode(), "enqueue.bad.kind"),
    "category": (line(category="spam").encode(), "enqueue.bad.category"),
    "moment": (line(at="tomorrow").encode(), "error.moment"),
    "first moment": (line(at="0001-01-01T00:00+14:00").encode(), "error.moment"),
    "priority": (line(priority=6).encode(), "error.between"),
    "long text": (line(text="x" * 65_536).encode(), "error.text_long"),
    "empty text": (line(text=" \t").encode(), "error.text_empty"),
    "phone": (line(to="12").encode(), "error.phone.impossible"),
    "account": (line(account="aunt").encode(), "error.account_not_found"),
    "nobody wrote": (line(to=STRANGER).encode(), "error.no_consent"),
}


@pytest.mark.parametrize(("raw", "code"), BAD.values(), ids=BAD.keys())
def test_a_bad_line_is_told_and_nothing_is_written(
    terminal: Terminal, raw: bytes, code: str
) -> None:
    """Each kind of bad line: its number and what to do, exit code 3, no row at all."""
    file = terminal.file(line(), raw, line())
    done = terminal("enqueue", "--file", file)
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("Line 2: ")
    assert "--skip-bad" in done.stderr
    assert queued(terminal) == []
    told = json.loads(terminal("enqueue", "--file", file, "--json").stdout)
    assert [(bad["line"], bad["code"]) for bad in told["bad"]] == [(2, code)]
    assert "{" not in told["bad"][0]["error"].replace('{"to"', "")


def test_skip_bad_queues_the_others(terminal: Terminal) -> None:
    """The good lines go in; the exit code still says that not all did."""
    file = terminal.file(line(text="1"), "oops", line(text="3"), line(to=STRANGER))
    done = terminal("enqueue", "--file", file, "--skip-bad")
    assert (done.exit_code, [row.text for row in queued(terminal)]) == (3, ["1", "3"])
    assert "Queued 2 messages." in done.stderr
    assert "2 lines were left out." in done.stderr


def test_a_file_under_a_key_is_queued_once(terminal: Terminal) -> None:
    """Again, with a line mended, one more and another order: only what is new goes
    in. A line that stands twice is meant twice."""
    file = terminal.file(line(text="a"), line(text="a"), line(text="b"))
    words = ("enqueue", "--file", file, "--file-key", "june", "--json")
    first = json.loads(terminal(*words).stdout)
    assert (first["queued"], len(set(first["ids"]))) == (3, 3)
    assert json.loads(terminal(*words).stdout) == first | {"queued": 0, "already": 3}
    terminal.file(line(text="new"), line(text="b"), line(text="a"), line(text="a"))
    again = json.loads(terminal(*words).stdout)
    assert (again["queued"], again["already"], len(queued(terminal))) == (1, 3, 4)
    other = terminal("enqueue", "--file", file, "--file-key", "july", "--json")
    assert json.loads(other.stdout)["queued"] == 4


def test_killed_and_run_again_nothing_is_twice(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a load that died had written stays, and the repeat adds the rest only."""
    file = terminal.file(*(line(text=str(n)) for n in range(150)))
    real, calls = enqueue_lines.enqueue_all, []

    def dies(session: Session, wedding: int, lines: Sequence[object], **more: object):  # type: ignore[no-untyped-def]
        calls.append(len(lines))
        if len(calls) == 2:
            raise SystemExit(9)
        return real(session, wedding, lines, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("wedding_wa.cli.enqueue_file.enqueue_all", dies)
    words = ("enqueue", "--file", file, "--file-key", "load")
    assert terminal(*words).exit_code == 9
    assert len(queued(terminal)) == 100
    assert terminal(*words).exit_code == 0
    assert sorted(int(row.text) for row in queued(terminal)) == list(range(150))


def test_odd_files(terminal: Terminal) -> None:
    """A mark at the beginning, Windows line ends, empty lines and a missing last line
    end are nothing wrong; an empty file is refused, a missing one not understood."""
    file = terminal.folder / "odd.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + line().encode() + b"\r\n\r\n" + line().encode())
    assert terminal("enqueue", "--file", file).exit_code == 0
    assert len(queued(terminal)) == 2
    file.write_text(line(), encoding="utf-16")
    done = terminal("enqueue", "--file", file)
    assert (done.exit_code, done.stderr.count("UTF-16")) == (3, 1)
    file.write_bytes(b"\n")
    assert terminal("enqueue", "--file", file).exit_code == 3
    assert terminal("enqueue", "--file", terminal.folder).exit_code == 2
    assert terminal("enqueue", "--file", terminal.folder / "no.jsonl").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--to", GUEST),
        ("--text", "Ciao"),
        ("--to", GUEST, "--file", "-"),
        ("--idempotency-key", "k", "--file", "-"),
        ("--to", GUEST, "--text", "Ciao", "--skip-bad"),
        ("--to", GUEST, "--text", "Ciao", "--file-key", "k"),
    ],
)
def test_options_that_do_not_belong_together(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    """Not understood is exit code 2, and nothing is written."""
    assert terminal("enqueue", *words, stdin=b"").exit_code == 2
    assert queued(terminal) == []


def test_ctrl_c_stops_between_two_batches(terminal: Terminal) -> None:
    """The real program, stopped while it queues: it says how many are in, they are
    there, and the repeat under the same key adds the rest."""
    file = terminal.file(*(line(text=str(n)) for n in range(400)))
    words = ["enqueue", "--file", str(file), "--file-key", "load"]
    process = subprocess.Popen(
        [sys.executable, "-m", "wedding_wa", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()  # the first batch is safe
    process.send_signal(signal.SIGINT)
    rest, told = process.stdout.read(), process.stderr.read()
    assert process.wait(60) == 130, told
    ids = [int(first), *map(int, rest.split())]
    assert [row.id for row in queued(terminal)] == ids
    assert f"{len(ids)} of 400" in told
    assert "Traceback" not in told
