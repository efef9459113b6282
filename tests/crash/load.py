"""A mixed load: what couples and programs queue, through the command line's door."""

from __future__ import annotations

import itertools
import json
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta

from tests.crash.clocks import Offset
from tests.crash.places import GUESTS, PHONES, Place
from wedding_wa.domain.messages import Kind
from wedding_wa.services.enqueue import EnqueueRequest, enqueue

_BODIES = (
    "Cari amici, vi aspettiamo il 20 giugno!",
    "👰🏽‍♀️🤵🏻 Ci sposiamo! 💍🎉",
    "שלום! החתונה ב־20 ביוני",
    "مرحبا! ننتظركم \u2068يوم الأحد\u2069",
    "𝓛𝓾𝓬𝓪 & 𝓐𝓷𝓷𝓪 𠮷𠮷",
    "Zoë\u0301 a\u200db\u200cc\u2060d",
    "Riga uno\nRiga due\n\n\tRiga tre",
    '*grassetto* _corsivo_ ~no~ "virgolette" \\ / {name}',
    "=1+1; DROP TABLE queue_message; --",
    "<script>alert('ciao')</script> &amp;",
    "Là-bas, l'été — c'est « beau »…",
    "x" * 3900,
)
_CATEGORIES = ("account", "otp", "system", "notification", "urgent", "reminder", "rsvp")
_TRIES = 20


@dataclass(frozen=True)
class Wish:
    """What a door said yes to."""

    key: str
    text: str
    account: str
    may_expire: bool


@dataclass
class Door:
    """Brings messages in; every key only once, however often the door was slammed."""

    place: Place
    chance: random.Random
    offset: Offset
    name: str
    wishes: list[Wish] = field(default_factory=list)
    kills: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def bring(self, count: int) -> None:
        """Queue `count` messages, most by one file; some by the hands of a person."""
        asked = [self._wish() for _ in range(count)]
        by_hand = [wish for wish in asked if self.chance.random() < 0.15]
        lines = [wish for wish in asked if wish not in by_hand]
        for wish in by_hand:
            self._by_hand(wish)
        if lines:
            self._by_file(lines)
        self.wishes += asked

    def _wish(self) -> Wish:
        number = next(self._numbers)
        account = self.chance.choice(tuple(GUESTS))
        text = f"{self.chance.choice(_BODIES)} ({self.name}-{number})"
        key = f"{self.name}-{number}"
        return Wish(key, text, account, self.chance.random() < 0.1)

    def _by_hand(self, wish: Wish) -> None:
        """A test message to the own number, or a reply, as the pages queue them."""
        kind = self.chance.choice((Kind.TEST, Kind.REPLY))
        to = (PHONES if kind is Kind.TEST else GUESTS)[wish.account]
        now = self.offset.now()
        request = EnqueueRequest(
            wish.account,
            to,
            wish.text,
            kind=kind.value,
            expires_at=now + timedelta(seconds=30) if wish.may_expire else None,
            idempotency_key=wish.key,
        )
        self.place.database.write_now(
            enqueue, self.place.couple.wedding, request, now=now
        )

    def _by_file(self, lines: list[Wish]) -> None:
        fields = [self._fields(wish) for wish in lines]
        file = self.place.folder / f"{lines[0].key}.jsonl"
        for _ in range(_TRIES):
            pairs = zip(lines, fields, strict=True)
            file.write_text("".join(self._line(*each) for each in pairs))
            if self._pass_through(["enqueue", "--file", str(file)]):
                return
        raise AssertionError(self.place.children[-1].log)

    def _pass_through(self, words: list[str]) -> bool:
        """Whether the door said yes; sometimes it is killed before it can."""
        door = self.place.child(words, **self.place.clocked(self.offset.path))
        if self.chance.random() < 0.1:
            time.sleep(self.chance.uniform(0.0, 0.3))
            door.kill()
            self.kills += door.process.returncode == -9
        return door.ended() == 0

    def _fields(self, wish: Wish) -> dict[str, object]:
        """Most are plain; each field has its few."""
        chance = self.chance
        fields: dict[str, object] = {
            "to": GUESTS[wish.account],
            "text": wish.text,
            "idempotency_key": wish.key,
            "account": wish.account,
        }
        if chance.random() < 0.25:
            fields |= {"kind": "notification", "category": chance.choice(_CATEGORIES)}
            fields["title"] = "Promemoria 💌"
        if chance.random() < 0.5:
            fields["priority"] = chance.randint(1, 5)
        if chance.random() < 0.1:
            fields["max_attempts"] = chance.randint(1, 2)
        if chance.random() < 0.1:
            fields["at"] = chance.uniform(1.0, 3.0)
        return fields

    def _line(self, wish: Wish, fields: dict[str, object]) -> str:
        """Times count from the moment at which the line is written (again)."""
        now, told = self.offset.now(), dict(fields)
        at = told.get("at")
        if isinstance(at, float):
            told["at"] = (now + timedelta(seconds=at)).isoformat()
        if wish.may_expire:
            told["expires_at"] = (now + timedelta(seconds=30)).isoformat()
        return json.dumps(told, ensure_ascii=self.chance.random() < 0.5) + "\n"
