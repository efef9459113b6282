"""What programs rely on stays, or the change is seen for what it is."""

from __future__ import annotations

import copy
import json

import pytest

from tests.api_pin import (
    DOC,
    PIN,
    RENEW,
    Pin,
    compared,
    pinned,
    routes_table,
    with_table,
)
from wedding_wa.api.app import create_api
from wedding_wa.api.openapi import document


def test_the_api_is_as_it_was() -> None:
    """Every route, right, field, bound and answer, as tests/fixtures/openapi.json has
    them. What breaks programs belongs under another version's path."""
    breaks, adds = compared(json.loads(PIN.read_text()), pinned(document(create_api())))
    told = ["", "BREAKS PROGRAMS:", *sorted(breaks)] if breaks else [""]
    told += ["Only adds:", *sorted(adds)] if adds else []
    assert not breaks + adds, "\n".join([*told, RENEW])


def test_the_documentation_lists_the_routes_there_are() -> None:
    """With the right that each needs, as the document says it."""
    text = DOC.read_text()
    assert with_table(text, routes_table(document(create_api()))) == text, RENEW


SMALL: Pin = {
    "GET /a": {
        "scope": "read",
        "id": "a_show",
        "takes": {"query.q": "string", "query.side": "groom | bride"},
        "answers": {"200": {"id": "integer", "state": "on | off"}, "404": {}},
    }
}


@pytest.mark.parametrize(
    ("part", "key", "value", "breaking"),
    [
        ("answers", "id", None, True),
        ("answers", "name", "string", False),
        ("answers", "state", "on", True),
        ("answers", "state", "on | off | new", False),
        ("takes", "query.q", None, True),
        ("takes", "query.new", "string", False),
        ("takes", "query.new", "required string", True),
        ("takes", "query.q", "string ≤ 3 characters", True),
        ("takes", "query.side", "groom | bride | both", False),
        ("takes", "query.side", "groom", True),
    ],
)
def test_a_breaking_change_is_told_apart_from_an_addition(
    part: str, key: str, value: str | None, breaking: bool
) -> None:
    """Taking away, narrowing or asking for more breaks; the rest adds."""
    new = copy.deepcopy(SMALL)
    place = new["GET /a"][part] if part == "takes" else new["GET /a"][part]["200"]
    if value is None:
        del place[key]
    else:
        place[key] = value
    breaks, adds = compared(SMALL, new)
    assert (len(breaks), len(adds)) == ((1, 0) if breaking else (0, 1))


def test_routes_that_go_or_ask_for_another_right_break() -> None:
    """A route more is an addition, a route less is not."""
    assert compared(SMALL, {})[0] == ["GET /a is gone"]
    assert compared({}, SMALL) == ([], ["new route GET /a"])
    other = copy.deepcopy(SMALL)
    other["GET /a"]["scope"] = "admin"
    assert len(compared(SMALL, other)[0]) == 1
