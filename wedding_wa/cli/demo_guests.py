"""cli: the demo's guest list: 60 households, 150 people, the same each time.

Numbers are of the 555-01xx ranges that no network gives out, so no link of the demo
reaches a stranger.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

HOUSEHOLDS = 60
GUESTS = 150
# Of the households so many have not been handed their link yet.
NOT_INVITED = 10

_SEED = 1906
_AREAS = (206, 212, 213, 305, 312, 415, 503, 617, 702, 808)
_SIZES = (1, 2, 2, 2, 3, 3, 4)
_FIRST = {
    "it": "Giulia Marco Chiara Luca Elena Matteo Sofia Pietro Ada Bruno Carla Dino "
    "Franca Gino Ilaria Leo Nadia Oreste Paola Rita Silvia Teresa Ugo Vera",
    "en": "Emma Jack Olivia Harry Grace Tom Ruby Sam Alice Ben Clara Dan Ella Fred",
    "de": "Anna Jonas Lena Felix Marie Paul Greta Max Frieda Karl",
    "fr": "Camille Louis Manon Hugo Léa Jules Inès Théo",
    "es": "Lucía Mateo Carmen Diego Sara Álvaro Noa Iván",
    "pt": "Beatriz João Inês Tomás Clara Rui Marta Nuno",
}
_LAST = {
    "it": "Rossi Bianchi Ferrari Romano Colombo Ricci Marino Greco Bruno Gallo Conti "
    "Deluca Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro "
    "Mariani Rinaldi Caruso Ferrara Galli Martini Leone Longo Gentile Martinelli",
    "en": "Walsh Clarke Bennett Foster Hughes Palmer Reid Shaw Turner Wood",
    "de": "Müller Schneider Fischer Weber Becker Hoffmann Krüger Lang",
    "fr": "Martin Dubois Moreau Girard Lefèvre",
    "es": "García Navarro Ortega Vidal",
    "pt": "Silva Pereira Santos Almeida",
}
_LANGUAGES = ("it",) * 31 + ("en",) * 10 + ("de",) * 8 + ("fr",) * 5 + ("es",) * 3
_TAGS = ("family", "friends", "work", "university", "ceremony", "dinner", "kids")


@dataclass(frozen=True, slots=True)
class DemoGuest:
    """One person; without a phone they share the household's first one."""

    name: str
    phone: str
    tags: tuple[str, ...]
    notes: str = ""


@dataclass(frozen=True, slots=True)
class DemoHousehold:
    """People invited together; `invited_days` ago they got their link (None: not)."""

    name: str
    side: str
    language: str
    guests: tuple[DemoGuest, ...]
    invited_days: float | None


def households() -> list[DemoHousehold]:
    """Return the list, the same at every call."""
    rng = random.Random(_SEED)  # noqa: S311  # names, not secrets
    phones = _phones(rng)
    languages = [*_LANGUAGES, *("pt",) * (HOUSEHOLDS - len(_LANGUAGES))]
    rng.shuffle(languages)
    sizes = _sizes(rng)
    used: set[str] = set()
    return [
        _household(rng, number, language, size, phones, used)
        for number, (language, size) in enumerate(zip(languages, sizes, strict=True))
    ]


def _household(
    rng: random.Random,
    number: int,
    language: str,
    size: int,
    phones: Iterator[str],
    used: set[str],
) -> DemoHousehold:
    last = _fresh(rng, _LAST[language].split(), used)
    group = rng.choice(_TAGS[:4])
    guests = tuple(
        DemoGuest(
            name=f"{first} {last}",
            phone=next(phones) if place < 2 else "",
            tags=(group, "kids") if place > 1 else (group,),
            notes="Vegetarian" if rng.random() < 0.06 else "",
        )
        for place, first in enumerate(rng.sample(_FIRST[language].split(), size))
    )
    uninvited = number % (HOUSEHOLDS // NOT_INVITED) == 3
    return DemoHousehold(
        name=last if size > 1 else guests[0].name,
        side=rng.choice(("groom", "bride")),
        language=language,
        guests=guests,
        invited_days=None if uninvited else round(rng.uniform(0.1, 12.0), 2),
    )


def _fresh(rng: random.Random, names: list[str], used: set[str]) -> str:
    """A name that no other household has: two that meet are joined by a hyphen."""
    free = [name for name in names if name not in used]
    name = rng.choice(free) if free else "-".join(rng.sample(names, 2))
    used.add(name)
    return name


def _sizes(rng: random.Random) -> list[int]:
    """How many people each household has: `GUESTS` in all."""
    sizes = [rng.choice(_SIZES) for _ in range(HOUSEHOLDS)]
    while (over := sum(sizes) - GUESTS) != 0:
        which = rng.randrange(HOUSEHOLDS)
        step = -1 if over > 0 else 1
        if 1 <= sizes[which] + step <= 5:
            sizes[which] += step
    return sizes


def _phones(rng: random.Random) -> Iterator[str]:
    """Numbers of fiction, each once; none of them a WhatsApp stranger's."""
    all_ = [f"+1{area}55501{last:02}" for area in _AREAS for last in range(10, 100)]
    rng.shuffle(all_)
    return iter(all_)
