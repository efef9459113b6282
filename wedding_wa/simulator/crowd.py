"""simulator: a crowd of pretend guests who live with the app: they open their links,
write by the button, answer, ask, say STOP.

    python -m wedding_wa.simulator.crowd --world http://127.0.0.1:8010 --plan FILE

The plan is JSON: `{"sessions": ["groom", …], "guests": [{"name", "phone", "language",
"character", "link"?, "lid"?, "session"?, "delay"?}, …]}`. `link` is an invitation's
address; who has none writes straight to `session`, if one is told, else only answers.
A guest knows what a person would: the page behind the link and what comes on WhatsApp.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import os
import random
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from wedding_wa.simulator.crowd_words import Character, reaction

_PHONE = (
    "Mozilla/5.0 (Linux; Android 13; SM-A146B) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0 Mobile Safari/537.36"
)
_BUTTON = re.compile(r'https://wa\.me/(\d+)\?text=([^"\'\s]+)')
_LOOK_SECONDS = 1.5
_RETRY_SECONDS = 3.0


@dataclass
class Guest:
    """One pretend guest. `delay`: seconds until they first do anything."""

    name: str
    phone: str
    language: str
    character: Character
    link: str | None = None
    lid: str | None = None
    session: str | None = None
    delay: float = 0.0
    heard: int = 0
    inbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    @property
    def address(self) -> str:
        """What WhatsApp calls them: their LID where it hides the number."""
        return self.lid or f"{self.phone.lstrip('+')}@c.us"


class Crowd:
    """The guests of a plan, all living at once. `pace` divides every wait."""

    def __init__(self, world: str, plan: dict[str, Any], *, pace: float) -> None:
        self._sessions: list[str] = plan["sessions"]
        self._guests = [
            Guest(**told | {"character": Character(told["character"])})
            for told in plan["guests"]
        ]
        self._pace = pace
        self._rng = random.Random(len(self._guests))  # noqa: S311  # moods
        self._http = httpx.AsyncClient(
            base_url=world, timeout=20, trust_env=False, headers={"User-Agent": _PHONE}
        )
        self._number_of: dict[str, str] = {}

    async def live(self) -> None:
        """Link the couple's phones, then live until cancelled."""
        for session in self._sessions:
            await self._kept(self._link, session)
        async with asyncio.TaskGroup() as together:
            together.create_task(self._kept(self._deliver))
            for guest in self._guests:
                together.create_task(self._kept(self._be, guest))

    async def _kept(self, do: Any, *args: Any) -> None:
        """Do it; while the app or WhatsApp cannot be reached, again a little later."""
        while True:
            try:
                await do(*args)
            except httpx.HTTPError:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    # --- the couple's phones ------------------------------------------------------

    async def _link(self, session: str) -> None:
        """Scan the session's code once it shows one; nothing where it is linked."""
        while not (told := await self._told(session))["linked"]:
            if told["code"]:
                await self._post(f"/__world/sessions/{session}/scan")
            await asyncio.sleep(1.0)
        self._number_of[session] = str(told["phone"])

    async def _told(self, session: str) -> dict[str, Any]:
        state = (await self._http.get("/__world/state")).raise_for_status().json()
        found: dict[str, Any] = next(
            one for one in state["sessions"] if one["name"] == session
        )
        return found

    async def _deliver(self) -> None:
        """Hand what reached WhatsApp to whom it was for."""
        seen = 0
        while True:
            answer = await self._http.get("/__world/delivered")
            everything = answer.raise_for_status().json()
            for one in everything[seen:]:
                for guest in self._guests:
                    if guest.address == one["chatId"]:
                        guest.session = one["session"]
                        guest.inbox.put_nowait(one["text"])
            seen = len(everything)
            await asyncio.sleep(_LOOK_SECONDS)

    # --- a guest ------------------------------------------------------------------

    async def _be(self, guest: Guest) -> None:
        await self._wait(guest.delay)
        if guest.link is not None:
            await self._open(guest)
        elif guest.session is not None:
            await self._write(guest, guest.session, reaction(guest.character, 0))
        while True:
            await guest.inbox.get()
            await self._react(guest)

    async def _open(self, guest: Guest) -> None:
        """Read the invitation; press its button, or only look at it.

        Where the button is not there yet, as before the number is linked, they come
        back later.
        """
        assert guest.link is not None
        page = (await self._http.get(guest.link)).raise_for_status().text
        if guest.character is Character.LOOKS_ONLY:
            return
        while (button := _BUTTON.search(html.unescape(page))) is None:
            await asyncio.sleep(_RETRY_SECONDS)
            page = (await self._http.get(guest.link)).raise_for_status().text
        await self._wait(self._rng.uniform(2, 8))
        number, text = button[1], unquote(button[2])
        numbers = {phone: session for session, phone in self._number_of.items()}
        await self._write(guest, numbers[number], text)

    async def _react(self, guest: Guest) -> None:
        guest.heard += 1
        said = reaction(guest.character, guest.heard, guest.language, self._rng)
        if said and guest.session:
            await self._wait(self._rng.uniform(4, 25))
            await self._write(guest, guest.session, said)

    async def _write(self, guest: Guest, session: str, text: str) -> None:
        order = {
            "session": session,
            "from": guest.address,
            "text": text,
            "name": guest.name,
        }
        await self._post("/__world/messages", order)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._pace)

    async def _post(self, path: str, body: dict[str, Any] | None = None) -> None:
        answer = await self._http.post(path, json=body or {})
        if answer.status_code != 409:  # its code has just been scanned
            answer.raise_for_status()


def main(argv: Sequence[str] | None = None) -> int:
    """Let the crowd live until it is told to end, or `--parent-fd` ends."""
    parser = argparse.ArgumentParser(prog="wedding_wa crowd")
    parser.add_argument("--world", required=True, help="address of the simulator")
    parser.add_argument("--plan", type=Path, required=True, help="the guests, as JSON")
    parser.add_argument("--pace", type=float, default=1.0)
    parser.add_argument("--parent-fd", type=int)
    options = parser.parse_args(argv)
    if options.parent_fd is not None:
        threading.Thread(target=_watch, args=(options.parent_fd,), daemon=True).start()
    plan = json.loads(options.plan.read_text())
    asyncio.run(Crowd(options.world, plan, pace=options.pace).live())
    return 0


def _watch(parent_fd: int) -> None:
    """End together with whoever holds the pipe's other end."""
    while os.read(parent_fd, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
