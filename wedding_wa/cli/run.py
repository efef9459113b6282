"""cli: `run`: everything a newcomer needs, in one process and one child.

Builds the pages when they changed, brings the database up, starts the built-in
simulator where no WAHA is configured, serves, and stops all of it on Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from wedding_wa import runtime as runtimes
from wedding_wa.build import frontend
from wedding_wa.cli.logs import configure
from wedding_wa.cli.serve import serve
from wedding_wa.runtime import Runtime
from wedding_wa.services.migrations import migrate
from wedding_wa.services.weddings import first_owner_exists, setup_path
from wedding_wa.settings import Settings, SettingsError

_Beside = contextlib.AbstractContextManager[None]
_nothing = contextlib.nullcontext


def run(
    settings: Settings, *, beside: Callable[[Runtime], _Beside] = lambda _: _nothing()
) -> None:
    """Start everything and return after a graceful stop.

    What `beside` returns is entered for the time the app serves. Raises SettingsError
    or BuildError with the sentence that says what mends it.
    """
    configure(settings.log_level)
    check_data_dir(settings.data_dir)
    check_port(settings.host, settings.port, "PORT")
    if settings.simulated:
        check_port("127.0.0.1", settings.sim_port, "SIM_PORT")
    runtime = runtimes.build(settings)
    runtimes.install(runtime)
    pages = pages_folder()
    migrate(runtime.db.engine)
    try:
        with simulator(settings), beside(runtime):
            serve(settings, pages, on_ready=lambda: announce(runtime))
    finally:
        runtime.db.close()


def pages_folder() -> Path:
    """Return the built pages, telling the person when that takes a while."""
    if frontend.built() is None:
        print("Building the pages, half a minute the first time …", flush=True)
    return frontend.build()


def announce(runtime: Runtime) -> None:
    """Print where to go: the app, or at the first start the one-time setup link."""
    settings = runtime.settings
    if runtime.db.read_now(first_owner_exists):
        print(f"\n  Open {settings.public}\n", flush=True)
    else:
        link = f"{settings.public}{setup_path(runtime.sealer)}"
        print(f"\n  Welcome! Begin here, this link works once:\n\n  {link}\n")
    if settings.simulated:
        print(
            f"  No WAHA is configured: the simulator at {settings.simulator_url} "
            "pretends to be WhatsApp.\n  Nothing leaves this machine.\n",
        )
    print("  Ctrl-C stops it.\n", flush=True)


def check_data_dir(folder: Path) -> None:
    """Raise SettingsError unless files can be written in `folder` (made if absent)."""
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"Cannot write to {folder.resolve()} ({error.strerror}). "
            "Set DATA_DIR to a folder of yours, or take this one back with chown."
        ) from error


def check_port(host: str, port: int, name: str) -> None:
    """Raise SettingsError when nothing can listen on `port`; `name` is its setting."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(_why_not(error, host, port, name)) from error


def _why_not(error: OSError, host: str, port: int, name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        why = f"Port {port} is in use by another program."
    elif error.errno == errno.EACCES:
        why = f"Port {port} may only be used by root."
    else:
        return (
            f"Cannot listen on {host}:{port} ({error.strerror}). Set HOST and {name}."
        )
    return f"{why} Choose another one, for example: make run {name}={_free_near(port)}"


def _free_near(port: int) -> int:
    """A port that one may use and nobody does, close to what was wanted."""
    first = max(port + 1, 1024)
    for other in range(first, first + 100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", other)):
                return other
    return first


@contextlib.contextmanager
def simulator(settings: Settings) -> Iterator[None]:
    """Run the built-in simulator meanwhile, if no WAHA is configured.

    The child holds the other end of a pipe: when this process ends, however it ends,
    the pipe closes and the child stops.
    """
    if not settings.simulated:
        yield
        return
    ours, theirs = os.pipe()[::-1]
    child = subprocess.Popen(  # noqa: S603  # our own interpreter, fixed words
        _simulator_command(settings, parent_fd=theirs),
        pass_fds=[theirs],
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us; we stop the child after ourselves
    )
    os.close(theirs)
    try:
        _wait_until_it_answers(child, settings.sim_port)
        yield
    finally:
        os.close(ours)
        _end(child)


def _wait_until_it_answers(child: subprocess.Popen[bytes], port: int) -> None:
    """Else the accounts would begin with "not reachable". Gives up after 10 s."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.1)
            raise SettingsError(
                "The simulator could not start; the log above says why."
            )


def _simulator_command(settings: Settings, *, parent_fd: int) -> list[str]:
    words = [sys.executable, "-m", "wedding_wa", "simulator"]
    words += ["--port", str(settings.sim_port)]
    words += ["--state", str(settings.data_dir / "simulator.json")]
    return [*words, "--parent-fd", str(parent_fd)]


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(timeout=3)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
