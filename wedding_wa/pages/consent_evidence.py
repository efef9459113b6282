"""pages: why somebody may be written to: who wrote when to whom, how it was heard."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr, tr_of


def consent_evidence(proofs: Any) -> rx.Component:
    """Show a variable of `state.consent_evidence.ProofView`s, or that there are none.

    For the panel of a guest, of a household, and of a conversation.
    """
    none = rx.el.p(tr("evidence.none"), class_name="wish-about")
    return rx.cond(
        proofs.length() > 0,
        rx.el.ul(rx.foreach(proofs, _proof), class_name="proofs"),
        none,
    )


def _proof(proof: Any) -> rx.Component:
    valid = proof["revoked"] == ""
    wrote = rx.el.div(
        tr("evidence.wrote", number=account_name(proof["account"])),
        " ",
        time(proof["at"]),
    )
    how = rx.el.small(
        tr_of("evidence.how", proof["how"]),
        rx.cond(proof["number"] != "", f" · {proof['number']}", ""),
    )
    words = rx.el.blockquote(proof["words"], class_name="wish-words")
    ended = rx.el.small(
        tr_of("evidence.revoked", proof["revoked"]), " ", time(proof["revoked_at"])
    )
    return rx.el.li(
        account_dot(proof["account"], off=~valid),
        rx.el.div(
            wrote,
            rx.cond(proof["words"] != "", words, rx.fragment()),
            how,
            rx.cond(valid, rx.fragment(), ended),
            rx.cond(
                proof["wants_none"],
                rx.el.small(rx.link(tr("evidence.stopped"), href="/guests/opted-out")),
                rx.fragment(),
            ),
            class_name="wish-main",
        ),
        class_name="proof",
        key=proof["id"].to_string(),
        custom_attrs={"data-consent": proof["id"].to_string(), "data-valid": valid},
    )
