"""/api/v1/accounts/{key}/policy and /api/v1/sending: limits as they are typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, fields, replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.builders import message, put, set_policy
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Place
from tests.integration.inbound.test_refusals import everything
from wedding_wa.api.v1.policy_fields import ABOUT, PolicyChange, PolicyShape
from wedding_wa.domain.policy import BOUNDS, Policy
from wedding_wa.services.history import policy_of

FIELDS = [field.name for field in fields(Policy)]
GROOM = "/accounts/groom/policy"


@pytest.fixture
async def manager(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A program that may do what the Limits page needs."""
    async with place.program("admin") as client:
        yield client


def saved(place: Place, key: str = "groom") -> Policy:
    return place.house.db.read_now(policy_of, getattr(place.mine.couple, key))


@pytest.mark.parametrize("slash", ["", "/"])
async def test_all_limits_by_their_names(
    place: Place, manager: httpx.AsyncClient, slash: str
) -> None:
    """The rules' own fields, every one of them, and no other."""
    set_policy(
        place.house.db, place.mine.couple.groom, per_hour=7, windows="10:00-12:00"
    )
    answer = await manager.get(f"{GROOM}{slash}")
    assert answer.json() == asdict(replace(Policy(), per_hour=7, windows="10:00-12:00"))
    assert list(answer.json()) == FIELDS


async def test_what_is_read_may_be_written(
    place: Place, manager: httpx.AsyncClient
) -> None:
    """GET, edit, PATCH: what is named changes, the rest and the other number stay."""
    limits = (await manager.get(GROOM)).json()
    limits |= {"per_hour": 12, "typing_jitter": 0.35, "link_preview": True}
    changed = await manager.patch(GROOM, json=limits)
    assert (changed.status_code, changed.json()) == (200, limits)
    one = await manager.patch(f"{GROOM}/", json={"windows": "09:00-20:00"})
    assert one.json() == {**limits, "windows": "09:00-20:00"}
    assert asdict(saved(place)) == one.json()
    assert saved(place, "bride") == Policy()
    assert (await manager.patch(GROOM, json={})).json() == one.json()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        *(({name: low - 1}, name) for name, (low, _) in BOUNDS.items()),
        *(({name: high + 1}, name) for name, (_, high) in BOUNDS.items()),
        ({"per_hour": "10"}, "per_hour"),
        ({"per_hour": 10.5}, "per_hour"),
        ({"per_hour": True}, "per_hour"),
        ({"per_hour": None}, "per_hour"),
        ({"link_preview": "yes"}, "link_preview"),
        ({"windows": "always"}, "windows"),
        ({"windows": "x" * 401}, "windows"),
        ({"gap_min_seconds": 100, "gap_max_seconds": 50}, "gap_min_seconds"),
        ({"gap_min_seconds": 61}, "gap_min_seconds"),
        ({"per_second": 1}, "per_second"),
    ],
    ids=str,
)
async def test_what_is_no_limit_is_refused_by_its_name(
    place: Place, manager: httpx.AsyncClient, wrong: dict[str, object], field: str
) -> None:
    """Of a span the lower end is named; nothing is saved, also of what was right."""
    answer = await manager.patch(GROOM, json={"per_day": 79, **wrong})
    assert answer.status_code == 422, answer.text
    assert field in answer.text
    assert saved(place) == Policy()


def test_the_schema_has_the_rules_bounds_and_units() -> None:
    """Each field's type, smallest, largest and unit, for asking and for answering."""
    usual = asdict(Policy())
    kinds = {int: "integer", float: "number", bool: "boolean", str: "string"}
    assert list(ABOUT) == FIELDS
    for model in (PolicyShape, PolicyChange):
        told = model.model_json_schema()["properties"]
        assert list(told) == FIELDS
        for name in FIELDS:
            assert told[name]["type"] == kinds[type(usual[name])], name
            bounds = (told[name].get("minimum"), told[name].get("maximum"))
            assert bounds == BOUNDS.get(name, (None, None)), name
            assert "default" not in told[name]
            unit = "second" in name and "per_char" not in name
            assert not unit or "econds" in told[name]["description"], name


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(sorted(BOUNDS)),
        st.one_of(
            st.integers(-(10**6), 10**6), st.floats(allow_nan=True, allow_infinity=True)
        ),
        max_size=4,
    )
)
def test_whatever_the_schema_takes_the_rules_take(asked: dict[str, object]) -> None:
    """But for spans that cross, which no schema can say: field by field they agree."""
    whole = {n for n in BOUNDS if isinstance(asdict(Policy())[n], int)}
    fits = all(
        BOUNDS[n][0] <= v <= BOUNDS[n][1]  # type: ignore[operator]
        and (n not in whole or float(v).is_integer())  # JSON: 1.0 is 1
        for n, v in asked.items()
    )
    try:
        taken = PolicyChange.model_validate(asked).model_dump(exclude_unset=True)
    except ValidationError:
        assert not fits
    else:
        assert fits
        assert taken == asked


async def test_defaults_and_the_others_limits(
    place: Place, manager: httpx.AsyncClient
) -> None:
    """The Limits page's two buttons."""
    set_policy(place.house.db, place.mine.couple.groom, per_hour=7)
    path = "/accounts/bride/policy/same-as"
    answer = await manager.post(path, json={"account": "groom"})
    assert answer.json()["per_hour"] == saved(place, "bride").per_hour == 7
    answer = await manager.post(f"{GROOM}/defaults/")
    assert answer.json() == asdict(Policy()) == asdict(saved(place))
    assert saved(place, "bride").per_hour == 7


async def test_what_binds_now(place: Place, manager: httpx.AsyncClient) -> None:
    """The decision function's own answer, without a message."""
    going = (await manager.get(f"{GROOM}/now")).json()
    assert set(going) == {"go", "rule", "until", "params"}
    assert (going["go"], going["rule"], going["until"]) == (True, None, None)
    assert going["params"] == {"sent_count": 0, "limit": 10}
    set_policy(place.house.db, place.mine.couple.groom, windows="20:00-21:00")
    held = (await manager.get(f"{GROOM}/now")).json()
    assert (held["go"], held["rule"]) == (False, "window")
    assert held["until"] == "2026-06-20T18:00:00Z"


async def test_pausing_everything(place: Place) -> None:
    """What the strip's button does; twice changes nothing; another wedding goes on."""
    at = NOON.isoformat().replace("+00:00", "Z")
    async with place.program("read", "control") as client:
        for _ in range(2):
            paused = await client.post("/sending/pause")
            assert paused.json() == {"paused": True, "paused_at": at}
        assert (await client.get("/sending/")).json()["paused"] is True
        for _ in range(2):
            going = await client.post("/sending/go-on/")
            assert going.json() == {"paused": False, "paused_at": None}
        await client.post("/sending/pause")
    async with place.program("read", made=place.theirs) as client:
        assert (await client.get("/sending")).json()["paused"] is False
    waiting = put(place.house.db, place.mine.couple, to=CARLA)
    assert message(place.house.db, waiting.id).status == "pending"


@pytest.mark.parametrize(
    ("method", "path", "right", "body"),
    [
        ("GET", GROOM, "read", None),
        ("GET", f"{GROOM}/now", "read", None),
        ("PATCH", GROOM, "admin", {"per_hour": 3}),
        ("POST", f"{GROOM}/defaults", "admin", None),
        ("POST", f"{GROOM}/same-as", "admin", {"account": "bride"}),
        ("GET", "/sending", "read", None),
        ("POST", "/sending/pause", "control", None),
        ("POST", "/sending/go-on", "control", None),
    ],
)
async def test_each_route_asks_for_the_pages_right(
    place: Place, method: str, path: str, right: str, body: object
) -> None:
    """403 names what is missing, 401 without a key; only one's own wedding moves."""
    before = everything(place.house.db)["policy"]
    async with place.program(*({"read", "send", "control"} - {right})) as client:
        refused = await client.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "error.scope")
        client.headers.pop("Authorization")
        assert (await client.request(method, path, json=body)).status_code == 401
    assert everything(place.house.db)["policy"] == before
    theirs = place.theirs.couple
    async with place.program(right) as client:
        done = await client.request(method, path, json=body)
        assert done.status_code == 200 or right == "control"
    for account_id in (theirs.groom, theirs.bride):
        assert place.house.db.read_now(policy_of, account_id) == Policy()
