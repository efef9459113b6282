"""Who may import whom: doors call services, services use rules, rules know nothing."""

from __future__ import annotations

import sys

import pytest

from tests.unit.house.rooms import PACKAGE, imports, room_of, sources

# What each room may import of the project besides itself.
MAY: dict[str, set[str]] = {
    "domain": set(),
    "words": {"domain"},
    "models": {"domain"},
    "db": {"domain"},
    "settings": {"domain"},
    "services": {"domain", "words", "models", "db"},
    "runtime": {"settings", "db", "services"},
    # what runs beside the doors, put together like the runtime
    "engine": {"settings", "db", "models", "services", "runtime", "domain"},
    "state": {"domain", "words", "services", "runtime"},
    "pages": {"domain", "words", "state"},
    "api": {"domain", "words", "services", "runtime"},
    "build": {"words"},
    # it begins before anything else is there: settings, the build, the database's file
    "cli": {
        "domain",
        "words",
        "services",
        "runtime",
        "simulator",
        "settings",
        "build",
        "engine",
    },
    "simulator": set(),
    "__main__": {"cli"},
    "__init__": set(),
}
# What the rooms without a door to the outside may use of other people's libraries.
LIBRARIES = {
    "domain": {"phonenumbers"},
    "words": set(),
    "models": {"sqlmodel", "sqlalchemy"},
    "db": {"sqlmodel", "sqlalchemy"},
    "settings": {"pydantic", "pydantic_settings"},
    "simulator": {"fastapi", "httpx", "segno", "starlette", "uvicorn"},
}


def reached(name: str) -> str | None:
    """The room that an import reaches into; None for one outside the project."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] if first == "wedding_wa" and rest else None


def test_every_room_has_its_rule() -> None:
    """A new room says here whom it may import."""
    rooms = {room_of(path) for path in sources()}
    assert rooms - {"wedding_wa"} == set(MAY)


@pytest.mark.parametrize("room", sorted(MAY))
def test_a_room_imports_only_whom_it_may(room: str) -> None:
    """The table above, which is the one of docs/architecture.md."""
    wrong = [
        f"{path} imports {name}"
        for path, tree in sources().items()
        if room_of(path) == room
        for name in imports(tree)
        if (other := reached(name)) and other not in MAY[room] | {room}
    ]
    assert wrong == []


@pytest.mark.parametrize("room", sorted(LIBRARIES))
def test_a_quiet_room_uses_few_libraries(room: str) -> None:
    """The rules need no framework; the simulator is an actor of its own."""
    known = LIBRARIES[room] | {"wedding_wa"} | set(sys.stdlib_module_names)
    used = {
        name.partition(".")[0]
        for path, tree in sources().items()
        if room_of(path) == room
        for name in imports(tree)
    }
    assert used - known == set()


def test_nobody_imports_the_parts_list() -> None:
    """wedding_wa.py puts the app together; nothing depends on it."""
    for path, tree in sources().items():
        assert all(reached(name) != "wedding_wa" for name in imports(tree)), path


def test_the_simulator_shares_no_code_with_the_app() -> None:
    """So it cannot share its mistakes, in either direction; only the command line
    starts it."""
    for path, tree in sources().items():
        for name in imports(tree):
            inside = room_of(path) == "simulator"
            if inside:
                assert reached(name) in (None, "simulator"), path
            elif room_of(path) != "cli":
                assert reached(name) != "simulator", path


def test_the_rule_sees_what_it_should() -> None:
    """The reader of imports finds each way to write one."""
    import ast

    tree = ast.parse(
        "import httpx\n"
        "from wedding_wa import runtime\n"
        "def late():\n"
        "    from wedding_wa.models import Account\n"
    )
    assert [reached(name) for name in imports(tree)] == [None, "runtime", "models"]
    assert PACKAGE.is_dir()
