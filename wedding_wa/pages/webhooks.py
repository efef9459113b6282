"""pages: Settings, Webhooks: what WAHA told the app, word for word, and what was
turned away."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    confirm,
    empty,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.queue_parts import calm, query_link
from wedding_wa.pages.settings_parts import settings_head
from wedding_wa.pages.webhook_panel import event_badge, webhook_panel
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.webhooks import WebhooksState

_S = WebhooksState
_FIRST_PAGE = {"after": "", "before": "", "open": ""}
_COLUMNS = ("event", "state", "way", "when")


def webhooks() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("webhooks"),
        rx.el.div(
            rx.el.p(tr("webhooks.about"), class_name="hooks-about"),
            when_loaded(_S, _content(), _bones()),
            class_name="hooks",
        ),
        webhook_panel(),
        calm(_S.hold),
        here="settings",
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.el.div(_accounts(), _kinds(), _apply_failed(), class_name="hooks-filters"),
        rx.cond(_S.only != "refused", _names(), rx.fragment()),
        rx.el.section(
            rx.cond(_S.rows.length() > 0, _list(), _nothing()),
            class_name="hooks-sheet",
            aria_label=tr("webhooks.list"),
        ),
    )


# --- filters --------------------------------------------------------------------------


def _accounts() -> rx.Component:
    chips = [_chip(tr("webhooks.all_accounts"), {"account": ""}, _S.account == "")]
    for key in ACCOUNT_KEYS:
        words = rx.fragment(account_dot(key), account_name(key))
        chips.append(_chip(words, {"account": key}, _S.account == key))
    return rx.el.nav(
        *chips, class_name="hooks-chips", aria_label=tr("webhooks.by_account")
    )


def _kinds() -> rx.Component:
    failed = tr("webhooks.only.open")
    refused = rx.fragment(
        tr("webhooks.only.refused"),
        rx.cond(
            _S.refused > 0, rx.el.b(_S.refused, class_name="figures"), rx.fragment()
        ),
    )
    return rx.el.nav(
        _chip(tr("webhooks.only.all"), {"only": ""}, _S.only == ""),
        _chip(failed, {"only": "open"}, _S.only == "open"),
        _chip(refused, {"only": "refused", "event": ""}, _S.only == "refused"),
        class_name="hooks-chips",
        aria_label=tr("webhooks.by_state"),
    )


def _names() -> rx.Component:
    """The events there are; one chosen again is taken off."""
    return rx.cond(
        _S.names.length() > 1,
        rx.el.nav(
            rx.foreach(_S.names, _name),
            class_name="hooks-chips hooks-names",
            aria_label=tr("webhooks.by_event"),
        ),
        rx.fragment(),
    )


def _name(one: rx.Var[Any]) -> rx.Component:
    words = rx.fragment(
        tr_of("webhooks.event", one["word"]),
        rx.cond(one["word"] == "unknown", rx.el.code(one["name"]), rx.fragment()),
    )
    return _chip(words, {"event": one["next"]}, one["chosen"], key=one["name"])


def _chip(words: Any, to: dict[str, Any], chosen: Any, **props: Any) -> rx.Component:
    return query_link(
        words,
        to={**to, **_FIRST_PAGE},
        class_name="hooks-chip",
        custom_attrs={"aria-current": rx.cond(chosen, "true", "false")},
        **props,
    )


def _apply_failed() -> rx.Component:
    words = tr("webhooks.again.all", n=_S.failed)
    button = rx.button(
        rx.icon("rotate-ccw", size=16, aria_hidden="true"),
        words,
        variant="surface",
        color_scheme="jade",
        size="3",
        custom_attrs={"data-action": "apply-failed"},
    )
    asked = confirm(
        button,
        title=tr("webhooks.again.sure", n=_S.failed),
        about=tr("webhooks.again.about"),
        action=words,
        on_confirm=_S.apply_failed,
        color="jade",
    )
    return rx.cond(_S.may_apply & (_S.failed > 0), asked, rx.fragment())


# --- the list -------------------------------------------------------------------------


def _list() -> rx.Component:
    """`data-calm` keeps its rows still while pointed at."""
    return rx.fragment(
        rx.el.div(
            rx.cond(_S.fresh > 0, _fresh(), rx.fragment()),
            rx.el.table(
                rx.el.thead(rx.el.tr(*map(_heading, _COLUMNS), role="row")),
                rx.el.tbody(rx.foreach(_S.rows, _row), role="rowgroup"),
                class_name="hooks-table",
                role="table",
                aria_label=tr("webhooks.list"),
            ),
            custom_attrs={"data-calm": "true"},
        ),
        _pager(),
    )


def _heading(name: str) -> rx.Component:
    return rx.el.th(
        tr(f"webhooks.column.{name}"),
        scope="col",
        role="columnheader",
        class_name=f"hooks-{name}",
    )


def _fresh() -> rx.Component:
    """A click lets the new rows in: it ends the stillness (pages/js/queue.jsx)."""
    button = rx.el.button(
        rx.icon("arrow-up", size=15, aria_hidden="true"),
        tr("webhooks.fresh", n=_S.fresh),
        type="button",
        class_name="queue-fresh",
        custom_attrs={"data-release": "true"},
    )
    return rx.el.div(button, class_name="queue-fresh-place")


def _row(row: rx.Var[Any]) -> rx.Component:
    return rx.el.tr(
        _cell("event", _what(row)),
        _cell("state", event_badge(row["state"])),
        _cell("way", tr_of("webhooks.way", row["way"])),
        _cell("when", ago(row["at"])),
        key=row["key"],
        role="row",
        class_name="hooks-row",
        custom_attrs={
            "data-event-id": row["key"],
            "data-state": row["state"],
            "data-open": rx.cond(_S.opened == row["id"], "true", "false"),
        },
    )


def _cell(name: str, *children: Any) -> rx.Component:
    return rx.el.td(*children, role="cell", class_name=f"hooks-{name}")


def _what(row: rx.Var[Any]) -> rx.Component:
    """The link reaches over the whole row; under it WAHA's own name, and the error."""
    refused = row["state"] == "refused"
    word = rx.cond(
        refused,
        tr_of("webhooks.reason", row["word"]),
        tr_of("webhooks.event", row["word"]),
    )
    account = rx.cond(
        row["account"] != "",
        account_name(row["account"]),
        tr("webhooks.no_account"),
    )
    return rx.el.div(
        account_dot(row["account"], off=row["account"] == ""),
        rx.el.div(
            query_link(
                word,
                to={"open": row["key"]},
                class_name="hooks-open",
                custom_attrs={"data-row": "true"},
            ),
            rx.el.small(account, " · ", rx.el.code(row["event"])),
            rx.cond(
                row["note"] != "",
                rx.el.p(row["note"], class_name="hooks-note"),
                rx.fragment(),
            ),
            class_name="hooks-what",
        ),
        class_name="hooks-event-in",
    )


def _pager() -> rx.Component:
    back = query_link(
        rx.icon("chevron-left", size=17, aria_hidden="true"),
        tr("webhooks.newer"),
        to={"before": _S.newer, "after": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "newer"},
    )
    on = query_link(
        tr("webhooks.older"),
        rx.icon("chevron-right", size=17, aria_hidden="true"),
        to={"after": _S.older, "before": ""},
        class_name="queue-page",
        custom_attrs={"data-page": "older"},
    )
    return rx.cond(
        (_S.newer != "") | (_S.older != ""),
        rx.el.nav(
            rx.cond(_S.newer != "", back, rx.el.span()),
            rx.cond(_S.older != "", on, rx.el.span()),
            class_name="queue-pager",
            aria_label=tr("webhooks.pages"),
        ),
        rx.fragment(),
    )


# --- nothing to show, and not yet anything to show ----------------------------------


def _nothing() -> rx.Component:
    filtered = (_S.account != "") | (_S.event != "") | (_S.newer != "")
    clear = query_link(
        tr("common.clear_filters"),
        to={"account": "", "event": "", "only": "", **_FIRST_PAGE},
        class_name="queue-clear",
    )
    none_here = empty(
        "search-x", tr("webhooks.filtered.title"), tr("webhooks.filtered.about"), clear
    )
    fine = empty(
        "circle-check",
        tr("webhooks.all_applied.title"),
        tr("webhooks.all_applied.about"),
    )
    safe = empty(
        "shield-check",
        tr("webhooks.none_refused.title"),
        tr("webhooks.none_refused.about"),
    )
    none = empty("webhook", tr("webhooks.empty.title"), tr("webhooks.empty.about"))
    by_kind = rx.match(_S.only, ("open", fine), ("refused", safe), none)
    return rx.cond(filtered, none_here, by_kind)


def _bones() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            skeleton(height="44px", width="260px"),
            skeleton(height="44px", width="320px"),
            class_name="hooks-filters",
        ),
        rx.el.div(
            skeleton(height="48px", times=8, gap="10px"),
            class_name="hooks-sheet hooks-bones",
            aria_busy="true",
        ),
    )
