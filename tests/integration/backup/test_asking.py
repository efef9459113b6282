"""A restored copy sends nothing before it knows what was sent since; then the rest,
each once. Asked of the simulator, which knows what truly arrived."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from tests.accounts import account, gaps, update
from tests.builders import attempts_of, message, phases_of
from tests.integration.backup.conftest import ANNA, BRUNO, Side, Story, store
from tests.integration.conftest import _until
from wedding_wa.domain.errors import Conflict, NotFound
from wedding_wa.models import AuditEntry, HandMessage
from wedding_wa.services import queue, restore_check
from wedding_wa.services.catch_up import catch_up
from wedding_wa.services.queue_timeline import message_detail
from wedding_wa.services.restore_check import skip, waiting


async def test_what_was_sent_since_is_not_sent_again(story: Story) -> None:
    """Five queued, a backup, two sent, restored: the two are settled as sent with their
    WhatsApp ids and count for the limits; the other three go, each once."""
    before = story.before
    ids = [before.put(f"Invito {n}") for n in range(5)]
    story.back_up()
    await before.send(2)
    after = await story.restored()
    await after.hear()
    await after.steps()
    assert len(story.texts()) == 2, "it sent before it had asked"

    assert await after.checked() == {"settled": 2, "freed": 2}
    known = {str(each["text"]): each["id"] for each in before.world.delivered()}
    for number in ids[:2]:
        row = message(after.db, number)
        assert (row.status, row.provider_message_id) == ("sent", known[row.text])
        (attempt,) = attempts_of(after.db, number)
        assert (attempt.counts, attempt.outcome, attempt.attempt) == (True, "sent", 1)
        assert row.attempt == 1
        phases = phases_of(after.db, number)
        assert phases[phases.index("settled") + 1] == "sent"
    await after.send(3)
    assert story.texts() == [f"Invito {n}" for n in range(5)]
    assert not after.left()


async def test_the_same_words_several_times(story: Story) -> None:
    """Three queued with the same words to one guest, one to another; two of the three
    were sent since: just one more goes to the one, and one to the other."""
    before = story.before
    for guest in (ANNA, ANNA, ANNA, BRUNO):
        before.put("Grazie!", to=guest)
    story.back_up()
    await before.send(2)
    after = await story.restored()
    await after.hear()
    assert (await after.checked())["settled"] == 2
    assert after.left() == ["Grazie!", "Grazie!"]
    await after.send(2)
    counted = [str(each["chatId"]) for each in before.world.delivered()]
    assert sorted(counted) == sorted([f"{ANNA[1:]}@c.us"] * 3 + [f"{BRUNO[1:]}@c.us"])


async def test_what_was_sent_before_the_backup_is_another_message(story: Story) -> None:
    """The same words, sent minutes before the backup and known in it, settle nothing;
    nor does what the couple had typed by hand before."""
    before = story.before
    before.put("Grazie!")
    await before.send(1)
    before.world.post(
        "/__world/phone-messages", session="groom", to=ANNA, text="A presto"
    )
    await before.hear()
    assert before.db.read_now(lambda s: s.exec(select(HandMessage.body)).all()) == [
        "A presto"
    ]
    before.put("Grazie!")
    before.put("A presto")
    before.clock.advance(5)
    story.back_up()
    after = await story.restored()
    await after.hear()
    assert (await after.checked())["settled"] == 0
    await after.send(2)
    assert story.texts().count("Grazie!") == 2


async def test_what_was_heard_first_as_typed_by_hand_is_put_right(story: Story) -> None:
    """Reading the chats takes our own messages, unknown in the copy, for the couple's
    typing; the check makes them ours again."""
    before = story.before
    number = before.put("Benvenuta")
    story.back_up()
    await before.send(1)
    after = await story.restored()
    update(after.db, after.groom, restored_from=after.clock.now())
    await after.hear()
    assert (await after.checked())["settled"] == 1
    assert after.status(number) == "sent"
    assert not after.db.read_now(lambda s: s.exec(select(HandMessage.id)).all())


async def test_an_unconfirmed_one_is_found_by_its_id(story: Story) -> None:
    """Whatever it says: the id that was reserved proves it."""
    before = story.before
    number = before.put("Forse")
    before.world.fault("lost", path="/api/sendText", times=1)
    await before.steps()
    assert before.status(number) == "unconfirmed"
    story.back_up()
    after = await story.restored()
    await after.check()
    row = message(after.db, number)
    assert (row.status, row.provider_message_id) == ("sent", row.reserved_id)
    assert len(attempts_of(after.db, number)) == 1


async def test_it_waits_for_what_waha_may_still_send(story: Story) -> None:
    """The first reading does not count: WAHA sends minutes after its client has gone.
    What it sends meanwhile is found by the second."""
    before = story.before
    ids = [before.put("Uno"), before.put("Due")]
    story.back_up()
    await before.send(1)
    after = await story.restored()
    await after.hear()
    assert await after.check() == {"settled": 1, "freed": 0}
    assert after.why() == restore_check.SETTLING
    await before.send(1)
    after.clock.advance(100)
    assert (await after.check())["freed"] == 0
    assert after.held()
    after.clock.advance(400)
    assert await after.check() == {"settled": 1, "freed": 2}
    assert [after.status(number) for number in ids] == ["sent", "sent"]
    assert after.why() is None
    assert not after.left()


async def test_while_waha_is_away_it_waits(story: Story) -> None:
    """Not connected, then unreadable: held, with the reason; back again: asked."""
    before = story.before
    before.put("Uno")
    story.back_up()
    await before.send(1)
    after = await story.restored()
    await after.hear()
    update(after.db, after.groom, status="UNREACHABLE")
    await after.checked()
    assert (after.why(), after.held()) == (restore_check.NOT_CONNECTED, True)

    update(after.db, after.groom, status="WORKING", status_at=after.clock.now())
    before.world.fault("500", path="/messages")
    await after.checked()
    assert (after.why(), after.held()) == (restore_check.UNREADABLE, True)

    before.world.mend()
    assert (await after.checked())["settled"] == 1
    assert not after.held()


async def test_with_the_store_off_only_a_person_ends_it(story: Story) -> None:
    """Without chats nothing proves anything: it waits until somebody says go on, which
    is written down."""
    before = story.before
    before.put("Uno")
    story.back_up()
    after = await story.restored()
    await after.hear()
    store(before.world, on=False)
    await after.checked()
    assert (after.why(), after.held()) == (restore_check.STORE_OFF, True)
    await after.steps()
    assert story.texts() == []

    wedding = before.world.couple.wedding
    (one,) = after.db.read_now(waiting, wedding)
    assert (one.account, one.why) == ("groom", restore_check.STORE_OFF)
    with pytest.raises(NotFound):
        after.db.write_now(skip, wedding, "nobody", now=after.clock.now())
    assert after.db.write_now(skip, wedding, "groom", now=after.clock.now())
    assert not after.db.write_now(skip, wedding, "groom", now=after.clock.now())
    assert after.db.read_now(waiting, wedding) == []
    actions = after.db.read_now(lambda s: s.exec(select(AuditEntry.action)).all())
    assert "restore_check_skipped" in actions
    await after.send(1)


async def test_chats_of_another_login_prove_nothing(story: Story) -> None:
    """WAHA lost its data too: none of what the copy knows stands in the chats."""
    before = story.before
    before.put("Uno")
    story.back_up()
    await before.send(1)
    after = await story.restored()
    await after.hear()
    world = before.world
    world.post("/__world/reset")
    store_path = "/api/sessions/groom/start"
    world.post(store_path)
    _until(world, "groom", "SCAN_QR_CODE")
    world.post("/__world/sessions/groom/scan", phone="+393470000001")
    store(world, on=True)
    story.write("Ciao dopo")  # what this login hears proves nothing of the former one
    await after.hear()
    await after.checked()
    assert (after.why(), after.held()) == (restore_check.OTHER_LOGIN, True)


async def test_more_than_can_be_read_proves_nothing(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chat that was read in part may hold the rest of them."""
    monkeypatch.setattr(restore_check, "PER_CHAT", 2)
    before = story.before
    for n in range(3):
        before.put(f"Invito {n}")
    story.back_up()
    await before.send(2)
    after = await story.restored()
    await after.hear()
    await after.checked()
    assert (after.why(), after.held()) == (restore_check.TOO_MANY, True)


async def test_how_far_it_got_is_known_too(story: Story) -> None:
    """The chat tells the ack of what is found there."""
    before = story.before
    number = before.put("Uno")
    story.back_up()
    await before.send(1)
    known = str(before.world.delivered()[0]["id"])
    chat = f"{ANNA[1:]}@c.us"
    after = await story.restored()
    for _ in range(300):
        client = await after.clients.get(after.groom)
        found = await client.message(chat, known)
        if found and found.ack and found.ack >= 2:
            break
        await asyncio.sleep(0.02)
    await after.check()
    row = message(after.db, number)
    assert row.status == "sent"
    assert row.ack is not None
    assert row.ack >= 2


async def test_what_was_set_aside_meanwhile_is_settled_too(story: Story) -> None:
    """Set aside, forced, anything: what went, went; nothing held goes by force."""
    before = story.before
    ids = [before.put("Uno"), before.put("Due")]
    story.back_up()
    await before.send(1)
    after = await story.restored()
    await after.hear()
    now, wedding = after.clock.now(), before.world.couple.wedding
    after.db.write_now(queue.hold_back, wedding, ids[0], now=now)
    after.db.write_now(queue.force, wedding, ids[1], now=now)
    await after.steps()
    assert story.texts() == ["Uno"]
    await after.checked()
    row = message(after.db, ids[0])
    assert (row.status, row.held_at, row.settled_by) == ("sent", None, "restore")
    await after.send(1)
    assert story.texts() == ["Due", "Uno"]


async def test_a_stop_said_since_is_heard_before_anything_goes(story: Story) -> None:
    """The copy knows nothing of it; the chats of that time are read all the same."""
    before = story.before
    number = before.put("Uno")
    story.back_up()
    story.write("STOP")
    after = await story.restored()
    (gap,) = [g for g in gaps(after.db, after.groom) if g.closed_at is None]
    assert gap.reason == "absence"
    await after.checked()
    assert await catch_up(after.db, after.clients, after.groom, after.clock)
    await after.steps()
    row = message(after.db, number)
    assert (row.status, row.skip_reason) == ("skipped", "opted_out")
    assert story.texts() == []


async def test_what_was_skipped_since_and_went_before_counts_as_sent(
    story: Story,
) -> None:
    """It went, then the guest said STOP: the timeline says that it went."""
    before = story.before
    number = before.put("Uno")
    story.back_up()
    await before.send(1)
    story.write("STOP")
    after = await story.restored()
    await after.hear()
    assert after.status(number) == "skipped"
    await after.checked()
    assert after.status(number) == "sent"


async def test_an_account_that_was_never_linked_needs_no_asking(story: Story) -> None:
    """It never sent anything."""
    update(
        story.before.db,
        story.before.groom,
        status="SCAN_QR_CODE",
        own_chat_id=None,
        phone=None,
    )
    story.back_up()
    after = await story.restored()
    assert account(after.db, after.groom).restored_from is not None
    await after.check()
    assert not after.held()
    assert after.why() is None


async def test_words_stay_as_the_copy_has_them_until_it_knows(story: Story) -> None:
    """It went as it stands in the copy: with other words the chat would not prove it,
    and the guest would read both."""
    before = story.before
    number = before.put("Alle sei")
    story.back_up()
    await before.send(1)
    after = await story.restored()
    with pytest.raises(Conflict):
        edit(after, number, "Alle sette")
    detail = after.db.read_now(
        message_detail, after.world.couple.wedding, number, now=after.clock.now()
    )
    assert detail is not None
    assert not detail.can_edit
    after.clock.advance(60)
    later = after.put("Nuovissimo")
    edit(after, later, "Anche questo")
    await after.hear()
    await after.checked()
    assert after.status(number) == "sent"
    assert message(after.db, number).text == "Alle sei"


def edit(side: Side, number: int, text: str) -> None:
    side.db.write_now(
        queue.edit,
        side.world.couple.wedding,
        number,
        text=text,
        now=side.clock.now(),
    )
