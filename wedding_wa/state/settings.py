"""state: the Settings page. Language and theme are on every page's parent."""

from __future__ import annotations

import reflex as rx

from wedding_wa.state.base import Leave, PageState


class SettingsState(PageState):
    """Nothing of its own yet: the page shows what PageState and the browser know."""

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the strip up to date."""
        return await self._follow()
