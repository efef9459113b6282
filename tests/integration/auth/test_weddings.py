"""The wedding and its first owner in the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import Session, select

from tests.fakes import NOON
from tests.integration.auth.conftest import COUPLE, EMAIL, PASSWORD, rows, set_up
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, Refused
from wedding_wa.domain.policy import Policy as PolicyValue
from wedding_wa.models import (
    Account,
    AuditEntry,
    Membership,
    Policy,
    Role,
    User,
    Wedding,
)
from wedding_wa.services import weddings


def test_setup_makes_everything_at_once(any_database: Database) -> None:
    """One transaction: owner, wedding, two accounts, their limits, a line of audit."""
    owner = set_up(any_database)

    def look(session: Session) -> None:
        wedding = session.exec(select(Wedding)).one()
        assert (wedding.groom_name, wedding.time_zone) == ("Marco", "Europe/Rome")
        accounts = session.exec(select(Account).order_by(Account.key)).all()
        assert [account.key for account in accounts] == ["bride", "groom"]
        for account in accounts:
            policy = session.get_one(Policy, account.id)
            assert policy.value() == PolicyValue()
        member = session.exec(select(Membership)).one()
        assert (member.user_id, member.role) == (owner, Role.OWNER)
        user = session.get_one(User, owner)
        assert (user.email, user.language) == (EMAIL, "it")
        assert PASSWORD not in user.password_hash
        assert session.exec(select(AuditEntry)).one().action == "wedding_created"

    any_database.read_now(look)


async def test_of_two_first_owners_one_is_refused(any_database: Database) -> None:
    """Whoever is second, even at the same moment, is told that it is done."""
    tries = [
        any_database.write(
            weddings.set_up,
            COUPLE,
            email=f"{number}@example.org",
            password=PASSWORD,
            language="en",
            now=NOON,
        )
        for number in range(4)
    ]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    refused = [end for end in ended if isinstance(end, Refused)]
    assert len(refused) == 3
    assert {error.code for error in refused} == {"error.setup_done"}
    assert any_database.read_now(rows, User) == 1
    assert any_database.read_now(rows, Wedding) == 1


def test_a_wrong_field_makes_nothing(any_database: Database) -> None:
    """A refused setup leaves no owner behind that would close the link."""
    with pytest.raises(BadInput):
        any_database.write_now(
            weddings.set_up,
            weddings.NewWedding(
                groom_name="A", bride_name="B", time_zone="Moon", default_country="IT"
            ),
            email=EMAIL,
            password=PASSWORD,
            language="en",
            now=NOON,
        )
    assert not any_database.read_now(weddings.first_owner_exists)


def test_create_admin_makes_a_wedding_only_where_there_is_none(
    any_database: Database,
) -> None:
    """The first one makes it, the next one joins it, the same address is refused."""
    for email in ("one@example.org", "two@example.org"):
        _create_admin(any_database, email)
    with pytest.raises(BadInput) as told:
        _create_admin(any_database, "ONE@example.org")
    assert told.value.field == "email"
    assert any_database.read_now(rows, Wedding) == 1
    assert any_database.read_now(rows, Account) == 2
    assert any_database.read_now(rows, Membership) == 2


def _create_admin(db: Database, email: str) -> int:
    return db.write_now(
        weddings.create_admin,
        email=email,
        password=PASSWORD,
        language="en",
        now=NOON,
    )
