"""services: what a person has chosen for themselves."""

from __future__ import annotations

from sqlmodel import Session

from wedding_wa.models import User


def set_language(session: Session, user_id: int, language: str) -> None:
    """Remember in which language this person reads."""
    session.get_one(User, user_id).language = language
