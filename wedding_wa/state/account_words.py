"""state: an account's status in words, and which commands make sense in it."""

from __future__ import annotations

from wedding_wa import runtime
from wedding_wa.domain.account import AccountStatus
from wedding_wa.words import DEFAULT_LANGUAGE, catalogue

# status -> commands, the one to press first in front.
_COMMANDS: dict[str, tuple[str, ...]] = {
    AccountStatus.WORKING: ("restart", "stop", "logout"),
    AccountStatus.STARTING: ("restart", "stop"),
    AccountStatus.SCAN: ("stop",),
    AccountStatus.STOPPED: ("start",),
    AccountStatus.MISSING: ("start", "ask"),
    AccountStatus.UNKNOWN: ("ask",),
    AccountStatus.UNREACHABLE: ("ask",),
    AccountStatus.BAD_KEY: ("ask",),
    AccountStatus.NOT_CONFIGURED: (),
}
# A status of WAHA's that we do not know: it runs, so it can be run anew.
_ELSE = ("restart", "stop")


def possible(status: str, *, linked: bool) -> list[str]:
    """Return the commands that can work now, the most useful one first.

    A failed account that is `linked` may come back by a restart; one whose codes ran
    out wants new ones.
    """
    if status == AccountStatus.FAILED:
        if linked:
            return ["restart", "new_code", "stop", "logout"]
        return ["new_code", "stop"]
    commands = [*_COMMANDS.get(status, _ELSE)]
    if status == AccountStatus.STOPPED and linked:
        commands.append("logout")
    return commands


def status_word(status: str) -> str:
    """Return the last part of the status's keys: itself, or "other" for a new one."""
    return _known("account.status", status)


def heard_word(kind: str) -> str:
    """Return the last part of the key for what was heard, "other" for a new kind."""
    return _known("account.heard", kind)


def pretend_phones() -> str | None:
    """Return where the pretend phones are, None where real ones are used."""
    settings = runtime.current().settings
    return settings.simulator_url if settings.simulated else None


def _known(family: str, name: str) -> str:
    return name if f"{family}.{name}" in catalogue(DEFAULT_LANGUAGE) else "other"
