"""services: what a fault of WAHA means for the message at hand.

One question decides: may the text have reached WhatsApp? Only `send_text` can put
one on its way, so a fault there is judged by how far the request may have gone:

    nothing left this machine, 429, session not WORKING   NotSent and its kinds
    lost or cut answer, 408, 5xx, an unreadable 2xx       MaybeSent
    4xx about this message, 501                           MessageRefused
    463, reachout timelock                                Restricted
    401, 403, no such session, not a WAHA at all          AccountDown and its kinds

Every other call raises NotSent (or a kind of it), Restricted or AccountDown: it
carries no text, so whatever became of it the message may be tried again. A 5xx or a
lost answer there is a plain NotSent.

What an error says is made of constants and numbers only. WAHA's error bodies repeat
the request with its text and phone number, and a stack: nothing of them is passed on
but phrases known to be harmless.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from wedding_wa.domain.errors import (
    AccountDown,
    BadKey,
    MaybeSent,
    MessageRefused,
    NotSent,
    RateLimited,
    Restricted,
    SessionMissing,
    SessionNotReady,
    Unreachable,
    WahaError,
)

#: A longer `Retry-After` is not believed: it would park an account on a typo.
MAX_RETRY_AFTER_S = 86_400.0

_BEFORE_THE_REQUEST = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

# Phrases of WAHA that hold nothing of a guest, and the reason we call them by.
_KNOWN = (
    ("enable noweb store", "store_off"),
    ("is already started", "already_started"),
    ("already exists", "already_exists"),
    ("message not found", "message_not_found"),
    ("available only in plus", "needs_plus"),
    ("connection closed", "connection_closed"),
    ("timed out", "engine_timed_out"),
    ("rate-overlimit", "rate_overlimit"),
    ("invalid media type", "invalid_media_type"),
    ("cannot get /", "no_such_path"),
    ("cannot post /", "no_such_path"),
    ("cannot put /", "no_such_path"),
)
_MISSING = re.compile(
    r"session \"[^\"]*\" does not exist|session not found|didn't find a session"
    r"|support only 'default' session|session name (is required|can only)",
    re.IGNORECASE,
)
_WRONG_STATUS = re.compile(r"current status is ([A-Z_]{1,40})\b")
_STATUS = re.compile(r"[A-Z][A-Z_]{0,39}")
_TIMELOCK = re.compile(r"\berror:? 463\b|reach.?out.?time.?lock(ed)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Said:
    """The few things of an error body that we look at (contract: five shapes)."""

    is_json: bool
    text: str
    status: str | None

    @property
    def reason(self) -> str:
        lowered = self.text.lower()
        return next((name for phrase, name in _KNOWN if phrase in lowered), "")


def judge_transport(
    error: httpx.RequestError, *, action: str, sending: bool
) -> WahaError:
    """Judge a call that brought no answer."""
    what = f"{action}: {type(error).__name__}"
    if isinstance(error, _BEFORE_THE_REQUEST):
        return Unreachable(what)
    return MaybeSent(what) if sending else NotSent(what)


def judge_answer(
    answer: httpx.Response, *, action: str, sending: bool, now: datetime
) -> WahaError:
    """Judge an answer that is no 2xx. `now` turns a `Retry-After` date to seconds."""
    status = answer.status_code
    said = _read(answer)
    what = f"{action}: {status} {said.reason}".rstrip()
    if status in (401, 403):
        return BadKey(what, http_status=status)
    if status == 429:
        return RateLimited(what, retry_after=retry_after(answer.headers, now=now))
    if _TIMELOCK.search(said.text):
        return Restricted(f"{action}: {status} 463", http_status=status)
    if status >= 500:
        return _judge_5xx(said, what, status=status, sending=sending)
    session_fault = _judge_session(said, what, status=status)
    return session_fault or _judge_4xx(said, what, status=status, sending=sending)


def unreadable(action: str, answer: httpx.Response, *, sending: bool) -> WahaError:
    """Judge a 2xx whose body is not what WAHA says there (a proxy's page, cut off)."""
    kind = MaybeSent if sending else NotSent
    what = f"{action}: {answer.status_code} unreadable"
    return kind(what, http_status=answer.status_code, reason="unreadable")


def retry_after(headers: httpx.Headers, *, now: datetime) -> float | None:
    """Return the seconds WAHA asks us to wait, from either form of the header."""
    raw = headers.get("Retry-After", "").strip()
    try:
        seconds = float(raw)
    except ValueError:
        seconds = _seconds_until(raw, now=now)
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def _seconds_until(http_date: str, *, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(http_date)
    except ValueError:
        return math.nan
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


def _judge_5xx(said: _Said, what: str, *, status: int, sending: bool) -> WahaError:
    """A refusal to implement is an answer; any other 5xx leaves a send open."""
    if status == 501 and said.is_json and sending:
        return MessageRefused(what, http_status=status, reason="not_implemented")
    if sending:
        return MaybeSent(what, http_status=status, reason=said.reason)
    if said.reason == "rate_overlimit":
        return RateLimited(what, http_status=status)
    return NotSent(what, http_status=status, reason=said.reason)


def _judge_session(said: _Said, what: str, *, status: int) -> WahaError | None:
    """Faults of the session, which WAHA tells as 400, 404 or 422 alike."""
    if status not in (400, 404, 422):
        return None
    if _MISSING.search(said.text):
        return SessionMissing(what, http_status=status)
    if said.status:
        detail = f"{what} {said.status}"
        return SessionNotReady(said.status, detail, http_status=status)
    return None


def _judge_4xx(said: _Said, what: str, *, status: int, sending: bool) -> WahaError:
    if status == 408:
        return (MaybeSent if sending else NotSent)(what, http_status=status)
    # Not WAHA's words: a redirect, another server or a page of a proxy. WAHA itself
    # was not reached, and no other message would fare better.
    elsewhere = status < 400 or status in (405, 407) or not said.is_json
    if status != 413 and (elsewhere or (sending and said.reason == "no_such_path")):
        return AccountDown(what, http_status=status, reason="not_waha")
    kind = MessageRefused if sending else NotSent
    return kind(what, http_status=status, reason=said.reason)


def _read(answer: httpx.Response) -> _Said:
    body = _json(answer)
    if body is None:
        return _Said(is_json=False, text="", status=None)
    text = _words(body)
    status = body.get("status") if isinstance(body.get("expected"), list) else None
    named = _WRONG_STATUS.search(text)
    if named:
        status = named[1]
    if status is not None and not _STATUS.fullmatch(str(status)):
        status = "UNKNOWN"
    return _Said(is_json=True, text=text, status=status)


def _words(body: dict[str, Any]) -> str:
    """WAHA's own sentences of an error body; never the request it repeats there."""
    exception = body.get("exception")
    own = exception.get("message") if isinstance(exception, dict) else None
    message = body.get("message")
    parts = message if isinstance(message, list) else [message]
    return " | ".join(str(p) for p in (*parts, body.get("error"), own) if p)


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
