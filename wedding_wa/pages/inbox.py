"""pages: the Inbox: who wrote at the left, what was said at the right."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.components import (
    account_dot,
    account_name,
    empty,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.inbox_list import pager, people
from wedding_wa.pages.inbox_thread import conversation
from wedding_wa.pages.layout import frame
from wedding_wa.pages.not_written import not_written_empty
from wedding_wa.pages.queue_parts import calm, query_link, search_field
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.inbox import InboxState

_FIRST_PAGE = {"after": "", "before": ""}
# The views, and which count each shows.
_VIEWS = (
    ("", "all", ""),
    ("unread", "unread", "unread"),
    ("unknown", "unknown", "unknown"),
    ("questions", "questions", "questions"),
)
# What an empty view means.
_NONE_OF = ("unread", "unknown", "questions", "ignored")


def inbox() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("inbox.title"), tr("inbox.about")),
        when_loaded(InboxState, _content(), _bones()),
        calm(InboxState.hold),
        here="inbox",
    )


def _content() -> rx.Component:
    return rx.el.div(
        rx.el.section(
            rx.el.div(
                rx.el.div(
                    search_field(tr("inbox.search")),
                    _accounts(),
                    class_name="inbox-search",
                ),
                _views(),
                class_name="inbox-tools",
            ),
            _announcement(),
            rx.cond(
                InboxState.rows.length() > 0, rx.fragment(people(), pager()), _nothing()
            ),
            class_name="inbox-people",
            aria_label=tr("inbox.list"),
        ),
        rx.el.section(
            rx.match(
                InboxState.opened,
                (0, _nobody_chosen()),
                rx.cond(InboxState.head["chat"] != "", conversation(), _not_found()),
            ),
            class_name="inbox-thread",
        ),
        class_name="inbox",
        custom_attrs={"data-open": rx.cond(InboxState.opened > 0, "true", "false")},
    )


def _views() -> rx.Component:
    chips = [_view(*view) for view in _VIEWS]
    ignored = rx.cond(
        (InboxState.view == "unknown") | (InboxState.view == "ignored"),
        _view("ignored", "ignored", ""),
        rx.fragment(),
    )
    return rx.el.nav(
        *chips, ignored, class_name="inbox-views", aria_label=tr("inbox.views")
    )


def _view(value: str, name: str, counted: str) -> rx.Component:
    here = InboxState.view == value
    count: Any = rx.fragment()
    if counted:
        n = InboxState.counts[counted]
        count = rx.cond(n > 0, rx.el.b(n, class_name="figures"), rx.fragment())
    return query_link(
        tr(f"inbox.{name}"),
        count,
        to={"show": value, **_FIRST_PAGE},
        class_name="chip",
        custom_attrs={
            "aria-current": rx.cond(here, "true", "false"),
            "data-view": name,
        },
    )


def _accounts() -> rx.Component:
    """Both numbers, or one: a second press on one takes the choice back."""
    chips = [_account(key) for key in ACCOUNT_KEYS]
    return rx.el.div(
        *chips,
        class_name="inbox-accounts",
        role="group",
        aria_label=tr("inbox.numbers"),
    )


def _account(key: str) -> rx.Component:
    here = InboxState.account == key
    return query_link(
        account_dot(key),
        rx.el.span(account_name(key), class_name="only-heard"),
        to={"account": rx.cond(here, "", key), **_FIRST_PAGE},
        class_name="inbox-only",
        title=account_name(key),
        custom_attrs={
            "aria-current": rx.cond(here, "true", "false"),
            "data-only": key,
            "data-account": key,
        },
    )


def _announcement() -> rx.Component:
    """The count, for those who hear the page."""
    n = InboxState.counts["unread"]
    return rx.el.p(tr("inbox.count", n=n), class_name="only-heard", role="status")


# --- nothing to show, and not yet anything to show ----------------------------------


def _nothing() -> rx.Component:
    clear = query_link(
        tr("common.clear_filters"),
        to={"show": "", "account": "", "q": "", **_FIRST_PAGE},
        class_name="plain-button",
    )
    about = rx.match(
        InboxState.view,
        *[(name, tr(f"inbox.filtered.{name}")) for name in _NONE_OF],
        tr("inbox.filtered.about"),
    )
    searched = (InboxState.searched != "") | (InboxState.account != "")
    none_here = empty(
        "search-x",
        tr("inbox.filtered.title"),
        rx.cond(searched, tr("inbox.filtered.about"), about),
        clear,
    )
    invite = rx.link(
        tr("inbox.empty.go"), href="/guests/activation", class_name="plain-button"
    )
    none_at_all = empty(
        "mail-open", tr("inbox.empty.title"), tr("inbox.empty.about"), invite
    )
    return rx.cond(
        (InboxState.view != "") | searched,
        none_here,
        not_written_empty(InboxState, none_at_all),
    )


def _nobody_chosen() -> rx.Component:
    return empty("feather", tr("inbox.choose"), tr("inbox.choose_about"))


def _not_found() -> rx.Component:
    back = query_link(tr("inbox.back"), to={"chat": ""}, class_name="plain-button")
    return empty(
        "mail-question", tr("inbox.filtered.title"), tr("inbox.not_found"), back
    )


def _bones() -> rx.Component:
    rows = skeleton(height="58px", times=7, gap="14px")
    return rx.el.div(
        rx.el.div(
            skeleton(height="44px"), rx.el.div(rows), class_name="inbox-people bones"
        ),
        rx.el.div(
            skeleton(height="54px", width="55%"),
            skeleton(height="78px", width="48%"),
            skeleton(height="54px", width="62%"),
            class_name="inbox-thread bones",
        ),
        class_name="inbox",
        aria_busy="true",
        custom_attrs={"data-open": "false"},
    )
