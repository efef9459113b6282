"""The API keys page: what is listed for whom, and the end of a key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.builders import Couple, make_couple
from tests.fakes import NOON, FakeClock
from tests.reflex_harness import Tab, login
from wedding_wa.models import ApiKey, Membership, Role
from wedding_wa.runtime import Runtime
from wedding_wa.services import apikeys
from wedding_wa.services.audit import Program
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_keys import KeysState
from wedding_wa.words import say


@pytest.fixture
async def tab(runtime: Runtime, couple: Couple, clock: FakeClock) -> AsyncIterator[Tab]:
    """The page of an owner."""
    runtime.bus.attach()
    async with Tab(login(runtime.db, couple, clock=clock), "/settings/api-keys") as one:
        await one.open(KeysState.live)
        yield one


def _make(runtime: Runtime, couple: Couple, name: str, **more: object) -> str:
    return runtime.db.write_now(
        apikeys.create_key,
        wedding_id=couple.wedding,
        name=name,
        now=NOON,
        **{"scopes": ["read", "send"]} | more,  # type: ignore[arg-type]
    )


async def _listed(tab: Tab) -> list[str]:
    return [one["name"] for one in (await tab.state(KeysState)).keys]


async def test_a_key_made_elsewhere_appears(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """The API makes it and the page hears of it; only how it begins is ever sent."""
    assert await _listed(tab) == []
    key = _make(runtime, couple, "website", expires_at=NOON + timedelta(days=2))
    await tab.until(lambda: len(tab.sent().get("keys", [])) == 1, "it is seen")
    (one,) = (await tab.state(KeysState)).keys
    assert one["prefix"] == key[:12]
    assert one["scopes"] == ["read", "send"]
    assert (one["state"], one["used_at"]) == ("active", "")
    assert one["ends_at"].startswith("2026-06-22T12:00")
    state = await tab.state(KeysState)
    everything = json.dumps(tab.deltas, default=str) + repr(state.dict())
    assert key not in everything
    assert key[13:] not in everything


async def test_a_revoked_key_moves_to_the_ended_ones(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """At once, with a word; another wedding's stays as it is."""
    key = _make(runtime, couple, "website")
    theirs = _make(runtime, make_couple(runtime.db), "theirs")
    await tab.until(lambda: len(tab.sent().get("keys", [])) == 1, "it is seen")
    (one,) = (await tab.state(KeysState)).keys
    await tab.do(KeysState.revoke(one["id"]))
    state = await tab.state(KeysState)
    assert state.keys == []
    assert [(o["name"], o["state"]) for o in state.ended] == [("website", "revoked")]
    assert runtime.db.read_now(apikeys.holder, key, NOON) is None
    assert (await tab.state(PageState)).toast["kind"] == "success"
    holder = runtime.db.read_now(apikeys.holder, theirs, NOON)
    assert holder is not None
    await tab.do(KeysState.revoke(holder.key_id))
    assert (await tab.state(PageState)).toast["kind"] == "error"
    assert runtime.db.read_now(apikeys.holder, theirs, NOON) is not None


async def test_what_a_key_made_is_named_before_it_ends(
    tab: Tab, runtime: Runtime, couple: Couple
) -> None:
    """Whoever revokes it knows which others end with it, and who stays; a key says
    which made it."""
    maker = runtime.db.read_now(
        apikeys.holder, _make(runtime, couple, "planner", scopes=["admin"]), NOON
    )
    assert maker is not None
    _make(runtime, couple, "table plan", by=Program(maker.key_id))
    await tab.until(lambda: len(tab.sent().get("keys", [])) == 2, "they are seen")
    made, by = (await tab.state(KeysState)).keys
    assert (made["maker"], by["maker"]) == ("planner", "")
    assert "The key that it made ends with it: table plan." in by["warning"]
    assert by["warning"].endswith(say("en", "keys.revoke.people"))
    assert made["warning"] == say("en", "keys.revoke.about")
    await tab.do(KeysState.revoke(by["id"]))
    assert await _listed(tab) == []


@pytest.mark.parametrize("role", [Role.PLANNER, Role.VIEWER])
async def test_others_see_and_end_none(
    runtime: Runtime, couple: Couple, clock: FakeClock, role: Role
) -> None:
    """Only who may manage the wedding; names of keys are not told either."""
    _make(runtime, couple, "website")
    cookie = login(runtime.db, couple, clock=clock)
    runtime.db.write_now(
        lambda s: s.execute(sa.update(Membership).values(role=role.value)) and None
    )
    runtime.bus.attach()
    async with Tab(cookie, "/settings/api-keys") as tab:
        await tab.open(KeysState.live)
        state = await tab.state(KeysState)
        assert (state.keys, state.ended, state.may_edit) == ([], [], False)
        await tab.do(KeysState.revoke(1))
        assert (await tab.state(PageState)).toast["kind"] == "error"
        assert "website" not in json.dumps(tab.deltas, default=str)
    ended = runtime.db.read_now(lambda s: s.get_one(ApiKey, 1).revoked_at)
    assert ended is None
