"""pages: one limit, or the two ends of one, as a row: words at the left, fields right.

Every name here has its words in `limits.field.<name>`: `label` and `about`.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.i18n import tr
from wedding_wa.pages.settings_parts import draft, field_error
from wedding_wa.state.settings_limits import LimitsState
from wedding_wa.state.settings_units import UNITS, Unit

_WIDE = 7


def limit_row(name: str) -> rx.Component:
    """Return the row of one number."""
    box = rx.el.div(
        _input(name, labelled_by=f"{name}-label"),
        _unit(name),
        class_name="limit-inputs",
    )
    return _row(name, [name], box, label_for=_id(name))


def span_row(pair: str) -> rx.Component:
    """Return the row of a smallest and a largest; between them chance decides."""
    low, high = f"{pair}_min_seconds", f"{pair}_max_seconds"
    box = rx.el.div(
        rx.el.span(tr("limits.from"), id=f"{pair}-from"),
        _input(low, labelled_by=f"{pair}-label {pair}-from"),
        rx.el.span(tr("limits.to"), id=f"{pair}-to"),
        _input(high, labelled_by=f"{pair}-label {pair}-to"),
        _unit(low),
        class_name="limit-inputs",
    )
    return _row(pair, [low, high], box, label_for=_id(low))


def switch_row(name: str) -> rx.Component:
    """Return the row of a yes or no."""
    box = rx.el.div(
        rx.switch(
            checked=_value(name) == "true",
            on_change=LimitsState.switch(name),
            id=_id(name),
            disabled=~LimitsState.may_edit,
            size="3",
            custom_attrs={
                "aria-labelledby": f"{name}-label",
                "aria-describedby": f"{name}-about",
            },
        ),
        class_name="limit-inputs",
    )
    return _row(name, [name], box, label_for=_id(name), usual=tr("limits.usually_off"))


def hours_row() -> rx.Component:
    """Return the editor of the sending hours: rows of two times."""
    add = rx.button(
        rx.icon("plus", size=16, aria_hidden="true"),
        tr("limits.hours.add"),
        type="button",
        variant="soft",
        color_scheme="gray",
        size="3",
        id=_id("windows"),
        disabled=~LimitsState.may_edit,
        on_click=LimitsState.add_hours,
    )
    always = rx.el.p(tr("limits.hours.always"), class_name="limit-usual")
    box = rx.el.div(
        rx.foreach(LimitsState.hours, _hours),
        rx.cond(LimitsState.hours.length() == 0, always, rx.fragment()),
        add,
        class_name="limit-hours",
    )
    usual = tr("limits.usually", value=tr("limits.hours.none"))
    return _row("windows", ["windows"], box, label_for=_id("windows"), usual=usual)


def _hours(row: Any, index: Any) -> rx.Component:
    # Counted from one for people.
    number = index.to(int) + 1
    return rx.el.div(
        rx.el.span(tr("limits.from"), aria_hidden="true"),
        _time(row["start"], index, "start", tr("limits.hours.start", n=number)),
        rx.el.span(tr("limits.to"), aria_hidden="true"),
        _time(row["end"], index, "end", tr("limits.hours.end", n=number)),
        rx.el.button(
            rx.icon("trash-2", size=18, aria_hidden="true"),
            type="button",
            aria_label=tr("limits.hours.remove", n=number),
            class_name="hours-remove",
            disabled=~LimitsState.may_edit,
            on_click=LimitsState.remove_hours(index),
        ),
        class_name="limit-inputs",
    )


def _time(value: Any, index: Any, end: str, label: Any) -> rx.Component:
    return draft(
        value=value,
        on_text=LimitsState.set_hours(index, end),
        class_name="field field-time figures",
        type="time",
        disabled=~LimitsState.may_edit,
        **{
            "aria-label": label,
            "aria-describedby": "windows-about windows-error",
            "aria-invalid": _is_wrong("windows"),
        },
    )


def _row(
    name: str,
    fields: list[str],
    box: rx.Component,
    *,
    label_for: str,
    usual: Any = None,
) -> rx.Component:
    usual = _usual(fields) if usual is None else usual
    text = rx.el.div(
        rx.el.label(
            tr(f"limits.field.{name}.label"),
            html_for=label_for,
            id=f"{name}-label",
            class_name="limit-name",
        ),
        rx.el.p(
            tr(f"limits.field.{name}.about"),
            id=f"{name}-about",
            class_name="limit-about",
        ),
        class_name="limit-words",
    )
    right = rx.el.div(
        box,
        rx.el.p(usual, *[_looser(one) for one in fields], class_name="limit-usual"),
        *[_meanwhile(one) for one in fields],
        field_error(name, _first_wrong(fields)),
        class_name="limit-side",
    )
    marks = {"data-limit": name, "data-changed": _any(fields, LimitsState.typed)}
    return rx.el.div(text, right, class_name="limit", custom_attrs=marks)


def _input(name: str, *, labelled_by: str) -> rx.Component:
    row = name.replace("_min_seconds", "").replace("_max_seconds", "")
    whole = UNITS[name] is Unit.COUNT
    return draft(
        value=_value(name),
        on_text=LimitsState.write(name),
        id=_id(name),
        class_name="field field-number figures",
        name=name,
        type="text",
        inputMode="numeric" if whole else "decimal",
        autoComplete="off",
        maxLength=_WIDE,
        disabled=~LimitsState.may_edit,
        **{
            "aria-labelledby": labelled_by,
            "aria-describedby": f"{row}-about {row}-error",
            "aria-invalid": _is_wrong(name),
        },
    )


def _unit(name: str) -> rx.Component:
    unit = UNITS[name]
    words = f"limits.unit.{name if unit is Unit.COUNT else unit.value}"
    return rx.el.span(tr(words), class_name="limit-unit")


def _usual(fields: list[str]) -> rx.Var[str]:
    values = [LimitsState.usual[name] for name in fields]
    if len(values) == 1:
        return tr("limits.usually", value=values[0])
    return tr("limits.usually_span", low=values[0], high=values[1])


def _looser(name: str) -> rx.Component:
    mark = rx.el.span(
        rx.icon("triangle-alert", size=14, aria_hidden="true"),
        tr("limits.looser.here"),
        class_name="limit-looser",
        custom_attrs={"data-tone": "amber"},
    )
    return rx.cond(LimitsState.looser.contains(name), mark, rx.fragment())


def _meanwhile(name: str) -> rx.Component:
    note = rx.el.p(
        tr("limits.meanwhile", value=LimitsState.meanwhile[name]),
        class_name="limit-meanwhile",
        role="status",
    )
    return rx.cond(LimitsState.meanwhile.contains(name), note, rx.fragment())


def _value(name: str) -> rx.Var[str]:
    typed, saved = LimitsState.typed, LimitsState.saved
    return rx.cond(typed.contains(name), typed[name], saved[name])


def _first_wrong(fields: list[str]) -> Any:
    shown: Any = ""
    for name in reversed(fields):
        wrong = LimitsState.wrong
        shown = rx.cond(wrong.contains(name), wrong[name], shown)
    return shown


def _is_wrong(name: str) -> Any:
    return rx.cond(LimitsState.wrong.contains(name), "true", "false")


def _any(fields: list[str], where: Any) -> Any:
    found = where.contains(fields[0])
    for name in fields[1:]:
        found = found | where.contains(name)
    return rx.cond(found, "true", "false")


def _id(name: str) -> str:
    return f"limit-{name}"
