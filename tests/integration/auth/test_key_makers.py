"""A key that a key made does not last longer, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
import time

import pytest
from sqlmodel import Session, select

from tests.fakes import NOON
from tests.integration.auth.conftest import set_up
from wedding_wa.db import Database
from wedding_wa.models import AuditEntry
from wedding_wa.services import apikey_list, apikeys, audit, weddings
from wedding_wa.services.apikeys import KeyHolder, MissingScope
from wedding_wa.services.audit import By, Program


def _key(db: Database, name: str, by: By = None, scope: str = "admin") -> Program:
    key = db.write_now(
        apikeys.create_key,
        wedding_id=_wedding(db),
        name=name,
        scopes=[scope],
        by=by,
        now=NOON,
    )
    found: KeyHolder | None = db.read_now(apikeys.holder, key, NOON)
    assert found is not None
    return Program(found.key_id)


def _wedding(db: Database) -> int:
    return db.read_now(weddings.only_wedding) or 0


def _revoke(db: Database, key: Program, by: By = None) -> None:
    wedding = _wedding(db)
    db.write_now(apikeys.revoke_key, key.key_id, wedding_id=wedding, by=by, now=NOON)


def _good(db: Database) -> set[str]:
    rows, _ = db.read_now(apikey_list.keys, _wedding(db), now=NOON)
    return {one.name for one in rows if one.state is apikey_list.KeyState.ACTIVE}


def test_what_it_made_ends_with_it(any_database: Database) -> None:
    """And what these made, also past one that was revoked before; a person's own key
    and another key's stay. Each end is a line of the audit."""
    db = any_database
    set_up(db)
    stolen, other = _key(db, "stolen"), _key(db, "other")
    child = _key(db, "child", stolen)
    _key(db, "grandchild", child)
    _key(db, "sibling", other, "read")
    assert _good(db) == {"stolen", "other", "child", "grandchild", "sibling"}
    _revoke(db, stolen)
    assert _good(db) == {"other", "sibling"}
    ends = [one for one in _lines(db) if one.action == "api_key_revoked"]
    assert [one.params.get("with") for one in ends] == [None] + [stolen.key_id] * 2


def test_a_key_that_ends_itself_takes_along_what_it_made(
    any_database: Database,
) -> None:
    """A program may revoke its own key; the audit says that it did."""
    db = any_database
    set_up(db)
    key = _key(db, "brief")
    _key(db, "left behind", key, "read")
    _revoke(db, key, by=key)
    assert _good(db) == set()
    assert {audit.by_of(one) for one in _lines(db)[-2:]} == {key}


def test_the_list_says_which_key_made_which(any_database: Database) -> None:
    """None where a person or a command did."""
    db = any_database
    set_up(db)
    maker = _key(db, "maker")
    made = _key(db, "made", maker, "read")
    rows, _ = db.read_now(apikey_list.keys, _wedding(db), now=NOON)
    assert {one.id: one.made_by for one in rows} == {
        maker.key_id: None,
        made.key_id: maker.key_id,
    }


def test_a_revoked_key_makes_none_that_was_asked_for_before(
    any_database: Database,
) -> None:
    """Its request was let in a moment ago; by now it may nothing."""
    set_up(any_database)
    key = _key(any_database, "stolen")
    _revoke(any_database, key)
    with pytest.raises(MissingScope):
        _key(any_database, "late", key, "read")


def test_none_slips_through_while_its_maker_ends(any_database: Database) -> None:
    """Made at the very moment: it is refused, or it ends, too."""
    db = any_database
    set_up(db)
    key = _key(db, "stolen")
    making = threading.Event()

    def make(session: Session) -> None:
        apikeys.create_key(
            session,
            wedding_id=1,
            name="slipped",
            scopes=["read"],
            by=key,
            now=NOON,
        )
        making.set()
        time.sleep(0.2)  # so that it is committed after the other has begun

    maker = threading.Thread(target=db.write_now, args=(make,))
    maker.start()
    assert making.wait(10)
    _revoke(db, key)
    maker.join(10)
    assert _good(db) == set()


def _lines(db: Database) -> list[AuditEntry]:
    def read(session: Session) -> list[AuditEntry]:
        rows = session.exec(select(AuditEntry).order_by(AuditEntry.id)).all()  # type: ignore[arg-type]
        session.expunge_all()
        return list(rows)

    return db.read_now(read)
