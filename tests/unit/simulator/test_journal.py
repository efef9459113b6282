"""The simulator's journal on disk."""

from __future__ import annotations

from pathlib import Path

from wedding_wa.simulator.journal import Journal


def test_what_was_written_is_read_in_order(tmp_path: Path) -> None:
    """Facts come back as they were written, over a compaction too."""
    path = tmp_path / "deep" / "world.jsonl"
    journal = Journal(path)
    assert journal.load() == []
    journal.compact([{"n": 0}])
    journal.write({"n": 1, "text": "Grüße\n🥂"}, {"n": 2})
    again = Journal(path)
    assert again.load() == [{"n": 0}, {"n": 1, "text": "Grüße\n🥂"}, {"n": 2}]
    again.compact([{"n": 9}])
    journal.close()
    assert Journal(path).load() == [{"n": 9}]
    again.close()


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    """The write that a kill cut does not spoil those before it."""
    path = tmp_path / "world.jsonl"
    path.write_bytes(b'{"n": 1}\n{"n": 2}\n{"n": 3, "te')
    assert Journal(path).load() == [{"n": 1}, {"n": 2}]


def test_lines_are_split_at_newlines_only(tmp_path: Path) -> None:
    """Odd separators inside a text (U+2028, U+0085, form feed) do not cut a line."""
    path = tmp_path / "world.jsonl"
    journal = Journal(path)
    journal.compact([])
    odd = {"text": "a\u2028b\u0085c\x0cd\re"}
    journal.write(odd, {"n": 2})
    journal.close()
    assert Journal(path).load() == [odd, {"n": 2}]


def test_without_a_path_nothing_is_kept() -> None:
    """No file, no facts, no complaint."""
    journal = Journal(None)
    journal.compact([{"n": 1}])
    journal.write({"n": 2})
    assert journal.load() == []
