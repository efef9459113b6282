"""The webhook door and, behind it, tabs that look at what came in."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.integration.inbound.conftest import Door, app, door  # noqa: F401
from tests.reflex_harness import Tab, login
from wedding_wa.models import Role


@dataclass
class Look:
    """A door to post to, and the page in a tab."""

    door: Door

    def tab(self, query: str = "", *, role: Role = Role.OWNER, lang: str = "en") -> Tab:
        made = self.door
        cookie = login(
            made.app.db, made.couple, clock=made.app.clock, role=role, lang=lang
        )
        return Tab(cookie, f"/settings/webhooks{query}")


@pytest.fixture
async def look(door: Door) -> Look:  # noqa: F811  # a fixture's name is its parameter's
    door.app.bus.attach()
    door.app.db.on_commit.append(door.app.bus.publish)
    return Look(door)
