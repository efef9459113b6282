"""The overview's state: live, in the reader's language, silent while nothing moves."""

from __future__ import annotations

from tests import accounts as see
from tests.builders import guest_wrote, put
from tests.desk import Desk
from wedding_wa.state.overview import OverviewState


async def test_the_first_open_step_is_the_next_one(home: Desk) -> None:
    """One button, at the step that comes next."""
    see.update(home.db, home.couple.bride, phone=None, status="STOPPED")
    async with home.tab("/") as tab:
        await tab.open(OverviewState.live)
        steps = (await tab.state(OverviewState)).steps
        assert [(one["key"], one["done"]) for one in steps] == [
            ("waha", True),
            ("groom", True),
            ("bride", False),
            ("wrote", False),
            ("arrived", False),
        ]
        assert [one["key"] for one in steps if one["next"]] == ["bride"]


async def test_why_a_message_waits_is_in_the_readers_language(home: Desk) -> None:
    """The sentence is made on the server, from the rule."""
    guest_wrote(home.db, home.couple.groom)
    message = put(home.db, home.couple).id
    see.update(home.db, home.couple.groom, status="FAILED")
    said = {}
    for lang in ("en", "it"):
        async with home.tab("/", lang=lang) as tab:
            await tab.open(OverviewState.live)
            state = await tab.state(OverviewState)
            said[lang] = state.states[str(message)]["why"]
    assert "Groom is not ready" in said["en"]
    assert said["it"]
    assert said["it"] != said["en"]


async def test_nothing_is_sent_while_nothing_moves(home: Desk) -> None:
    """A look that finds the same sends the sign of life alone."""
    async with home.tab("/") as tab:
        await tab.open(OverviewState.live)
        await tab.until(lambda: "beat" in tab.sent(), "the first beat")
        tab.deltas.clear()
        home.app.bus.publish()
        await tab.until(lambda: "beat" in tab.sent(), "a beat")
        assert set(tab.sent()) == {"beat"}
