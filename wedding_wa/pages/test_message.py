"""pages: Test message: choose, write, send, and watch it go."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.accounts import person_name
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.compose import copy_button, recipient, sheet, timing
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.pages.lines import message_line
from wedding_wa.pages.not_written import not_written_card
from wedding_wa.state.accounts import ACCOUNT_KEYS
from wedding_wa.state.base import PageState
from wedding_wa.state.test_message import LIMIT, PRIORITY, TestMessageState

_sender = TestMessageState.sender


def test_message() -> rx.Component:
    """Return the page."""
    left = rx.el.div(_form(), _sent(), class_name="test-left")
    right = rx.el.div(
        _first(), not_written_card(TestMessageState), class_name="test-right"
    )
    return frame(
        page_head(tr("test.title"), tr("test.about")),
        when_loaded(
            TestMessageState, rx.el.div(left, right, class_name="test"), _bones()
        ),
        here="test",
    )


def _form() -> rx.Component:
    errors = TestMessageState.errors
    return card(
        rx.el.form(
            rx.el.input(type="hidden", name="account", value=_sender["key"]),
            _accounts(),
            _not_ready(),
            recipient(
                people=TestMessageState.people,
                account=_sender["key"],
                name=_senders_name(),
                error=errors["to"],
            ),
            sheet(sent=TestMessageState.sent_draft, limit=LIMIT, error=errors["text"]),
            timing(
                sent=TestMessageState.sent_draft,
                priority=PRIORITY,
                at_error=errors["at"],
                expires_error=errors["expires_at"],
            ),
            rx.button(
                rx.icon("send", size=16, aria_hidden="true"),
                tr("test.send"),
                type="submit",
                size="3",
                id="send-test",
            ),
            on_submit=TestMessageState.send,
            no_validate=True,
            class_name="test-form",
        )
    )


def _accounts() -> rx.Component:
    """A choice in the address: it outlives a reload and a restarted server."""
    choices = [
        rx.link(
            account_dot(key),
            account_name(key),
            rx.el.span(person_name(key), class_name="choice-more"),
            href=f"/test?account={key}",
            replace=True,
            underline="none",
            class_name="choice-link",
            custom_attrs={
                "aria-current": rx.cond(_sender["key"] == key, "true", "false"),
                "data-choose": key,
            },
        )
        for key in ACCOUNT_KEYS
    ]
    return rx.el.div(
        rx.el.p(tr("test.account"), class_name="field-name", id="test-account"),
        rx.el.div(
            *choices,
            class_name="choice",
            role="group",
            aria_labelledby="test-account",
        ),
    )


def _senders_name() -> rx.Var[Any]:
    groom: rx.Var[Any] = rx.cond(
        _sender["key"] == "groom", PageState.groom_name, PageState.bride_name
    )
    return groom


def _not_ready() -> rx.Component:
    status = tr_of("account.status", _sender["word"])
    notice = rx.el.div(
        rx.icon("unplug", size=17, aria_hidden="true"),
        rx.el.p(
            tr("test.not_ready", name=_senders_name(), status=status),
            " ",
            rx.link(tr("test.to_accounts"), href="/accounts"),
        ),
        class_name="notice",
        role="status",
        custom_attrs={"data-tone": "amber"},
    )
    return rx.cond(_sender["ready"], rx.fragment(), notice)


def _first() -> rx.Component:
    """Link and code with which a second phone writes first."""
    link = _sender["link"]
    shown = rx.el.div(
        rx.el.img(
            src=TestMessageState.link_code,
            alt=tr("test.first.picture", link=link),
            class_name="qr qr-small",
        ),
        rx.el.div(
            rx.el.p(_sender["phone"], class_name="account-phone figures"),
            rx.el.a(
                link.replace("https://", ""),
                href=link,
                target="_blank",
                rel="noreferrer",
                class_name="first-link",
                id="wa-link",
            ),
            rx.el.div(copy_button(link), _pretend(), class_name="first-buttons"),
            class_name="first-words",
        ),
        class_name="first",
    )
    none = rx.el.p(
        tr("test.not_linked"),
        " ",
        rx.link(tr("test.to_accounts"), href="/accounts"),
        class_name="card-about",
    )
    return card(
        rx.cond(link != "", shown, none),
        title=tr("test.first.title"),
        about=tr("test.first.about"),
    )


def _pretend() -> rx.Component:
    page = _sender["phone_page"]
    link = rx.link(
        rx.icon("smartphone", size=16, aria_hidden="true"),
        tr("test.first.pretend"),
        href=page,
        is_external=True,
        class_name="fact-link",
    )
    return rx.cond(page != "", link, rx.fragment())


def _sent() -> rx.Component:
    lines = rx.el.ul(
        rx.foreach(
            TestMessageState.lines,
            lambda line: message_line(line, TestMessageState.states),
        ),
        class_name="lines",
        id="test-messages",
    )
    none = rx.el.p(tr("test.sent.empty"), class_name="card-about")
    return card(
        rx.cond(TestMessageState.lines.length() > 0, lines, none),
        title=tr("test.sent.title"),
        id="test-sent",
    )


def _bones() -> rx.Component:
    left = card(
        skeleton(height="44px", width="240px"), skeleton(height="44px", times=3)
    )
    right = card(skeleton(height="24px", width="180px"), skeleton(height="180px"))
    return rx.el.div(
        rx.el.div(left, class_name="test-left"),
        rx.el.div(right, class_name="test-right"),
        class_name="test",
    )
