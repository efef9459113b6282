"""A program at the door where tokens are given out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.auth.conftest import EMAIL, PASSWORD, House, house  # noqa: F401
from wedding_wa.services import apikeys

PERSON = {"email": EMAIL, "password": PASSWORD}
LIST = "/api/v1/opt-outs"  # asks for `read`
SEND = "/api/v1/opt-outs/99/undo"  # asks for `send`; there is none: 404
CLAIMS = ["exp", "iat", "iss", "jti", "scope", "sid", "sub"]


@dataclass
class Door:
    """A program at the door of a house with one owner."""

    house: House
    wedding: int
    owner: int
    client: httpx.AsyncClient

    async def token(self, what: str = "", **body: object) -> httpx.Response:
        """Post to a token route."""
        return await self.client.post(f"/api/v1/token{what}", json=body)

    async def of_person(self, **more: object) -> dict[str, Any]:
        """Tokens for the owner's password."""
        answer = await self.token(**PERSON | more)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def of_key(self, key: str, **body: object) -> dict[str, Any]:
        """Tokens for a key."""
        answer = await self.client.post("/api/v1/token", json=body, headers=bearer(key))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def status(self, token: str, path: str = LIST) -> int:
        """What the API answers to who shows `token`."""
        method = "GET" if path == LIST else "POST"
        answer = await self.client.request(method, path, headers=bearer(token))
        return answer.status_code

    def key(self, *scopes: str, **more: object) -> tuple[str, int]:
        """A key and its id."""
        key = self.house.db.write_now(
            apikeys.create_key,
            wedding_id=self.wedding,
            name="till",
            scopes=scopes,
            now=self.house.clock.now(),
            **more,  # type: ignore[arg-type]
        )
        holder = self.house.db.read_now(apikeys.holder, key, self.house.clock.now())
        assert holder is not None
        return key, holder.key_id


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
