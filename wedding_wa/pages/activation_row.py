"""pages: one household on the Activation page: where it stands, and what to hand it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex_base.event import no_args_event_spec

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import account_name
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.state.activation import ActivationState
from wedding_wa.state.base import PageState

_S = ActivationState
# stage -> (tone, icon)
_LOOKS = {
    "not_invited": ("sand", "mail"),
    "link_sent": ("amber", "send"),
    "opened": ("sky", "mail-open"),
    "active": ("jade", "message-circle-heart"),
    "opted_out": ("gray", "ban"),
}
TONES = {stage: tone for stage, (tone, _) in _LOOKS.items()}


class _Hand(rx.Component):
    library = "$/utils/activation"
    tag = "Hand"
    link: rx.Var[str]
    text: rx.Var[str]
    name: rx.Var[str]
    asks: rx.Var[bool]
    lang: rx.Var[str]
    on_mark: rx.EventHandler[no_args_event_spec]  # type: ignore[type-arg, valid-type]


def stage_icon(stage: Any, *, size: int = 15) -> rx.Component:
    """Return a stage's icon."""
    icons = [
        (name, rx.icon(icon, size=size, stroke_width=2, aria_hidden="true"))
        for name, (_, icon) in _LOOKS.items()
    ]
    return rx.match(stage, *icons, rx.fragment())


def stage_badge(stage: Any) -> rx.Component:
    """Return the badge of how far a household has come."""
    tones = [(name, tone) for name, (tone, _) in _LOOKS.items()]
    return rx.el.span(
        stage_icon(stage),
        rx.el.span(tr_of("activation.stage", stage), class_name="badge-word"),
        class_name="badge",
        custom_attrs={"data-tone": rx.match(stage, *tones, "sand")},
    )


def household_row(row: rx.Var[Any]) -> rx.Component:
    """Return one line of the list."""
    return rx.el.li(
        rx.cond(_S.may_mark, _tick(row), rx.fragment()),
        _who(row),
        _where(row),
        _handing(row),
        class_name="act-row",
        key=row["key"],
        custom_attrs={
            "data-household": row["key"],
            "data-stage": row["stage"],
            "data-account": row["side"],
        },
    )


def _tick(row: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            checked=_S.picked.contains(row["id"]),
            on_change=lambda on: _S.pick(row["id"], on),
        ),
        rx.el.span(tr("activation.pick", name=row["name"]), class_name="only-heard"),
        class_name="act-tick",
    )


def _who(row: Any) -> rx.Component:
    """The name is the way to the household's panel on the Guests page."""
    return rx.el.div(
        rx.el.span(
            rx.el.i(class_name="dot", aria_hidden="true"),
            rx.link(
                row["name"],
                href=f"/guests?household={row['key']}",
                class_name="act-name",
                custom_attrs={"data-row": "true"},
            ),
            rx.el.span(account_name(row["side"]), class_name="only-heard"),
            class_name="act-who-line",
        ),
        rx.cond(
            row["guests"] != "",
            rx.el.small(row["guests"], title=row["guests"]),
            rx.fragment(),
        ),
        class_name="act-who",
    )


def _where(row: Any) -> rx.Component:
    return rx.el.div(
        stage_badge(row["stage"]),
        rx.el.small(tr_of("activation.since", row["stage"]), " ", ago(row["since"])),
        class_name="act-where",
    )


def _handing(row: Any) -> rx.Component:
    not_sent = row["stage"] == "not_invited"
    hand = _Hand.create(
        link=row["link"],
        text=row["text"],
        name=row["name"],
        asks=_S.may_mark & not_sent,
        lang=PageState.lang,
        on_mark=_S.mark(row["id"]),
    )
    return rx.el.div(hand, _more(row), class_name="act-hand")


def _more(row: Any) -> rx.Component:
    trigger = rx.icon_button(
        rx.icon("ellipsis", size=18),
        aria_label=tr("activation.more_of", name=row["name"]),
        variant="ghost",
        color_scheme="gray",
        size="3",
        margin="0",
    )
    item, stage = rx.dropdown_menu.item, row["stage"]
    mark = item(tr("activation.menu.mark"), on_select=_S.mark(row["id"]))
    unmark = item(tr("activation.menu.unmark"), on_select=_S.unmark(row["id"]))
    either = rx.cond(
        stage == "not_invited", mark, rx.cond(stage == "link_sent", unmark, "")
    )
    return rx.dropdown_menu.root(
        rx.dropdown_menu.trigger(trigger),
        rx.dropdown_menu.content(
            item(tr("activation.menu.code"), on_select=_S.show_code(row["id"])),
            item(
                rx.el.a(
                    tr("activation.menu.print"), href=row["print"], target="_blank"
                ),
                as_child=True,
            ),
            rx.cond(_S.may_mark, either, ""),
            size="2",
        ),
        modal=False,
    )
