"""What programs ask for at the same moment, and what changes in that moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from tests.builders import guest_wrote, make_couple, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, PIA
from tests.integration.api_v1.test_send import messages
from tests.integration.api_v1.token_door import Door, bearer
from wedding_wa.db import Database
from wedding_wa.domain.errors import BadInput, Conflict, NoConsent
from wedding_wa.models import Account, QueueMessage
from wedding_wa.services import enqueue as enqueue_service
from wedding_wa.services.enqueue import Enqueued, EnqueueRequest, enqueue
from wedding_wa.services.sends import Sending, send, send_alone
from wedding_wa.services.voice import Way


def test_two_connections_with_one_name(any_database: Database) -> None:
    """On each database: the second is told the first, another body is refused."""
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom, CARLA)
    one = put(any_database, couple, to=CARLA, client_message_id="a")
    assert put(any_database, couple, to=CARLA, client_message_id="a") == one
    both = {"client_message_id": "b", "idempotency_key": "k"}
    two = put(any_database, couple, to=CARLA, **both)
    with pytest.raises(BadInput):
        put(any_database, couple, to=CARLA, text="x", client_message_id="b")
    request = EnqueueRequest(None, CARLA, "Cara zia, ti aspettiamo!")
    other = any_database.write_now(enqueue, couple.wedding, request, now=NOON)
    assert len({one.id, two.id, other.id}) == 3


def test_weddings_that_ask_at_the_same_moment(any_database: Database) -> None:
    """What is committed together stays apart: each message in its own wedding, under
    its own names, from its own number; who is refused in one is not in the other."""
    mine, theirs = make_couple(any_database), make_couple(any_database)
    guest_wrote(any_database, mine.groom, CARLA)
    guest_wrote(any_database, theirs.bride, CARLA)
    guest_wrote(any_database, theirs.bride, PIA)
    weddings = [one.wedding for one in (mine, mine, theirs, theirs, mine, theirs)]
    asked = [
        Sending(wedding, EnqueueRequest(None, to, "Ciao", client_message_id=name), NOON)
        for wedding, to, name in zip(
            weddings,
            (CARLA, PIA, CARLA, PIA, CARLA, CARLA),
            ("a", "b", "a", "b", "c", "a"),
            strict=True,
        )
    ]
    came = any_database.write_now(send, asked)
    assert [isinstance(one, NoConsent) for one in came] == [False, True] + [False] * 4
    assert came[5] == came[2]
    rows = any_database.read_now(
        lambda s: s.exec(
            select(QueueMessage.id, QueueMessage.wedding_id, QueueMessage.account_id)
        ).all()
    )
    places = {row[0]: tuple(row[1:]) for row in rows}
    told = [places[one.id] for one in came if isinstance(one, Enqueued)]
    own, other = (mine.wedding, mine.groom), (theirs.wedding, theirs.bride)
    assert told == [own, other, other, own, other]
    assert len(places) == 4


@pytest.mark.parametrize("times", [1, 2])
async def test_what_changes_between_look_and_insert(
    any_database: Database, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The database's own rule refuses it: looked at anew, so that what struck is told
    by its name; at the worst a conflict, never a defect."""
    couple = make_couple(any_database)
    guest_wrote(any_database, couple.groom, CARLA)
    real, struck = enqueue_service.row_of, []

    def late(
        wedding_id: int, way: Way, request: EnqueueRequest, now: datetime
    ) -> dict[str, Any]:
        row = real(wedding_id, way, request, now)
        struck.append(1)
        return row | {"consent_id": 4711} if len(struck) <= times else row

    monkeypatch.setattr(enqueue_service, "row_of", late)
    request = EnqueueRequest(None, CARLA, "Ciao")
    asked = send_alone(any_database, Sending(couple.wedding, request, NOON))
    if times == 1:
        assert (await asked).id
    else:
        with pytest.raises(Conflict):
            await asked
    assert messages(any_database) == 2 - times


async def test_who_asked_is_on_record(door: Door) -> None:
    """The person behind a token, nobody behind a key; asked again by somebody else it
    is the same message, and whose it was."""
    db = door.house.db
    groom = select(Account.id).where(Account.key == "groom")
    guest_wrote(db, db.read_now(lambda s: s.exec(groom).one()) or 0, CARLA)
    person, (key, _) = (await door.of_person())["access"], door.key("send")
    for shown, name in ((person, "a"), (key, "b"), (key, "a"), (person, "b")):
        one = {"to": CARLA, "text": "Ciao", "client_message_id": name}
        many = {"messages": [{**one, "client_message_id": name * 2}]}
        for path, body in (("", one), ("/bulk", many)):
            answer = await door.client.post(
                f"/api/v1/whatsapp/send{path}", json=body, headers=bearer(shown)
            )
            assert answer.status_code == 202, answer.text
            assert answer.json().get("refused", 0) == 0
    made = select(QueueMessage.client_message_id, QueueMessage.created_by)
    rows = db.read_now(lambda s: s.exec(made).all())
    whose = {row[0]: row[1] for row in rows}
    assert whose == {"a": door.owner, "aa": door.owner, "b": None, "bb": None}
