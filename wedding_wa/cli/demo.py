"""cli: `demo`: a wedding of 150 guests with a life of its own, to look at every page.

Everything is in a folder of its own, and everybody is pretended: the simulator plays
WhatsApp, a crowd of pretend guests opens links and writes, and a pretend couple
answers through the queue like the real one would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from sqlmodel import Session

from wedding_wa.cli import run as running
from wedding_wa.cli.demo_guests import DemoHousehold, households
from wedding_wa.domain.account import AccountStatus
from wedding_wa.domain.errors import WeddingError
from wedding_wa.domain.guests import Stage
from wedding_wa.runtime import Runtime
from wedding_wa.services import activation, guests, weddings
from wedding_wa.services.account_commands import Desk, start
from wedding_wa.services.account_poll import poll
from wedding_wa.services.accounts import Clients
from wedding_wa.services.enqueue import EnqueueRequest, account_id_of, enqueue
from wedding_wa.services.households import create_household
from wedding_wa.services.invitations import invitation_link
from wedding_wa.services.policies import save_policy
from wedding_wa.services.wedding_details import change_details
from wedding_wa.settings import ACCOUNT_KEYS, Settings, load_settings

EMAIL = "demo@example.com"
_SEED = 2306
# Quick enough to watch, and still like a person; the Limits page says what is looser.
_LIMITS = {
    "per_hour": "90",
    "per_day": "600",
    "gap_min_seconds": "5",
    "gap_max_seconds": "12",
    "sibling_min_seconds": "2",
    "sibling_max_seconds": "6",
    "cooldown_seconds": "60",
    "rest_after": "30",
    "rest_min_seconds": "60",
    "rest_max_seconds": "120",
    "typing_seconds_per_char": "0.08",
}
_WELCOME = {
    "it": "Che gioia averti con noi, {name}! Ti scriviamo qui tutto quello che serve.",
    "en": "So happy to have you with us, {name}! We will send all you need right here.",
    "de": "Wie schön, dass ihr dabei seid, {name}! Alles Weitere kommt hierher.",
    "fr": "Quelle joie de vous compter parmi nous, {name} ! Tout arrivera ici.",
    "es": "¡Qué alegría tenerte con nosotros, {name}! Aquí te iremos contando todo.",
    "pt": "Que alegria ter-vos connosco, {name}! Mandamos tudo por aqui.",
}
# Of ten guests who write, by what they are like.
_CHARACTERS = ("warm",) * 4 + ("quiet",) * 3 + ("asks",) * 2 + ("jokes",)
_STRANGERS = (
    {"name": "Bea", "phone": "+19075550177", "character": "cousin"},
    {"name": "", "phone": "+19075550178", "character": "stranger"},
)


def demo(
    fresh: Annotated[bool, typer.Option(help="Begin the story anew.")] = False,
    pace: Annotated[float, typer.Option(help="How many times as quickly.")] = 1.0,
) -> None:
    """Start the app with a demo wedding: 150 guests who write, ask and say STOP."""
    settings = _settings(load_settings())
    if fresh:
        shutil.rmtree(settings.data_dir, ignore_errors=True)
    running.run(settings, beside=lambda runtime: _alive(runtime, pace))


def _settings(settings: Settings) -> Settings:
    """The same, in a folder of its own and with nobody real behind it."""
    nobody: dict[str, object] = {
        f"waha_{part}_{key}": value
        for key in ACCOUNT_KEYS
        for part, value in (("url", ""), ("api_key", SecretStr("")))
    }
    folder = settings.data_dir / "demo"
    return settings.model_copy(
        update={**nobody, "data_dir": folder, "database_url": "", "worker": "inline"}
    )


@contextlib.contextmanager
def _alive(runtime: Runtime, pace: float) -> Iterator[None]:
    """Fill the wedding if it is new, and let everybody live meanwhile."""
    folder = runtime.settings.data_dir
    password = _login(folder)
    runtime.db.write_now(_fill, password, runtime.clock.now())
    plan = folder / "crowd.json"
    plan.write_text(json.dumps(_plan(runtime), ensure_ascii=False))
    print(f"\n  The demo's login: {EMAIL}  {password}", flush=True)
    over = threading.Event()
    couple = threading.Thread(target=_couple, args=(runtime, over), daemon=True)
    couple.start()
    try:
        with _crowd(runtime.settings, plan, pace):
            yield
    finally:
        over.set()
        couple.join(timeout=5)


def _login(folder: Path) -> str:
    """The password, made once; whoever can read the folder may log in."""
    file = folder / "password"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(9))
    return file.read_text().strip()


def _fill(session: Session, password: str, now: datetime) -> None:
    """Write the couple, their limits and their guests, once."""
    if weddings.first_owner_exists(session):
        return
    couple = weddings.NewWedding(
        groom_name="Marco",
        bride_name="Giulia",
        day=_saturday(now),
        time_zone="Europe/Rome",
        default_country="IT",
    )
    owner = weddings.set_up(
        session, couple, email=EMAIL, password=password, language="en", now=now
    )
    wedding_id, _ = weddings.the_wedding(session)
    details = {"place": "Villa Aurora, Fiesole", "guest_language": "it"}
    change_details(session, wedding_id, details, now=now, by=owner)
    for key in ACCOUNT_KEYS:
        save_policy(session, account_id_of(session, wedding_id, key), _LIMITS, now=now)
    for household in households():
        _write(session, wedding_id, household, owner, now)


def _saturday(now: datetime) -> date:
    """A Saturday in seven months."""
    day = now.date() + timedelta(days=210)
    return day + timedelta(days=(5 - day.weekday()) % 7)


def _write(
    session: Session, wedding_id: int, listed: DemoHousehold, owner: int, now: datetime
) -> None:
    home = create_household(
        session,
        wedding_id,
        name=listed.name,
        side=listed.side,
        language=listed.language,
        now=now,
    )
    contact: int | None = None
    for guest in listed.guests:
        form = guests.GuestForm(
            name=guest.name,
            phone=guest.phone,
            side=listed.side,
            tags=guest.tags,
            notes=guest.notes,
            household_id=home.id,
            contact_id=None if guest.phone else contact,
        )
        added = guests.add_guest(session, wedding_id, form, by=owner, now=now)
        contact = contact or added
    if listed.invited_days is not None:
        sent = now - timedelta(days=listed.invited_days)
        ids = [home.id or 0]
        activation.mark_invited(session, ids, wedding_id=wedding_id, by=owner, now=sent)


# --- the pretend guests -----------------------------------------------------------


def _plan(runtime: Runtime) -> dict[str, object]:
    """Who lives in the crowd, and how: by the list, the same each time."""
    rng = random.Random(_SEED)  # noqa: S311  # moods, not secrets
    rows = runtime.db.read_now(_rows)
    people = [_guest(runtime.settings, row, n, rng) for n, row in enumerate(rows)]
    strangers = [
        {**told, "language": "it", "session": "bride", "delay": 40.0 + 30 * n}
        for n, told in enumerate(_STRANGERS)
    ]
    known = any(row.stage is Stage.ACTIVE for row in rows)
    everybody = [one for one in people if one] + ([] if known else strangers)
    return {"sessions": ACCOUNT_KEYS, "guests": everybody}


def _rows(session: Session) -> list[activation.Row]:
    """Every household, in the order in which they were written."""
    wedding_id, _ = weddings.the_wedding(session)
    ids = activation.ids_of(session, wedding_id, activation.Wish())
    return sorted(activation.rows_of(session, wedding_id, ids), key=lambda row: row.id)


def _guest(
    settings: Settings, row: activation.Row, number: int, rng: random.Random
) -> dict[str, object] | None:
    """The household's first guest, who writes for them all; None where nobody does."""
    listed = households()[number]
    character = rng.choice(_CHARACTERS)
    if number % 20 == 7:
        character = "stops"
    elif number % 7 == 5:
        character = "looks_only"
    delay = rng.uniform(3, 90) if number % 5 else rng.uniform(300, 2400)
    if row.stage is Stage.NOT_INVITED or number % 9 == 4:
        return None
    writes = row.stage in (Stage.LINK_SENT, Stage.OPENED)
    first = listed.guests[0]
    return {
        "name": first.name.partition(" ")[0],
        "phone": first.phone,
        "language": listed.language,
        "character": character,
        "link": invitation_link(settings.public, row.token) if writes else None,
        "lid": f"98555000{number:04}@lid" if number % 12 == 2 else None,
        "delay": round(delay, 1),
    }


@contextlib.contextmanager
def _crowd(settings: Settings, plan: Path, pace: float) -> Iterator[None]:
    """Run the crowd as a child that ends with this process, however that ends."""
    theirs, ours = os.pipe()
    words = [sys.executable, "-m", "wedding_wa.simulator.crowd"]
    words += ["--world", settings.simulator_url, "--plan", str(plan)]
    words += ["--pace", str(pace), "--parent-fd", str(theirs)]
    child = subprocess.Popen(  # noqa: S603  # our own interpreter, fixed words
        words, pass_fds=[theirs], stdin=subprocess.DEVNULL, start_new_session=True
    )
    os.close(theirs)
    try:
        yield
    finally:
        os.close(ours)
        child.wait()


# --- the pretend couple -----------------------------------------------------------


def _couple(runtime: Runtime, over: threading.Event) -> None:
    """Start both numbers, then welcome who has written, once each, until `over`."""
    for key in ACCOUNT_KEYS:
        while not over.is_set() and not asyncio.run(_started(runtime, key)):
            over.wait(1.0)
    welcomed: set[int] = set()
    while not over.wait(4.0):
        for row in runtime.db.read_now(_rows):
            if row.stage is Stage.ACTIVE and row.id not in welcomed:
                welcomed.add(row.id)
                _welcome(runtime, row)


async def _started(runtime: Runtime, key: str) -> bool:
    """Press Start for a number, as soon as the app knows its WAHA; True once done."""
    wedding_id, _ = runtime.db.read_now(weddings.the_wedding)
    account_id = runtime.db.read_now(account_id_of, wedding_id, key)
    clients = Clients(runtime.db, runtime.sealer, runtime.clock)
    desk = Desk(runtime.db, clients, runtime.clock, by=None)
    try:
        status = await poll(runtime.db, clients, account_id, runtime.clock)
        if status == AccountStatus.STOPPED:
            status = await start(desk, account_id)
        return status in (
            AccountStatus.STARTING,
            AccountStatus.SCAN,
            AccountStatus.WORKING,
        )
    except WeddingError:
        return False
    finally:
        await clients.aclose()


def _welcome(runtime: Runtime, row: activation.Row) -> None:
    template = _WELCOME[row.language or "it"]
    request = EnqueueRequest(
        account=None,
        to=f"household:{row.code}",
        text=template.format(name=row.guests[0].partition(" ")[0]),
        idempotency_key=f"demo:welcome:{row.id}",
    )
    with contextlib.suppress(WeddingError):  # they want none after all
        wedding_id, _ = runtime.db.read_now(weddings.the_wedding)
        runtime.db.write_now(enqueue, wedding_id, request, now=runtime.clock.now())
