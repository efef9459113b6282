"""Many more kills than a test run has time for, by hand, and what they came to.

    python -m tests.crash.rounds --kills 30

Prints one line a step: kills, messages, twice, lost, left unconfirmed, and the longest
silence between "worker started" and the next delivery. Ends with 1 where a message
went twice or was lost.
"""

from __future__ import annotations

import argparse
import logging
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.crash.places import Child, Place, WhatsApp, make_template, opened_place
from tests.crash.truth import goes_on_in_time, sent_exactly_once
from wedding_wa.services import failpoints

RANDOM = "random"


@dataclass
class Result:
    """What the kills at one step came to."""

    kills: int = 0
    messages: int = 0
    twice: int = 0
    lost: int = 0
    unconfirmed: int = 0
    silence: float = 0.0
    complaint: str = ""


def run(place: Place, name: str, kills: int, chance: random.Random) -> Result:
    """Kill `kills` workers at `name`; some go on undisturbed, to measure silence."""
    result, ids = Result(), list[int]()
    while result.kills < kills:
        ids += place.put_many(2, name=name)
        worker = place.worker(failpoint="" if name == RANDOM else name)
        _die(worker, name, chance)
        result.kills += 1
        if result.kills % 5 == 0 or result.kills == kills:
            ids += place.put_many(1, name="the next ones")
            result.silence = max(result.silence, _go_on(place, ids))
    result.messages = len(ids)
    arrived = Counter(place.whatsapp.texts())
    result.twice = sum(n > 1 for n in arrived.values())
    statuses = place.statuses()
    result.unconfirmed = sum(statuses[number] == "unconfirmed" for number in ids)
    try:
        sent_exactly_once(place, ids)
    except AssertionError as error:
        result.complaint = str(error)
        result.lost = result.complaint.count("lost:")
    return result


def _die(worker: Child, name: str, chance: random.Random) -> None:
    if name != RANDOM:
        assert worker.ended() == -signal.SIGKILL
        return
    worker.said("lease taken")
    time.sleep(chance.uniform(0.0, 0.6))
    worker.kill()


def _go_on(place: Place, ids: list[int]) -> float:
    worker = place.worker()
    silence = goes_on_in_time(place, worker)
    with suppress(AssertionError):  # counted by the caller
        place.until_status(ids, "sent")
    assert worker.stop() == 0
    return silence


def main() -> int:
    """Run all steps; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="a step")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", choices=(*failpoints.NAMES, RANDOM))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ending what it started
    print(f"seed {options.seed}")
    logging.disable(logging.WARNING)  # of this process; the workers' logs are files
    row = "{:14}{:>7}{:>10}{:>7}{:>6}{:>13}{:>12}"
    words = ("step", "kills", "messages", "twice", "lost", "unconfirmed", "silence s")
    print(row.format(*words), flush=True)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in [options.only] if options.only else [*failpoints.NAMES, RANDOM]:
            chance = random.Random(f"{options.seed} {name}")
            with WhatsApp(base / f"whatsapp-{name}") as whatsapp:
                template = make_template(base / f"data-{name}", whatsapp)
                with opened_place(template, base / name, whatsapp) as place:
                    got = run(place, name, options.kills, chance)
            told = (got.kills, got.messages, got.twice, got.lost, got.unconfirmed)
            print(row.format(name, *told, f"{got.silence:.2f}"), flush=True)
            if got.complaint:
                print(got.complaint, flush=True)
            bad += bool(got.complaint)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
