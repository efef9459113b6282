"""pages: one message as a line: badge, whom it goes to, what it says, why it waits."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import account_dot, account_name, state_badge
from wedding_wa.pages.i18n import tr


def message_line(line: Any, states: Any) -> rx.Component:
    """Return a line that opens the message in the queue; `states` has what moves."""
    now = states[line["id"]]
    known = line["who"] != ""
    who = rx.cond(known, line["who"], tr("test.sent.hidden"))
    return rx.el.li(
        rx.link(
            rx.el.div(
                rx.el.span(
                    account_dot(line["account"]),
                    rx.el.span(account_name(line["account"]), class_name="only-heard"),
                    rx.el.b(tr("test.sent.to", who=who)),
                    class_name="line-who",
                ),
                rx.el.span(ago(line["at"]), class_name="line-at"),
                class_name="line-top",
            ),
            rx.el.p(line["text"], class_name="line-text"),
            href="/queue?message=" + line["id"].to(str),
            underline="none",
            class_name="line-link",
        ),
        rx.el.div(
            state_badge(now["state"], message_id=line["id"]),
            rx.el.span(now["why"], class_name="line-why"),
            class_name="line-now",
        ),
        class_name="line",
        key=line["id"],
    )
