"""How many messages a second programs can queue, beside the least that could do it.

    python -m bench.send [--rounds 5] [--seconds 3] [--at-once 32]

Our app under uvicorn (headers, guard, key, rate limit, validation, guest first, the
idempotency key, timeline, commit) on a migrated SQLite file with a thousand guests;
and `bench.bare` under granian, committing one by one and in groups. Same machine, same
load, rounds in turn. A process of its own makes the load over plain sockets; its share
of a core is printed, so that it is seen not to be what is measured. Afterwards the rows
are counted: as many as were answered. Nothing is asserted of the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from bench.send_server import PHONES, prepare
from bench.send_server import serve as serve_ours

OURS, BARE, GROUPED = "ours", "bare", "bare, grouped"
_START_SECONDS = 60


@dataclass
class Side:
    """One that is measured, and what was measured of it."""

    name: str
    port: int
    path: str
    pid: int
    table: str
    file: Path
    key: str = ""
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return len(self.took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--serve", nargs=2, metavar=("PORT", "FILE"))
    asked = parser.parse_args()
    if asked.serve:
        serve_ours(int(asked.serve[0]), Path(asked.serve[1]))
        return
    with tempfile.TemporaryDirectory() as folder, _sides(Path(folder)) as sides:
        uvloop.run(_measure(sides, asked))
        _report(sides)


@contextmanager
def _sides(folder: Path) -> Iterator[list[Side]]:
    """Both servers, running."""
    ours, bare = folder / "ours.db", folder / "bare.db"
    key = prepare(ours)
    ports = [_free_port(), _free_port()]
    serve = [sys.executable, "-m", "bench.send", "--serve", str(ports[0]), str(ours)]
    granian = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--port"),
        *(str(ports[1]), "--log-level", "error", "--no-access-log", "bench.bare:app"),
    ]
    env = os.environ | {"BENCH_FILE": str(bare)}
    with _running(serve, env) as first, _running(granian, env) as second:
        yield [
            Side(
                *(OURS, ports[0], "/api/v1/whatsapp/send", first),
                *("queue_message", ours, key),
            ),
            Side(BARE, ports[1], "/send", second, "message", bare),
            Side(GROUPED, ports[1], "/grouped", second, "message", bare),
        ]


@contextmanager
def _running(command: list[str], env: dict[str, str]) -> Iterator[int]:
    process = subprocess.Popen(command, env=env)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _measure(sides: list[Side], asked: argparse.Namespace) -> None:
    for side in sides:
        await _awake(side)
        await _round(side, 1.0, asked.at_once)  # warm, and not counted
        side.took.clear()
        side.rates.clear()
        side.cpu.clear()
    before = {side.table: _rows(side) for side in sides}
    mine, begun = psutil.Process().cpu_times(), time.perf_counter()
    for number in range(asked.rounds):
        for side in sides[number % 2 :] + sides[: number % 2]:
            await _round(side, asked.seconds, asked.at_once)
    now, seconds = psutil.Process().cpu_times(), time.perf_counter() - begun
    busy = (now.user + now.system - mine.user - mine.system) / seconds
    print(f"the load: {busy:.0%} of a core; machine load {os.getloadavg()[0]:.1f}")
    for table, n in before.items():
        these = [side for side in sides if side.table == table]
        kept, answered = _rows(these[0]) - n, sum(one.answered for one in these)
        print(f"{table}: {answered} answered, {kept} kept")


async def _round(side: Side, seconds: float, at_once: int) -> None:
    """Each connection asks, waits for the answer and asks again."""
    before, until = _cpu(side.pid), time.perf_counter() + seconds
    begun, done = time.perf_counter(), side.answered
    await asyncio.gather(*(_asking(side, until) for _ in range(at_once)))
    n = side.answered - done
    side.rates.append(n / (time.perf_counter() - begun))
    side.cpu.append((_cpu(side.pid) - before) / n * 1000)


async def _asking(side: Side, until: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", side.port)
    while (begun := time.perf_counter()) < until:
        writer.write(_request(side))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 202"):
            raise SystemExit(f"{side.name}: {head!r} {body!r}")
        side.took.append((time.perf_counter() - begun) * 1000)
    writer.close()


_NUMBERS = iter(range(10**9))


def _request(side: Side) -> bytes:
    """A message of its own to one of the guests."""
    number = next(_NUMBERS)
    said = {
        "to": PHONES[number % len(PHONES)],
        "text": "Dear aunt, the bus leaves at five from the church.",
        "client_message_id": f"bus-{number}",
    }
    body = json.dumps(said).encode()
    head = (
        f"POST {side.path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {side.key}\r\nIdempotency-Key: key-{number}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _awake(side: Side) -> None:
    until = time.perf_counter() + _START_SECONDS
    while time.perf_counter() < until:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", side.port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit(f"{side.name} did not start")


def _cpu(pid: int) -> float:
    """Seconds of a core that a process and its children have used."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


def _rows(side: Side) -> int:
    with sqlite3.connect(side.file) as connection:
        (n,) = connection.execute(f"SELECT count(*) FROM {side.table}").fetchone()
    return int(n)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _report(sides: list[Side]) -> None:
    for side in sides:
        cuts = statistics.quantiles(side.took, n=100)
        print(
            f"{side.name}: {statistics.median(side.rates):.0f} a second "
            f"({min(side.rates):.0f}-{max(side.rates):.0f}), p50 {cuts[49]:.1f} ms, "
            f"p99 {cuts[98]:.1f} ms, {statistics.median(side.cpu):.2f} ms of a core"
        )
    for other in sides[1:]:
        ratios = [a / b for a, b in zip(sides[0].rates, other.rates, strict=True)]
        cores = [a / b for a, b in zip(other.cpu, sides[0].cpu, strict=True)]
        print(
            f"ours / {other.name}: {statistics.median(ratios):.2f} x its throughput "
            f"({min(ratios):.2f}-{max(ratios):.2f}), "
            f"{statistics.median(cores):.2f} x by core time"
        )


if __name__ == "__main__":
    main()
