"""pages: Never twice: every message in one line of a sum, and how that is kept."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.components.badge import state_icon, tone_of
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.state.never_twice import NeverTwiceState

_S = NeverTwiceState


def never_twice() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("never_twice.title"), tr("never_twice.about")),
        when_loaded(_S, _content(), _bones()),
        here="queue",
    )


def _content() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            _sum(), rx.el.div(_how(), class_name="proof-how"), class_name="proof-side"
        ),
        rx.el.div(
            _doubts(),
            _duplicates(),
            _check(),
            rx.el.div(_limits(), class_name="proof-limits"),
            class_name="proof-side",
        ),
        class_name="proof-page",
    )


# --- the sum --------------------------------------------------------------------------


def _sum() -> rx.Component:
    since = rx.el.span(
        tr("never_twice.since"), " ", time(_S.since), class_name="proof-since"
    )
    head = rx.el.p(
        rx.el.b(_S.planned, class_name="figures"),
        rx.el.span(tr("never_twice.planned", n=_S.planned)),
        rx.cond(_S.since != "", since, rx.fragment()),
        class_name="proof-total",
        custom_attrs={"data-planned": _S.planned},
    )
    none = rx.el.p(tr("never_twice.none_yet"), class_name="proof-note")
    return rx.el.section(
        head,
        rx.cond(_S.planned > 0, _table(), none),
        rx.cond(
            _S.archived > 0,
            rx.el.p(tr("never_twice.archived", n=_S.archived), class_name="proof-note"),
            rx.fragment(),
        ),
        class_name="card proof-sum",
        aria_label=tr("never_twice.sum"),
    )


def _table() -> rx.Component:
    head = rx.el.tr(
        rx.el.th(tr("never_twice.column_line"), scope="col"),
        rx.el.th(tr("never_twice.column_n"), scope="col"),
    )
    total = rx.el.tr(
        rx.el.th(tr("never_twice.together"), scope="row"),
        rx.el.td(_S.planned, class_name="figures"),
    )
    return rx.el.table(
        rx.el.thead(head, class_name="only-heard"),
        rx.el.tbody(rx.foreach(_S.lines, _line)),
        rx.el.tfoot(total),
        class_name="proof-table",
    )


def _line(line: rx.Var[Any]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            rx.el.span(
                rx.el.span(
                    state_icon(line["name"], size=17),
                    class_name="proof-icon",
                    custom_attrs={"data-tone": tone_of(line["name"])},
                ),
                tr_of("never_twice.line", line["name"]),
            ),
            scope="row",
        ),
        rx.el.td(line["n"], class_name="figures"),
        key=line["name"],
        custom_attrs={
            "data-line": line["name"],
            "data-n": line["n"],
            "data-none": rx.cond(line["n"] == 0, "true", "false"),
        },
    )


# --- doubts, repeats, the count -------------------------------------------------------


def _doubts() -> rx.Component:
    ended = rx.fragment(
        rx.el.p(
            tr("never_twice.doubts.about", n=_S.doubts_ended), class_name="proof-note"
        ),
        rx.el.ul(rx.foreach(_S.endings, _ending), class_name="proof-endings"),
    )
    none = rx.el.p(tr("never_twice.doubts.none"), class_name="proof-note")
    still_open = rx.link(
        rx.icon("circle-help", size=17, aria_hidden="true"),
        rx.el.span(tr("never_twice.doubts.open", n=_S.doubts_open)),
        rx.el.b(tr("never_twice.doubts.go")),
        href="/queue/unconfirmed",
        underline="none",
        class_name="proof-open",
    )
    quiet = (_S.doubts_ended == 0) & (_S.doubts_open == 0)
    return card(
        rx.cond(_S.doubts_ended > 0, ended, rx.fragment()),
        rx.cond(quiet, none, rx.fragment()),
        rx.cond(_S.doubts_open > 0, still_open, rx.fragment()),
        title=tr("never_twice.doubts.title"),
    )


def _ending(one: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        rx.el.b(one["n"], class_name="figures"),
        rx.el.span(tr_of("never_twice.by", one["name"])),
        key=one["name"],
        custom_attrs={"data-ending": one["name"], "data-n": one["n"]},
    )


def _duplicates() -> rx.Component:
    some = rx.fragment(
        _verdict(tr("never_twice.duplicates.some", n=_S.duplicates), good=False),
        rx.el.p(tr("never_twice.duplicates.about"), class_name="proof-note"),
        rx.el.ul(rx.foreach(_S.repeats, _repeat), class_name="proof-repeats"),
    )
    none = _verdict(tr("never_twice.duplicates.none"), good=True)
    return card(
        rx.cond(_S.duplicates > 0, some, none),
        title=tr("never_twice.duplicates.title"),
        custom_attrs={"data-duplicates": _S.duplicates},
    )


def _repeat(one: rx.Var[Any]) -> rx.Component:
    known = rx.link(
        rx.el.b(one["who"]),
        rx.el.span(one["text"], class_name="proof-text"),
        href=one["href"],
        underline="none",
    )
    return rx.el.li(
        rx.cond(one["href"] != "", known, tr("never_twice.duplicates.gone")),
        rx.el.small(
            account_dot(one["account"]),
            account_name(one["account"]),
            " · ",
            time(one["at"]),
        ),
        key=one["key"],
    )


def _check() -> rx.Component:
    button = rx.button(
        rx.icon("calculator", size=17, aria_hidden="true"),
        rx.cond(
            _S.checking,
            tr("never_twice.check.busy"),
            tr("never_twice.check.button"),
        ),
        size="3",
        variant="surface",
        disabled=_S.checking,
        on_click=_S.count_anew,
        custom_attrs={"data-action": "count"},
    )
    return card(
        rx.el.p(tr("never_twice.check.about"), class_name="proof-note"),
        rx.el.div(
            rx.cond(_S.check["at"] != "", _counted(), rx.fragment()), role="status"
        ),
        button,
        title=tr("never_twice.check.title"),
    )


def _counted() -> rx.Component:
    found = _S.check
    rows = tr("never_twice.check.rows", n=found["rows"], counted=found["counted"])
    twice = tr("never_twice.check.twice", n=found["sent_twice"])
    shared = tr("never_twice.check.shared", n=found["shared"])
    return rx.el.div(
        _verdict(rows, good=found["rows"] == found["counted"]),
        _verdict(
            rx.cond(found["sent_twice"] > 0, twice, tr("never_twice.check.no_twice")),
            good=found["sent_twice"] == 0,
        ),
        _verdict(
            rx.cond(found["shared"] > 0, shared, tr("never_twice.check.no_shared")),
            good=found["shared"] == 0,
        ),
        rx.el.small(tr("never_twice.check.at"), " ", time(found["at"], seconds=True)),
        class_name="proof-counted",
        custom_attrs={"data-in-order": rx.cond(found["in_order"], "true", "false")},
    )


def _verdict(words: Any, *, good: Any) -> rx.Component:
    """A sentence with a tick, or with a sign that something needs an eye."""
    fine = rx.icon("circle-check", size=18, aria_hidden="true")
    bad = rx.icon("triangle-alert", size=18, aria_hidden="true")
    good = rx.Var.create(good)
    return rx.el.p(
        rx.cond(good, fine, bad),
        rx.el.span(words),
        class_name="proof-verdict",
        custom_attrs={"data-tone": rx.cond(good, "jade", "amber")},
    )


# --- how ------------------------------------------------------------------------------


def _how() -> rx.Component:
    return card(
        rx.el.ol(
            *[
                _reason(icon, f"never_twice.how.{name}")
                for icon, name in (
                    ("hard-drive", "written"),
                    ("tag", "marked"),
                    ("search-check", "never_blind"),
                    ("key-round", "one_sender"),
                )
            ],
            class_name="proof-reasons",
        ),
        title=tr("never_twice.how.title"),
    )


def _limits() -> rx.Component:
    return card(
        rx.el.ul(
            *[
                _reason(icon, f"never_twice.limits.{name}")
                for icon, name in (("hash", "no_ids"), ("repeat", "repeats"))
            ],
            class_name="proof-reasons",
        ),
        title=tr("never_twice.limits.title"),
    )


def _reason(icon: str, key: str) -> rx.Component:
    return rx.el.li(
        rx.icon(icon, size=20, stroke_width=1.7, aria_hidden="true"),
        rx.el.p(rx.el.b(tr(key)), " ", tr(f"{key}_about")),
    )


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="40px", width="220px"), skeleton(height="34px", times=7)),
        rx.el.div(
            card(skeleton(height="22px", times=3)),
            card(skeleton(height="22px", times=2)),
            class_name="proof-side",
        ),
        class_name="proof-page",
        aria_busy="true",
    )
