"""pages: Settings, Limits: how much, how fast and when each number may send."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    confirm,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_fields import (
    hours_row,
    limit_row,
    span_row,
    switch_row,
)
from wedding_wa.pages.settings_parts import (
    only_owners,
    save_bar,
    settings_head,
    to_the_wrong_field,
)
from wedding_wa.state.settings_limits import ACCOUNT_KEYS, OTHER, LimitsState

_S = LimitsState


def settings_limits() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("limits"),
        when_loaded(_S, _content(), _bones()),
        here="settings",
    )


def _groups() -> tuple[rx.Component, ...]:
    return (
        _group(
            "many",
            limit_row("per_hour"),
            limit_row("per_day"),
            limit_row("unanswered_max"),
            limit_row("warmup_days"),
            limit_row("warmup_per_day"),
        ),
        _group(
            "pauses",
            span_row("gap"),
            span_row("sibling"),
            limit_row("cooldown_seconds"),
            limit_row("human_hold_seconds"),
            limit_row("rest_after"),
            span_row("rest"),
        ),
        _group(
            "person",
            span_row("pause"),
            limit_row("typing_seconds_per_char"),
            limit_row("typing_jitter"),
            span_row("typing"),
            span_row("final_pause"),
            switch_row("link_preview"),
        ),
        _group("when", hours_row()),
        _group(
            "fails",
            limit_row("max_attempts"),
            limit_row("backoff_base_seconds"),
            limit_row("backoff_max_seconds"),
            limit_row("notification_base_seconds"),
            limit_row("notification_max_factor"),
            limit_row("pause_after_failures"),
            limit_row("missed_after_seconds"),
        ),
    )


def _content() -> rx.Component:
    form = rx.el.form(
        *_groups(),
        _bar(),
        on_submit=[_S.save, to_the_wrong_field()],
        no_validate=True,
        class_name="stack",
    )
    return rx.el.div(
        only_owners(_S.may_edit),
        _now(),
        _choice(),
        _warning(),
        form,
        class_name="stack",
    )


def _now() -> rx.Component:
    """What binds each number at this moment, by the function the worker obeys."""
    return card(
        *[_binds(key) for key in ACCOUNT_KEYS],
        title=tr("limits.now.title"),
        about=tr("limits.now.about"),
    )


def _binds(key: str) -> rx.Component:
    one = _S.binding[key]
    free = one["rule"] == "go"
    icon = rx.cond(
        free,
        rx.icon("check", size=17, aria_hidden="true"),
        rx.icon("clock", size=17, aria_hidden="true"),
    )
    held = rx.fragment(
        rx.cond(
            one["until"] != "",
            rx.fragment(
                tr("limits.now.until"), " ", time(one["until"], seconds=True), ": "
            ),
            rx.fragment(tr("limits.now.held"), ": "),
        ),
        tr_of("limits.now.why", one["rule"], account=account_name(key), n=one["n"]),
    )
    go = tr("limits.now.go", account=account_name(key), sent=one["sent"], n=one["n"])
    words = rx.el.span(rx.cond(free, go, held), class_name="binds-words figures")
    return rx.el.p(
        account_dot(key),
        rx.el.span(icon, class_name="binds-icon"),
        words,
        _jump(key, one),
        class_name="binds",
        custom_attrs={
            "data-account": key,
            "data-rule": one["rule"],
            "data-tone": rx.cond(free, "jade", "amber"),
        },
    )


def _jump(key: str, one: Any) -> rx.Component:
    """The way to the limit that binds; to the accounts where one is not connected."""
    field = rx.Var.create("limit-") + one["field"].to(str)
    focus: rx.Var[Any] = rx.Var(
        f"document.getElementById({field!s})?.focus()",
        _var_data=field._get_all_var_data(),
    )
    to_limit = rx.el.button(
        tr("limits.now.change"),
        type="button",
        class_name="text-button",
        on_click=[_S.choose(key), rx.run_script(focus)],
    )
    to_accounts = rx.link(tr("limits.now.accounts"), href="/accounts")
    return rx.cond(
        one["field"] != "",
        to_limit,
        rx.cond(one["rule"] == "account_down", to_accounts, rx.fragment()),
    )


def _choice() -> rx.Component:
    """Whose limits are shown, and what can be done with all of them."""
    buttons = [_account_button(key) for key in ACCOUNT_KEYS]
    return rx.el.div(
        rx.el.div(
            *buttons,
            class_name="choice choice-accounts",
            role="group",
            aria_label=tr("limits.whose"),
        ),
        rx.cond(_S.may_edit, rx.flex(_copy(), _reset(), gap="8px", wrap="wrap")),
        class_name="limits-head",
    )


def _account_button(key: str) -> rx.Component:
    changes = rx.el.span(
        tr("limits.changes", n=_S.unsaved[key]), class_name="choice-note figures"
    )
    return rx.el.button(
        account_dot(key),
        account_name(key),
        rx.cond(_S.unsaved[key] > 0, changes, rx.fragment()),
        type="button",
        on_click=_S.choose(key),
        custom_attrs={
            "aria-pressed": rx.cond(_S.account == key, "true", "false"),
            "data-account": key,
        },
    )


def _copy() -> rx.Component:
    """Give the other number the same limits; what is typed must be saved first."""
    here, there = account_name(_S.account), account_name(_other())
    button = rx.button(
        rx.icon("copy", size=16, aria_hidden="true"),
        tr("limits.same.button"),
        type="button",
        variant="surface",
        color_scheme="gray",
        size="3",
        disabled=_S.unsaved[_S.account] > 0,
        title=rx.cond(_S.unsaved[_S.account] > 0, tr("limits.same.save_first"), ""),
    )
    return confirm(
        button,
        title=tr("limits.same.title"),
        about=tr("limits.same.about", here=here, there=there),
        action=tr("limits.same.action", there=there),
        on_confirm=_S.copy_to_other,
        color="jade",
    )


def _reset() -> rx.Component:
    name = account_name(_S.account)
    button = rx.button(
        rx.icon("rotate-ccw", size=16, aria_hidden="true"),
        tr("limits.reset.button"),
        type="button",
        variant="surface",
        color_scheme="gray",
        size="3",
    )
    return confirm(
        button,
        title=tr("limits.reset.title"),
        about=tr("limits.reset.about", account=name),
        action=tr("limits.reset.action"),
        on_confirm=_S.reset_limits,
    )


def _warning() -> rx.Component:
    """Honest words, once a limit is looser than ours; it forbids nothing."""
    note = rx.el.p(
        rx.icon("triangle-alert", size=18, aria_hidden="true"),
        rx.el.span(
            tr("limits.looser.risk", n=_S.looser.length()),
            " ",
            tr("limits.looser.honest"),
        ),
        class_name="notice",
        role="status",
        custom_attrs={"data-tone": "amber", "data-looser": "true"},
    )
    return rx.cond(_S.looser.length() > 0, note, rx.fragment())


def _group(key: str, *rows: rx.Component) -> rx.Component:
    return card(
        rx.el.div(*rows, class_name="limits"),
        title=tr(f"limits.group.{key}.title"),
        about=tr(f"limits.group.{key}.about"),
    )


def _bar() -> rx.Component:
    count = _S.unsaved[_S.account]
    words = rx.cond(
        _S.wrong.length() > 0,
        tr("limits.look_again"),
        tr("limits.unsaved", n=count, account=account_name(_S.account)),
    )
    return save_bar(count=count, words=words, discard=_S.discard)


def _other() -> Any:
    return rx.match(_S.account, *OTHER.items(), "groom")


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="24px", width="60%", times=2)),
        skeleton(height="46px", width="260px"),
        *[card(skeleton(height="52px", times=3)) for _ in range(3)],
        class_name="stack",
    )
