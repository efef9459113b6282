"""cli: `tail`: what happens, line by line, as programs are told it."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from wedding_wa.cli.common import (
    AsJson,
    language,
    misused,
    sentences,
    tell,
    words,
)
from wedding_wa.services.clock import Clock
from wedding_wa.services.stream_envelopes import GAP, HEARTBEAT, Event
from wedding_wa.services.stream_follow import NOW, Feed, Told, follow
from wedding_wa.services.stream_places import parse
from wedding_wa.settings import load_settings
from wedding_wa.words import say

TOKEN = "WEDDING_WA_TOKEN"  # noqa: S105  # the name of where it stands
_COLOURS = {
    Event.MESSAGE_SENT: "green",
    Event.MESSAGE_STATUS: "cyan",
    Event.SESSION_STATUS: "yellow",
    Event.GUEST_ACTIVATED: "bold magenta",
    Event.MESSAGE_RECEIVED: "bold blue",
}
_LONGEST = 80

After = Annotated[
    str, typer.Option(help="Go on behind this envelope's id; 0 is the beginning.")
]
Events = Annotated[
    list[str] | None, typer.Option("--event", help="Only this event; may be repeated.")
]
Url = Annotated[
    str | None, typer.Option(help="Where the app is; else as the settings have it.")
]
Token = Annotated[
    str,
    typer.Option(envvar=TOKEN, help="An API key that may read, or an access token."),
]


def tail(
    after: After = NOW,
    event: Events = None,
    as_json: AsJson = False,
    url: Url = None,
    token: Token = "",
) -> None:
    """Follow what happens, until Ctrl-C."""
    known = [one.value for one in Event]
    if not token:
        misused("cli.tail.no_token", name=TOKEN)
    if after != NOW and parse(after) is None:
        misused("cli.tail.no_id", after=after)
    if not set(event or ()) <= set(known):
        misused("cli.tail.no_event", known=", ".join(known))
    with sentences():
        feed = Feed(url or load_settings().public, token, tuple(event or ()))
        asyncio.run(_follow(feed, after, as_json=as_json))


async def _follow(feed: Feed, after: str, *, as_json: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    async for told in follow(feed, after=after, clock=Clock(), broken=_broken):
        kind = told.envelope.get("event")
        if kind == HEARTBEAT:
            continue
        if as_json:
            print(told.text, flush=True)
        elif kind == GAP:
            reason = told.envelope["data"].get("reason")
            tell(words(f"cli.tail.gap.{reason}"))
        else:
            _print(console, told)


def _print(console: Console, told: Told) -> None:
    console.print(_line(told.envelope))
    sys.stdout.flush()


def _broken(seconds: float) -> None:
    tell(say(language(), "cli.tail.broken", n=round(seconds)))


def _line(envelope: dict[str, Any]) -> Text:
    """Time, event, number, state, with whom, and what was said; then the ids."""
    data = envelope["data"]
    colour = _COLOURS.get(envelope["event"], "")
    whom = data.get("phone") or data.get("to") or data.get("chatId") or ""
    said = data.get("text") or data.get("error") or data.get("name") or ""
    parts = [
        (_time(data.get("timestamp")), "dim"),
        (f"{envelope['event']:<16}", colour),
        (f"{data.get('session') or '':<5}", ""),
        (f"{data.get('status') or data.get('media') or '':<12}", "bold"),
        (whom, ""),
        (_short(said), "italic"),
        (data.get("message_id") or "", "dim"),
        (f"#{envelope.get('id', '')}", "dim"),
    ]
    shown = [(_plain(str(text)), style) for text, style in parts if str(text).strip()]
    return Text("  ").join(Text(text, style) for text, style in shown)


def _time(moment: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(moment)).astimezone():%H:%M:%S}"
    except ValueError:
        return ""


def _short(text: str) -> str:
    words_ = " ".join(text.split())
    return words_ if len(words_) <= _LONGEST else f"{words_[: _LONGEST - 1]}…"


def _plain(text: str) -> str:
    """What a guest wrote is no order to the terminal."""
    return "".join(one if one.isprintable() else " " for one in text)
