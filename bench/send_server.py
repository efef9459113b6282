"""Our app as `bench.send` measures it: every layer of the API, no pages behind it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import uvicorn
from pydantic import SecretStr
from sqlmodel import Session
from starlette.responses import PlainTextResponse

from tests.builders import make_couple_in, write_guest
from wedding_wa import runtime
from wedding_wa.api.app import create_api
from wedding_wa.api.guard import guarding
from wedding_wa.api.headers import SecurityHeaders, TrailingSlash
from wedding_wa.db import Database, opened
from wedding_wa.runtime import Runtime
from wedding_wa.services import apikeys
from wedding_wa.services.clock import Clock
from wedding_wa.services.live import Bus
from wedding_wa.services.migrations import migrate
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings

PHONES = [f"+39333{number:07d}" for number in range(1000, 2000)]


def prepare(file: Path) -> str:
    """Make the file: a wedding, a thousand guests who wrote; return a program's key."""
    with opened(f"sqlite:///{file}") as database:
        migrate(database.engine)
        return database.write_now(_furnish)


def _furnish(session: Session) -> str:
    couple = make_couple_in(session)
    for number, phone in enumerate(PHONES):
        write_guest(session, (couple.groom, couple.bride)[number % 2], phone)
    return apikeys.create_key(
        session,
        wedding_id=couple.wedding,
        name="bench",
        scopes=["send"],
        now=Clock().now(),
    )


def serve(port: int, file: Path) -> None:
    """Serve until terminated."""
    csp = file.with_name("csp.json")
    csp.write_text(json.dumps([]))
    runtime.install(
        Runtime(
            settings=Settings(
                _env_file=None,  # type: ignore[call-arg]
                secret_key=SecretStr("b" * 32),
                api_rate_per_minute=0,  # no limit: it is counted all the same
                api_rate_per_minute_wedding=0,
            ),
            db=Database(f"sqlite:///{file}"),
            clock=Clock(),
            rng=random.Random(1),
            bus=Bus(),
            sealer=Sealer(b"bench"),
        )
    )
    api = create_api()
    api.mount("", PlainTextResponse("a page"))
    app = SecurityHeaders(TrailingSlash(guarding(api)(api)), csp_file=csp)
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
