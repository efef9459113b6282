"""What programs rely on, in a form that can be compared: `python -m tests.api_pin`
writes it anew, and with it the list of routes in docs/api.md.

A change that takes something away, or asks for more, breaks programs; what only adds
does not.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from wedding_wa.api.app import create_api
from wedding_wa.api.docs_fields import Fields, Row
from wedding_wa.api.openapi import document, operations

ROOT = Path(__file__).parents[1]
PIN = ROOT / "tests" / "fixtures" / "openapi.json"
DOC = ROOT / "docs" / "api.md"
BEGIN, END = (
    "<!-- routes: made by python -m tests.api_pin -->",
    "<!-- end of routes -->",
)
RENEW = "If it is meant, renew the pin: .venv/bin/python -m tests.api_pin"

Pin = dict[str, dict[str, Any]]


def pinned(described: dict[str, Any]) -> Pin:
    """Each route: its right, what it takes, what it answers."""
    fields = Fields(described)
    return {
        f"{method.upper()} {path}": {
            "scope": operation.get("x-scope"),
            "id": operation["operationId"],
            "takes": _takes(fields, operation),
            "answers": {
                status: {
                    row.name: row.kind
                    for content in answer.get("content", {}).values()
                    for row in fields.rows(content.get("schema", {}))
                    if "Problem" not in str(content)
                }
                for status, answer in operation["responses"].items()
            },
        }
        for method, path, operation in operations(described)
    }


def _takes(fields: Fields, operation: dict[str, Any]) -> dict[str, str]:
    found = {}
    for one in operation.get("parameters", ()):
        schema = one["schema"]
        row = Row("", fields.kind(schema), one["required"], "", fields.bounds(schema))
        found[f"{one['in']}.{one['name']}"] = _line(row)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        found[f"body {kind}"] = ""
        for row in fields.rows(content["schema"]):
            found[f"body.{row.name}"] = _line(row)
    return found


def _line(row: Row) -> str:
    must = "required " if row.required else ""
    return f"{must}{row.kind} {row.bounds}".strip()


def compared(old: Pin, new: Pin) -> tuple[list[str], list[str]]:
    """What breaks programs that know `old`, and what only adds to it."""
    breaks, adds = [], [f"new route {name}" for name in new if name not in old]
    for name, was in old.items():
        if name not in new:
            breaks.append(f"{name} is gone")
            continue
        now = new[name]
        breaks += [
            f"{name}: {part} was {was[part]}, is {now[part]}"
            for part in ("scope", "id")
            if was[part] != now[part]
        ]
        _taken(name, was["takes"], now["takes"], breaks, adds)
        _answered(name, was["answers"], now["answers"], breaks, adds)
    return breaks, adds


def _taken(
    name: str,
    was: dict[str, str],
    now: dict[str, str],
    breaks: list[str],
    adds: list[str],
) -> None:
    for field in was.keys() | now.keys():
        before, after = was.get(field), now.get(field)
        if before is None:
            new = f"{name}: takes {field} ({after})"
            (breaks if str(after).startswith("required") else adds).append(new)
        elif after is None:
            breaks.append(f"{name}: no longer takes {field}")
        elif before != after:
            wider = _choices(before) < _choices(after)
            told = f"{name}: {field} was ({before}), is ({after})"
            (adds if wider else breaks).append(told)


def _answered(
    name: str,
    was: dict[str, dict[str, str]],
    now: dict[str, dict[str, str]],
    breaks: list[str],
    adds: list[str],
) -> None:
    for status in was.keys() | now.keys():
        before, after = was.get(status), now.get(status)
        if before is None or after is None:
            gone = after is None and status < "300"
            told = (
                f"{name}: answer {status} is {'new' if after is not None else 'gone'}"
            )
            (breaks if gone else adds).append(told)
            continue
        for field in before.keys() | after.keys():
            a, b = before.get(field), after.get(field)
            if a is None:
                adds.append(f"{name}: {status} has {field} ({b})")
            elif b is None:
                breaks.append(f"{name}: {status} has no {field} any more")
            elif a != b:
                wider = _choices(a) < _choices(b)
                told = f"{name}: {status} {field} was ({a}), is ({b})"
                (adds if wider else breaks).append(told)


def _choices(kind: str) -> set[str]:
    """The values of an enum: `a | b` is less than `a | b | c`."""
    return {one.strip() for one in re.split(r"[|,]", kind)} if "|" in kind else set()


def routes_table(described: dict[str, Any]) -> str:
    """The routes as docs/api.md lists them, by noun."""
    lines = []
    for tag in described["tags"]:
        lines += [f"### {tag['name']}", "", tag["description"], ""]
        lines += ["| route | needs | what it does |", "|---|---|---|"]
        for method, path, operation in operations(described):
            if operation["tags"] == [tag["name"]]:
                scope = operation.get("x-scope", "–")
                summary = operation["summary"].replace("|", "\\|")
                lines.append(f"| `{method.upper()} {path}` | {scope} | {summary}. |")
        lines.append("")
    return "\n".join(lines)


def with_table(text: str, table: str) -> str:
    """The documentation with the list of routes in its place."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{table}\n{END}{after}"


def main() -> None:
    """Write both anew."""
    described = document(create_api())
    text = json.dumps(pinned(described), indent=1, ensure_ascii=False, sort_keys=True)
    PIN.write_text(text + "\n", encoding="utf-8")
    DOC.write_text(with_table(DOC.read_text(), routes_table(described)))


if __name__ == "__main__":
    main()
