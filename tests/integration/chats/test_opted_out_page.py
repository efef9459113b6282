"""The page Opted out in a tab without a browser, on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk import built
from tests.fakes import FakeClock
from tests.integration.chats.conftest import PHONE, Post
from tests.reflex_harness import Tab, login
from wedding_wa.models import Role
from wedding_wa.runtime import Runtime
from wedding_wa.state.base import PageState
from wedding_wa.state.opted_out import OptedOutState


@pytest.fixture
def runtime(post: Post, clock: FakeClock) -> Iterator[Runtime]:
    with built(post.db, clock) as app:
        yield app


def page(post: Post, clock: FakeClock, role: Role = Role.OWNER) -> Tab:
    cookie = login(post.db, post.couple, clock=clock, role=role)
    return Tab(cookie, "/guests/opted-out")


async def test_undo_and_answer(runtime: Runtime, post: Post, clock: FakeClock) -> None:
    """The wish goes to those undone, with who did it; the question is gone."""
    runtime.bus.attach()
    post.household("Rossi", ("Maria", PHONE))
    post.wrote("Basta!", at=1)
    post.wrote("can you stop writing at night?", at=2, chat="393339998888@c.us")
    async with page(post, clock) as tab:
        await tab.open(OptedOutState.live)
        state = await tab.state(OptedOutState)
        assert [(one["name"], one["sentence"]) for one in state.active] == [
            ("Maria", "Basta!")
        ]
        assert state.active[0]["about"] == "Rossi · +39 333 111 2222"
        asked = state.questions[0]["id"]
        await tab.do(OptedOutState.answer(asked, "nonsense"))
        assert len((await tab.state(OptedOutState)).questions) == 1
        await tab.do(OptedOutState.answer(asked, "go_on"))
        await tab.do(OptedOutState.undo(state.active[0]["id"]))
        state = await tab.state(OptedOutState)
        assert (state.questions, state.active) == ([], [])
        assert [one["ended"] for one in state.undone] == ["person"]
        assert state.undone[0]["ended_by"] != ""


async def test_who_only_reads_cannot_undo(
    runtime: Runtime, post: Post, clock: FakeClock
) -> None:
    """The handler itself refuses, not only the missing button."""
    runtime.bus.attach()
    post.wrote("STOP", at=1)
    async with page(post, clock, Role.VIEWER) as tab:
        await tab.open(OptedOutState.live)
        state = await tab.state(OptedOutState)
        assert not state.may_send
        await tab.do(OptedOutState.undo(state.active[0]["id"]))
        assert len(post.opt_outs()) == 1
        assert (await tab.state(PageState)).toast["kind"] == "error"
