"""pages: Import guests: choose a list, say what its columns are, look, confirm."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.pages.components import (
    card,
    choice,
    confirm,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.guest_export import download_link
from wedding_wa.pages.guest_import_lines import chips, lines, pager
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_parts import draft
from wedding_wa.state.base import PageState
from wedding_wa.state.guest_import import ROUTE, GuestImportState

S = GuestImportState

# What a column can be, in the order of the choice.
FIELDS = (
    *("name", "first", "last", "phone", "other_phones", "household"),
    *("side", "language", "tags", "notes"),
)


class _ListUpload(rx.Component):
    library = "$/utils/guest_import"
    tag = "ListUpload"
    lang: rx.Var[str]


def guest_import() -> rx.Component:
    """Return the page."""
    steps = rx.match(
        S.step,
        ("look", _look()),
        ("done", _done()),
        ("gone", _gone()),
        _choose(),
    )
    content = rx.cond(S.may_write, steps, _not_yours())
    return frame(
        page_head(tr("guest_import.title"), tr("guest_import.about"), _back()),
        when_loaded(S, content, skeleton(height="260px")),
        here="guests",
    )


def _back() -> rx.Component:
    return rx.link(
        rx.icon("arrow-left", size=17, aria_hidden="true"),
        tr("guest_import.back"),
        href="/guests",
        class_name="plain-button",
        underline="none",
    )


# --- a list -------------------------------------------------------------------------


def _choose() -> rx.Component:
    return card(
        _ListUpload.create(lang=PageState.lang),
        rx.el.p(
            tr("guest_import.choose.sample"),
            _sample("csv"),
            _sample("xlsx"),
            class_name="import-sample",
        ),
        title=tr("guest_import.choose.title"),
        about=tr("guest_import.choose.about"),
    )


def _sample(kind: str) -> rx.Component:
    return download_link(
        tr(f"guest_import.choose.sample_{kind}"),
        href=rx.Var.create(f"/api/guests/import/sample.{kind}?lang={PageState.lang}"),
        class_name="text-button",
    )


def _gone() -> rx.Component:
    again = rx.link(
        tr("guest_import.gone.again"), href=ROUTE, class_name="plain-button"
    )
    title, about = tr("guest_import.gone.title"), tr("guest_import.gone.about")
    return card(empty("file-clock", title, about, again))


def _not_yours() -> rx.Component:
    return rx.el.p(
        rx.icon("lock", size=16, aria_hidden="true"),
        tr("guest_import.not_yours"),
        class_name="notice",
        custom_attrs={"data-tone": "sand"},
    )


def _done() -> rx.Component:
    bad = rx.cond(
        S.done["bad"] > 0,
        tr("guest_import.done.about_bad", n=S.done["bad"]),
        "",
    )
    written = tr("guest_import.done.about", n=S.done["written"])
    return card(
        empty(
            "party-popper",
            tr("guest_import.done.title"),
            rx.Var.create(f"{written} {bad}"),
            rx.link(
                tr("guest_import.done.to_guests"),
                href="/guests",
                class_name="import-button",
                underline="none",
            ),
            rx.link(
                tr("guest_import.done.more"),
                href=ROUTE,
                class_name="plain-button",
                underline="none",
            ),
        ),
        role="status",
    )


# --- its columns --------------------------------------------------------------------


def _look() -> rx.Component:
    return rx.el.div(_columns(), _preview(), _bar(), class_name="stack import")


def _columns() -> rx.Component:
    named = S.columns.length() > 0
    no_name = rx.el.p(
        tr("guest_import.columns.no_name"), class_name="field-error", role="alert"
    )
    return card(
        rx.el.div(
            rx.el.span(S.filename, class_name="import-file"),
            rx.el.span(tr("guest_import.columns.lines", n=S.total)),
            rx.link(tr("guest_import.columns.other"), href=ROUTE),
            class_name="import-facts",
        ),
        rx.cond(
            named, rx.el.ul(rx.foreach(S.columns, _column), class_name="import-columns")
        ),
        rx.cond(S.has_name, rx.fragment(), no_name),
        rx.cond(S.named, rx.fragment(), _first_line()),
        rx.el.div(_side(), _language(), class_name="import-defaults"),
        title=tr("guest_import.columns.title"),
        about=tr("guest_import.columns.about"),
    )


def _column(column: rx.Var[Any]) -> rx.Component:
    unnamed = tr("guest_import.columns.column", n=column["number"])
    return rx.el.li(
        rx.el.div(
            rx.el.b(rx.cond(column["heading"] != "", column["heading"], unnamed)),
            rx.el.small(column["sample"]),
            class_name="import-heading",
        ),
        rx.icon("arrow-right", size=16, aria_hidden="true"),
        draft(
            rx.el.option(tr("guest_import.columns.nothing"), value=""),
            *[
                rx.el.option(tr(f"guest_import.field.{name}"), value=name)
                for name in FIELDS
            ],
            element="select",
            value=column["field"],
            on_text=lambda text: S.use(column["index"], text),
            class_name="field",
            **{
                "aria-label": tr("guest_import.columns.use", n=column["number"]),
                "data-column": column["index"],
            },
        ),
        key=column["index"],
        custom_attrs={"data-used": rx.cond(column["field"] != "", "true", "false")},
    )


def _first_line() -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox", checked=S.header, on_change=S.name_columns(~S.header)
        ),
        tr("guest_import.columns.header"),
        class_name="import-check",
    )


def _side() -> rx.Component:
    label = tr("guest_import.columns.side")
    options = [
        (side, None, tr(f"common.account.{side}")) for side in ("groom", "bride")
    ]
    return rx.el.div(
        rx.el.span(label, class_name="field-name"),
        choice(options, value=S.side, on_choose=S.choose_side, label=label),
    )


def _language() -> rx.Component:
    label = tr("guest_import.columns.language")
    return rx.el.label(
        rx.el.span(label, class_name="field-name"),
        draft(
            rx.el.option(tr("guest_import.columns.language_wedding"), value=""),
            *[
                rx.el.option(tr(f"guest_import.language.{code}"), value=code)
                for code in GUEST_LANGUAGES
            ],
            element="select",
            value=S.guest_language,
            on_text=S.choose_guest_language,
            class_name="field",
        ),
    )


# --- what would happen --------------------------------------------------------------


def _preview() -> rx.Component:
    return card(
        chips(),
        lines(),
        pager(),
        title=tr("guest_import.preview.title"),
        about=tr("guest_import.preview.about"),
    )


def _bar() -> rx.Component:
    """Stays in view: what a press would do, and the two ways out."""
    write = rx.button(
        tr("guest_import.preview.confirm", n=S.writes),
        size="3",
        on_click=S.confirm,
        custom_attrs={"data-confirm": "true"},
    )
    nothing = rx.el.span(tr("guest_import.preview.nothing"))
    return rx.el.div(
        rx.cond(S.counts["bad"] > 0, _left_out(), rx.fragment()),
        rx.flex(
            rx.cond(S.writes > 0, write, nothing),
            _throw_away(),
            gap="10px",
            wrap="wrap",
            align="center",
        ),
        class_name="save-bar",
        role="status",
    )


def _left_out() -> rx.Component:
    """How many bad lines, and the file of them to mend."""
    return download_link(
        tr("guest_import.preview.left_out", n=S.counts["bad"]),
        rx.icon("download", size=15, aria_hidden="true"),
        href=rx.Var.create(f"/api/guests/import/{S.token}/bad.csv"),
        title=tr("guest_import.preview.bad_file"),
        class_name="text-button import-bad",
    )


def _throw_away() -> rx.Component:
    return confirm(
        rx.icon_button(
            rx.icon("trash-2", size=18, aria_hidden="true"),
            size="3",
            variant="soft",
            color_scheme="gray",
            aria_label=tr("guest_import.preview.discard"),
            title=tr("guest_import.preview.discard"),
        ),
        title=tr("guest_import.preview.discard_sure"),
        about=tr("guest_import.preview.discard_about"),
        action=tr("guest_import.preview.discard"),
        on_confirm=S.discard,
    )
