"""services: what a person may do, as the pages ask it. It follows from their role."""

from __future__ import annotations

from wedding_wa.services.apikeys import SCOPES_OF_ROLE, Scope
from wedding_wa.services.sessions import Viewer


def may_send(who: Viewer) -> bool:
    """True for whoever may write to guests, and so may say who they are."""
    return Scope.SEND in SCOPES_OF_ROLE[who.role]


def may_control(who: Viewer) -> bool:
    """True for whoever may handle the accounts and the invitation."""
    return Scope.CONTROL in SCOPES_OF_ROLE[who.role]


def may_manage(who: Viewer) -> bool:
    """True for whoever may change limits, people and the wedding, and look into the
    couple's own chats."""
    return Scope.ADMIN in SCOPES_OF_ROLE[who.role]
