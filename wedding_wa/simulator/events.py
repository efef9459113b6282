"""simulator: what WAHA tells the outside, by webhook and by its event feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wedding_wa.simulator import ids
from wedding_wa.simulator.answers import ENVIRONMENT
from wedding_wa.simulator.config import ENGINE
from wedding_wa.simulator.feeds import Feeds
from wedding_wa.simulator.webhooks import Webhooks

if TYPE_CHECKING:
    from wedding_wa.simulator.sessions import Session
    from wedding_wa.simulator.world import World

Json = dict[str, Any]

# In the order of WAHA's own complaint about a wrong one.
EVENTS = (
    "session.status",
    "message",
    "message.reaction",
    "message.any",
    "message.ack",
    "message.ack.group",
    "message.waiting",
    "message.revoked",
    "message.edited",
    "state.change",
    "group.join",
    "group.leave",
    "group.v2.join",
    "group.v2.leave",
    "group.v2.update",
    "group.v2.participants",
    "presence.update",
    "poll.vote",
    "poll.vote.failed",
    "chat.archive",
    "call.received",
    "call.accepted",
    "call.rejected",
    "label.upsert",
    "label.deleted",
    "label.chat.added",
    "label.chat.deleted",
    "event.response",
    "event.response.failed",
    "engine.event",
    "*",
)


class Events:
    """Wraps payloads in WAHA's envelope and hands them to those who listen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.webhooks = Webhooks(world)
        self.feeds = Feeds(world.faults)

    def emit(self, session: Session, names: list[str], payload: Json) -> None:
        """Tell `payload` once per name.

        The names share one event id, as recorded for `message` and `message.any`.
        """
        pace = self._world.pace
        now = pace.now_ms()
        head = {"id": ids.event_id(pace.rng, now), "timestamp": now}
        metadata = (session.config or {}).get("metadata")
        for name in names:
            envelope: Json = {**head, "event": name, "session": session.name}
            if metadata:
                envelope["metadata"] = metadata
            envelope |= {
                "me": session.me,
                "payload": payload,
                "engine": ENGINE,
                "environment": ENVIRONMENT,
            }
            self.webhooks.post(session, envelope)
            self.feeds.publish(envelope)
        self._world.changed()

    async def close(self) -> None:
        self.feeds.close()
        await self.webhooks.close()
