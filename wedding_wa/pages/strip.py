"""pages: the strip on top of every page, and the ribbons under it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.browser import live_word, time
from wedding_wa.pages.components import account_dot, account_name
from wedding_wa.pages.i18n import tr
from wedding_wa.state.base import PageState
from wedding_wa.state.ribbons import LOOKS

# More at once would be a wall.
_SHOWN = 3


def strip() -> rx.Component:
    """Per account: dot, name, figures; then the live word and pause or resume."""
    accounts = rx.el.div(
        rx.foreach(PageState.strip, _account),
        class_name="strip-accounts",
        role="group",
        aria_label=tr("layout.strip.label"),
    )
    end = rx.el.div(live_word(), _pause(), class_name="strip-end")
    return rx.el.header(
        rx.el.div(accounts, end, class_name="column"), class_name="strip"
    )


def ribbons(*, here: str) -> rx.Component:
    """Say what is out of the ordinary; nothing while all is well.

    The first three, the rest by their number: all stand on the overview, which tells
    them in a card of its own and so shows no ribbons.
    """
    simulated = rx.el.div(
        rx.icon("flask-conical", size=15, aria_hidden="true"),
        tr("layout.simulator"),
        class_name="ribbon",
        id="simulator-mark",
    )
    told = [] if here == "overview" else [_first_ribbons(), _more()]
    return rx.el.section(
        *told,
        rx.cond(PageState.simulated, simulated, rx.fragment()),
        aria_label=tr("layout.notices"),
    )


def notice_icon(one: rx.Var[Any]) -> rx.Component:
    """Return the icon of a notice, which is never told by its colour alone."""
    icons = [
        (kind, rx.icon(icon, size=16, aria_hidden="true"))
        for kind, (_, icon, _) in LOOKS.items()
    ]
    return rx.match(one["kind"], *icons, rx.fragment())


def notice_action(one: rx.Var[Any], *, class_name: str = "ribbon-go") -> rx.Component:
    """Return the one thing to do about a notice: going on, else where to look."""
    resume = rx.el.button(
        tr("notice.go_on"),
        type="button",
        class_name=class_name,
        on_click=PageState.go_on(one["resume"]),
    )
    look = rx.link(one["go"], href=one["href"], class_name=class_name)
    return rx.cond((one["resume"] != "") & PageState.may_control, resume, look)


def _first_ribbons() -> rx.Component:
    return rx.foreach(PageState.ribbons[:_SHOWN], _ribbon)


def _ribbon(one: rx.Var[Any]) -> rx.Component:
    return rx.el.div(
        notice_icon(one),
        rx.el.span(one["text"]),
        notice_action(one),
        class_name="ribbon",
        role="status",
        key=one["id"],
        custom_attrs={"data-tone": one["tone"], "data-notice": one["kind"]},
    )


def _more() -> rx.Component:
    """How many there are beside: on a phone one is shown, on a desk three."""
    return rx.fragment(
        _left_over(_SHOWN, "ribbon ribbon-more desk-only"),
        _left_over(1, "ribbon ribbon-more phone-only"),
    )


def _left_over(shown: int, class_name: str) -> rx.Component:
    left = PageState.ribbons.length() - shown
    link = rx.link(tr("notice.more", n=left), href="/", class_name="ribbon-go")
    return rx.cond(left > 0, rx.el.div(link, class_name=class_name), rx.fragment())


def _account(one: rx.Var[dict[str, Any]]) -> rx.Component:
    return rx.el.div(
        account_dot(one["key"], off=~one["ready"]),
        rx.el.b(account_name(one["key"])),
        rx.el.span(
            _connection(one["ready"]),
            rx.el.span(
                tr("layout.strip.sent", sent=one["sent"], limit=one["limit"]),
            ),
            _next_free(one),
            rx.el.span(tr("layout.strip.waiting", n=one["waiting"])),
            _done_about(one),
            class_name="strip-figures figures",
        ),
        class_name="strip-account",
        key=one["key"],
        custom_attrs={"data-strip": one["key"]},
    )


def _connection(ready: Any) -> rx.Component:
    """Only heard while all is well: the dot tells it to the eye."""
    return rx.cond(
        ready,
        rx.el.i(tr("layout.strip.up"), class_name="only-heard"),
        rx.el.span(tr("layout.strip.down"), custom_attrs={"data-tone": "tomato"}),
    )


def _next_free(one: rx.Var[dict[str, Any]]) -> rx.Component:
    shown = rx.el.span(tr("layout.strip.next_free"), " ", time(one["next_free"]))
    return rx.cond(one["next_free"] != "", shown, rx.fragment())


def _done_about(one: rx.Var[dict[str, Any]]) -> rx.Component:
    shown = rx.el.span(tr("layout.strip.done_about"), " ", time(one["done_at"]))
    return rx.cond(one["done_at"] != "", shown, rx.fragment())


def _pause() -> rx.Component:
    """Pausing is safe and asks nothing; so is resuming. Where only one account is
    paused both make sense."""
    resume = rx.button(
        rx.icon("play", size=15, aria_hidden="true"),
        rx.el.span(tr("layout.resume_all"), class_name="desk-only"),
        aria_label=tr("layout.resume_all"),
        color_scheme="jade",
        size="3",
        title=tr("layout.resume_hint"),
        on_click=PageState.pause_all(False),
    )
    pause = rx.button(
        rx.icon("pause", size=15, aria_hidden="true"),
        rx.el.span(tr("layout.pause_all"), class_name="desk-only"),
        aria_label=tr("layout.pause_all"),
        variant="surface",
        color_scheme="gray",
        size="3",
        on_click=PageState.pause_all(True),
    )
    both = rx.fragment(
        rx.cond(PageState.any_paused, resume, rx.fragment()),
        rx.cond(PageState.paused, rx.fragment(), pause),
    )
    return rx.cond(PageState.may_control, both, rx.fragment())
