"""simulator: HTTP answers, byte-shaped like WAHA's."""

from __future__ import annotations

import http
import json
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response

from wedding_wa.simulator.config import ENGINE, TIER, VERSION

Json = dict[str, Any]

ENVIRONMENT: Json = {
    "version": VERSION,
    "engine": ENGINE,
    "tier": TIER,
    "browser": None,
    "platform": "linux/x64",
    "worker": {"id": None},
}


class WahaError(Exception):
    """An answer that is not a success, raised from wherever it is found out."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status} {body.get('message', body.get('error'))}")
        self.status = status
        self.body = body


class EngineError(Exception):
    """What WAHA's engine throws and WAHA answers with 500, stack and all."""

    def __init__(self, message: str, *, name: str = "Error", **extra: object) -> None:
        super().__init__(message)
        self.name = name
        self.extra = extra


class ConnectionClosed(EngineError):
    """The line to WhatsApp dropped while the status still said WORKING."""

    def __init__(self) -> None:
        super().__init__("Connection Closed", **BOOM)


BOOM: Json = {"data": None, "isBoom": True, "isServer": False, "output": {}}


def dump(body: object) -> bytes:
    """Return compact JSON, UTF-8 unescaped, as Node writes it."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def answer(body: object, status: int = 200) -> Response:
    return Response(dump(body), status, media_type="application/json; charset=utf-8")


def empty(status: int = 200) -> Response:
    """Return what WAHA answers where it has nothing to say: no body, no type."""
    return Response(b"", status)


def nest(status: int, message: str | list[str]) -> WahaError:
    """Return Nest's own error: message, the status in words, its code."""
    words = http.HTTPStatus(status).phrase
    return WahaError(status, {"message": message, "error": words, "statusCode": status})


def unauthorized() -> Json:
    return {"message": "Unauthorized", "statusCode": 401}


def cannot(method: str, target: str) -> WahaError:
    return nest(404, f"Cannot {method} {target}")


def no_session() -> WahaError:
    return nest(404, "Session not found")


def not_started(name: str) -> WahaError:
    return nest(
        404,
        f"We didn't find a session with name '{name}'.\n"
        f"Please start it first by using POST /api/sessions/{name}/start request",
    )


def mismatch(name: str, status: str, expected: list[str]) -> WahaError:
    words = "Session status is not as expected. Try again later or restart the session"
    return WahaError(
        422, {"error": words, "session": name, "status": status, "expected": expected}
    )


def missing(name: str) -> WahaError:
    return WahaError(
        422, {"error": f'Session "{name}" does not exist', "session": name}
    )


def store_off() -> WahaError:
    return nest(
        400,
        'Enable NOWEB store "config.noweb.store.enabled=True" and '
        '"config.noweb.store.full_sync=True" when starting a new session. '
        "Read more: https://waha.devlike.pro/docs/engines/noweb#store",
    )


def engine_failure(error: EngineError, request: Request) -> Response:
    """Return the 500 of WAHA's exception filter, which repeats the request."""
    told = {
        "path": request.url.path,
        "method": request.method,
        "body": getattr(request.state, "body", {}),
        "query": dict(request.query_params),
    }
    return answer(engine_failure_body(error, told), 500)


def engine_failure_body(error: EngineError, request: Json) -> Json:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    message = str(error)
    frame = "    at WhatsappSessionNoWebCore (/app/dist/core/engines/noweb/session.js)"
    exception = {
        "message": message,
        **error.extra,
        "name": error.name,
        "stack": f"{error.name}: {message}\n{frame}",
    }
    return {
        "statusCode": 500,
        "timestamp": now,
        "exception": exception,
        "request": request,
        "version": ENVIRONMENT,
    }


def _json_complaint(raw: str, error: json.JSONDecodeError) -> str:
    """Return what V8 would say about the same malformed text."""
    if error.msg.startswith("Expecting property name"):
        return f"Expected double-quoted property name in JSON at position {error.pos}"
    if error.pos >= len(raw.rstrip()) or error.msg.startswith("Unterminated"):
        return "Unexpected end of JSON input"
    if error.msg.startswith("Expecting ',' delimiter"):
        at = error.pos
        return f"Expected ',' or '}}' after property value in JSON at position {at}"
    return f'Unexpected token {raw[error.pos]!r}, "{raw[:10]}"... is not valid JSON'


async def body_of(request: Request) -> Json:
    """Return the JSON object sent, `{}` without one, as Express's parser does.

    Raises WahaError 400 for malformed JSON.
    """
    raw = (await request.body()).decode("utf-8", errors="replace")
    if not raw or "json" not in request.headers.get("content-type", ""):
        return {}
    try:
        parsed = json.loads(raw)
    except json.JSONDecodeError as error:
        raise nest(400, _json_complaint(raw, error)) from error
    request.state.body = parsed if isinstance(parsed, dict) else {}
    return dict(request.state.body)
