"""pages: Accounts: two cards, Groom and Bride, from the first scan to the log-out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.pages.account_code import code_to_scan
from wedding_wa.pages.account_commands import commands
from wedding_wa.pages.browser import ago, time
from wedding_wa.pages.components import (
    account_dot,
    account_name,
    card,
    page_head,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.i18n import tr, tr_key, tr_of
from wedding_wa.pages.layout import frame
from wedding_wa.state.account_card import Change, Gap
from wedding_wa.state.accounts import ACCOUNT_KEYS, AccountsState
from wedding_wa.state.base import PageState

# status -> (tone, icon); what is not here is a status of WAHA's that is new to us.
_LOOKS = {
    "WORKING": ("jade", "circle-check"),
    "STARTING": ("sky", "loader"),
    "SCAN_QR_CODE": ("amber", "qr-code"),
    "STOPPED": ("gray", "circle-stop"),
    "FAILED": ("tomato", "triangle-alert"),
    "UNKNOWN": ("gray", "circle-dashed"),
    "UNREACHABLE": ("tomato", "unplug"),
    "BAD_KEY": ("tomato", "key-round"),
    "MISSING": ("amber", "circle-help"),
    "NOT_CONFIGURED": ("gray", "circle-dashed"),
    "PASSKEY_REQUIRED": ("amber", "fingerprint"),
    "PASSKEY_CONFIRMATION_REQUIRED": ("amber", "fingerprint"),
}
_OTHER = ("amber", "circle-help")


def accounts() -> rx.Component:
    """Return the page."""
    return frame(
        page_head(tr("accounts.title"), tr("accounts.about")),
        when_loaded(
            AccountsState,
            rx.el.div(*map(_account, ACCOUNT_KEYS), class_name="accounts"),
            rx.el.div(*[_bones() for _ in ACCOUNT_KEYS], class_name="accounts"),
        ),
        here="accounts",
    )


def person_name(key: str) -> rx.Var[str]:
    """Return the first name of who has this account."""
    return rx.Var.create(
        PageState.groom_name if key == "groom" else PageState.bride_name
    )


def status_badge(status: Any, word: Any) -> rx.Component:
    """Return an account's status as colour, icon and word."""
    icons = [(name, _icon(icon)) for name, (_, icon) in _LOOKS.items()]
    tones = [(name, tone) for name, (tone, _) in _LOOKS.items()]
    return rx.el.span(
        rx.match(status, *icons, _icon(_OTHER[1])),
        rx.el.span(tr_of("account.status", word), key=word),
        class_name="badge",
        role="status",
        custom_attrs={"data-tone": rx.match(status, *tones, _OTHER[0])},
    )


def _account(key: str) -> rx.Component:
    shown = _shown(key)
    return rx.el.section(
        _head(key, shown),
        _notices(key, shown),
        rx.cond(
            shown["status"] == "SCAN_QR_CODE",
            code_to_scan(key, person_name(key)),
            rx.cond(shown["phone"] != "", _who(shown), rx.fragment()),
        ),
        commands(key, shown["can"], person_name(key)),
        _facts(key, shown),
        class_name="card account",
        aria_labelledby=f"{key}-name",
        custom_attrs={"data-account": key, "data-status": shown["status"]},
    )


def _shown(key: str) -> Any:
    return AccountsState.groom if key == "groom" else AccountsState.bride


def _head(key: str, shown: Any) -> rx.Component:
    name = rx.el.div(
        rx.el.p(
            account_dot(key, off=~shown["ready"]),
            account_name(key),
            class_name="account-side",
        ),
        rx.el.h2(person_name(key), class_name="account-name", id=f"{key}-name"),
    )
    badge = status_badge(shown["status"], shown["word"])
    return rx.fragment(
        rx.el.header(name, badge, class_name="account-head"),
        rx.el.p(_hint(shown), class_name="account-hint"),
    )


def _hint(shown: Any) -> rx.Var[Any]:
    """What the status means; where its cause is known, that says more."""
    cause = (shown["status"] == "FAILED") & (shown["error"] != "")
    return rx.cond(cause, tr_key(shown["error"]), tr_of("account.hint", shown["word"]))


def _who(shown: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(tr("accounts.linked"), class_name="fact-name"),
        rx.el.p(shown["phone"], class_name="account-phone figures"),
        rx.cond(
            shown["name"] != "",
            rx.el.p(shown["name"], class_name="fact-more"),
            rx.fragment(),
        ),
        class_name="account-who",
    )


def _notices(key: str, shown: Any) -> rx.Component:
    """What is out of the ordinary, each with its way out; nothing while all is well."""
    trouble = AccountsState.trouble[key]
    paused = [rx.el.b(tr("accounts.is_paused")), " ", _pause_reason(shown)]
    restricted = [
        rx.el.b(tr("accounts.notice.restricted"), " ", time(shown["restricted_until"])),
        ". ",
        tr("accounts.notice.restricted_about"),
    ]
    return rx.fragment(
        _notice(trouble != "", "tomato", "triangle-alert", trouble, alert=True),
        _notice(shown["paused"], "amber", "pause", *paused),
        _notice(
            shown["restricted_until"] != "", "amber", "message-circle-off", *restricted
        ),
        _notice(shown["deaf"], "sky", "ear", _deaf(shown)),
    )


def _deaf(shown: Any) -> rx.Var[Any]:
    """Why nothing is sent: the chats are being read, or nothing hears at all."""
    return rx.cond(
        shown["hears"] == "nothing",
        tr("accounts.notice.unhearing"),
        tr("accounts.notice.deaf"),
    )


def _pause_reason(shown: Any) -> rx.Var[Any]:
    reasons = ("person", "failures", "silence", "number")
    known = [(name, tr(f"accounts.paused.{name}")) for name in reasons]
    said: rx.Var[Any] = rx.match(
        shown["pause_reason"], *known, tr("accounts.paused.other")
    )
    return said


def _notice(
    shown: Any, tone: str, icon: str, *words: Any, alert: bool = False
) -> rx.Component:
    notice = rx.el.div(
        rx.icon(icon, size=17, aria_hidden="true"),
        rx.el.p(*words),
        class_name="notice",
        role="alert" if alert else "status",
        custom_attrs={"data-tone": tone},
    )
    return rx.cond(shown, notice, rx.fragment())


def _facts(key: str, shown: Any) -> rx.Component:
    heard = AccountsState.heard[key]
    return rx.el.div(
        rx.el.dl(
            rx.el.dt(tr("accounts.heard")),
            rx.el.dd(_heard(heard), aria_live="off"),
            rx.el.dt(tr("accounts.hears_title")),
            rx.el.dd(_hears(shown)),
            rx.cond(shown["gaps"].to(list[Gap]).length() > 0, _gaps(shown)),
            rx.el.dt(tr("accounts.history")),
            rx.el.dd(_history(shown)),
            class_name="facts",
        ),
        _links(key, shown),
        rx.cond(
            shown["version"] != "",
            rx.el.p(
                tr("accounts.engine", version=shown["version"], engine=shown["engine"]),
                class_name="account-engine figures",
            ),
            rx.fragment(),
        ),
        class_name="account-foot",
    )


def _links(key: str, shown: Any) -> rx.Component:
    phones = rx.link(
        rx.icon("smartphone", size=16, aria_hidden="true"),
        tr("accounts.phone_page"),
        href=shown["phone_page"],
        is_external=True,
        class_name="fact-link",
        title=tr("accounts.phone_page_about"),
    )
    letters = rx.link(
        rx.icon("webhook", size=16, aria_hidden="true"),
        tr("accounts.webhooks"),
        href=f"/settings/webhooks?account={key}",
        class_name="fact-link",
    )
    return rx.el.div(
        rx.cond(shown["phone_page"] != "", phones, rx.fragment()),
        letters,
        class_name="account-links",
    )


def _heard(heard: Any) -> rx.Component:
    return rx.fragment(
        tr_of("account.heard", heard["kind"]),
        rx.cond(heard["at"] != "", rx.fragment(", ", ago(heard["at"])), rx.fragment()),
    )


def _hears(shown: Any) -> rx.Component:
    """Which way WhatsApp's events come, and since when."""
    way = rx.el.span(tr_of("accounts.hears", shown["hears"]), key=shown["hears"])
    since = rx.el.span(time(shown["hears_since"]), class_name="history-at")
    return rx.el.p(
        way,
        rx.cond(shown["hears_since"] != "", since, rx.fragment()),
        class_name="hears",
        custom_attrs={"data-hears": shown["hears"]},
    )


def _gaps(shown: Any) -> rx.Component:
    """When it could not hear, and what was found afterwards."""
    lines = rx.foreach(shown["gaps"].to(list[Gap]), _gap)
    return rx.fragment(
        rx.el.dt(tr("accounts.gaps")),
        rx.el.dd(rx.el.ol(lines, class_name="history")),
    )


def _gap(line: rx.Var[Any]) -> rx.Component:
    said = rx.match(
        line["kind"],
        ("open", tr("accounts.gap.open")),
        ("unread", tr("accounts.gap.unread", span=line["span"])),
        rx.cond(
            line["found"] == 0,
            tr("accounts.gap.nothing", span=line["span"]),
            tr("accounts.gap.found", span=line["span"], n=line["found"]),
        ),
    )
    return rx.el.li(
        rx.el.span(said),
        rx.el.span(time(line["at"]), class_name="history-at"),
        key=line["at"],
        custom_attrs={"data-gap": line["kind"]},
    )


def _history(shown: Any) -> rx.Component:
    lines = rx.el.ol(
        rx.foreach(shown["changes"].to(list[Change]), _change), class_name="history"
    )
    none = tr("accounts.no_history")
    return rx.cond(shown["changes"].to(list[Change]).length() > 0, lines, none)


def _change(line: rx.Var[Any]) -> rx.Component:
    return rx.el.li(
        rx.el.span(tr_of("account.change", line["status"])),
        rx.el.span(time(line["at"], seconds=True), class_name="history-at"),
        key=line["at"],
    )


def _icon(name: str) -> rx.Component:
    return rx.icon(name, size=15, stroke_width=2.2, aria_hidden="true")


def _bones() -> rx.Component:
    return card(
        skeleton(height="14px", width="72px"),
        rx.el.div(style={"height": "8px"}),
        skeleton(height="30px", width="150px"),
        rx.el.div(style={"height": "22px"}),
        skeleton(times=2),
        rx.el.div(style={"height": "22px"}),
        skeleton(height="220px"),
    )
