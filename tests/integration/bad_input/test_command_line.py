"""Nonsense on the command line: a sentence and an exit code, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import GUEST, guest_wrote, message, put
from tests.integration.bad_input.texts import VERBATIM
from tests.integration.cli.conftest import Terminal, terminal  # noqa: F401
from tests.integration.inbound.test_refusals import everything

HUGE = 10**30
ONE = ("enqueue", "--to", GUEST, "--text", "Ciao")
LIMITS = ("policy", "set", "--account", "groom")
# Not understood (2) or refused (3): either has a sentence, and nothing happens.
NONSENSE: dict[str, tuple[object, ...]] = {
    "priority 0": (*ONE, "--priority", 0),
    "priority beyond": (*ONE, "--priority", HUGE),
    "priority NaN": (*ONE, "--priority", "nan"),
    "no tries": (*ONE, "--max-attempts", -1),
    "tries beyond": (*ONE, "--max-attempts", HUGE),
    "year 0": (*ONE, "--at", "0000-01-01T00:00"),
    "before all time": (*ONE, "--at", "0001-01-01T00:00+14:00"),
    "no such day": (*ONE, "--at", "2027-02-29T10:00"),
    "no such zone": (*ONE, "--at", "2027-06-19T10:00 Europe/Atlantis"),
    "an offset of days": (*ONE, "--at", "2027-06-19T10:00+99:00"),
    "in words": (*ONE, "--at", "tomorrow"),
    "no end": (*ONE, "--expires-at", ""),
    "over already": (*ONE, "--expires-at", "1999-12-31"),
    "to nobody": ("enqueue", "--to", "", "--text", "Ciao"),
    "to a smile": ("enqueue", "--to", "\U0001f600", "--text", "Ciao"),
    "to a long number": ("enqueue", "--to", "+" + "9" * 400, "--text", "Ciao"),
    "to SQL": ("enqueue", "--to", "' OR 1=1 --", "--text", "Ciao"),
    "to a half": ("enqueue", "--to", "\udcff", "--text", "Ciao"),
    "to a group": ("enqueue", "--to", "1203630@g.us", "--text", "Ciao"),
    "to a household": ("enqueue", "--to", "household:\u202e", "--text", "Ciao"),
    "no account": (*ONE, "--account", "aunt"),
    "an account without end": (*ONE, "--account", "g" * 65_536),
    "a kind": (*ONE, "--kind", "test"),
    "a category": (*ONE, "--category", "<b>"),
    "a title without end": (*ONE, "--title", "t" * 65_536),
    "a key without end": (*ONE, "--idempotency-key", "k" * 65_536),
    "a key of two lines": (*ONE, "--idempotency-key", "a\nb"),
    "no key": (*ONE, "--idempotency-key", " "),
    "show beyond": ("show", HUGE),
    "show NaN": ("show", "nan"),
    "edit beyond": ("queue", "edit", HUGE, "--text", "x"),
    "force beyond": ("queue", "force", HUGE),
    "hold beyond": ("queue", "hold", HUGE),
    "hold several beyond": ("queue", "hold", 4711, HUGE),
    "settle beyond": ("queue", "settle", HUGE, "--sent"),
    "look beyond": ("queue", "settle", HUGE),
    "retry beyond": ("queue", "retry", HUGE),
    "urgent beyond": ("queue", "priority", HUGE, "--to", 1),
    "priority to 0": ("queue", "priority", 1, "--to", 0),
    "a list of nothing": ("queue", "list", "--limit", HUGE),
    "a state": ("queue", "list", "--state", "\u202e"),
    "no limit": (*LIMITS, "per_moon=1"),
    "no value": (*LIMITS, "per_hour"),
    "NaN": (*LIMITS, "gap_min_seconds=nan"),
    "infinite": (*LIMITS, "gap_max_seconds=inf"),
    "negative": (*LIMITS, "per_hour=-1"),
    "beyond": (*LIMITS, f"per_hour={HUGE}"),
    "digits without end": (
        "policy",
        "set",
        "--account",
        "groom",
        "per_day=" + "9" * 5000,
    ),
    "half right": (*LIMITS, "per_hour=3", "per_day=x"),
    "windows": (*LIMITS, "windows=25:99-\u0661"),
    "other digits": (*LIMITS, "per_hour=\u00b2"),
    "policy of nobody": ("policy", "get", "--account", "\x00"),
    "a key of no right": ("create-api-key", "--name", "x", "--scopes", "root"),
    "a key without a name": ("create-api-key", "--name", " "),
    "a check": ("restore-check", "--skip", "\udcff"),
}


@pytest.fixture(autouse=True)
def _somebody(terminal: Terminal) -> None:  # noqa: F811
    guest_wrote(terminal.db, terminal.couple.groom)
    put(terminal.db, terminal.couple)


def test_nonsense_is_refused_in_words(terminal: Terminal) -> None:  # noqa: F811
    """Whatever the command: exit code 2 or 3, a sentence, no traceback, no row."""
    before, wrong = everything(terminal.db), {}
    for name, words in NONSENSE.items():
        done = terminal(*words)  # type: ignore[arg-type]
        crashed = done.exception and not isinstance(done.exception, SystemExit)
        if crashed or done.exit_code not in (2, 3) or not done.stderr.strip():
            wrong[name] = f"{done.exit_code} {done.exception!r} {done.output[:200]}"
        elif "Traceback" in done.output or done.stdout:
            wrong[name] = done.output[:200]
    assert wrong == {}
    assert everything(terminal.db) == before


def test_lines_that_make_no_sense(terminal: Terminal) -> None:  # noqa: F811
    """Each is named by its number with what is wrong; the good one is queued."""
    raw = [
        b"",
        b"[]",
        b"1e999",
        b'{"to": "x"}{"to": "y"}',
        b"[" * 50_000,
        b'{"to": {"a": 1}, "text": "x"}',
        b'{"to": "+393331112222", "text": ["x"]}',
        b'{"to": "+393331112222", "text": "x", "priority": NaN}',
        b'{"to": "+393331112222", "text": "x", "priority": 1e400}',
        b'{"to": "+393331112222", "text": "x", "priority": ' + b"9" * 5000 + b"}",
        b'{"to": "+393331112222", "text": "x", "priority": 99999999999999999999}',
        b'{"to": "+393331112222", "text": "x", "at": 5}',
        b'{"to": "+393331112222", "text": "x", "at": "9999-12-31T23:59-14:00"}',
        b'{"to": "+393331112222", "text": "x", "\\ud83d": 1}',
        '{"to": "+393331112222", "text": "Zoë"}'.encode("latin-1"),
        b'{"to": "+393331112222", "text": "buono"}',
        b'{"text": "x"}',
        b"\xff\xfe{\x00}\x00",
    ]
    file = terminal.file(*raw)
    done = terminal("enqueue", "--file", file, "--skip-bad", "--json")
    assert done.exception is None or isinstance(done.exception, SystemExit)
    told = json.loads(done.stdout)
    assert [message(terminal.db, one).text for one in told["ids"]] == ["buono"]
    assert {one["line"] for one in told["bad"]} == set(range(2, 19)) - {16}
    assert all(one["error"] for one in told["bad"])
    spoken = terminal("enqueue", "--file", file)
    assert (spoken.exit_code, "Line 2" in spoken.stderr) == (3, True)
    assert "Traceback" not in spoken.output


def test_a_name_for_a_file_is_a_key_as_well(terminal: Terminal) -> None:  # noqa: F811
    """Every line's key begins with it: one that no key can begin with is refused."""
    file = terminal.file(json.dumps({"to": GUEST, "text": "Ciao"}))
    before = everything(terminal.db)
    for key in ("k" * 65_536, "a\nb", "a\0b", " "):
        done = terminal("enqueue", "--file", file, "--file-key", key)
        assert (done.exit_code, bool(done.stderr)) in ((2, True), (3, True)), key
    assert everything(terminal.db) == before


GARBAGE: dict[str, bytes] = {
    "empty": b"",
    "text": b"hello\n" * 900,
    "a database's head": b"SQLite format 3\x00" + b"\xff" * 5000,
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 99,
    "zip": b"PK\x03\x04" + b"\x00" * 99,
    "JSON": b'{"format": 1, "tables": []}',
}


@pytest.mark.parametrize("what", GARBAGE)
def test_a_file_that_is_no_backup(terminal: Terminal, what: str) -> None:  # noqa: F811
    """Refused before anything is touched."""
    before = everything(terminal.db)
    file = terminal.folder / "backup"
    file.write_bytes(GARBAGE[what])
    done = terminal("restore", file, "--yes")
    assert done.exit_code in (1, 3), done.output
    assert isinstance(done.exception, SystemExit)
    assert done.stderr.strip()
    assert everything(terminal.db) == before


def test_places_that_are_none(terminal: Terminal) -> None:  # noqa: F811
    """A folder, nothing, a name without end: a sentence each time."""
    folder = terminal.folder
    for words in (
        ("restore", folder, "--yes"),
        ("restore", folder / "nothing", "--yes"),
        ("restore", "x" * 5000, "--yes"),
        ("backup", folder),
        ("backup", folder / "no" / "such" / "folder"),
        ("enqueue", "--file", folder),
        ("enqueue", "--file", "x" * 5000),
    ):
        done = terminal(*words)
        assert done.exit_code in (1, 2, 3), (words, done.output)
        assert isinstance(done.exception, SystemExit), (words, done.exception)
        assert done.stderr.strip()


LOGINS = {
    "no address": ("anna", b"rose and thyme\n"),
    "two addresses": ("a@b.c, d@e.f", b"rose and thyme\n"),
    "an address without end": ("a" * 65_536 + "@b.c", b"rose and thyme\n"),
    "two lines": ("a@b.c\nd@e.f", b"rose and thyme\n"),
    "half a character": ("a\udcff@b.c", b"rose and thyme\n"),
    "zero width": ("\u200b@\u200b", b"rose and thyme\n"),
    "no password": ("a@b.c", b""),
    "a short one": ("a@b.c", b"rose\n"),
    "one without end": ("a@b.c", b"r" * 65_536 + b"\n"),
    "one of another encoding": ("a@b.c", b"rose \xff\xfe and thyme\n"),
}


@pytest.mark.parametrize("what", LOGINS)
def test_logins_that_are_none(terminal: Terminal, what: str) -> None:  # noqa: F811
    """Refused in words, and nobody is made."""
    email, password = LOGINS[what]
    done = terminal(
        "create-admin", "--email", email, "--password-stdin", stdin=password
    )
    assert (done.exit_code in (2, 3), bool(done.stderr.strip())) == (True, True), (
        done.exit_code,
        done.exception,
    )
    assert isinstance(done.exception, SystemExit)
    assert not everything(terminal.db)["users"]


def test_what_is_queued_is_shown_as_text(terminal: Terminal, tmp_path: Path) -> None:  # noqa: F811
    """Markup of the terminal's own tables is text in them; escapes do nothing."""
    for name in ("rich markup", "a script", "right to left", "placeholders"):
        one = put(terminal.db, terminal.couple, text=VERBATIM[name]).id
        for words in (("show", one), ("queue", "list"), ("queue", "show", one)):
            done = terminal(*words)
            assert (done.exit_code, done.exception) == (0, None), done.output
            assert "\x1b" not in done.stdout
        told = json.loads(terminal("show", one, "--json").stdout)
        assert told["text"] == VERBATIM[name]
