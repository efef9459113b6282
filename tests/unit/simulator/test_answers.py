"""What V8 and Nest would say."""

from __future__ import annotations

import pytest
from fastapi import Request

from wedding_wa.simulator import answers


def request(raw: bytes, kind: str = "application/json") -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": raw, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (
            b'{"session":"default",',
            "Expected double-quoted property name in JSON at position 21",
        ),
        (b'{"a":', "Unexpected end of JSON input"),
        (b'{"a":"b', "Unexpected end of JSON input"),
        (b"nonsense", "Unexpected token 'n'"),
        (b'{"a":1 "b":2}', "Expected ',' or '}' after property value"),
    ],
)
async def test_malformed_json(raw: bytes, words: str) -> None:
    """Malformed JSON is a 400 in V8's words."""
    with pytest.raises(answers.WahaError) as refused:
        await answers.body_of(request(raw))
    assert refused.value.status == 400
    assert str(refused.value.body["message"]).startswith(words)


async def test_other_bodies_are_empty() -> None:
    """Express parses JSON only, and only where it is declared."""
    assert await answers.body_of(request(b"")) == {}
    assert await answers.body_of(request(b"[1]")) == {}
    form = "application/x-www-form-urlencoded"
    assert await answers.body_of(request(b'{"a":1}', form)) == {}
    assert await answers.body_of(request(b'{"a":1}')) == {"a": 1}


def test_bytes_are_nodes() -> None:
    """Compact, unescaped, in the order of insertion."""
    assert answers.dump({"b": "é", "a": [1, None]}) == '{"b":"é","a":[1,null]}'.encode()
