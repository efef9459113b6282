"""pages: what lies over the page: a question before something final, a side panel."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr

Words = rx.Var[str]


def confirm(
    trigger: rx.Component,
    *,
    title: Words,
    about: Words,
    action: Words,
    on_confirm: Any,
    color: str = "tomato",
) -> rx.Component:
    """Ask before `on_confirm` happens. `action` repeats the verb ("Cancel 3").

    Give the handler `@rx.event(temporal=True)`: a click made while the line was cut
    must not be done later.
    """
    yes = rx.button(action, color_scheme=color, size="3", on_click=on_confirm)
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(trigger),
        _question(title, about, rx.alert_dialog.action(yes)),
    )


def asking(asked: Any, *, grave: Any, on_yes: Any, on_no: Any) -> rx.Component:
    """Ask what the state wants to know: `asked` has `kind` ("": nothing), `title`,
    `about` and `action`. It is open until the state has forgotten it."""
    # No dialog's action: closing by itself it would also say `on_no`, and that could
    # be heard before `on_yes`.
    yes = rx.button(
        asked["action"],
        color_scheme=rx.cond(grave, "tomato", "jade"),
        size="3",
        on_click=on_yes,
        custom_attrs={"data-action": "do-it"},
    )
    return rx.alert_dialog.root(
        _question(asked["title"], asked["about"], yes),
        open=asked["kind"] != "",
        on_open_change=on_no,
    )


def _question(title: Words, about: Words, yes: rx.Component) -> rx.Component:
    no = rx.button(tr("common.back"), variant="soft", color_scheme="gray", size="3")
    return rx.alert_dialog.content(
        rx.alert_dialog.title(title, size="5"),
        rx.alert_dialog.description(about, size="3", color="var(--ink-soft)"),
        rx.flex(
            rx.alert_dialog.cancel(no),
            yes,
            gap="10px",
            justify="end",
            wrap="wrap",
            margin_top="22px",
        ),
        max_width="460px",
    )


def side_panel(
    *children: rx.Component, shown: Any, title: Any, on_close: Any
) -> rx.Component:
    """Show details beside a list that stays: 420 px on a desk, a sheet on a phone.

    Esc closes it. The page below stays usable, so this is no modal dialog.
    """
    close = rx.icon_button(
        rx.icon("x", size=20, stroke_width=1.8),
        aria_label=tr("common.close"),
        variant="ghost",
        color_scheme="gray",
        size="3",
        margin="0",
        on_click=on_close,
        custom_attrs={"data-esc": "true"},
    )
    panel = rx.el.aside(
        rx.el.div(
            rx.heading(title, as_="h2", size="5"), close, class_name="panel-head"
        ),
        rx.el.div(*children, class_name="panel-body"),
        class_name="panel",
        aria_label=title,
    )
    return rx.cond(shown, panel, rx.fragment())
