"""What a run came to, as figures, Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    """Counted by one episode, added up for all."""

    episodes: int = 0
    messages: int = 0
    delivered: int = 0
    duplicates: int = 0
    lost: int = 0
    unconfirmed: int = 0
    stops: int = 0
    failed_starts: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    let_go: Counter[str] = field(default_factory=Counter)
    not_reached: Counter[str] = field(default_factory=Counter)
    silences: list[float] = field(default_factory=list)
    takeovers: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name, value in vars(other).items():
            mine = getattr(self, name)
            if isinstance(mine, Counter):
                mine.update(value)
            else:
                setattr(self, name, mine + value)

    @property
    def good(self) -> bool:
        """Nothing twice, nothing lost, nothing told wrongly, no doubt left."""
        wrong = (self.duplicates, self.lost, self.unconfirmed, len(self.complaints))
        return not any(wrong)


@dataclass(frozen=True)
class Run:
    """The frame of the figures."""

    seed: int
    asked: int
    took: float
    whole: bool
    tally: Tally

    def write(self, folder: Path) -> Path:
        """Write `crash-<seed>.md` and `.json`; return the former."""
        folder.mkdir(parents=True, exist_ok=True)
        markdown = folder / f"crash-{self.seed}.md"
        markdown.write_text(self.markdown(), encoding="utf-8")
        frame = {"seed": self.seed, "kills_asked": self.asked, "took_s": self.took}
        told = frame | {"whole": self.whole} | vars(self.tally)
        facts = json.dumps(told, indent=1, ensure_ascii=False)
        markdown.with_suffix(".json").write_text(facts + "\n", encoding="utf-8")
        return markdown

    def markdown(self) -> str:
        tally = self.tally
        lines = [
            "# Killed, and what became of the messages",
            "",
            f"`make crash SEED={self.seed} KILLS={self.asked}`: "
            f"{tally.kills.total()} kills in {self.took / 60:.1f} min"
            + ("." if self.whole else ", broken off."),
            "",
            *_table("what", "figure", self._figures()),
            *_table("killed at", "times", sorted(tally.kills.items())),
            *_table("fault", "tried", sorted(tally.faults.items())),
            *_table("ended as", "messages", sorted(tally.endings.items())),
            *_table("let go by hand", "messages", sorted(tally.let_go.items())),
        ]
        if tally.not_reached:
            lines += _table("not reached", "times", sorted(tally.not_reached.items()))
        if tally.complaints:
            lines += ["## Complaints", ""]
            lines += [f"```\n{text}\n```" for text in tally.complaints]
        lines += [f"duplicates: {tally.duplicates}", f"lost: {tally.lost}"]
        return "\n".join(lines) + "\n"

    def _figures(self) -> list[tuple[str, object]]:
        tally = self.tally
        return [
            ("weddings (each begins anew)", tally.episodes),
            ("messages accepted", tally.messages),
            ("delivered", tally.delivered),
            ("**duplicates**", f"**{tally.duplicates}**"),
            ("**lost**", f"**{tally.lost}**"),
            ("unconfirmed left", tally.unconfirmed),
            ("told wrongly", len(tally.complaints)),
            ("stopped by SIGTERM, each with exit code 0", tally.stops),
            ("starts that failed (full or locked disk)", tally.failed_starts),
            ("silence after a start, longest", _longest(tally.silences)),
            ("silence after a start, usual (median)", _median(tally.silences)),
            ("take-over by a second worker, longest", _longest(tally.takeovers)),
            ("start of a process, longest", _longest(tally.starts)),
        ]


def _table(left: str, right: str, rows: list[tuple[str, object]]) -> list[str]:
    if not rows:
        return []
    head = [f"| {left} | {right} |", "|---|---:|"]
    return [*head, *(f"| {name} | {value} |" for name, value in rows), ""]


def _longest(values: list[float]) -> str:
    return f"{max(values):.2f} s (of {len(values)})" if values else "not measured"


def _median(values: list[float]) -> str:
    return f"{sorted(values)[len(values) // 2]:.2f} s" if values else "not measured"
