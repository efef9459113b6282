"""pages: Settings, API keys: what lets programs in, made, listed and revoked."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import card, confirm, empty, skeleton, when_loaded
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_parts import only_owners, settings_head
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_keys import KeysState

_S = KeysState
_TONES = (("active", "jade"), ("expired", "amber"))


class _Day(rx.Component):
    library = "$/utils/new_key"
    tag = "Day"
    at: rx.Var[str]
    zone: rx.Var[str]
    lang: rx.Var[str]


class _NewKey(rx.Component):
    library = "$/utils/new_key"
    tag = "NewKey"
    lang: rx.Var[str]
    site: rx.Var[str]


def settings_keys() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("keys"),
        when_loaded(_S, _content(), _bones()),
        here="settings",
    )


def _content() -> rx.Component:
    new = card(
        _NewKey.create(lang=PageState.lang, site=_S.site),
        title=tr("keys.new.title"),
        about=tr("keys.new.about"),
    )
    return rx.el.div(
        only_owners(_S.may_edit),
        rx.cond(_S.may_edit, rx.fragment(_listed(), new), rx.fragment()),
        class_name="stack",
    )


def _listed() -> rx.Component:
    rows = rx.cond(
        _S.keys.length() > 0,
        rx.el.ul(rx.foreach(_S.keys, _key), class_name="key-list"),
        _nothing(),
    )
    return card(
        rows,
        _ended(),
        _docs(),
        title=tr("keys.list.title"),
        about=tr("keys.list.about"),
    )


def _docs() -> rx.Component:
    """To what a program may ask; a page of the API, not of this app."""
    return rx.link(
        rx.icon("book-open", size=17, aria_hidden="true"),
        tr("keys.list.docs"),
        href="/api/docs",
        class_name="plain-button key-docs",
        custom_attrs={"reloadDocument": True},
    )


def _nothing() -> rx.Component:
    example = rx.el.pre(
        "curl ",
        _S.site,
        '/api/v1/guests \\\n  -H "Authorization: Bearer wwa_…"',
        class_name="key-curl",
        tab_index=0,
    )
    return empty("key-round", tr("keys.empty.title"), tr("keys.empty.about"), example)


def _ended() -> rx.Component:
    many = _S.ended.length()
    shown = rx.el.details(
        rx.el.summary(tr("keys.list.ended", n=many)),
        rx.el.ul(rx.foreach(_S.ended, _key), class_name="key-list"),
        class_name="key-ended",
    )
    return rx.cond(many > 0, shown, rx.fragment())


def _key(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.b(one["name"]),
                rx.el.span(
                    tr_of("keys.state", one["state"]),
                    class_name="badge",
                    custom_attrs={
                        "data-tone": rx.match(one["state"], *_TONES, "gray"),
                        "data-state": one["state"],
                    },
                ),
                class_name="key-name",
            ),
            rx.el.p(
                rx.el.code(one["prefix"], "_…"),
                rx.foreach(one["scopes"].to(list[str]), _scope),
                class_name="key-may",
            ),
            _times(one),
            class_name="key-words",
        ),
        rx.cond(one["state"] == "active", _revoke(one), rx.fragment()),
        key=one["id"].to_string(),
        custom_attrs={"data-key": one["prefix"]},
    )


def _scope(scope: Any) -> rx.Component:
    return rx.el.span(tr_of("keys.scope", scope), class_name="tag")


def _times(one: Any) -> rx.Component:
    used = rx.cond(
        one["used_at"] != "",
        rx.fragment(tr("keys.used_at"), " ", ago(one["used_at"])),
        tr("keys.never_used"),
    )
    ends_word = rx.cond(
        one["state"] == "active", tr("keys.ends_at"), tr("keys.ended_at")
    )
    day = _Day.create(at=one["ends_at"], zone=PageState.time_zone, lang=PageState.lang)
    ends = rx.fragment(" · ", ends_word, " ", day)
    maker = rx.fragment(" ", tr("keys.made_by", name=one["maker"]))
    return rx.el.p(
        tr("keys.made_at"),
        " ",
        ago(one["made_at"]),
        rx.cond(one["maker"] != "", maker, rx.fragment()),
        " · ",
        used,
        rx.cond(one["ends_at"] != "", ends, rx.fragment()),
        class_name="key-times",
    )


def _revoke(one: Any) -> rx.Component:
    button = rx.button(
        tr("keys.revoke.button"),
        aria_label=tr("keys.revoke.of", name=one["name"]),
        variant="soft",
        color_scheme="gray",
        size="3",
    )
    return confirm(
        button,
        title=tr("keys.revoke.title", name=one["name"]),
        about=one["warning"],
        action=tr("keys.revoke.action"),
        on_confirm=_S.revoke(one["id"]),
    )


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="64px", times=2)),
        card(skeleton(height="44px", times=5)),
        class_name="stack",
    )
