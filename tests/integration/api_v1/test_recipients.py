"""Who may be written to, told to programs."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.api_v1.conftest import Place


async def test_only_who_wrote_and_wants_messages_is_told(
    place: Place, program: httpx.AsyncClient
) -> None:
    """By account: Carla wrote to the groom; Ugo wrote to the bride, and then STOP."""
    asked = {"account": "groom"}
    (carla,) = (await program.get("/recipients", params=asked)).json()["items"]
    assert carla == {
        "to": "393331112222@c.us",
        "name": "Zia Carla",
        "phone": "+39 333 111 2222",
        "wrote_at": "2026-06-20T12:00:00Z",
    }
    asked = {"account": "bride"}
    assert (await program.get("/recipients", params=asked)).json()["items"] == []


@pytest.mark.parametrize(
    "query", ["", "account=uncle", "account=groom&limit=0", "account=groom&limit=501"]
)
async def test_what_makes_no_sense_is_refused(
    program: httpx.AsyncClient, query: str
) -> None:
    """422."""
    assert (await program.get(f"/recipients?{query}")).status_code == 422
