"""pages: what the Settings pages share: tabs, fields, the bar with Save."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import page_head
from wedding_wa.pages.i18n import tr

Words = rx.Var[str]

_TABS = (
    ("general", "/settings", "heart"),
    ("limits", "/settings/limits", "gauge"),
    ("invitation", "/settings/invitation", "mail-open"),
    ("people", "/settings/people", "users"),
    ("keys", "/settings/api-keys", "key-round"),
    ("webhooks", "/settings/webhooks", "webhook"),
    ("maintenance", "/settings/maintenance", "wrench"),
)

_SHOW_CURRENT_TAB = (
    "document.querySelector('.tab[aria-current]')"
    "?.scrollIntoView({inline: 'center', block: 'nearest'})"
)


class _Draft(rx.Component):
    library = "$/utils/draft"
    tag = "Draft"
    element: rx.Var[str]
    value: rx.Var[str]
    on_text: rx.EventHandler[lambda text: [text]]  # type: ignore[type-arg, valid-type]


def draft(*children: rx.Component, value: Any, on_text: Any, **attrs: Any) -> Any:
    """Return a field that never loses what is being typed; `on_text(text)` tells it.

    `attrs` are the input's own ("element" makes it a select); aria names included.
    """
    props = {k: attrs.pop(k) for k in ("id", "class_name", "element") if k in attrs}
    return _Draft.create(
        *children, value=value, on_text=on_text, custom_attrs=attrs, **props
    )


def settings_head(current: str) -> rx.Component:
    """Return the heading of the pages and the tabs between them."""
    return rx.fragment(
        page_head(tr("settings.title"), tr("settings.about")),
        rx.el.nav(
            *[_tab(*tab, current=tab[0] == current) for tab in _TABS],
            class_name="tabs",
            aria_label=tr("settings.tabs.label"),
            # on a phone they are wider than the screen
            on_mount=rx.run_script(_SHOW_CURRENT_TAB),
        ),
    )


def only_owners(allowed: Any) -> rx.Component:
    """Tell whoever may only look that it is so."""
    note = rx.el.p(
        rx.icon("lock", size=16, aria_hidden="true"),
        tr("settings.only_owners"),
        class_name="notice",
        custom_attrs={"data-tone": "sand"},
    )
    return rx.cond(allowed, rx.fragment(), note)


def field_error(name: str, text: Any) -> rx.Component:
    """Return the place under a field for what is wrong with it; heard when it comes."""
    return rx.el.p(
        rx.cond(text, text, ""),
        id=f"{name}-error",
        class_name="field-error",
        role="alert",
    )


def to_the_wrong_field() -> Any:
    """Return what a form's submit does besides saving: the cursor goes to where
    something is wrong."""
    return rx.run_script("document.querySelector('main [aria-invalid=true]')?.focus()")


def save_bar(*, count: Any, words: Words, discard: Any) -> rx.Component:
    """Return the bar that appears once something was changed; its form is around it."""
    bar = rx.el.div(
        rx.el.span(words, class_name="figures", role="status"),
        rx.flex(
            rx.button(
                tr("settings.discard"),
                type="button",
                variant="soft",
                color_scheme="gray",
                size="3",
                on_click=discard,
            ),
            rx.button(tr("settings.save"), type="submit", size="3"),
            gap="10px",
        ),
        class_name="save-bar",
        custom_attrs={"data-unsaved": "true"},
    )
    # Enter saves also in the moment before the bar has come.
    enter = rx.el.button(type="submit", hidden=True, tab_index=-1)
    return rx.fragment(enter, rx.cond(count > 0, bar, rx.fragment()))


def _tab(key: str, route: str, icon: str, *, current: bool) -> rx.Component:
    return rx.link(
        rx.icon(icon, size=17, stroke_width=1.8, aria_hidden="true"),
        tr(f"settings.tabs.{key}"),
        href=route,
        class_name="tab",
        underline="none",
        custom_attrs={"aria-current": "page"} if current else {},
    )
