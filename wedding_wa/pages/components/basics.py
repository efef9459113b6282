"""pages: headings, cards, skeletons, empty states, small choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from wedding_wa.state.base import PageState

Words = rx.Var[str]


def page_head(
    title: Words, about: Words | None = None, *actions: rx.Component
) -> rx.Component:
    """Return the page's one h1, a sentence under it, and buttons at the right."""
    words = [rx.el.h1(title, class_name="page-title")]
    if about is not None:
        words.append(rx.el.p(about, class_name="page-about"))
    right = rx.fragment()
    if actions:
        right = rx.flex(*actions, gap="8px", wrap="wrap", class_name="page-actions")
    return rx.el.header(rx.el.div(*words), right, class_name="page-head")


def card(
    *children: rx.Component,
    title: Words | None = None,
    about: Words | None = None,
    **props: Any,
) -> rx.Component:
    """Return a sheet of paper with an optional heading (h2) and sentence."""
    head = []
    if title is not None:
        head.append(rx.el.h2(title, class_name="card-title"))
    if about is not None:
        head.append(rx.el.p(about, class_name="card-about"))
    return rx.el.section(*head, *children, class_name="card", **props)


def when_loaded(
    state: type[PageState], content: rx.Component, bones: rx.Component
) -> rx.Component:
    """Show `bones` until the first pull of `state` has arrived."""
    arrived = PageState.loaded.contains(state.get_full_name())
    return rx.cond(arrived, content, bones)


def skeleton(
    *, height: str = "18px", width: str = "100%", times: int = 1, gap: str = "12px"
) -> rx.Component:
    """Return grey bones; give them the shape of what will come."""
    bones = [
        rx.el.div(class_name="bone", style={"height": height, "width": width})
        for _ in range(times)
    ]
    return rx.el.div(
        *bones,
        aria_hidden="true",
        style={"display": "flex", "flexDirection": "column", "gap": gap},
    )


def empty(
    icon: str, title: Words, about: Words, *actions: rx.Component
) -> rx.Component:
    """Say why there is nothing here and what to do next.

    "Nothing yet" and "nothing matches the filter" are two different sentences: use
    this component twice, the second time with a button that clears the filter.
    """
    return rx.el.div(
        rx.icon(icon, size=40, stroke_width=1.4, aria_hidden="true"),
        rx.el.p(title, class_name="empty-title"),
        rx.el.p(about, class_name="empty-about"),
        rx.flex(*actions, gap="8px", wrap="wrap", justify="center"),
        class_name="empty",
    )


def choice(
    options: Sequence[tuple[str, str | None, Words]],
    *,
    value: Any,
    on_choose: Any,
    label: Words,
) -> rx.Component:
    """Return a row of buttons of which one is pressed: (value, icon, words) each.

    `on_choose(value)` returns the event for a value.
    """
    buttons = [
        rx.el.button(
            rx.icon(icon, size=17, aria_hidden="true") if icon else rx.fragment(),
            words,
            type="button",
            on_click=on_choose(name),
            custom_attrs={"aria-pressed": rx.cond(value == name, "true", "false")},
        )
        for name, icon, words in options
    ]
    return rx.el.div(*buttons, class_name="choice", role="group", aria_label=label)


def shortcut(*keys: str) -> rx.Component:
    """Return keys as one sees them on a keyboard."""
    return rx.fragment(*[rx.el.kbd(key) for key in keys])
