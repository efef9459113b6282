"""A warmed-up parent that forks the processes to kill: a start takes no second then.

It imports the app once, has neither thread nor loop, and forks a child an order. The
child runs the very entry point of the command line, in a process of its own: its own
number and start time, its own files, its own death. `whole` orders start anew instead
(fork and exec), as a service manager does it. Whatever it forked dies with it.

A `warm` one has worked once, too. That takes it seconds: for one with many children.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import queue
import resource
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parent.parent.parent
APP, SIMULATOR = "wedding_wa", "wedding_wa.simulator"
CLOCK = "CRASH_CLOCK"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_COLD = "--cold"
_PATIENCE = 60.0


class Forked:
    """A process as `subprocess.Popen` has it, of which the zygote tells the end."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self._zygote = zygote
        self.pid = pid

    @property
    def returncode(self) -> int | None:
        return self._zygote.ends.get(self.pid)

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._zygote.wait_for(self.pid, timeout)
        code = self.returncode
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Zygote:
    """The parent, seen from the one who gives orders. Any thread may."""

    def __init__(self, *, warm: bool = True) -> None:
        self.ends: dict[int, int] = {}
        self._pids: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._told = threading.Condition()
        self._one = threading.Lock()
        self._gone = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote", *([] if warm else [_COLD])],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; we end it after ourselves
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Zygote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(
        self,
        words: list[str],
        env: Mapping[str, str],
        log: Path,
        *,
        whole: bool,
        errors: Path | None = None,
        before: str = "",
        largest: int | None = None,
    ) -> Forked:
        """`python <words>` with just this environment, its output in `log`.

        Of a forked one: `errors` takes stderr, `before` is code that it runs first, no
        file of it grows beyond `largest` bytes.
        """
        order = {"words": words, "env": dict(env), "log": str(log), "whole": whole}
        order |= {"errors": str(errors or log), "before": before, "largest": largest}
        log.touch()  # who reads it may be quicker than the fork
        assert self._process.stdin is not None
        with self._one:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return Forked(self, self._pids.get(timeout=_PATIENCE))

    def wait_for(self, pid: int, timeout: float | None) -> None:
        """Raises subprocess.TimeoutExpired as Popen.wait does."""
        with self._told:
            there = self._told.wait_for(lambda: self._gone or pid in self.ends, timeout)
        if not there:
            raise subprocess.TimeoutExpired("forked", timeout or 0.0)
        if pid not in self.ends:  # it died with the zygote
            self.ends[pid] = -int(signal.SIGKILL)

    def close(self) -> None:
        """End it, and with it all that it forked."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "pid" in told:
                self._pids.put(told["pid"])
                continue
            with self._told:
                self.ends[told["ended"]] = told["code"]
                self._told.notify_all()
        with self._told:
            self._gone = True
            self._told.notify_all()


# --- the zygote itself ----------------------------------------------------------------


def main() -> None:
    """Take orders until the line ends; then nothing that was forked stays."""
    _warm_up(cold=_COLD in sys.argv)
    gc.freeze()
    wakes, waker = os.pipe()
    os.set_blocking(wakes, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    children: set[int] = set()
    try:
        _serve(wakes, waker, children)
    finally:
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _serve(wakes: int, waker: int, children: set[int]) -> None:
    waiting = b""
    while True:
        ready, _, _ = select.select([0, wakes], [], [])
        if wakes in ready:
            os.read(wakes, 4096)
            _reap(children)
        if 0 not in ready:
            continue
        if not (data := os.read(0, 1 << 16)):
            return
        *lines, waiting = (waiting + data).split(b"\n")
        for line in lines:
            pid = _fork(json.loads(line), (wakes, waker))
            children.add(pid)
            _tell({"pid": pid})


def _reap(children: set[int]) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            children.discard(pid)
            _tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _fork(order: dict[str, Any], ours: tuple[int, ...]) -> int:
    parent = os.getpid()
    if pid := os.fork():
        return pid
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        _die_with(parent)
        for fd in ours:
            os.close(fd)
        _redirect(order["log"], order["errors"])
        os.environ.clear()
        os.environ.update(order["env"])
        if order["whole"]:
            os.execv(sys.executable, [sys.executable, *order["words"]])
        if largest := order["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        exec(order["before"], {})
        _become(order["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(70)


def _die_with(parent: int) -> None:
    """The kernel ends us when the zygote is killed itself (Linux; else see `main`)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(70)


def _redirect(log: str, errors: str) -> None:
    how = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    nothing, out = os.open(os.devnull, os.O_RDONLY), os.open(log, how, 0o600)
    err = out if errors == log else os.open(errors, how, 0o600)
    for fd, number in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(fd, number)
    for fd in {nothing, out, err}:
        os.close(fd)


def _become(words: list[str]) -> NoReturn:
    """Run the entry point as `python -m …` would, and end as it ends."""
    from wedding_wa.services import failpoints

    importlib.reload(failpoints)  # what is armed was read from the environment
    if path := os.environ.get(CLOCK):
        from tests.crash.clocks import move_clocks

        move_clocks(Path(path))
    code: object = 0
    try:
        _run(words)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if isinstance(code, str):
        print(code, file=sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _run(words: list[str]) -> None:
    assert words[0] == "-m", words
    sys.argv = [words[1], *words[2:]]
    if words[1] == APP:
        from wedding_wa.cli import main as command_line

        command_line()
    elif words[1] == SIMULATOR:
        from wedding_wa.simulator.__main__ import main as simulate

        sys.exit(simulate(words[2:]))
    else:
        raise ValueError(words)


def _warm_up(*, cold: bool) -> None:
    """Import what every start needs; do it once, unless it stays cold."""
    for name in (
        "wedding_wa.cli",
        "wedding_wa.engine",
        "wedding_wa.simulator.server",
        "tests.crash.clocks",
        "uvicorn.loops.auto",
        "uvicorn.protocols.http.auto",
        "websockets.asyncio.client",
    ):
        importlib.import_module(name)
    time.tzset()
    if not cold:
        from tests.crash.warm import warm_up

        warm_up()


if __name__ == "__main__":
    main()
