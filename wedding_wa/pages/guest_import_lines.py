"""pages: the lines of an import with what would become of each; chips filter them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.queue_parts import query_link
from wedding_wa.state.guest_import import GuestImportState
from wedding_wa.state.guest_import_views import ShiftView

S = GuestImportState

_TONES = {"new": "jade", "same": "sand", "changed": "sky", "bad": "tomato"}
_ICONS = {"new": "plus", "same": "equal", "changed": "pencil", "bad": "x"}


def chips() -> rx.Component:
    """Return the counts; each shows only its lines."""
    return rx.el.nav(
        _chip("", S.total),
        *[_chip(name, S.counts[name]) for name in _TONES],
        class_name="import-chips",
        aria_label=tr("guest_import.preview.filters"),
    )


def _chip(name: str, count: Any) -> rx.Component:
    words = (
        tr_of("guest_import.verdict", name) if name else tr("guest_import.preview.all")
    )
    return query_link(
        rx.el.b(count, class_name="figures"),
        words,
        to={"show": name, "page": ""},
        class_name="import-chip",
        custom_attrs={
            "data-tone": _TONES.get(name, "sand"),
            "data-show": name or "all",
            "aria-current": rx.cond(S.shown == name, "true", "false"),
        },
    )


def lines() -> rx.Component:
    """Return the lines of this page as a table."""
    table = rx.el.table(
        rx.el.thead(
            rx.el.tr(
                *[
                    rx.el.th(tr(f"guest_import.preview.{name}"), scope="col")
                    for name in ("line", "guest", "happens")
                ]
            )
        ),
        rx.el.tbody(rx.foreach(S.rows, _line)),
        class_name="import-lines",
        aria_label=tr("guest_import.preview.lines"),
    )
    none = rx.el.p(tr("guest_import.preview.none"), class_name="import-none")
    return rx.cond(S.rows.length() > 0, table, none)


def _line(line: rx.Var[Any]) -> rx.Component:
    unnamed = tr("guest_import.preview.unnamed")
    return rx.el.tr(
        rx.el.td(line["number"], class_name="figures import-number"),
        rx.el.td(
            rx.el.b(rx.cond(line["name"] != "", line["name"], unnamed)),
            rx.el.small(line["about"]),
            class_name="import-guest",
        ),
        rx.el.td(
            _verdict(line["verdict"]),
            rx.foreach(line["shifts"].to(list[ShiftView]), _shift),
            rx.foreach(line["told"].to(list[str]), rx.el.p),
            class_name="import-happens",
        ),
        key=line["number"],
        custom_attrs={"data-line": line["number"], "data-verdict": line["verdict"]},
    )


def _verdict(verdict: Any) -> rx.Component:
    shapes = [
        (
            name,
            rx.el.span(
                rx.icon(_ICONS[name], size=14, aria_hidden="true"),
                tr_of("guest_import.verdict", name),
                class_name="badge",
                custom_attrs={"data-tone": tone},
            ),
        )
        for name, tone in _TONES.items()
    ]
    return rx.match(verdict, *shapes, rx.fragment())


def _shift(shift: rx.Var[Any]) -> rx.Component:
    old = rx.fragment(rx.el.del_(shift["old"]), " → ")
    return rx.el.p(
        rx.el.span(shift["field"], ": ", class_name="import-field"),
        rx.cond(shift["old"] != "", old, rx.fragment()),
        rx.el.ins(shift["new"]),
    )


def pager() -> rx.Component:
    """Return where one is in the list, and the ways on."""
    return rx.el.nav(
        _way(S.previous, tr("guest_import.preview.previous"), "chevron-left"),
        rx.el.span(
            tr("guest_import.preview.page", first=S.first, last=S.last, n=S.matching),
            class_name="figures",
        ),
        _way(S.following, tr("guest_import.preview.next"), "chevron-right"),
        class_name="import-pager",
        aria_label=tr("guest_import.preview.lines"),
    )


def _way(page: Any, words: rx.Var[str], icon: str) -> rx.Component:
    link = query_link(
        rx.icon(icon, size=17, aria_hidden="true"),
        words,
        to={"page": page},
        class_name="plain-button",
    )
    return rx.cond(page != "", link, rx.el.span())
