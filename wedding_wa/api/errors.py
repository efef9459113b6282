"""api: errors become answers here, and nowhere else.

Programs get `application/problem+json` (RFC 9457): a stable `type` and `code`, the
sentence in their language, and where values are wrong each of them in `errors`; people
get a plain page. Nobody gets a stack trace.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as AnyHTTPException

from wedding_wa.api import pages_html as html
from wedding_wa.api.knocks import TooManyTries
from wedding_wa.api.wrong import one_wrong, place, wrongs
from wedding_wa.domain.errors import (
    AccountDown,
    BadInput,
    Conflict,
    NoConsent,
    NotFound,
    NotSent,
    Refused,
    WahaError,
    WeddingError,
)
from wedding_wa.services.database_trouble import ERRORS, Trouble, trouble_of
from wedding_wa.services.lockout import LockedOut
from wedding_wa.services.users import WrongLogin
from wedding_wa.words import say

log = logging.getLogger(__name__)

#: What a problem's `type` begins with; its `code` follows.
TYPE = "urn:wedding-wa:problem:"

# The first that fits counts.
_STATUS: tuple[tuple[type[WeddingError], int], ...] = (
    (WrongLogin, 401),
    (LockedOut, 429),
    (TooManyTries, 429),
    (BadInput, 422),
    (NotFound, 404),
    (Refused, 409),
    (Conflict, 409),
    (AccountDown, 503),
    (NotSent, 503),
    (WahaError, 502),
)
_CODES = {
    400: "error.unreadable",
    401: "error.login_needed",
    403: "error.not_allowed",
    404: "error.not_found",
    405: "error.method",
    413: "error.too_large",
    415: "error.unreadable",
    422: "error.invalid",
}
# The status, and the seconds after which it may be different.
_TROUBLES = {
    Trouble.BUSY: (503, 5),
    Trouble.READ_ONLY: (503, 60),
    Trouble.FULL: (507, 60),
}


class Forbidden(Refused):
    """Known who it is, but they may not. `error.scope` names what is missing."""

    def __init__(self, scope: str) -> None:
        super().__init__("error.scope", "", scope=scope)


def status_of(error: WeddingError) -> int:
    """The HTTP status of an error of ours."""
    if isinstance(error, Forbidden):
        return 403
    fitting = (status for kind, status in _STATUS if isinstance(error, kind))
    return next(fitting, 500)


def problem(
    request: Request,
    status: int,
    code: str,
    *,
    params: dict[str, object] | None = None,
    **members: object,
) -> JSONResponse:
    """Return a problem document; `params` are the sentence's."""
    content = {
        "type": f"{TYPE}{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": say(html.language(request), code, **(params or {})),
        "code": code,
        **members,
    }
    headers = _challenge(request, status, params or {})
    return JSONResponse(content, status, headers, "application/problem+json")


def _challenge(
    request: Request, status: int, params: Mapping[str, object]
) -> dict[str, str]:
    """What a client's library reads (RFC 6750): show a token, this one is good no
    longer, or it may not do that."""
    shown = request.headers.get("authorization", "").lower().startswith("bearer ")
    if status == 401:
        how = 'Bearer error="invalid_token"' if shown else "Bearer"
    elif status == 403 and shown and "scope" in params:
        how = f'Bearer error="insufficient_scope", scope="{params["scope"]}"'
    else:
        return {}
    return {"WWW-Authenticate": how}


def answer(request: Request, status: int, code: str) -> Response:
    """Refuse a request: a problem document for a program, a page for a person."""
    if is_program(request.url.path):
        return problem(request, status, code)
    home = ("/", "error.home")
    return html.message(request, "error.title", code, link=home, status=status)


def is_program(path: str) -> bool:
    """True for paths that no person opens: the API and the socket."""
    return path == "/api" or path.startswith(("/api/", "/_"))


def install(api: FastAPI) -> None:
    """Make `api` answer every error in one shape."""
    api.add_exception_handler(WeddingError, _ours)
    api.add_exception_handler(AnyHTTPException, _http)  # FastAPI raises both kinds
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestValidationError, _invalid)
    for kind in ERRORS:
        api.add_exception_handler(kind, database_away)
    api.add_exception_handler(Exception, _defect)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, WeddingError)
    status = status_of(error)
    if status >= 500:
        log.warning("refused", extra={"action": "api_error", "code": error.code})
    if not is_program(request.url.path):
        return html.message(
            request, "error.title", error.code, status=status, params=error.params
        )
    refusal = problem(
        request, status, error.code, params=error.params, **_members(request, error)
    )
    wait = getattr(error, "seconds", None) or getattr(error, "retry_after", None)
    if status == 429 and wait:
        refusal.headers["Retry-After"] = str(math.ceil(wait))
    return refusal


def _members(request: Request, error: WeddingError) -> dict[str, object]:
    """What a problem of this kind has beside what all of them have."""
    if isinstance(error, NoConsent):
        return {"link": error.params.get("link")}
    if isinstance(error, BadInput):
        detail = say(html.language(request), error.code, **error.params)
        wrong = one_wrong(error.field, error.code, detail)
        return {"field": error.field, "errors": [wrong]}
    return {}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    status = error.status_code
    refusal = answer(request, status, _CODES.get(status, "error.refused"))
    refusal.headers.update(_told(error.headers))
    return refusal


def _told(headers: Mapping[str, str] | None) -> dict[str, str]:
    """What an error says beside its status: which methods there are, how long."""
    kept = ("allow", "retry-after")
    return {k: v for k, v in (headers or {}).items() if k.lower() in kept}


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(_is_the_body(one) for one in found):
        lang = html.language(request)
        code = "api.wrong.unreadable"
        wrong = [one_wrong("body", code, say(lang, code))]
        return problem(request, 422, "error.unreadable", errors=wrong)
    fields = dict.fromkeys(place(one["loc"]) for one in found)
    return problem(
        request,
        422,
        "error.invalid",
        params={"fields": ", ".join(fields)},
        errors=wrongs(found, html.language(request)),
    )


async def database_away(request: Request, error: Exception) -> Response:
    """Answer for a database that cannot be used: nothing was done, ask again later.

    WAHA sends its event again then, as any program that minds `Retry-After` does.
    """
    trouble = trouble_of(error)
    if trouble is None:  # the statement itself is wrong
        log.error("defect", exc_info=error, extra={"action": "api_defect"})
        return await _defect(request, error)
    log.warning(
        "database away", extra={"action": "database_away", "reason": trouble.name}
    )
    status, seconds = _TROUBLES[trouble]
    refusal = answer(request, status, trouble.value)
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


async def _defect(request: Request, error: Exception) -> Response:
    del error  # the server logs it with its traceback
    return answer(request, 500, "error.unknown")


def _is_the_body(wrong: dict[str, Any]) -> bool:
    """True where no field is wrong but the whole: no JSON, or no object."""
    return bool(wrong["type"] == "json_invalid" or wrong["loc"] == ("body",))
