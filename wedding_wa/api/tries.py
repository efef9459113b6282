"""api: what is remembered of failed tries to get in, the same at every door.

A password counts against its address whether the login page or a program tried it;
what programs hold has tries of its own, so that a broken one locks nobody's page.
"""

from __future__ import annotations

from fastapi import Request

from wedding_wa import runtime
from wedding_wa.api.knocks import Knocks
from wedding_wa.services import users
from wedding_wa.services.lockout import Strangers

_TOKEN_TRIES = 100


class Tries:
    """One for the app: `tries_of`."""

    def __init__(self) -> None:
        self._passwords, self._strangers = Knocks(), Strangers()
        self._tokens = Knocks(tries=_TOKEN_TRIES)

    async def person(self, request: Request, email: str, password: str) -> int:
        """Return whose password this is.

        Raises WrongLogin, LockedOut, and TooManyTries from one address.
        """
        app, address = runtime.current(), _address(request)
        self._passwords.knock(address, now=app.clock.monotonic())
        user_id = await users.verify(
            app.db, email, password, strangers=self._strangers, clock=app.clock
        )
        self._passwords.forgive(address)
        return user_id

    def token(self, request: Request) -> None:
        """Count a try with a token, before it is judged. Raises TooManyTries."""
        now = runtime.current().clock.monotonic()
        self._tokens.knock(_address(request), now=now)

    def token_was_right(self, request: Request) -> None:
        """It does not count."""
        self._tokens.forgive(_address(request))


def tries_of(request: Request) -> Tries:
    """The app's, made when first asked for."""
    state = request.app.state
    if not hasattr(state, "tries"):
        state.tries = Tries()
    found: Tries = state.tries
    return found


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
