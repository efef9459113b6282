"""The invitation as it is served: the whole HTTP door on a real database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from sqlmodel import Session, col, select

from tests.fakes import NOON
from tests.integration.auth.conftest import (  # noqa: F401  # fixtures
    House,
    _quick_hashes,
    anna,
    browser,
    house,
)
from wedding_wa.models import Account, Household, Wedding

PHONE = (
    "Mozilla/5.0 (Linux; Android 4.4.2; CUBOT ONE) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/30.0.0.0 Mobile Safari/537.36"
)
GROOM_PHONE = "+393470000001"


@dataclass
class Letter:
    """One household's invitation in a served app."""

    house: House
    id: int
    token: str

    @property
    def path(self) -> str:
        return f"/i/{self.token}"

    def row(self) -> Household:
        return self.house.db.read_now(lambda s: s.get_one(Household, self.id))

    def change(self, **fields: object) -> None:
        """Change the household's columns."""

        def write(session: Session) -> None:
            row = session.get_one(Household, self.id)
            for name, value in fields.items():
                setattr(row, name, value)
            session.add(row)

        self.house.db.write_now(write)

    def account(self, key: str, **fields: object) -> None:
        """Change an account's columns."""

        def write(session: Session) -> None:
            row = session.exec(select(Account).where(col(Account.key) == key)).one()
            for name, value in fields.items():
                setattr(row, name, value)
            session.add(row)

        self.house.db.write_now(write)


@pytest.fixture
def letter(house: House) -> Letter:  # noqa: F811  # the fixture
    """The Rossi's invitation from the groom's side; his number is linked."""
    house.owner()

    def write(session: Session) -> int:
        wedding = session.exec(select(Wedding)).one()
        wedding.place, wedding.day = "Villa Cimbrone, Ravello", date(2027, 6, 19)
        session.add(wedding)
        household = Household(
            wedding_id=wedding.id or 0,
            name="Famiglia Rossi",
            folded="famiglia rossi",
            side="groom",
            token="rossi-0123456789abcdef",
            code="K7M2P",
            created_at=NOON,
            updated_at=NOON,
        )
        session.add(household)
        session.flush()
        return household.id or 0

    made = Letter(house, house.db.write_now(write), "rossi-0123456789abcdef")
    made.account("groom", phone=GROOM_PHONE, waha_url="http://waha")
    made.account("bride", phone="+393470000002", waha_url="http://waha")
    return made
