"""pages: the guest list: filters, search, table, panel beside it, orders for many."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.guest_search import By
from wedding_wa.pages.activation_row import TONES, stage_icon
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.guest_export import export_links
from wedding_wa.pages.guests_list import guest_table, pager
from wedding_wa.pages.guests_orders import question, selection_bar
from wedding_wa.pages.guests_panel import guests_panel
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.queue_parts import calm, query_link, search_field
from wedding_wa.state.guests import GuestsState

_S = GuestsState
_FIRST_PAGE = {"after": "", "before": ""}
_NO_PANEL = {"guest": "", "household": ""}


def guests() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("guests.title"), tr("guests.about"), *_ways()),
        when_loaded(_S, _content(), _bones()),
        guests_panel(),
        rx.cond(_S.may_edit, selection_bar(), rx.fragment()),
        question(),
        calm(_S.hold),
        here="guests",
    )


def _ways() -> list[rx.Component]:
    add = query_link(
        rx.icon("user-plus", size=17, aria_hidden="true"),
        tr("guests.add"),
        to={"add": "new", **_NO_PANEL},
        class_name="guests-add",
        custom_attrs={"data-action": "add-guest"},
    )
    return [
        _way("/guests/activation", "mail-open", tr("guests.to_activation")),
        _way("/guests/import", "upload", tr("guests.import")),
        rx.cond(_S.may_edit, add, rx.fragment()),
    ]


def _way(href: str, icon: str, words: Any) -> rx.Component:
    return rx.link(
        rx.icon(icon, size=17, aria_hidden="true"),
        words,
        href=href,
        class_name="plain-button",
    )


def _content() -> rx.Component:
    return rx.cond(
        _S.total_of_all == 0,
        _nobody_yet(),
        rx.el.div(_chips(), _sheet(), class_name="guests"),
    )


def _sheet() -> rx.Component:
    shown = rx.cond(
        _S.searched == "",
        rx.fragment(
            tr("guests.total", n=_S.total),
            " · ",
            tr("guests.homes", n=_S.households),
        ),
        tr("guests.found", n=_S.total, all=_S.total_of_all),
    )
    return rx.el.section(
        rx.el.div(
            search_field(tr("guests.search")),
            rx.el.span(shown, class_name="queue-total", role="status"),
            class_name="queue-tools",
        ),
        rx.foreach(_S.hints, _hint),
        rx.cond(
            _S.rows.length() > 0,
            rx.fragment(guest_table(), pager(), export_links(_S.searched)),
            _nobody_here(),
        ),
        class_name="queue-sheet guests-sheet",
        aria_label=tr("guests.list"),
    )


def _hint(words: Any) -> rx.Component:
    return rx.el.p(
        rx.icon("lightbulb", size=16, aria_hidden="true"),
        words,
        class_name="guests-hint",
        role="status",
    )


# --- filters -----------------------------------------------------------------------


def _chips() -> rx.Component:
    return rx.el.nav(
        rx.foreach(_S.chips, _chip),
        class_name="guests-chips",
        aria_label=tr("guests.filters"),
    )


def _chip(chip: rx.Var[Any]) -> rx.Component:
    """A filter; it writes itself into the search, a second click takes it out."""
    kind, value = chip["kind"], chip["value"]
    tones = list(TONES.items())
    return query_link(
        rx.match(
            kind,
            (By.STAGE.value, stage_icon(value, size=16)),
            (By.SIDE.value, account_dot(value)),
            rx.icon("hash", size=14, aria_hidden="true"),
        ),
        rx.match(
            kind,
            (By.STAGE.value, tr_of("activation.stage", value)),
            (By.SIDE.value, account_name(value)),
            value,
        ),
        rx.el.b(chip["count"], class_name="figures"),
        to={"q": chip["q"], **_FIRST_PAGE},
        key=kind.to(str) + ":" + value.to(str),
        class_name="guests-chip",
        custom_attrs={
            "data-chip": value,
            "data-kind": kind,
            "data-count": chip["count"],
            "data-tone": rx.match(value, *tones, "sand"),
            "aria-current": rx.cond(chip["active"], "true", "false"),
        },
    )


# --- nothing to show, and not yet anything to show ---------------------------------


def _nobody_yet() -> rx.Component:
    add = query_link(
        tr("guests.add"), to={"add": "new"}, class_name="guests-add guests-first"
    )
    ways = rx.cond(_S.may_edit, add, rx.fragment())
    bring = _way("/guests/import", "upload", tr("guests.import_list"))
    return rx.el.section(
        empty("users", tr("guests.empty.title"), tr("guests.empty.about"), bring, ways),
        class_name="queue-sheet",
    )


def _nobody_here() -> rx.Component:
    clear = query_link(
        tr("common.clear_filters"),
        to={"q": "", **_FIRST_PAGE},
        class_name="queue-clear",
    )
    about = tr("guests.filtered.about")
    return empty("search-x", tr("guests.filtered.title"), about, clear)


def _bones() -> rx.Component:
    return rx.el.div(
        skeleton(height="40px"),
        rx.el.div(
            skeleton(height="44px", times=10, gap="10px"),
            class_name="queue-sheet queue-bones",
        ),
        class_name="guests",
        aria_busy="true",
    )
