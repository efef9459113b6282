"""Finds in the sources which keys are said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import wedding_wa
from wedding_wa.words import catalogue

ROOT = Path(wedding_wa.__file__).parent
NAME = "[A-Za-z0-9_]+"
_DOTTED = re.compile(rf"{NAME}(\.{NAME})+")
# Dotted words that are something else: a template, a column.
_NOT_KEYS = re.compile(r".*\.(html|css|id)")

_JS_LITERAL = re.compile(r"""(["'`])((?:[a-z0-9_]+\.)+(?:[a-z0-9_]+|\$\{\w+\}))\1""")


@cache
def said() -> frozenset[str]:
    """Return the whole keys that stand as literals in the sources."""
    return frozenset(text for text in _literals() if _is_key_like(text))


@cache
def patterns() -> tuple[re.Pattern[str], ...]:
    """Return what f-strings, templates and `tr_of` may say, as patterns of keys."""
    found = {*_python_patterns(), *_js_patterns()}
    return tuple(re.compile(text) for text in sorted(found))


def _is_key_like(text: str) -> bool:
    if text.partition(".")[0] not in _topics():
        return False
    return bool(_DOTTED.fullmatch(text)) and not _NOT_KEYS.fullmatch(text)


def _literals() -> Iterator[str]:
    for tree in _trees():
        nodes = list(ast.walk(tree))
        pieces = {
            id(v) for n in nodes if isinstance(n, ast.JoinedStr) for v in n.values
        }
        for node in nodes:
            if isinstance(node, ast.Constant) and id(node) not in pieces:
                yield str(node.value)
    for text in _scripts():
        yield from (match[2] for match in _JS_LITERAL.finditer(text))


def _python_patterns() -> Iterator[str]:
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield from _of_fstring(node)
            elif isinstance(node, ast.Call) and _name(node) == "tr_of":
                family = node.args[0]
                if isinstance(family, ast.Constant):
                    yield re.escape(f"{family.value}.") + NAME


def _of_fstring(node: ast.JoinedStr) -> Iterator[str]:
    head = node.values[0]
    starts = isinstance(head, ast.Constant) and isinstance(head.value, str)
    if not starts or not re.match(rf"{NAME}\.", head.value):
        return
    parts = [
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else NAME
        for part in node.values
    ]
    if head.value.partition(".")[0] in _topics():
        yield "".join(parts)


def _js_patterns() -> Iterator[str]:
    for text in _scripts():
        for match in _JS_LITERAL.finditer(text):
            if "${" in match[2]:
                yield re.escape(match[2].partition("${")[0]) + NAME


def _name(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


@cache
def _topics() -> frozenset[str]:
    return frozenset(key.partition(".")[0] for key in catalogue("en"))


@cache
def _trees() -> tuple[ast.Module, ...]:
    return tuple(
        ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(ROOT.rglob("*.py"))
        if "simulator" not in path.parts  # its phone page speaks for itself
    )


@cache
def _scripts() -> tuple[str, ...]:
    return tuple(
        path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("pages/js/*"))
    )
