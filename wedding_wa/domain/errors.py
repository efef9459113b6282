"""domain: what can go wrong, as one tree.

    WeddingError
    ├── Refused              a person asked for something we must not do
    │   ├── NoConsent        the recipient has not written first
    │   ├── OptedOut         the recipient wants no more messages
    │   ├── BadInput         a field is wrong; `field` names it
    │   └── NotFound
    ├── Conflict             somebody else changed it meanwhile
    └── WahaError            talking to WAHA failed
        ├── NotSent          surely not sent: the message may be tried again
        │   ├── Unreachable      could not connect
        │   ├── RateLimited      429; `retry_after` seconds when WAHA said so
        │   └── SessionNotReady  422 with `status` and `expected`
        ├── MaybeSent        the request may have reached WhatsApp (§5 of lifecycle)
        ├── MessageRefused   4xx about this message, or the number is not on WhatsApp
        ├── Restricted       463 / reachout timelock: new chats are closed for a while
        └── AccountDown      the account cannot work
            ├── BadKey           401, 403
            └── SessionMissing   404/422: no such session, or a misnamed one

Every error carries a stable `code` and `params`: the sentence is made from them in
the reader's language by `words.sentence`. `str(error)` is for logs, in English,
and holds neither phone numbers nor message texts.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class WeddingError(Exception):
    """Root of everything this project raises on purpose."""

    code: ClassVar[str] = "error.unknown"

    def __init__(self, detail: str = "", **params: object) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.params = params


class Refused(WeddingError):
    """A person asked for something the rules forbid. `code` says which rule."""

    code = "error.refused"

    def __init__(self, code: str, detail: str = "", /, **params: object) -> None:
        super().__init__(detail or code, **params)
        self.code = code  # type: ignore[misc]  # a code an instance, on purpose


class NoConsent(Refused):
    """The recipient has not written to this account first."""

    def __init__(self, **params: object) -> None:
        super().__init__("error.no_consent", "nobody wrote from there", **params)


class OptedOut(Refused):
    """The recipient has said that they want no more messages."""

    def __init__(self) -> None:
        super().__init__("error.opted_out", "wants no more messages")


class BadInput(Refused):
    """A value is wrong; `field` names it, the sentence says what to do."""

    def __init__(self, code: str, field: str, **params: object) -> None:
        super().__init__(code, f"{field}: {code}", field=field, **params)
        self.field = field


class NotFound(Refused):
    """The thing asked for does not exist (any more)."""

    def __init__(self, code: str = "error.not_found", /, **params: object) -> None:
        super().__init__(code, "", **params)


class Conflict(WeddingError):
    """Somebody else changed it first: look again, then decide."""

    code = "error.conflict"


class WahaError(WeddingError):
    """Talking to WAHA failed. `http_status` is None where no answer came."""

    code = "error.waha"

    def __init__(
        self, detail: str = "", *, http_status: int | None = None, **params: object
    ) -> None:
        super().__init__(detail, **params)
        self.http_status = http_status


class NotSent(WahaError):
    """Surely not sent: trying again cannot double it."""

    code = "error.waha.not_sent"


class Unreachable(NotSent):
    """No connection: refused, DNS, connect time-out, pool time-out."""

    code = "error.waha.unreachable"


class RateLimited(NotSent):
    """429. `retry_after` is in seconds, None where WAHA did not say."""

    code = "error.waha.rate_limited"

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after: float | None = None,
        http_status: int | None = 429,
    ) -> None:
        super().__init__(detail, http_status=http_status)
        self.retry_after = retry_after


class SessionNotReady(NotSent):
    """422 after WAHA's own 5–10 s wait: the session is in `status`."""

    code = "error.waha.session_not_ready"

    def __init__(
        self, status: str, detail: str = "", *, http_status: int | None = 422
    ) -> None:
        super().__init__(detail or status, http_status=http_status, status=status)
        self.status = status


class MaybeSent(WahaError):
    """The answer was lost or is a 5xx: nobody knows. Never send again blindly."""

    code = "error.waha.maybe_sent"


class MessageRefused(WahaError):
    """WAHA or WhatsApp refuses this one message for good."""

    code = "error.waha.message_refused"


class Restricted(WahaError):
    """WhatsApp restricts new chats (463). `until` is aware UTC where known."""

    code = "error.waha.restricted"

    def __init__(
        self,
        detail: str = "",
        *,
        until: datetime | None = None,
        http_status: int | None = None,
    ) -> None:
        super().__init__(detail, http_status=http_status)
        self.until = until


class AccountDown(WahaError):
    """The account cannot work until somebody mends it."""

    code = "error.waha.account_down"


class BadKey(AccountDown):
    """WAHA does not accept our API key (401, 403)."""

    code = "error.waha.bad_key"


class SessionMissing(AccountDown):
    """WAHA has no session of that name."""

    code = "error.waha.session_missing"
