"""state: pages whose list keeps still while somebody points at it."""

from __future__ import annotations

import reflex as rx

from wedding_wa.state.base import PageState


class Calm(PageState, mixin=True):
    """What such a page's state has besides PageState, which it names as well (a class
    of mixins alone would be one); its `_pull` keeps the rows while `_still`."""

    # While somebody points at the list, its rows stay the ones that they are.
    _still: bool = False

    @rx.event
    async def hold(self, still: bool) -> None:
        """The pointer rests on the list (`still`), or has left it."""
        self._still = still is True
        if not self._still:
            await self._refresh()
