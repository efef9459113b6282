"""pages: the dialog in which the words of a waiting message are changed."""

from __future__ import annotations

import reflex as rx

from wedding_wa.domain.text import MAX_TEXT
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.queue_parts import words_field
from wedding_wa.state.queue import QueueState
from wedding_wa.state.queue_text import QueueTextState

_panel = QueueState.panel


def text_dialog() -> rx.Component:
    """Return the dialog; it is open while a message's text is being changed."""
    possible = _panel["can_edit"]
    late = rx.el.p(tr("queue.edit.too_late"), class_name="field-error", role="status")
    save = rx.button(
        tr("queue.edit.save"),
        type="submit",
        size="3",
        disabled=~possible.to(bool),
        custom_attrs={"data-action": "save-text"},
    )
    back = rx.button(
        tr("common.back"), type="button", variant="soft", color_scheme="gray", size="3"
    )
    form = rx.el.form(
        rx.el.input(
            type="hidden", name="message", value=QueueTextState.editing.to_string()
        ),
        words_field(_panel["text"], limit=MAX_TEXT, error=QueueTextState.text_error),
        rx.cond(possible, rx.fragment(), late),
        rx.flex(rx.dialog.close(back), save, gap="10px", justify="end", wrap="wrap"),
        on_submit=QueueTextState.save_text,
        no_validate=True,
        class_name="queue-text-form",
    )
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(tr("queue.edit.title"), size="5"),
            rx.dialog.description(
                tr("queue.edit.about"), size="3", color="var(--ink-soft)"
            ),
            form,
            max_width="560px",
        ),
        open=(QueueTextState.editing > 0)
        & (QueueTextState.editing == _panel["id"].to(int)),
        on_open_change=QueueTextState.leave_text,
    )
