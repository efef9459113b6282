"""pages: Activation: who was invited, opened, wrote, and what helps the rest."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.activation_row import TONES, household_row, stage_icon
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    confirm,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.history_before import chats_from_before
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.queue_parts import query_link, search_field
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.activation import STAGES, ActivationState

_S = ActivationState
_FIRST_PAGE = {"after": "", "before": ""}


def activation() -> rx.Component:
    """Return the page."""
    content = rx.el.div(
        _local_only(), _steps(), _sheet(), chats_from_before(), class_name="act"
    )
    return frame(
        page_head(tr("activation.title"), tr("activation.about"), *_ways()),
        when_loaded(_S, content, _bones()),
        _code(),
        here="guests",
    )


def _ways() -> list[rx.Component]:
    back = rx.link(
        rx.icon("users", size=17, aria_hidden="true"),
        tr("activation.to_guests"),
        href="/guests",
        class_name="plain-button",
    )
    paper = rx.el.a(
        rx.icon("printer", size=17, aria_hidden="true"),
        tr("activation.print", n=_S.listed),
        href=_S.print_all,
        target="_blank",
        class_name="plain-button",
        custom_attrs={"data-action": "print"},
    )
    return [back, rx.cond(_S.listed > 0, paper, rx.fragment())]


def _local_only() -> rx.Component:
    """Before a link is handed out that no guest could open."""
    notice = rx.el.p(
        rx.icon("unplug", size=17, aria_hidden="true"),
        tr("activation.local_only"),
        class_name="notice",
        role="status",
        custom_attrs={"data-tone": "amber"},
    )
    return rx.cond(_S.local_only, notice, rx.fragment())


# --- the five steps are the filters --------------------------------------------------


def _steps() -> rx.Component:
    return rx.el.section(
        rx.el.p(
            tr("activation.written", n=_S.written, total=_S.guests),
            class_name="act-written",
            role="status",
        ),
        rx.el.div(
            *[
                rx.el.i(
                    style={"width": _S.widths[stage]},
                    custom_attrs={"data-tone": TONES[stage]},
                )
                for stage in STAGES
            ],
            class_name="act-bar",
            aria_hidden="true",
        ),
        rx.el.nav(
            *[_step(stage) for stage in STAGES],
            class_name="act-steps",
            aria_label=tr("activation.steps"),
        ),
        class_name="act-top",
    )


def _step(stage: str) -> rx.Component:
    """A stage with its counts; a second click on it takes the filter off."""
    active = _S.shown == stage
    return query_link(
        rx.el.span(
            stage_icon(stage, size=17),
            tr_of("activation.stage", stage),
            class_name="act-step-word",
        ),
        rx.el.b(_S.homes[stage], class_name="figures"),
        rx.el.small(
            tr("activation.homes", n=_S.homes[stage]),
            " · ",
            tr("activation.guests", n=_S.people[stage]),
            class_name="figures",
        ),
        to={"stage": rx.cond(active, "", stage), **_FIRST_PAGE},
        class_name="act-step",
        custom_attrs={
            "data-stage": stage,
            "data-tone": TONES[stage],
            "data-count": _S.homes[stage],
            "aria-current": rx.cond(active, "true", "false"),
        },
    )


# --- the list ----------------------------------------------------------------------


def _sheet() -> rx.Component:
    rows = rx.fragment(
        rx.el.ul(rx.foreach(_S.rows, household_row), class_name="act-rows"), _pager()
    )
    return rx.el.section(
        _tools(),
        rx.cond(_S.rows.length() > 0, rows, _nothing()),
        class_name="queue-sheet act-sheet",
        aria_label=tr("activation.list"),
    )


def _tools() -> rx.Component:
    filters = rx.el.div(
        search_field(tr("activation.search")),
        _sides(),
        rx.cond(_S.tags.length() > 0, _tags(), rx.fragment()),
        class_name="act-filters",
    )
    return rx.el.div(
        filters, rx.cond(_S.may_mark, _bulk(), rx.fragment()), class_name="act-tools"
    )


def _sides() -> rx.Component:
    return rx.el.div(
        *[
            query_link(
                account_dot(key),
                account_name(key),
                to={"side": rx.cond(_S.side == key, "", key), **_FIRST_PAGE},
                class_name="choice-link",
                custom_attrs={
                    "data-side": key,
                    "aria-current": rx.cond(_S.side == key, "true", "false"),
                },
            )
            for key in ACCOUNT_KEYS
        ],
        class_name="choice",
        role="group",
        aria_label=tr("activation.side"),
    )


def _tags() -> rx.Component:
    return rx.el.select(
        rx.el.option(tr("activation.any_tag"), value=""),
        rx.foreach(_S.tags, lambda tag: rx.el.option(tag, value=tag)),
        value=_S.tag,
        on_change=_S.choose_tag,
        aria_label=tr("activation.tag"),
        class_name="act-tag",
    )


def _bulk() -> rx.Component:
    """What is done to many at once: the ticked ones, else everybody not yet invited."""
    picked, waiting = _S.picked.length(), _S.homes["not_invited"]
    ticked = rx.el.div(
        rx.el.span(
            tr("activation.picked", n=picked), class_name="figures", role="status"
        ),
        rx.button(
            rx.icon("send", size=16, aria_hidden="true"),
            tr("activation.mark", n=picked),
            size="3",
            on_click=_S.mark_picked,
            custom_attrs={"data-action": "mark-picked"},
        ),
        rx.button(
            tr("activation.pick_none"),
            size="3",
            variant="soft",
            color_scheme="gray",
            on_click=_S.pick_page(False),
        ),
        class_name="act-bulk",
    )
    everybody = confirm(
        rx.button(
            tr("activation.mark_all", n=waiting),
            size="3",
            variant="soft",
            color_scheme="gray",
            custom_attrs={"data-action": "mark-all"},
        ),
        title=tr("activation.mark_all_sure", n=waiting),
        about=tr("activation.mark_all_about"),
        action=tr("activation.mark", n=waiting),
        on_confirm=_S.mark_all,
        color="jade",
    )
    offered = (waiting > 0) & ((_S.shown == "") | (_S.shown == "not_invited"))
    none = rx.cond(offered, rx.el.div(everybody, class_name="act-bulk"), rx.fragment())
    return rx.cond(picked > 0, ticked, none)


def _pager() -> rx.Component:
    def way(name: str, cursor: Any, side: str) -> rx.Component:
        words = tr(f"activation.{name}_page")
        icon = rx.icon(f"chevron-{side}", size=17, aria_hidden="true")
        inside = [icon, words] if side == "left" else [words, icon]
        to = {"before": cursor, "after": ""}
        if side == "right":
            to = {"after": cursor, "before": ""}
        link = query_link(*inside, to=to, class_name="queue-page")
        return rx.cond(cursor != "", link, rx.el.span())

    return rx.cond(
        (_S.newer != "") | (_S.older != ""),
        rx.el.nav(
            way("before", _S.newer, "left"),
            way("after", _S.older, "right"),
            class_name="queue-pager",
            aria_label=tr("activation.pages"),
        ),
        rx.fragment(),
    )


def _nothing() -> rx.Component:
    filtered = (_S.searched != "") | (_S.side != "") | (_S.tag != "") | (_S.shown != "")
    clear = query_link(
        tr("common.clear_filters"),
        to={"stage": "", "side": "", "tag": "", "q": "", **_FIRST_PAGE},
        class_name="queue-clear",
    )
    none_here = empty(
        "search-x",
        tr("activation.filtered.title"),
        tr("activation.filtered.about"),
        clear,
    )
    go = rx.link(
        rx.button(tr("activation.empty.go"), size="3", tab_index=-1), href="/guests"
    )
    nobody = empty(
        "users", tr("activation.empty.title"), tr("activation.empty.about"), go
    )
    return rx.cond(filtered, none_here, nobody)


# --- the code, large -----------------------------------------------------------------


def _code() -> rx.Component:
    code = _S.code
    close = rx.button(tr("common.close"), variant="soft", color_scheme="gray", size="3")
    paper = rx.el.a(
        rx.icon("printer", size=17, aria_hidden="true"),
        tr("activation.code.print"),
        href=code["print"],
        target="_blank",
        class_name="plain-button",
    )
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(code["name"], size="5", text_align="center"),
            rx.dialog.description(
                tr("activation.code.about"), size="3", text_align="center"
            ),
            rx.el.img(
                src=code["image"],
                alt=tr("activation.code.picture", name=code["name"]),
                class_name="act-code",
            ),
            rx.el.p(code["link"], class_name="act-link"),
            rx.flex(
                paper,
                rx.dialog.close(close),
                justify="center",
                gap="10px",
                wrap="wrap",
                margin_top="18px",
            ),
            max_width="400px",
        ),
        open=code["name"] != "",
        on_open_change=_S.hide_code,
    )


def _bones() -> rx.Component:
    step = rx.el.div(skeleton(height="62px"), class_name="act-step")
    return rx.el.div(
        rx.el.section(
            skeleton(height="20px", width="260px"),
            skeleton(height="10px"),
            rx.el.div(*[step] * len(STAGES), class_name="act-steps"),
            class_name="act-top",
        ),
        rx.el.div(
            skeleton(height="52px", times=7, gap="10px"),
            class_name="queue-sheet queue-bones",
        ),
        class_name="act",
        aria_busy="true",
    )
