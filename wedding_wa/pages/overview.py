"""pages: the overview: what is still to do, what needs you, what went lately."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.lines import message_line
from wedding_wa.pages.not_written import not_written_card
from wedding_wa.pages.proof_link import proof_link
from wedding_wa.pages.strip import notice_action, notice_icon
from wedding_wa.state.base import PageState
from wedding_wa.state.overview import OverviewState

# Where a step is done, and where a concern is looked at.
_STEPS = {
    "waha": "/accounts",
    "groom": "/accounts",
    "bride": "/accounts",
    "wrote": "/test",
    "arrived": "/test",
}
CARE = {
    "deaf": ("/accounts", "sky", "ear"),
    "unconfirmed": ("/queue/unconfirmed", "violet", "circle-help"),
    "failed": ("/queue?state=failed", "tomato", "triangle-alert"),
    "refused": ("/queue?state=refused", "tomato", "circle-slash"),
}


def overview() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("overview.title"), tr("overview.about")),
        when_loaded(
            OverviewState,
            rx.el.div(
                _unread(),
                _notices(),
                _care(),
                _steps(),
                not_written_card(OverviewState),
                _plan(),
                _newest(),
                proof_link(),
                _ended(),
                class_name="overview",
            ),
            _bones(),
        ),
        here="overview",
    )


def _unread() -> rx.Component:
    """What guests wrote comes first, before anything of ours."""
    n = PageState.unread
    shown = rx.link(
        rx.icon("mail", size=20, aria_hidden="true"),
        rx.el.b(tr("inbox.to_inbox", n=n)),
        rx.el.span(tr("inbox.to_inbox_go"), class_name="care-go"),
        href="/inbox?show=unread",
        underline="none",
        class_name="card overview-unread",
    )
    return rx.cond(n > 0, shown, rx.fragment())


def _steps() -> rx.Component:
    shown = card(
        rx.el.ol(rx.foreach(OverviewState.steps, _step), class_name="steps"),
        title=tr("overview.steps.title"),
        about=tr("overview.steps.about"),
    )
    return rx.cond(OverviewState.steps.length() > 0, shown, rx.fragment())


def _step(step: rx.Var[Any]) -> rx.Component:
    key = step["key"]
    name = rx.cond(key == "groom", PageState.groom_name, PageState.bride_name)
    done = rx.cond(step["done"], tr("overview.steps.done"), tr("overview.steps.open"))
    go = rx.link(
        rx.button(_step_words(key, "go"), size="3", tab_index=-1),
        href=rx.match(key, *_STEPS.items(), "/accounts"),
        class_name="step-go",
    )
    return rx.el.li(
        rx.cond(
            step["done"],
            rx.icon(
                "circle-check", size=22, class_name="step-tick", aria_hidden="true"
            ),
            rx.icon("circle", size=22, class_name="step-tick", aria_hidden="true"),
        ),
        rx.el.div(
            rx.el.p(
                _step_words(key, "title", name=name),
                rx.el.span(" (", done, ")", class_name="only-heard"),
                class_name="step-title",
            ),
            rx.cond(
                step["done"],
                rx.fragment(),
                rx.el.p(_step_words(key, "about"), class_name="step-about"),
            ),
            class_name="step-words",
        ),
        rx.cond(step["next"], go, rx.fragment()),
        class_name="step",
        key=key,
        custom_attrs={
            "data-step": key,
            "data-done": rx.cond(step["done"], "true", "false"),
        },
    )


def _step_words(key: Any, part: str, **params: Any) -> rx.Var[Any]:
    said = [(step, tr(f"overview.steps.{step}.{part}", **params)) for step in _STEPS]
    chosen: rx.Var[Any] = rx.match(key, *said, "")
    return chosen


def _notices() -> rx.Component:
    """All that stands as ribbons on the other pages."""
    shown = card(
        rx.el.ul(rx.foreach(PageState.ribbons, _notice), class_name="cares"),
        title=tr("notice.title"),
        about=tr("notice.about"),
        id="notices",
    )
    return rx.cond(PageState.ribbons.length() > 0, shown, rx.fragment())


def _notice(one: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        rx.el.span(notice_icon(one), class_name="care-icon"),
        rx.el.p(
            one["text"],
            rx.cond(one["about"] != "", " ", ""),
            one["about"],
            class_name="care-words",
            role="status",
        ),
        notice_action(one, class_name="care-go"),
        class_name="care",
        key=one["id"],
        custom_attrs={"data-tone": one["tone"], "data-notice": one["kind"]},
    )


def _ended() -> rx.Component:
    """What the owner was told and is over; nothing where there was nothing."""
    shown = card(
        rx.el.ul(rx.foreach(OverviewState.ended, _over), class_name="ended"),
        title=tr("notice.lately"),
    )
    return rx.cond(OverviewState.ended.length() > 0, shown, rx.fragment())


def _over(one: rx.Var[Any]) -> rx.Component:
    waited = rx.el.span(one["waited"], class_name="ended-waited")
    return rx.el.li(
        rx.el.span(notice_icon(one), class_name="ended-icon"),
        rx.el.span(one["text"], class_name="ended-words"),
        rx.el.span(one["when"], class_name="ended-when figures"),
        rx.cond(one["waited"] != "", waited, rx.fragment()),
        class_name="ended-line",
        key=one["id"],
        custom_attrs={"data-ended": one["kind"]},
    )


def _care() -> rx.Component:
    shown = card(
        rx.el.ul(rx.foreach(OverviewState.concerns, _concern), class_name="cares"),
        title=tr("overview.care.title"),
    )
    return rx.cond(OverviewState.concerns.length() > 0, shown, rx.fragment())


def _concern(one: rx.Var[Any]) -> rx.Component:
    what = one["what"]
    looks = [(name, rx.icon(icon, size=18)) for name, (_, _, icon) in CARE.items()]
    tones = [(name, tone) for name, (_, tone, _) in CARE.items()]
    places = [(name, place) for name, (place, _, _) in CARE.items()]
    return rx.el.li(
        rx.el.span(
            rx.match(what, *looks, rx.fragment()),
            class_name="care-icon",
            aria_hidden="true",
        ),
        rx.el.p(_care_words(one), class_name="care-words"),
        rx.link(
            tr_of("overview.care.go", what),
            href=rx.match(what, *places, "/queue"),
            class_name="care-go",
        ),
        class_name="care",
        key=one["id"],
        custom_attrs={
            "data-tone": rx.match(what, *tones, "amber"),
            "data-concern": what,
        },
    )


def _care_words(one: rx.Var[Any]) -> rx.Var[str]:
    name = rx.cond(
        one["account"] == "groom", PageState.groom_name, PageState.bride_name
    )
    return tr_of("overview.care", one["what"], n=one["n"], name=name)


def _plan() -> rx.Component:
    return card(
        rx.el.ul(rx.foreach(PageState.strip, _lane), class_name="plan"),
        title=tr("overview.plan.title"),
    )


def _lane(one: rx.Var[Any]) -> rx.Component:
    plan = OverviewState.plans[one["key"]]
    return rx.el.li(
        rx.el.span(
            account_dot(one["key"], off=~one["ready"]),
            rx.el.b(
                rx.cond(
                    one["key"] == "groom", PageState.groom_name, PageState.bride_name
                )
            ),
            rx.el.span(account_name(one["key"]), class_name="lane-side"),
            class_name="lane-who",
        ),
        rx.cond(
            plan["linked"],
            _figures(one, plan),
            rx.link(tr("overview.plan.unlinked"), href="/accounts"),
        ),
        class_name="lane",
        key=one["key"],
        custom_attrs={"data-lane": one["key"]},
    )


def _figures(one: rx.Var[Any], plan: Any) -> rx.Component:
    free = rx.cond(
        one["next_free"] != "",
        rx.fragment(tr("overview.plan.next_free"), " ", time(one["next_free"])),
        tr("overview.plan.free"),
    )
    waiting = rx.cond(
        one["waiting"] > 0,
        tr("overview.plan.waiting", n=one["waiting"]),
        tr("overview.plan.nothing"),
    )
    done = rx.el.span(tr("overview.plan.done_about"), " ", time(plan["done_at"]))
    return rx.el.span(
        rx.el.span(tr("overview.plan.sent", sent=one["sent"], limit=one["limit"])),
        rx.el.span(
            rx.cond(
                one["paused"] | PageState.paused,
                tr("overview.plan.paused"),
                rx.cond(one["ready"], free, tr("overview.plan.down")),
            )
        ),
        rx.el.span(waiting),
        rx.cond(plan["done_at"] != "", done, rx.fragment()),
        class_name="lane-figures figures",
    )


def _newest() -> rx.Component:
    lines = rx.el.ul(
        rx.foreach(
            OverviewState.lines,
            lambda line: message_line(line, OverviewState.states),
        ),
        class_name="lines",
    )
    none = empty(
        "mail-open",
        tr("overview.newest.empty_title"),
        tr("overview.newest.empty_about"),
        rx.link(rx.button(tr("overview.newest.empty_go"), size="3"), href="/test"),
    )
    return card(
        rx.cond(
            OverviewState.lines.length() > 0,
            rx.fragment(
                lines,
                rx.link(
                    tr("overview.newest.all"), href="/queue", class_name="lines-all"
                ),
            ),
            none,
        ),
        title=tr("overview.newest.title"),
    )


def _bones() -> rx.Component:
    return rx.el.div(
        card(skeleton(height="24px", width="140px"), skeleton(height="44px", times=3)),
        card(skeleton(height="24px", width="140px"), skeleton(height="64px", times=3)),
        class_name="overview",
    )
