"""Schemathesis against the served app: a wedding with data, a key that may everything.

The short form tries the edges of every schema and one case beside them; with
`FUZZ_EXAMPLES=50` so many are drawn for each route, and chains of calls as well.
"""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
import sqlalchemy as sa
import uvicorn
from pydantic import SecretStr
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from tests.fakes import NOON, FakeClock
from tests.integration.api_v1.conftest import Made, make_wedding
from tests.integration.auth.conftest import served
from wedding_wa import runtime
from wedding_wa.db import Database
from wedding_wa.runtime import Runtime
from wedding_wa.services import apikeys
from wedding_wa.services.live import Bus
from wedding_wa.services.secrets import Sealer
from wedding_wa.settings import Settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
SEED = 20_270_619
UNSTORABLE = "api.wrong.unstorable"
#: No number that is likely to be tried: the key must not end itself.
KEY_ID = 2_046_982_143

REFUSED = (401, 403, 404, 409, 410, 422, 429, 503)
CHECKS = {
    # A rule may refuse what has the right shape; `judged` looks at which one did.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", *(str(one) for one in REFUSED)]
    },
    # Down for who asks health, and for accounts that no WAHA is configured for.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", "503"]},
}


# Left out of the short form: chains of calls, all methods but one that no route takes,
# and the edges of ten thousand messages at once.
SHORT: dict[str, Any] = {
    "phases": {
        "stateful": {"enabled": False},
        "coverage": {"unexpected-methods": ["query"]},
    },
    "operations": [
        {
            "include-path": "/api/v1/whatsapp/send/bulk",
            "phases": {"coverage": {"enabled": False}},
        }
    ],
}


@dataclass
class Found:
    """What a run did and found: failures by route."""

    cases: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    failures: dict[str, set[str]] = field(default_factory=dict)

    def add(self, label: str, text: str) -> None:
        self.failures.setdefault(label, set()).add(text)


@contextmanager
def served_wedding(database: Database, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Serve the app over a socket; the address, and the key."""
    clock = FakeClock()
    made = Runtime(
        settings=Settings(  # type: ignore[call-arg]
            _env_file=None,
            secret_key=SecretStr("s" * 32),
            data_dir=tmp_path,
            api_rate_per_minute=0,
            api_rate_per_minute_wedding=0,
        ),
        db=database,
        clock=clock,
        rng=random.Random(1),
        bus=Bus(),
        sealer=Sealer(b"test"),
    )
    runtime.install(made)
    wedding, _ = make_wedding(database), make_wedding(database)
    _, app = served(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, lifespan="off", log_level="critical")
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, args=([listening],))
        serving.start()
        try:
            port = listening.getsockname()[1]
            yield f"http://127.0.0.1:{port}", _key(database, wedding)
        finally:
            server.should_exit = True
            serving.join()
            runtime.install(None)


def _key(database: Database, made: Made) -> str:
    key = database.write_now(
        apikeys.create_key,
        wedding_id=made.couple.wedding,
        name="fuzz",
        scopes=("admin",),
        now=NOON,
    )

    table = sa.table("api_key", sa.column("id"), sa.column("name"))
    named = sa.update(table).where(table.c.name == "fuzz").values(id=KEY_ID)
    database.write_now(lambda session: session.execute(named))
    return key


def fuzz(
    described: dict[str, Any],
    address: str,
    key: str,
    *,
    examples: int = EXAMPLES,
    **more: Any,
) -> Found:
    """Run every phase over the whole document, every check on."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": address,
            "headers": {"Authorization": f"Bearer {key}", "Accept-Language": "en"},
            "generation": {
                "deterministic": True,
                "max-examples": examples,
                "no-shrink": True,
            },
            "checks": CHECKS,
            **(SHORT if examples == 1 else {}),
            "continue-on-failure": True,
            "workers": 1,
            "warnings": False,
            "request-timeout": 60,
            **more,
        }
    )
    schema = schemathesis.openapi.from_dict(described, config=config)
    found = Found()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _read(event, found)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.add("engine", str(event))
    return found


def _read(event: events.ScenarioFinished, found: Found) -> None:
    recorder = event.recorder
    for case_id, interaction in recorder.interactions.items():
        found.cases += 1
        if interaction.response is None:
            found.add(recorder.label, "no answer")
            continue
        status = interaction.response.status_code
        found.statuses[status] = found.statuses.get(status, 0) + 1
        node = recorder.cases.get(case_id)
        if node is not None:
            _judge(node.value, interaction.response, recorder.label, found)
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                text = f"{check.name}: {check.failure_info.failure!r}"[:700]
                found.add(recorder.label, f"{text}\n{check.failure_info.code_sample}")


def _judge(case: Any, response: Any, label: str, found: Found) -> None:
    """What is right by the schema is not refused for its shape: the document would
    promise more than is true. Only a text that no database holds is."""
    meta = case.meta
    if response.status_code != 422 or not (meta and meta.generation.mode.is_positive):
        return
    told = response.json()
    shape = told["code"] == "error.invalid" and "field" not in told
    if shape and any(one["code"] != UNSTORABLE for one in told["errors"]):
        sent = f"{case.path_parameters} {case.query} {case.body}"[:300]
        found.add(label, f"right by the schema, refused: {sent} {told['errors']}"[:900])
