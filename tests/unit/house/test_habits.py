"""Habits of the house that a reader can check by counting."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.house.rooms import PACKAGE, ROOT, room_of, sources

Function = ast.FunctionDef | ast.AsyncFunctionDef
LONGEST_FILE = 400
LONGEST_FUNCTION = 40
# Words by which the queue's table is known outside services/queue/.
QUEUE_TABLES = {"MESSAGES", "_MESSAGES", "QueueMessage"}
RAW_SQL = re.compile(r"\bUPDATE\s+queue_message\b", re.I)


def test_no_file_is_long() -> None:
    """Long files are the regretted ones."""
    long = {
        path.name: lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert long == {}


def _length(function: Function) -> int:
    """Lines of a function without its docstring and the functions inside it."""
    body = function.body
    if ast.get_docstring(function) is not None and len(body) > 1:
        body = body[1:]
    head = function.body[0].lineno - function.lineno
    inner = [n for n in body if isinstance(n, Function)]
    return head + _lines(body[0], body[-1]) - sum(_lines(n, n) for n in inner)


def _lines(first: ast.stmt, last: ast.stmt) -> int:
    return (last.end_lineno or 0) - first.lineno + 1


def test_no_function_is_long() -> None:
    """At most forty lines, its docstring and the functions inside it apart."""
    long = [
        f"{path}:{node.lineno} {node.name} {length}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, Function) and (length := _length(node)) > LONGEST_FUNCTION
    ]
    assert long == [], "\n".join(long)


def test_a_module_says_first_which_room_it_is() -> None:
    """ "services: …": who opens a file knows where they are."""
    silent = []
    for path, tree in sources().items():
        said = (ast.get_docstring(tree) or "").partition("\n")[0]
        room = room_of(path)
        if room in ("__init__", "__main__", "wedding_wa"):
            continue
        if not re.match(rf"(The )?{room}\b", said):
            silent.append(f"{path}: {said[:60]}")
    assert silent == []


def _writes_status(call: ast.Call) -> bool:
    """A `.values(status=…)`, or one with a dict that has the key, on the queue."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "values":
        return False
    names = {n.id for n in ast.walk(call.func) if isinstance(n, ast.Name)}
    verbs = {n.attr for n in ast.walk(call.func) if isinstance(n, ast.Attribute)}
    if "update" not in verbs or not names & QUEUE_TABLES:
        return False
    keys = {k.arg for k in call.keywords}
    keys |= {
        str(key.value)
        for dict_ in ast.walk(call)
        if isinstance(dict_, ast.Dict)
        for key in dict_.keys
        if isinstance(key, ast.Constant)
    }
    return bool(keys & {"status", None})  # None: `**values` hides what is written


def test_only_the_queue_writes_a_messages_status() -> None:
    """One writer of status: no update of it stands outside services/queue/, no row's
    attribute is set, and raw SQL on the table is nowhere."""
    wrong = []
    for path, tree in sources().items():
        if path.parts[1:3] == ("services", "queue"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _writes_status(node):
                wrong.append(f"{path}:{node.lineno} updates status")
            if isinstance(node, ast.Constant) and RAW_SQL.search(str(node.value)):
                wrong.append(f"{path}:{node.lineno} has raw SQL")
        wrong += _status_set(path, tree)
    assert wrong == []


def _status_set(path: Path, tree: ast.Module) -> list[str]:
    """`message.status = …`. An account's has its own one writer; a page's own field
    and the simulator's sessions are other things."""
    if room_of(path) in ("simulator", "state") or path.name == "account_status.py":
        return []
    return [
        f"{path}:{node.lineno} sets status"
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute)
        and target.attr == "status"
        and not (isinstance(target.value, ast.Name) and target.value.id == "self")
    ]


def test_the_reader_of_status_writes_sees_them() -> None:
    """The rule above would notice each way to break it."""
    seen = [
        "sa.update(MESSAGES).where(x).values(status='sent')",
        "sa.update(QueueMessage).values({'status': 'sent'})",
        "sa.update(QueueMessage).values(**values)",
    ]
    unseen = [
        "sa.update(MESSAGES).values(unacknowledged_at=now)",
        "sa.update(Account).values(status='WORKING')",
    ]
    for text, wrong in [*((t, True) for t in seen), *((t, False) for t in unseen)]:
        (call,) = (
            n
            for n in ast.walk(ast.parse(text))
            if isinstance(n, ast.Call)
            and isinstance(n.func, ast.Attribute)
            and n.func.attr == "values"
        )
        assert _writes_status(call) is wrong


@pytest.mark.parametrize(
    "line",
    [
        "import datetime\nX = datetime.datetime.now()\n",
        "from datetime import datetime\nX = datetime.utcnow()\n",
        "from datetime import date\nX = date.today()\n",
        "import time\nX = time.time()\n",
        "import time\ntime.sleep(1)\n",
        "import asyncio\nX = asyncio.sleep(1)\n",
        "import random\nX = random.random()\n",
        "import random\nX = random.uniform(1, 2)\n",
        "import random\nX = random.choice([1])\n",
        "import random\nX = random.randint(1, 2)\n",
        "from .queue import cancel\n",
    ],
)
def test_ruff_bans_time_chance_and_relative_imports(line: str) -> None:
    """Time and chance are parameters: outside the clock they do not pass the check."""
    found = subprocess.run(
        [
            *(sys.executable, "-m", "ruff", "check", "--no-cache"),
            *(
                "--select",
                "TID",
                "--stdin-filename",
                "wedding_wa/services/some.py",
                "-",
            ),
        ],
        input=line,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert found.returncode == 1, found.stdout
    assert "TID25" in found.stdout


def test_only_the_clock_reads_the_time() -> None:
    """No `noqa` lets a banned call in through the back door."""
    excused = [
        f"{path}:{number}"
        for path in sources()
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if re.search(r"noqa:.*TID251", line) and room_of(path) != "simulator"
    ]
    assert excused == []
