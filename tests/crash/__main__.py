"""The proof: kill everything, again and again, and compare with what truly arrived.

    python -m tests.crash --seed 7 --kills 1000

Prints the seed and, at last, `duplicates: n` and `lost: n`. Ends with 1 unless both
are 0, nothing is left unconfirmed and every message is told as it went.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.crash.episodes import Episode, Plan, clock_file, plans
from tests.crash.places import (
    ENOUGH,
    ROOT,
    WhatsApp,
    free_port,
    make_template,
    opened_place,
)
from tests.crash.report import Run, Tally
from tests.crash.zygote import Zygote
from wedding_wa.build import frontend
from wedding_wa.services import failpoints

LANES = 2


class Lane:
    """One wedding after the other, always at the same two ports."""

    def __init__(self, folder: Path, zygote: Zygote) -> None:
        self._folder = folder
        self._zygote = zygote
        self._port = free_port()
        with WhatsApp(folder / "whatsapp", zygote) as whatsapp:
            self._sim_port = whatsapp.port
            self._data = make_template(folder / "data", whatsapp, port=self._port)
        self._world = whatsapp.config.state

    def play(self, plan: Plan, seed: int) -> Tally:
        """Play one wedding's plan; an error of the harness itself is a complaint."""
        folder = self._folder / f"wedding-{plan.number}"
        folder.mkdir()
        try:
            with self._episode(plan, folder, seed) as episode:
                try:
                    return episode.play()
                except Exception:
                    told = f"wedding {plan.number}: {traceback.format_exc()}"
                    episode.tally.complaints.append(told)
                    return episode.tally
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _episode(self, plan: Plan, folder: Path, seed: int) -> Iterator[Episode]:
        clock = clock_file(folder, plan)
        world = folder / "whatsapp"
        world.mkdir()
        assert self._world is not None
        shutil.copy(self._world, world / self._world.name)
        with WhatsApp(
            world,
            self._zygote,
            port=self._sim_port,
            heard=plan.whole_app,
            clock=clock.path if plan.clock_change else None,
        ) as whatsapp:
            place = folder / "place"
            made = opened_place(
                self._data, place, whatsapp, self._zygote, port=self._port
            )
            chance = random.Random(f"wedding {seed} {plan.number}")
            with made as here:
                here.settle_after = 2.0
                yield Episode(plan, here, chance, clock)


class Runs:
    """All lanes at work on all plans."""

    def __init__(self, seed: int, todo: list[Plan], *, lanes: int = LANES) -> None:
        self.tally = Tally()
        self.whole = False
        self._seed = seed
        self._todo = list(reversed(todo))
        self._total = len(todo)
        self._lanes = lanes
        self._lock = threading.Lock()
        self._alone = threading.Lock()

    def play(self) -> None:
        """Return when all is played; on Ctrl-C or SIGTERM when all is put away."""
        with (
            tempfile.TemporaryDirectory(
                prefix="crash-", ignore_cleanup_errors=True
            ) as folder,
            contextlib.ExitStack() as stack,
        ):
            threads = []
            for number in range(min(self._lanes, self._total)):
                zygote = stack.enter_context(Zygote())
                work = (Path(folder) / str(number), zygote)
                threads.append(
                    threading.Thread(target=self._lane, args=work, daemon=True)
                )
            for thread in threads:
                thread.start()
            try:
                for thread in threads:
                    while thread.is_alive():
                        thread.join(0.2)
            except KeyboardInterrupt:
                ENOUGH.set()
                stack.close()  # whoever waits for a process finds it gone
                for thread in threads:
                    thread.join(10)
                return
        self.whole = not self._todo

    def _lane(self, folder: Path, zygote: Zygote) -> None:
        try:
            with self._alone:  # Alembic is for one thread at a time
                lane = Lane(folder, zygote)
            while (plan := self._next()) is not None:
                got = lane.play(plan, self._seed)
                if ENOUGH.is_set():
                    return
                self._note(plan, got)
        except Exception:
            if not ENOUGH.is_set():
                with self._lock:
                    self.tally.complaints.append(traceback.format_exc())
                    print(traceback.format_exc(), flush=True)

    def _next(self) -> Plan | None:
        with self._lock:
            gone = ENOUGH.is_set() or not self._todo
            return None if gone else self._todo.pop()

    def _note(self, plan: Plan, got: Tally) -> None:
        with self._lock:
            self.tally.add(got)
            tally = self.tally
            print(
                f"wedding {plan.number} of {self._total}: "
                f"{tally.kills.total()} kills, {tally.messages} messages, "
                f"twice {tally.duplicates}, lost {tally.lost}, "
                f"unconfirmed {tally.unconfirmed}",
                flush=True,
            )
            for text in got.complaints:
                print(text, flush=True)


def main() -> int:
    """Run it; return the exit code."""
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--wedding", type=int, help="only this one of the plan")
    parser.add_argument("--no-app", action="store_true", help="workers alone")
    parser.add_argument("--lanes", type=int, default=LANES, help="weddings at a time")
    folder = ROOT / "test-results" / "crash"
    parser.add_argument("--report", type=Path, default=folder, help="folder")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell ignores one
        signal.signal(number, signal.default_int_handler)
    logging.disable(logging.WARNING)  # of this process; the others' logs are files
    print(f"seed {options.seed}", flush=True)
    todo = [
        plan
        for plan in plans(
            options.seed,
            options.kills,
            failpoints.NAMES,
            with_app=not options.no_app,
        )
        if options.wedding in (None, plan.number)
    ]
    if any(plan.whole_app for plan in todo):
        frontend.build()
    runs = Runs(options.seed, todo, lanes=options.lanes)
    began = time.monotonic()
    runs.play()
    took = time.monotonic() - began
    run = Run(options.seed, options.kills, took, runs.whole, runs.tally)
    return _tell(run, options.report)


def _tell(run: Run, folder: Path) -> int:
    tally = run.tally
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"report: {run.write(folder)} ({memory} MB at most a process)")
    if not tally.good:
        print(f"complaints: {len(tally.complaints)}")
    print(f"unconfirmed left: {tally.unconfirmed}")
    print(f"duplicates: {tally.duplicates}")
    print(f"lost: {tally.lost}", flush=True)
    if ENOUGH.is_set():
        return 130
    return 0 if tally.good and run.whole else 1


if __name__ == "__main__":
    sys.exit(main())
