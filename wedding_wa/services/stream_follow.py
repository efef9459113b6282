"""services: following the feed for programs from outside, as any program would.

It comes back after each break, in 3 s, then 6, 12 … at most 30, and goes on where it
was. Its token travels in a header, so no address that is logged anywhere holds it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.services.clock import Clock

FIRST_WAIT, LONGEST_WAIT = 3.0, 30.0
NOW = "now"
# The server speaks each 30 s at least, and answers pings in between.
_PING_S = 20.0
_LARGEST = 4_000_000
_PATH = "/ws/whatsapp"
# What coming back with the same words would not mend.
_FINAL = {4400: "cli.tail.asked", 4401: "cli.tail.token", 4403: "cli.tail.scope"}
_FINAL_STATUS = {401: "cli.tail.token", 403: "cli.tail.scope", 404: "cli.tail.nobody"}
_quiet = logging.getLogger(f"{__name__}.line")  # at DEBUG it writes whole handshakes
_quiet.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Feed:
    """Which feed, with which token, and of which events (none: of all)."""

    url: str
    token: str
    events: Sequence[str] = ()

    def address(self, after: str) -> str:
        """Where to connect to. Raises BadInput for what is no address."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
            raise BadInput("cli.tail.address", "url")
        base = self.url.rstrip("/").removesuffix(_PATH).replace("http", "ws", 1)
        asked = {"after": after}
        if self.events:
            asked["events"] = ",".join(self.events)
        return f"{base}{_PATH}?{urlencode(asked)}"


@dataclass(frozen=True, slots=True)
class Told:
    """One envelope, as it came and as it reads."""

    text: str
    envelope: dict[str, Any]


async def follow(
    feed: Feed,
    *,
    after: str,
    clock: Clock,
    broken: Callable[[float], None],
) -> AsyncIterator[Told]:
    """Every envelope from behind `after` on, for as long as it is asked for.

    `broken` is told of each break, with the seconds until the next try. Raises
    BadInput for the address, Refused where coming back would not help.
    """
    wait = FIRST_WAIT
    while True:
        address = feed.address(after)
        try:
            async with _opened(address, feed.token) as line:
                while True:
                    told = _read(await line.recv())
                    after, wait = _place(told.envelope, after), FIRST_WAIT
                    yield told
        except ConnectionClosed as error:
            _give_up(_FINAL.get(error.rcvd.code) if error.rcvd else None)
        except InvalidStatus as error:
            _give_up(_FINAL_STATUS.get(error.response.status_code))
        except InvalidURI:
            raise BadInput("cli.tail.address", "url") from None
        except (OSError, TimeoutError, EOFError, InvalidHandshake, ValueError):
            pass  # not there just now, or something else is
        broken(wait)
        await clock.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


class _Straight(connect):
    """Connects where it was told to and nowhere else: the token goes along."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _opened(address: str, token: str) -> _Straight:
    return _Straight(
        address,
        additional_headers={"Authorization": f"Bearer {token}"},
        logger=_quiet,
        proxy=None,
        max_size=_LARGEST,
        ping_interval=_PING_S,
        close_timeout=1,
    )


def _read(text: str | bytes) -> Told:
    """Raises ValueError where it is no envelope: another program answers there."""
    said = text if isinstance(text, str) else text.decode()
    envelope = json.loads(said)
    if not isinstance(envelope, dict):
        raise ValueError("no envelope")
    return Told(said, envelope)


def _place(envelope: dict[str, Any], before: str) -> str:
    """Where to go on after it. A heartbeat has no id, and says so in its data."""
    if "id" in envelope:
        return str(envelope["id"])
    data = envelope.get("data")
    told = data.get("after") if isinstance(data, dict) else None
    return str(told) if told else before


def _give_up(code: str | None) -> None:
    if code is not None:
        raise Refused(code, "") from None
