"""pages: Settings, Maintenance: what runs by itself, and for how long things stay."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.retention import FailedAction
from wedding_wa.pages.browser import ago
from wedding_wa.pages.components import card, skeleton, when_loaded
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_parts import (
    draft,
    field_error,
    only_owners,
    save_bar,
    settings_head,
    to_the_wrong_field,
)
from wedding_wa.state.maintenance import MaintenanceState, bounds

_S = MaintenanceState

# How a chore stands -> (tone, icon); one that runs has moving dots instead of an icon.
LOOKS = {
    "new": ("sand", "hourglass"),
    "well": ("jade", "check"),
    "wanted": ("sky", "hand"),
    "running": ("sky", ""),
    "failed": ("tomato", "triangle-alert"),
    "broken_off": ("amber", "unplug"),
    "late": ("amber", "moon"),
}


def settings_maintenance() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("maintenance"),
        when_loaded(_S, _content(), _bones()),
        here="settings",
    )


def _content() -> rx.Component:
    return rx.el.div(
        rx.cond(_S.asleep, _asleep(), rx.fragment()),
        card(
            rx.el.ul(rx.foreach(_S.chores, _chore), class_name="chores"),
            title=tr("maintenance.chores.title"),
            about=tr("maintenance.chores.about"),
        ),
        _retention(),
        class_name="stack",
    )


def _asleep() -> rx.Component:
    return rx.el.p(
        rx.icon("moon", size=16, aria_hidden="true"),
        tr("maintenance.asleep"),
        class_name="notice",
        role="status",
        custom_attrs={"data-tone": "amber"},
    )


# --- the chores -----------------------------------------------------------------------


def _chore(one: rx.Var[Any]) -> rx.Component:
    name = one["name"]
    words = rx.el.div(
        rx.el.h3(tr_of("maintenance.title", name), class_name="chore-name"),
        rx.el.p(tr_of("maintenance.does", name), class_name="chore-about"),
        class_name="chore-words",
    )
    return rx.el.li(
        words,
        rx.el.div(_badge(one["state"]), _run_now(one), class_name="chore-side"),
        rx.el.div(_result(one), _times(one), class_name="chore-last"),
        key=name,
        class_name="chore",
        custom_attrs={"data-chore": name, "data-state": one["state"]},
    )


def _badge(state: Any) -> rx.Component:
    tones = [(name, tone) for name, (tone, _) in LOOKS.items()]
    icons = [(name, _icon(icon)) for name, (_, icon) in LOOKS.items()]
    return rx.el.span(
        rx.match(state, *icons, rx.fragment()),
        rx.el.span(
            tr_of("maintenance.state", state), class_name="badge-word", key=state
        ),
        class_name="badge",
        custom_attrs={"data-tone": rx.match(state, *tones, "sand")},
    )


def _icon(name: str) -> rx.Component:
    if name:
        return rx.icon(name, size=15, stroke_width=2.2, aria_hidden="true")
    dots = [rx.el.i() for _ in range(3)]
    return rx.el.span(*dots, class_name="dots", aria_hidden="true")


def _run_now(one: rx.Var[Any]) -> rx.Component:
    busy = (one["state"] == "wanted") | (one["state"] == "running")
    button = rx.button(
        rx.icon("play", size=15, aria_hidden="true"),
        tr("maintenance.run_now"),
        aria_label=tr(
            "maintenance.run_now_of", chore=tr_of("maintenance.title", one["name"])
        ),
        variant="soft",
        color_scheme="gray",
        size="3",
        disabled=busy,
        on_click=_S.run_now(one["name"]),
        custom_attrs={"data-action": "run-now"},
    )
    return rx.cond(_S.may_run, button, rx.fragment())


def _result(one: rx.Var[Any]) -> rx.Component:
    wrong = rx.el.p(one["wrong"], class_name="chore-wrong")
    told = rx.el.p(one["told"], class_name="chore-told")
    return rx.fragment(
        rx.cond(one["wrong"] != "", wrong, rx.fragment()),
        rx.cond(one["told"] != "", told, rx.fragment()),
    )


def _times(one: rx.Var[Any]) -> rx.Component:
    ran = rx.cond(
        one["lately"],
        rx.el.span(tr("maintenance.ran_lately")),
        rx.el.span(tr("maintenance.ran"), " ", ago(one["ran_at"])),
    )
    took = rx.cond(one["took"] != "", rx.el.span(one["took"]), rx.fragment())
    coming = rx.el.span(tr("maintenance.next"), " ", ago(one["next_at"]))
    return rx.el.p(
        rx.el.span(one["when"]),
        rx.cond(one["ran_at"] != "", rx.fragment(ran, took), rx.fragment()),
        rx.cond(one["next_at"] != "", coming, rx.fragment()),
        class_name="chore-times figures",
    )


# --- for how long things are kept -----------------------------------------------------


def _retention() -> rx.Component:
    count = _S.typed.length()
    words = rx.cond(
        _S.wrong.length() > 0, tr("limits.look_again"), tr("settings.unsaved", n=count)
    )
    form = rx.el.form(
        rx.el.div(
            _row("failed_action", _action()),
            rx.cond(
                _S.action == FailedAction.KEEP.value,
                rx.fragment(),
                _row("failed_days", _days("failed_days")),
            ),
            *[
                _row(name, _days(name))
                for name in ("attempts_days", "webhooks_days", "history_days")
            ],
            class_name="limits",
        ),
        save_bar(count=count, words=words, discard=_S.discard),
        on_submit=[_S.save, to_the_wrong_field()],
        no_validate=True,
    )
    return card(
        only_owners(_S.may_edit),
        form,
        rx.el.p(tr("maintenance.keep.always"), class_name="limit-about keep-always"),
        title=tr("maintenance.keep.title"),
        about=tr("maintenance.keep.about"),
    )


def _row(name: str, box: rx.Component) -> rx.Component:
    """One question: its words (`maintenance.keep.<name>`) left, its field right."""
    words = rx.el.div(
        rx.el.label(
            tr(f"maintenance.keep.{name}.label"),
            html_for=name,
            class_name="limit-name",
        ),
        rx.el.p(
            tr(f"maintenance.keep.{name}.about"),
            id=f"{name}-about",
            class_name="limit-about",
        ),
        class_name="limit-words",
    )
    return rx.el.div(
        words,
        rx.el.div(box, field_error(name, _S.wrong[name]), class_name="limit-side"),
        class_name="limit",
        custom_attrs={
            "data-keep": name,
            "data-changed": rx.cond(_S.typed.contains(name), "true", "false"),
        },
    )


def _action() -> rx.Component:
    options = [
        rx.el.option(tr_of("maintenance.action", one.value), value=one.value)
        for one in FailedAction
    ]
    return _field("failed_action", *options, element="select")


def _days(name: str) -> rx.Component:
    box = rx.el.div(
        _field(
            name,
            type="text",
            inputMode="numeric",
            autoComplete="off",
            maxLength=5,
        ),
        rx.el.span(tr("maintenance.keep.days")),
        class_name="limit-inputs",
    )
    usual = tr("maintenance.keep.usual", **bounds(name))
    return rx.fragment(box, rx.el.p(usual, class_name="limit-usual"))


def _field(name: str, *options: rx.Component, **attrs: Any) -> rx.Component:
    kind = "field" if options else "field field-number figures"
    return draft(
        *options,
        value=rx.cond(_S.typed.contains(name), _S.typed[name], _S.saved[name]),
        on_text=_S.write(name),
        id=name,
        class_name=kind,
        name=name,
        disabled=~_S.may_edit,
        **attrs,
        **{
            "aria-describedby": f"{name}-about {name}-error",
            "aria-invalid": rx.cond(_S.wrong.contains(name), "true", "false"),
        },
    )


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="64px", times=6)),
        card(skeleton(height="44px", times=4)),
        class_name="stack",
        aria_busy="true",
    )
