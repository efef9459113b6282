"""api: plain HTML pages: the login, the setup, and what went wrong.

Templates are files with `{holes}`; `Markup.format` escapes whatever goes into them.
No script, no address outside the app: they work before anything else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from wedding_wa import runtime
from wedding_wa.words import best_language, languages, say

LANGUAGE_COOKIE = "lang"

_FOLDER = Path(__file__).parent / "templates"
_YEAR = 365 * 86_400
_NOTHING = Markup("")

# (value, what is read); a group has a heading.
Options = Iterable[tuple[str, str]]
Groups = Iterable[tuple[str, Options]]


def language(request: Request) -> str:
    """The reader's language: chosen on this page, chosen before, or the browser's."""
    return best_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


def page(
    request: Request,
    *,
    title: str,
    body: Markup,
    wide: bool = False,
    status: int = 200,
) -> HTMLResponse:
    """Return `body` (from `fill`) in the frame; `title` is a sentence."""
    lang = language(request)
    html = fill(
        "page.html",
        lang=lang,
        title=title,
        app=say(lang, "common.app"),
        css=_css(),
        width="wide" if wide else "",
        ribbon=_ribbon(lang),
        body=body,
        language_label=say(lang, "login.language"),
        switch=_switch(request, lang),
    )
    response = HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
    if request.query_params.get("lang") in languages():
        choose_language(response, lang)
    return response


def message(
    request: Request,
    title: str,
    about: str,
    *,
    link: tuple[str, str] | None = None,
    status: int = 200,
    params: Mapping[str, object] | None = None,
) -> HTMLResponse:
    """Return a page that says one thing. `title`, `about`, the link's text are keys."""
    lang = language(request)
    way_out = _NOTHING
    if link:
        href, text = link
        way_out = Markup('<a class="button" href="{}">{}</a>').format(
            href, say(lang, text)
        )
    words = say(lang, about, **(params or {}))
    body = fill("message.html", about=words, way_out=way_out)
    return page(request, title=say(lang, title), body=body, status=status)


def choose_language(response: Response, lang: str) -> None:
    """Remember the language in this browser; the app's pages read the same cookie."""
    response.set_cookie(LANGUAGE_COOKIE, lang, max_age=_YEAR, samesite="lax")


def fill(template: str, /, **values: object) -> Markup:
    """Return `template` with its holes filled; values are escaped."""
    return _template(template).format(**values)


def problem(text: str) -> Markup:
    """Return the box at the top of a form that could not be accepted."""
    if not text:
        return _NOTHING
    return Markup('<p class="problem" role="alert">{}</p>').format(text)


def text_field(
    name: str,
    label: str,
    *,
    kind: str = "text",
    value: str = "",
    error: str = "",
    hint: str = "",
    optional: str = "",
    **attributes: object,
) -> Markup:
    """Return a labelled input. `optional` is the word that marks it so.

    A password is never given back. `attributes` are HTML's, with `_` for `-`.
    """
    given = {"type": kind, "name": name, "id": name, "required": not optional}
    if value and kind != "password":
        given["value"] = value
    control = Markup("<input{}>").format(
        _attributes(given | attributes | _about(name, error, hint))
    )
    return _field(name, label, control, error=error, hint=hint, optional=optional)


def choice_field(
    name: str,
    label: str,
    groups: Groups,
    *,
    value: str,
    placeholder: str,
    error: str = "",
    hint: str = "",
    **attributes: object,
) -> Markup:
    """Return a labelled list; a group without a heading stands by itself."""
    given = {"name": name, "id": name, "required": True, **attributes}
    first = Markup('<option value="">{}</option>').format(placeholder)
    options = _NOTHING.join(_group(title, some, value) for title, some in groups)
    control = Markup("<select{}>{}{}</select>").format(
        _attributes(given | _about(name, error, hint)), first, options
    )
    return _field(name, label, control, error=error, hint=hint)


def _field(
    name: str,
    label: str,
    control: Markup,
    *,
    error: str,
    hint: str,
    optional: str = "",
) -> Markup:
    note = Markup('<p class="{}" id="{}-{}">{}</p>')
    mark = Markup(' <span class="optional">· {}</span>').format(optional)
    return fill(
        "field.html",
        name=name,
        label=label,
        mark=mark if optional else _NOTHING,
        control=control,
        hint=note.format("hint", name, "hint", hint) if hint else _NOTHING,
        error=note.format("wrong", name, "error", error) if error else _NOTHING,
    )


def _about(name: str, error: str, hint: str) -> dict[str, object]:
    """What a screen reader says with the control."""
    ids = [f"{name}-hint"] * bool(hint) + [f"{name}-error"] * bool(error)
    about: dict[str, object] = {"aria-describedby": " ".join(ids)} if ids else {}
    return about | ({"aria-invalid": "true"} if error else {})


def _attributes(values: Mapping[str, object]) -> Markup:
    parts = []
    for name, value in values.items():
        if value is True:
            parts.append(Markup(" {}").format(name))
        elif value is not False and value is not None:
            parts.append(Markup(' {}="{}"').format(name.replace("_", "-"), value))
    return _NOTHING.join(parts)


def _group(title: str, options: Options, chosen: str) -> Markup:
    inside = _NOTHING.join(
        Markup('<option value="{}"{}>{}</option>').format(
            value, Markup(" selected") if value == chosen else "", text
        )
        for value, text in options
    )
    if not title:
        return inside
    return Markup('<optgroup label="{}">{}</optgroup>').format(title, inside)


def _ribbon(lang: str) -> Markup:
    if not runtime.current().settings.simulated:
        return _NOTHING
    words = say(lang, "login.simulator")
    return Markup('<aside class="ribbon">{}</aside>').format(words)


def _switch(request: Request, lang: str) -> Markup:
    """Each language by its own name; the links keep the rest of the address."""
    parts = []
    for code in languages():
        name = say(code, "login.own_name")
        if code == lang:
            parts.append(Markup('<span aria-current="true">{}</span>').format(name))
            continue
        url = request.url.include_query_params(lang=code)
        parts.append(
            Markup('<a href="{}?{}" lang="{}" hreflang="{}">{}</a>').format(
                url.path, url.query, code, code, name
            )
        )
    return _NOTHING.join(parts)


@cache
def _template(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8").strip())  # noqa: S704


@cache
def _css() -> Markup:
    return Markup((_FOLDER / "plain.css").read_text(encoding="utf-8"))  # noqa: S704
