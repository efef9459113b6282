"""The demo: a wedding that is there at once and lives by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.e2e.app import AppProcess, wait_for
from wedding_wa.db import opened
from wedding_wa.models import Chat, Guest, Household, OptOut, QueueMessage

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[AppProcess]:
    """`python -m wedding_wa demo`, its guests in a hurry."""
    made = AppProcess(tmp_path, "demo", "--pace", "40", data="data/demo")
    made.start()
    yield made
    made.stop()


def test_the_demo_lives_by_itself(demo: AppProcess) -> None:
    """150 guests in 60 households; they open, write, ask, say STOP; the couple
    answers; nobody is written to who has not written; the log is clean."""
    with opened(f"sqlite:///{demo.data / 'wedding_wa.db'}") as database:

        def count(statement: Any) -> int:
            return database.read_now(lambda session: session.exec(statement).one())

        assert count(select(sa.func.count()).select_from(Guest)) == 150
        assert count(select(sa.func.count()).select_from(Household)) == 60
        wrote = select(sa.func.count(Chat.household_id.distinct()))  # type: ignore[union-attr]
        wait_for(lambda: count(wrote) >= 20, "twenty households wrote", seconds=120)
        stop = select(sa.func.count()).select_from(OptOut)
        wait_for(lambda: count(stop) >= 1, "somebody says STOP", seconds=120)
        stranger = select(sa.func.count()).where(Chat.household_id == None)  # noqa: E711
        wait_for(lambda: count(stranger) >= 1, "somebody nobody knows", seconds=60)
        sent = select(sa.func.count()).where(QueueMessage.status == "sent")
        wait_for(lambda: count(sent) >= 2, "the couple answers", seconds=120)
    for key in ("groom", "bride"):
        written = _writers(demo, key)
        assert {one["chatId"] for one in demo.delivered(key)} <= written
    log = demo.log.read_text()
    assert "demo@example.com" in log
    assert " ERROR " not in log
    assert "Traceback" not in log
    assert demo.stop() == 0


def _writers(demo: AppProcess, session: str) -> set[str]:
    """The chats of this session in which somebody has written, as WhatsApp has them."""
    api = httpx.Client(
        base_url=f"{demo.simulator}/api/{session}", headers={"X-Api-Key": "simulator"}
    )
    chats = [chat["id"] for chat in api.get("/chats").json()]
    return {
        chat
        for chat in chats
        if any(
            not one["fromMe"]
            for one in api.get(f"/chats/{chat}/messages", params={"limit": 100}).json()
        )
    }
