"""state: Settings, API keys: the list, and the end of a key.

A new key is made by the page at the API (pages/js/new_key.jsx): no variable here ever
holds one, so none can come back to a browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import apikey_list, apikeys
from wedding_wa.services.apikey_list import KeyRow, KeyState
from wedding_wa.services.apikeys import Scope
from wedding_wa.services.rights import may_manage
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.words import say

_ENDED_SHOWN = 50


class KeyView(TypedDict):
    """A key as it is listed. Times are ISO 8601, "" for none. `maker` is the name of
    the key that made it, "" where a person did; `warning` what revoking it does."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    state: str
    made_at: str
    used_at: str
    ends_at: str
    maker: str
    warning: str


class KeysState(PageState):
    """The wedding's keys; nothing of them for who may not manage."""

    keys: list[KeyView] = []
    ended: list[KeyView] = []
    may_edit: bool = True
    site: str = ""

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the lists up to date."""
        return await self._follow()

    @rx.event(temporal=True)
    async def revoke(self, key_id: int) -> None:
        """End a key at once."""
        if who := await self._allowed(may_manage):
            await self._do(_revoke(who, key_id), done="keys.revoked")
            await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        app = runtime.current()
        if not may_manage(who):
            return {"keys": [], "ended": [], "may_edit": False}
        rows = await app.db.read(
            apikey_list.newest_keys,
            who.wedding_id,
            now=app.clock.now(),
            ended=_ENDED_SHOWN,
        )
        lang = self._lang(who)
        good = [one for one in rows if one.state is KeyState.ACTIVE]
        return {
            "keys": [_view(one, rows, lang) for one in good],
            "ended": [_view(one, rows, lang) for one in rows if one not in good],
            "may_edit": True,
            "site": app.settings.public,
        }


async def _revoke(who: Viewer, key_id: int) -> None:
    app = runtime.current()
    await app.db.write(
        apikeys.revoke_key,
        key_id,
        wedding_id=who.wedding_id,
        by=who.user_id,
        now=app.clock.now(),
    )


def _view(row: KeyRow, rows: Sequence[KeyRow], lang: str) -> KeyView:
    ends = row.revoked_at or row.expires_at
    return KeyView(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=[scope.value for scope in row.scopes],
        state=row.state.value,
        made_at=row.created_at.isoformat(),
        used_at=row.last_used_at.isoformat() if row.last_used_at else "",
        ends_at=ends.isoformat() if ends else "",
        maker=next((one.name for one in rows if one.id == row.made_by), ""),
        warning=_warning(row, rows, lang),
    )


def _warning(row: KeyRow, rows: Sequence[KeyRow], lang: str) -> str:
    """Who is out when this key ends, and who is not."""
    parts = [say(lang, "keys.revoke.about")]
    if along := [o.name for o in _made(row, rows) if o.state is KeyState.ACTIVE]:
        names = ", ".join(along)
        parts.append(say(lang, "keys.revoke.along", n=len(along), names=names))
    if Scope.ADMIN in row.scopes:
        parts.append(say(lang, "keys.revoke.people"))
    return " ".join(parts)


def _made(row: KeyRow, rows: Sequence[KeyRow]) -> list[KeyRow]:
    """What the key made, and what these made."""
    own = [one for one in rows if one.made_by == row.id]
    return own + [more for one in own for more in _made(one, rows)]
