"""pages: Settings, General: the wedding, language, light or dark, the keyboard."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.style import color_mode, set_color_mode

from wedding_wa.pages.components import card, choice, skeleton, when_loaded
from wedding_wa.pages.help import keys_list
from wedding_wa.pages.i18n import tr
from wedding_wa.pages.layout import frame
from wedding_wa.pages.settings_parts import (
    draft,
    field_error,
    only_owners,
    save_bar,
    settings_head,
    to_the_wrong_field,
)
from wedding_wa.state.base import PageState
from wedding_wa.state.settings import ZONES, SettingsState
from wedding_wa.words import languages
from wedding_wa.words.countries import countries

_S = SettingsState


def settings() -> rx.Component:
    """Return the page."""
    return frame(
        settings_head("general"),
        rx.el.div(
            when_loaded(_S, _wedding(), card(skeleton(height="44px", times=3))),
            _language(),
            _theme(),
            _keyboard(),
            class_name="stack",
        ),
        here="settings",
    )


def _wedding() -> rx.Component:
    count = _S.typed.length()
    words = rx.cond(
        _S.wrong.length() > 0, tr("limits.look_again"), tr("settings.unsaved", n=count)
    )
    form = rx.el.form(
        rx.el.div(_text("groom_name"), _text("bride_name"), class_name="field-row"),
        rx.el.div(_text("day", type="date"), class_name="field-row"),
        rx.el.div(
            _select("default_country", *_countries()),
            _select("time_zone", *_zones()),
            class_name="field-row",
        ),
        save_bar(count=count, words=words, discard=_S.discard),
        on_submit=[_S.save, to_the_wrong_field()],
        no_validate=True,
    )
    return card(
        only_owners(_S.may_edit),
        form,
        title=tr("settings.wedding.title"),
        about=tr("settings.wedding.about"),
    )


def _text(name: str, **attrs: Any) -> rx.Component:
    return _field(name, autoComplete="off", **{"type": "text"} | attrs)


def _select(name: str, *options: rx.Component) -> rx.Component:
    return _field(name, *options, element="select")


def _field(name: str, *options: rx.Component, **attrs: Any) -> rx.Component:
    """Return one detail with its words, `settings.wedding.<name>` and `….about`."""
    return rx.el.div(
        rx.el.label(
            tr(f"settings.wedding.{name}.label"), html_for=name, class_name="field-name"
        ),
        draft(
            *options,
            value=rx.cond(_S.typed.contains(name), _S.typed[name], _S.saved[name]),
            on_text=_S.write(name),
            id=name,
            class_name="field",
            name=name,
            disabled=~_S.may_edit,
            **attrs,
            **{
                "aria-describedby": f"{name}-about {name}-error",
                "aria-invalid": rx.cond(_S.wrong.contains(name), "true", "false"),
            },
        ),
        rx.el.p(
            tr(f"settings.wedding.{name}.about"),
            id=f"{name}-about",
            class_name="field-about",
        ),
        field_error(name, _S.wrong[name]),
        class_name="field-block",
    )


def _zones() -> list[rx.Component]:
    """The zones by continent, as the tz database names them."""
    return [
        rx.el.optgroup(
            *[rx.el.option(city, value=zone) for zone, city in cities], label=region
        )
        for region, cities in ZONES
    ]


def _countries() -> list[rx.Component]:
    """Every country, by its name in the reader's language."""
    by_language = {
        lang: rx.fragment(
            *[rx.el.option(name, value=code) for code, name in countries(lang)]
        )
        for lang in languages()
    }
    first, *others = by_language
    cases = [(lang, by_language[lang]) for lang in others]
    return [rx.match(PageState.lang, *cases, by_language[first])]


def _language() -> rx.Component:
    return card(
        choice(
            [(code, None, tr(f"settings.language.{code}")) for code in languages()],
            value=PageState.lang,
            on_choose=PageState.choose_language,
            label=tr("settings.language.title"),
        ),
        title=tr("settings.language.title"),
        about=tr("settings.language.about"),
    )


def _theme() -> rx.Component:
    icons = {"system": "monitor-smartphone", "light": "sun", "dark": "moon"}
    return card(
        choice(
            [
                (name, icon, tr(f"settings.theme.{name}"))
                for name, icon in icons.items()
            ],
            value=color_mode,
            on_choose=set_color_mode,
            label=tr("settings.theme.title"),
        ),
        title=tr("settings.theme.title"),
        about=tr("settings.theme.about"),
    )


def _keyboard() -> rx.Component:
    return card(
        keys_list(),
        title=tr("settings.keys.title"),
        about=tr("settings.keys.about"),
    )
