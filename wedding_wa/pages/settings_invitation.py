"""pages: Settings, Invitation: words in six languages, day, place, cover, preview."""

from __future__ import annotations

from typing import Any

import reflex as rx

from wedding_wa.domain.invitation import (
    GREETING_PLACEHOLDERS,
    GUEST_LANGUAGES,
    PLACEHOLDERS,
    TEXTS,
)
from wedding_wa.pages.components import card, confirm, skeleton, when_loaded
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_invitation_parts import cover_card, notes
from wedding_wa.pages.settings_parts import (
    draft,
    field_error,
    save_bar,
    settings_head,
    to_the_wrong_field,
)
from wedding_wa.state.base import PageState
from wedding_wa.state.settings_invitation import WEDDING, InvitationState
from wedding_wa.words.invitation import guest_say

_S = InvitationState

# name -> how many lines its field shows; the others are one line
_LINES = {"front": 2, "letter": 11, "closing": 3, "greeting": 3, "description": 2}


class _Preview(rx.Component):
    library = "$/utils/invitation"
    tag = "LetterPreview"
    src: rx.Var[str]
    lang: rx.Var[str]


def settings_invitation() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("invitation"),
        when_loaded(_S, _content(), _bones()),
        here="settings",
    )


def _content() -> rx.Component:
    form = rx.el.form(
        _when(),
        _texts(),
        _bar(),
        on_submit=[_S.save, to_the_wrong_field()],
        no_validate=True,
        class_name="stack",
    )
    left = rx.el.div(notes(), form, cover_card(), class_name="stack")
    return rx.el.div(left, _preview(), class_name="letter-desk")


def _bones() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            card(skeleton(height="44px", times=2)),
            card(skeleton(height="60px", times=6)),
            class_name="stack",
        ),
        card(skeleton(height="640px")),
        class_name="letter-desk",
    )


def _bar() -> rx.Component:
    words = rx.cond(
        _S.wrong.length() > 0,
        tr("limits.look_again"),
        tr("invitation_settings.unsaved", n=_S.unsaved),
    )
    return save_bar(count=_S.unsaved, words=words, discard=_S.discard)


def _when() -> rx.Component:
    options = [
        rx.el.option(guest_say(code, "name"), value=code, lang=code)
        for code in GUEST_LANGUAGES
    ]
    return card(
        rx.el.div(
            _field(WEDDING, "day", type="date"),
            _field(WEDDING, "guest_language", *options, element="select"),
            class_name="field-row",
        ),
        _field(WEDDING, "place", maxLength=120),
        title=tr("invitation_settings.when.title"),
        about=tr("invitation_settings.about_guests"),
    )


def _texts() -> rx.Component:
    return card(
        _languages(),
        rx.el.div(
            *[_text(name) for name in TEXTS],
            class_name="letter-fields",
            # other fields in another language: nothing typed goes into the wrong one
            key=_S.language,
            lang=_S.language,
        ),
        _reset(),
        title=tr("invitation_settings.texts.title"),
        about=tr("invitation_settings.texts.about"),
    )


def _languages() -> rx.Component:
    buttons = [
        rx.el.button(
            rx.el.span(guest_say(code, "name"), lang=code),
            _mark(code),
            type="button",
            on_click=_S.choose(code),
            custom_attrs={
                "aria-pressed": rx.cond(_S.language == code, "true", "false"),
                "data-language": code,
            },
        )
        for code in GUEST_LANGUAGES
    ]
    return rx.el.div(
        *buttons,
        class_name="choice letter-languages",
        role="group",
        aria_label=tr("invitation_settings.texts.languages"),
    )


def _mark(code: str) -> rx.Component:
    """What is not saved in a language; else that it is the couple's own."""
    count = _S.unsaved_in[code]
    unsaved = rx.el.span(
        tr("invitation_settings.texts.changed", n=count), class_name="choice-note"
    )
    own = rx.el.span(tr("invitation_settings.texts.own"), class_name="choice-note")
    return rx.cond(count > 0, unsaved, rx.cond(_S.rewritten[code], own, rx.fragment()))


def _text(name: str) -> rx.Component:
    lines = _LINES.get(name)
    tall = {"element": "textarea", "rows": lines} if lines else {"type": "text"}
    field = _field(_S.language, name, family="text", maxLength=TEXTS[name] + 50, **tall)
    return rx.fragment(field, _greeting()) if name == "greeting" else field


def _greeting() -> rx.Component:
    """The message as it will arrive, with an invented household's code."""
    return rx.el.div(
        rx.el.p(
            tr("invitation_settings.text.greeting.sample"), class_name="field-about"
        ),
        rx.el.p(_S.greeting, class_name="letter-greeting"),
        class_name="letter-sample",
    )


def _field(
    part: Any, name: str, *options: rx.Component, family: str = "field", **attrs: Any
) -> rx.Component:
    """Return one text with its words, `invitation_settings.<family>.<name>`."""
    return rx.el.div(
        rx.el.label(
            tr(f"invitation_settings.{family}.{name}.label"),
            html_for=f"letter-{name}",
            class_name="field-name",
        ),
        draft(
            *options,
            value=rx.cond(_S.typed.contains(name), _S.typed[name], _S.saved[name]),
            on_text=_S.write(part, name),
            id=f"letter-{name}",
            class_name="field",
            name=name,
            autoComplete="off",
            disabled=~_S.may_edit,
            **attrs,
            **{
                "aria-describedby": f"{name}-about {name}-error",
                "aria-invalid": rx.cond(_S.wrong.contains(name), "true", "false"),
            },
        ),
        rx.el.p(
            tr(f"invitation_settings.{family}.{name}.about"),
            id=f"{name}-about",
            class_name="field-about",
            lang=PageState.lang,
        ),
        field_error(name, _S.wrong[name]),
        class_name="field-block",
        custom_attrs={"data-changed": _S.typed.contains(name)},
    )


def _reset() -> rx.Component:
    holes = dict.fromkeys((*GREETING_PLACEHOLDERS, *PLACEHOLDERS))
    listed = ", ".join(f"{{{name}}}" for name in holes)
    button = rx.el.button(
        tr("invitation_settings.texts.reset"),
        type="button",
        class_name="text-button",
        disabled=~_S.may_edit,
    )
    question = confirm(
        button,
        title=tr("invitation_settings.texts.reset_title"),
        about=tr("invitation_settings.texts.reset_about"),
        action=tr("invitation_settings.texts.reset"),
        on_confirm=_S.reset_words,
    )
    return rx.el.div(
        rx.el.p(
            tr("invitation_settings.texts.holes", list=listed), class_name="field-about"
        ),
        rx.cond(_S.own.length() > 0, question, rx.fragment()),
        class_name="letter-end",
    )


def _preview() -> rx.Component:
    whole = rx.link(
        rx.icon("external-link", size=15, aria_hidden="true"),
        tr("invitation_settings.preview.open"),
        href=_S.preview,
        is_external=True,
        class_name="text-button",
    )
    return card(
        _Preview.create(src=_S.preview, lang=PageState.lang),
        whole,
        title=tr("invitation_settings.preview.title"),
        about=tr("invitation_settings.preview.about"),
        custom_attrs={"data-preview": "letter"},
    )
