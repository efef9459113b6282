"""pages: what stands around the invitation's words: what is missing, and the cover."""

from __future__ import annotations

import reflex as rx

from wedding_wa.pages.components import card, confirm
from wedding_wa.pages.i18n import tr, tr_of
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_invitation import InvitationState

_S = InvitationState


class _Cover(rx.Component):
    library = "$/utils/invitation"
    tag = "CoverPicture"
    cover: rx.Var[str]
    allowed: rx.Var[bool]
    lang: rx.Var[str]


def notes() -> rx.Component:
    """Return what to know before the links go out; nothing while all is well."""
    return rx.fragment(_only_editors(), _local_links(), _no_button_yet())


def cover_card() -> rx.Component:
    """Return the way in for the picture, and what is on the letter now."""
    remove = confirm(
        rx.el.button(
            tr("invitation_settings.cover.remove"),
            type="button",
            class_name="text-button",
            disabled=~_S.may_edit,
        ),
        title=tr("invitation_settings.cover.remove_title"),
        about=tr("invitation_settings.cover.remove_about"),
        action=tr("invitation_settings.cover.remove"),
        on_confirm=_S.remove_picture,
    )
    now = rx.el.div(
        rx.el.span(
            tr("invitation_settings.cover.now", n=_S.cover_kb),
            class_name="field-about figures",
        ),
        remove,
        class_name="letter-end",
    )
    return card(
        _Cover.create(cover=_S.cover, allowed=_S.may_edit, lang=PageState.lang),
        rx.cond(_S.cover != "", now, rx.fragment()),
        title=tr("invitation_settings.cover.title"),
        about=tr("invitation_settings.cover.about"),
    )


def _only_editors() -> rx.Component:
    note = rx.el.p(
        rx.icon("lock", size=16, aria_hidden="true"),
        tr("invitation_settings.may_look"),
        class_name="notice",
        custom_attrs={"data-tone": "sand"},
    )
    return rx.cond(_S.may_edit, rx.fragment(), note)


def _local_links() -> rx.Component:
    note = rx.el.p(
        rx.icon("link-2-off", size=16, aria_hidden="true"),
        tr("invitation_settings.local", address=_S.local),
        class_name="notice",
        custom_attrs={"data-tone": "amber"},
    )
    return rx.cond(_S.local != "", note, rx.fragment())


def _no_button_yet() -> rx.Component:
    """Say for each number that is not linked what its guests read meanwhile."""
    note = rx.el.p(
        rx.icon("info", size=16, aria_hidden="true"),
        rx.el.span(
            rx.cond(
                _S.unlinked.length() > 1,
                tr("invitation_settings.unlinked.both"),
                tr_of("invitation_settings.unlinked", _S.unlinked[0]),
            ),
            " ",
            rx.link(tr("invitation_settings.unlinked.link"), href="/accounts"),
        ),
        class_name="notice",
        custom_attrs={"data-tone": "amber"},
    )
    return rx.cond(_S.unlinked.length() > 0, note, rx.fragment())
