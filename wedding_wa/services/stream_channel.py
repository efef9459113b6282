"""services: one wedding's stream in memory, for all who listen to it just now.

The newest envelopes lie here once, each as the text that goes over the wire; a
listener is only a number of where in them it is. So a slow one costs nothing but its
place, and cannot hold up another.
"""

from __future__ import annotations

from bisect import bisect_right

from wedding_wa.services.stream import Batch
from wedding_wa.services.stream_envelopes import Envelope
from wedding_wa.services.stream_places import Place

#: So much is kept of what was told, for those who are behind.
MOST, LARGEST = 2000, 4_000_000
#: Whoever is so far behind is told only the newest state of each message.
BEHIND = 100
#: Envelopes that one listener takes at a time.
SLICE = 16


class FellBehind(Exception):
    """What should be told next is not kept any more."""


class Channel:
    """Everything after `floor`, up to and with `seen`. Numbers count all that was ever
    added."""

    def __init__(self, wedding_id: int, seen: Place) -> None:
        self.wedding_id = wedding_id
        self.floor = self.seen = seen
        self._kept: list[Envelope] = []
        self._first = 0  # the number of the oldest that is kept
        self._size = 0
        self._newest: dict[int, int] = {}  # by message: its newest state's number

    @property
    def end(self) -> int:
        """The number that the next envelope will have."""
        return self._first + len(self._kept)

    def add(self, batch: Batch) -> None:
        """Keep what was read behind `seen`; what is too much of it goes."""
        for one in batch.envelopes:
            if one.about is not None:
                self._newest[one.about] = self.end
            self._kept.append(one)
            self._size += len(one.text)
        self.seen = batch.upto
        self._let_go()

    def number_after(self, place: Place) -> int:
        """The number of the first envelope behind `place`, from `floor` on."""
        return self._first + bisect_right(self._kept, place, key=_place)

    def take(self, number: int) -> tuple[list[Envelope], int]:
        """A slice from `number` on, and the number after it. Raises FellBehind."""
        if number < self._first:
            raise FellBehind
        upto = min(number + SLICE, self.end)
        found = self._kept[number - self._first : upto - self._first]
        if self.end - number <= BEHIND:
            return found, upto
        numbered = enumerate(found, number)
        return [one for n, one in numbered if not self._is_old(one, n)], upto

    def place_before(self, number: int) -> Place:
        """Everything up to and with it was taken by whoever is at `number`."""
        if number >= self.end:
            return self.seen
        return (
            self._kept[number - self._first - 1].place
            if number > self._first
            else self.floor
        )

    def _is_old(self, one: Envelope, number: int) -> bool:
        return one.about is not None and self._newest.get(one.about, number) > number

    def _let_go(self) -> None:
        gone = max(0, len(self._kept) - MOST)
        size = self._size - sum(len(one.text) for one in self._kept[:gone])
        while size > LARGEST:
            size -= len(self._kept[gone].text)
            gone += 1
        if not gone:
            return
        for number, one in enumerate(self._kept[:gone], self._first):
            if one.about is not None and self._newest.get(one.about) == number:
                del self._newest[one.about]
        self.floor = self._kept[gone - 1].place
        del self._kept[:gone]
        self._first += gone
        self._size = size


def _place(one: Envelope) -> Place:
    return one.place
