"""What is kept of a stream for who listens: bounded, in order, the newest state."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.services.stream import Batch
from wedding_wa.services.stream_channel import (
    BEHIND,
    LARGEST,
    MOST,
    Channel,
    FellBehind,
)
from wedding_wa.services.stream_envelopes import Envelope
from wedding_wa.services.stream_places import LAST_PART, Place
from wedding_wa.services.stream_turns import Turns

BEGIN = Place(0, LAST_PART)


def told(channel: Channel, *entries: tuple[int, int | None], size: int = 10) -> None:
    """Entries are added: their numbers, and of which message each is the state."""
    batch = tuple(
        Envelope(Place(entry), "message_status", "x" * size, about)
        for entry, about in entries
    )
    channel.add(Batch(batch, Place(entries[-1][0], LAST_PART), more=False))


def taken(channel: Channel, number: int) -> list[int]:
    """Everything from `number` to the end, slice by slice: the entries."""
    found: list[int] = []
    while number < channel.end:
        some, number = channel.take(number)
        found += [one.place.entry for one in some]
    return found


def test_who_keeps_up_is_told_everything() -> None:
    """Also each state that another follows at once."""
    channel = Channel(1, BEGIN)
    number = channel.number_after(BEGIN)
    told(channel, *((n, 7) for n in range(1, BEHIND + 1)))
    assert taken(channel, number) == list(range(1, BEHIND + 1))


def test_who_is_far_behind_is_told_the_newest_state() -> None:
    """Of each message the last; what is no state is never left out."""
    channel = Channel(1, BEGIN)
    told(channel, *((n, n % 3 or None) for n in range(1, 3 * BEHIND + 1)))
    found = taken(channel, 0)
    every = range(1, 3 * BEHIND + 1)
    assert [n for n in found if n % 3 == 0] == [n for n in every if n % 3 == 0]
    near = [n for n in every if n > 2 * BEHIND + 16]
    assert set(near) <= set(found)
    far = [n for n in found if n % 3 and n <= 2 * BEHIND - 16]
    assert far == []


@given(st.lists(st.integers(0, 5), min_size=1, max_size=700))
def test_the_last_state_is_always_told(states: list[int]) -> None:
    """However far behind one is: in order, none twice, each message's last."""
    channel = Channel(1, BEGIN)
    told(channel, *enumerate(states, 1))
    found = taken(channel, 0)
    assert found == sorted(set(found))
    last = {message: n for n, message in enumerate(states, 1)}
    assert set(last.values()) <= set(found)


def test_no_more_is_kept_than_fits() -> None:
    """By number and by size; who is behind that is told so, and where it began."""
    channel = Channel(1, BEGIN)
    told(channel, *((n, n) for n in range(1, MOST + 101)))
    with pytest.raises(FellBehind):
        channel.take(0)
    assert channel.floor == Place(100)
    assert channel.number_after(Place(100)) == 100
    assert len(taken(channel, 100)) == MOST
    large = Channel(1, BEGIN)
    told(large, *((n, n) for n in range(1, 6)), size=LARGEST // 2)
    assert taken(large, large.number_after(large.floor)) == [4, 5]
    assert large._newest.keys() == {4, 5}


@given(st.integers(0, 60), st.integers(0, LAST_PART))
def test_a_place_is_found_again(entry: int, part: int) -> None:
    """Whoever joins behind a place is told just what comes after it."""
    channel = Channel(1, BEGIN)
    told(channel, *((n, None) for n in range(2, 50, 2)))
    number = channel.number_after(Place(entry, part))
    assert taken(channel, number) == [n for n in range(2, 50, 2) if n > entry]


async def test_turns_leave_the_loop_its_breath() -> None:
    """However many want to work, others get in between after every few."""
    turns, done, gaps = Turns(3), 0, []

    async def work() -> None:
        nonlocal done
        await turns.take()
        done += 1

    async def watch() -> None:
        seen = 0
        while done < 100:
            await asyncio.sleep(0)
            gaps.append(done - seen)
            seen = done

    works = [asyncio.create_task(work()) for _ in range(100)]
    gone = asyncio.create_task(turns.take())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(watch(), *works), 10)
    assert max(gaps) <= 2 * 3
