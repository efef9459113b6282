"""What the page shows of a new key."""

from __future__ import annotations

import re
from pathlib import Path

import wedding_wa
from wedding_wa.api.app import create_api
from wedding_wa.api.openapi import document, operations

_PAGE = Path(wedding_wa.__file__).parent / "pages" / "js" / "new_key.jsx"


def test_the_calls_to_try_are_open_to_the_keys_that_show_them() -> None:
    """One for each right; each is a route that asks for just that."""
    shown = re.findall(r"curl (?:-X (\w+) )?\$\{site\}(/api/[\w/]+)", _PAGE.read_text())
    rights = {}
    for method, path in shown:
        for known, template, operation in operations(document(create_api())):
            pattern = re.sub(r"\{\w+\}", r"\\w+", template)
            posts = method or ("POST" if path.endswith("/send") else "GET")
            if known.upper() == posts and re.fullmatch(pattern, path):
                rights[path] = operation["x-scope"]
    assert rights == {
        "/api/v1/guests": "read",
        "/api/v1/whatsapp/send": "send",
        "/api/v1/accounts/groom/ask": "control",
    }
