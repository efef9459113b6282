"""api: the page that describes the API, made from the OpenAPI document.

One file of HTML without an address outside the app; a small script of our own finds,
copies and opens, and without it everything is there too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wedding_wa.api import pages_html as html
from wedding_wa.api.docs_fields import Fields, Row
from wedding_wa.api.examples import example_in
from wedding_wa.api.openapi import Operation, operations
from wedding_wa.words import languages, say

_FOLDER = Path(__file__).parent / "templates"
_NOTHING = Markup("")
# Refusals that every route has: told once, at the top.
_EVERYWHERE = {"400", "401", "403", "413", "422", "429", "503"}


def docs_page(document: Mapping[str, Any], lang: str) -> str:
    """The whole page in `lang`; what routes say themselves is in English."""
    page = _Page(document, lang)
    return html.fill(
        "docs.html",
        lang=lang,
        title=page.say("title"),
        css=_css("plain.css") + _css("docs.css"),
        about=_paragraphs(document["info"]["description"]),
        contents=page.contents(),
        shell=_code(page.say("shell")),
        sections=page.sections(),
        switch=_switch(lang),
        **{name: page.say(name) for name in _LABELS},
    )


_LABELS = ("skip", "search", "search_hint", "contents_label", "nothing", "raw")


class _Page:
    """The parts of the page, in one language."""

    def __init__(self, document: Mapping[str, Any], lang: str) -> None:
        self._fields = Fields(document)
        self._tags = document["tags"]
        self._operations: dict[str, list[tuple[str, str, Operation]]] = {}
        for method, path, operation in operations(dict(document)):
            noun = operation["tags"][0]
            found = self._operations.setdefault(noun, [])
            found.append((method.upper(), path, operation))
        self._lang = lang

    def say(self, key: str, **params: object) -> str:
        """A word of the page's own."""
        return say(self._lang, f"api.docs.{key}", **params)

    def contents(self) -> Markup:
        """The list of nouns, each with how many routes it has."""
        entry = Markup('<li><a href="#{}">{} <span>{}</span></a></li>')
        return _join(
            entry.format(f"about-{tag['name']}", tag["name"], len(self._of(tag)))
            for tag in self._tags
        )

    def sections(self) -> Markup:
        """Every noun with its routes."""
        return _join(
            html.fill(
                "docs_section.html",
                tag=tag["name"],
                about=_code(tag["description"]),
                routes=_join(self._route(*one) for one in self._of(tag)),
            )
            for tag in self._tags
        )

    def _of(self, tag: Mapping[str, Any]) -> list[tuple[str, str, Operation]]:
        return self._operations.get(tag["name"], [])

    def _route(self, method: str, path: str, operation: Operation) -> Markup:
        scope = operation.get("x-scope")
        return html.fill(
            "docs_route.html",
            id=operation["operationId"],
            method=method,
            path=path,
            summary=_code(operation["summary"]),
            scope=scope or self.say("open"),
            scope_label=self.say("scope") if scope else "",
            about=_paragraphs(operation.get("description", "")),
            parameters=self._parameters(operation),
            body=self._body(operation),
            answers=self._answers(operation),
            refusals=self._refusals(operation),
            curl=self._shell(curl(method, path, operation)),
        )

    def _parameters(self, operation: Operation) -> Markup:
        rows = [
            Row(
                f"{one['name']} · {one['in']}",
                self._fields.kind(one["schema"]),
                one["required"],
                one.get("description") or self._fields.about(one["schema"]),
                self._fields.bounds(one["schema"]),
            )
            for one in operation.get("parameters", ())
        ]
        return self._titled("parameters", self._table(rows))

    def _body(self, operation: Operation) -> Markup:
        for kind, content in (
            operation.get("requestBody", {}).get("content", {}).items()
        ):
            return self._titled("body", self._content(kind, content))
        return _NOTHING

    def _answers(self, operation: Operation) -> Markup:
        found = []
        for status, answer in operation["responses"].items():
            if status < "300":
                about = Markup("<p><b>{}</b> {}</p>")
                found.append(about.format(status, HTTPStatus(int(status)).phrase))
                kinds = answer.get("content", {})
                found += [self._content(kind, one) for kind, one in kinds.items()][:1]
        return self._titled("answer", _join(found))

    def _content(self, kind: str, content: Mapping[str, Any]) -> Markup:
        """The fields of a body or an answer, and an example of it."""
        schema = content.get("schema", {})
        about = _paragraphs(self._fields.title(schema))
        if kind != "application/json":
            return about + Markup("<p><code>{}</code></p>").format(kind)
        example = json.dumps(example_in(content), indent=2, ensure_ascii=False)
        return about + self._table(self._fields.rows(schema)) + self._shell(example)

    def _refusals(self, operation: Operation) -> Markup:
        statuses = [one for one in operation["responses"] if one >= "300"]
        own = [one for one in statuses if one not in _EVERYWHERE]
        if not own:
            return _NOTHING
        one = Markup("<li><b>{}</b> {}</li>")
        told = _join(one.format(s, HTTPStatus(int(s)).phrase) for s in own)
        return self._titled("refusals", Markup("<ul>{}</ul>").format(told))

    def _titled(self, key: str, inside: Markup) -> Markup:
        if not inside:
            return _NOTHING
        return Markup("<h4>{}</h4>\n{}").format(self.say(key), inside)

    def _table(self, rows: Iterable[Row]) -> Markup:
        line = Markup(
            '<tr><th scope="row"><code>{}</code>{}</th><td>{}</td><td>{}{}</td></tr>'
        )
        must = Markup(' <em title="{0}">{0}</em>').format(self.say("required"))
        bounds = Markup(" <small>{}</small>")
        lines = [
            line.format(
                row.name,
                must if row.required else "",
                row.kind,
                _code(row.about),
                bounds.format(row.bounds) if row.bounds else "",
            )
            for row in rows
        ]
        if not lines:
            return _NOTHING
        table = Markup('<div class="scroll" tabindex="0"><table>{}</table></div>')
        return table.format(_join(lines))

    def _shell(self, text: str) -> Markup:
        return html.fill("docs_code.html", text=text, copy=self.say("copy"))


def curl(method: str, path: str, operation: Operation) -> str:
    """The call as one types it into a terminal; `$KEY` is the key, `$APP` the app."""
    query = []
    for one in operation.get("parameters", ()):
        value = one.get("example")
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(value))
        elif one["in"] == "query" and one["required"]:
            query.append(f"{one['name']}={value}")
    address = path + ("?" + "&".join(query) if query else "")
    lines = [f"curl -X {method} " if method != "GET" else "curl "]
    lines[0] += f'"$APP{address}"'
    if operation["security"]:
        lines.append('-H "Authorization: Bearer $KEY"')
    lines += _body_of(operation)
    return " \\\n  ".join(lines)


def _body_of(operation: Operation) -> list[str]:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        header = f'-H "Content-Type: {kind}"'
        if kind != "application/json":
            return [header, "--data-binary @file"]
        text = json.dumps(example_in(content), ensure_ascii=False).replace("'", "'\\''")
        return [header, f"-d '{text}'"]
    return []


def _css(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))  # noqa: S704


def _join(parts: Iterable[Markup]) -> Markup:
    return _NOTHING.join(parts)


def _paragraphs(text: str) -> Markup:
    parts = [" ".join(one.split()) for one in text.split("\n\n")]
    return _join(Markup("<p>{}</p>\n").format(_code(one)) for one in parts if one)


def _code(text: str) -> Markup:
    """`name` in backquotes is set as code."""
    code = partial(Markup("<code>{}</code>").format)
    parts = text.split("`")
    return _join(code(p) if i % 2 else Markup.escape(p) for i, p in enumerate(parts))


def _switch(lang: str) -> Markup:
    link = Markup('<a href="?lang={0}" lang="{0}" hreflang="{0}">{1}</a>')
    here = Markup('<span aria-current="true">{}</span>')
    return _join(
        here.format(say(code, "login.own_name"))
        if code == lang
        else link.format(code, say(code, "login.own_name"))
        for code in languages()
    )
