"""The demo's guest list: the same each time, and nobody real in it."""

from __future__ import annotations

import re

from wedding_wa.cli.demo_guests import GUESTS, HOUSEHOLDS, NOT_INVITED, households
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.domain.phone import parse_phone


def test_the_list_is_as_long_as_it_says_and_the_same_each_time() -> None:
    """Pictures and stories made from it can be made again."""
    listed = households()
    assert listed == households()
    assert len(listed) == HOUSEHOLDS
    assert sum(len(one.guests) for one in listed) == GUESTS
    uninvited = [one for one in listed if one.invited_days is None]
    assert len(uninvited) == NOT_INVITED
    assert {one.language for one in listed} == {*GUEST_LANGUAGES}


def test_no_number_could_ring_at_a_strangers() -> None:
    """Every number is of fiction (555-01xx), can be read, and is used once; everybody
    first of their household has one."""
    phones = [g.phone for one in households() for g in one.guests if g.phone]
    assert len({*phones}) == len(phones)
    for phone in phones:
        assert re.fullmatch(r"\+1[2-9]\d\d55501\d\d", phone)
        assert parse_phone(phone, "IT") == phone
    assert all(one.guests[0].phone for one in households())
