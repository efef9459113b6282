"""state: changing the words of a message that waits, in a dialog over the page."""

from __future__ import annotations

import functools
from typing import Any

import reflex as rx

from wedding_wa import runtime
from wedding_wa.domain.errors import BadInput, WeddingError
from wedding_wa.services import queue
from wedding_wa.services.rights import may_send
from wedding_wa.state.asked import field_of, number_of
from wedding_wa.state.queue import QueueState
from wedding_wa.words import say


class QueueTextState(QueueState):
    """`editing` is the message whose text is open, 0 for none."""

    editing: int = 0
    text_error: str = ""

    @rx.event(temporal=True)
    def open_text(self, message_id: int) -> None:
        """Open the text to change it."""
        self.editing, self.text_error = int(message_id), ""

    @rx.event
    def leave_text(self, open: bool) -> None:  # noqa: A002  # the dialog's own word
        """Close it: the message keeps its words."""
        if open is not True:
            self.editing, self.text_error = 0, ""

    @rx.event(temporal=True)
    async def save_text(self, form: dict[str, Any]) -> None:
        """Change the words. A refusal is told at the field; too late closes it."""
        who = await self._allowed(may_send)
        message_id = number_of(field_of(form, "message"))
        if who is None or message_id != self.editing:
            return
        change = functools.partial(queue.edit, text=field_of(form, "text"))
        db, now = runtime.current().db, runtime.current().clock.now()
        lang = self._lang(who)
        try:
            await db.write(change, who.wedding_id, message_id, now=now)
        except BadInput as error:
            self.text_error = say(lang, error.code, **error.params)
            return
        except WeddingError as error:
            self.editing = 0
            await self._refresh()
            self._tell("error", say(lang, error.code, **error.params))
            return
        self.editing, self.text_error = 0, ""
        await self._refresh()
        self._tell("success", say(lang, "queue.edit.done"))
