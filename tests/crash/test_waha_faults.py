"""WAHA dies, hangs or swallows its answer: evidence decides, nothing goes twice."""

from __future__ import annotations

import time

import pytest

from tests.builders import attempts_of, events_of, message, phases_of
from tests.crash.places import Place, WhatsApp, make_template, opened_place, until
from tests.crash.truth import never_twice, sent_exactly_once
from tests.crash.zygote import Zygote
from wedding_wa.models import MessageAttempt

SEND = "/api/sendText"

pytestmark = pytest.mark.crash


def test_an_answer_that_was_lost_is_found_in_the_chat(place: Place) -> None:
    """Delivered, answer dropped: settled as sent by its id, never posted again."""
    place.whatsapp.fault("lost", path=SEND, session="groom", times=2)
    ids = place.put_many(3, name="lost")
    place.worker()
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    settled = [n for n in ids if "settled" in phases_of(place.database, n)]
    assert len(settled) == 2
    assert all(len(posted(place, n)) == 1 for n in ids)


def posted(place: Place, number: int) -> list[MessageAttempt]:
    """The tries that were marked; one may be let go before, for a hearing gap."""
    tries = attempts_of(place.database, number)
    return [one for one in tries if one.dispatched_at is not None]


def test_a_send_that_failed_goes_again_under_the_same_id(place: Place) -> None:
    """Maybe sent, found nowhere: after SETTLE_AFTER it goes with its reserved id."""
    place.worker().said("worker started")
    for mode, more in (("500", {}), ("refuse", {}), ("hang", {"seconds": 10})):
        place.whatsapp.fault(mode, path=SEND, session="groom", times=1, **more)
        number = place.put("groom", f"once more {mode}")
        place.until_status([number], "unconfirmed")
        reserved = message(place.database, number).reserved_id
        place.until_status([number], "sent")
        sent_exactly_once(place, [number])
        assert message(place.database, number).provider_message_id == reserved
        _waited_and_counted(place, number)
        place.whatsapp.mend()


def _waited_and_counted(place: Place, number: int) -> None:
    first, second = posted(place, number)
    assert first.dispatched_at is not None
    waited = (second.started_at - first.dispatched_at).total_seconds()
    assert waited >= place.settle_after
    (settled,) = [e for e in events_of(place.database, number) if e.phase == "settled"]
    assert (settled.data["result"], settled.data["failures"]) == ("not_sent", 1)


def test_a_waha_that_is_away_costs_no_try(place: Place) -> None:
    """Connections cut everywhere: the account is down, messages wait unharmed."""
    place.whatsapp.fault("refuse", path="/api/")
    ids = place.put_many(1, name="away")
    place.worker()

    def down() -> bool:
        rows = [message(place.database, number) for number in ids]
        return all(row.hold_rule == "account_down" for row in rows)

    until(down, "they wait for their account")
    place.whatsapp.mend()
    place.until_status(ids, "sent")
    sent_exactly_once(place, ids)
    assert all(message(place.database, number).failures == 0 for number in ids)


def test_waha_killed_in_the_middle(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote
) -> None:
    """kill -9 of WAHA while messages go: its world and ours agree again."""
    folder = tmp_path_factory.mktemp("mortal")
    with WhatsApp(folder / "whatsapp", zygote) as whatsapp:
        template = make_template(folder / "data", whatsapp)
        with opened_place(template, folder / "place", whatsapp, zygote) as place:
            place.worker()
            ids = place.put_many(8, name="mortal")
            until(lambda: len(whatsapp.texts()) >= 4, "some arrive")
            whatsapp.kill()
            time.sleep(0.3)
            whatsapp.start()
            never_twice(place)
            place.until_status(ids, "sent")
            sent_exactly_once(place, ids)
