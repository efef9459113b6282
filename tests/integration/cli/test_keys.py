"""API keys at the terminal: made, listed, ended."""

from __future__ import annotations

import json

from tests.integration.cli.conftest import Terminal
from wedding_wa.services import apikeys
from wedding_wa.services.apikeys import KeyHolder
from wedding_wa.services.clock import Clock


def _holder(terminal: Terminal, key: str) -> KeyHolder | None:
    return terminal.db.read_now(apikeys.holder, key, Clock().now())


def test_a_key_is_made_listed_and_ended(terminal: Terminal) -> None:
    """Printed once; the list shows how it begins and never more."""
    made = terminal("create-api-key", "--name", "till", "--scopes", "read,send")
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert _holder(terminal, key) is not None
    listed = terminal("list-api-keys")
    assert listed.stdout.split("\t")[:4] == [key[:12], "till", "read send", "good"]
    ended = terminal("revoke-api-key", key[:12])
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert _holder(terminal, key) is None
    (told,) = json.loads(terminal("list-api-keys", "--json").stdout)
    assert (told["state"], told["prefix"]) == ("revoked", key[:12])
    assert told["revoked_at"]
    assert key not in listed.stdout + json.dumps(told)


def test_a_key_may_end_by_itself(terminal: Terminal) -> None:
    """In the wedding's time where no offset is said; never in the past."""
    made = terminal("create-api-key", "--name", "x", "--expires", "2030-06-20T00:00")
    assert made.exit_code == 0
    (told,) = json.loads(terminal("list-api-keys", "--json").stdout)
    assert told["expires_at"].startswith("2030-06-19T22:00")
    for wrong in ("2020-01-01T00:00", "soon", "9999-01-01T00:00"):
        refused = terminal("create-api-key", "--name", "x", "--expires", wrong)
        assert refused.exit_code == 3
        assert refused.stderr


def test_there_is_nothing_to_revoke(terminal: Terminal) -> None:
    """An unknown beginning is refused, with a sentence."""
    refused = terminal("revoke-api-key", "wwa_00000000")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert refused.stderr
