"""services: what confirming a guest list would do, line by line. Pure.

The phone says who somebody is; without one, the name inside the household does. An
empty cell never takes anything away, and tags are only added. So reading the same
list again after it was confirmed changes nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wedding_wa.domain.guests import Side
from wedding_wa.domain.phone import nice_phone
from wedding_wa.services.guest_import_lines import Remark, Wanted, folded, remark
from wedding_wa.services.guest_import_values import (
    Guests,
    Home,
    HomeKey,
    Known,
    Plan,
    Planned,
    Shift,
    Verdict,
)


def plan(wanted: Iterable[Wanted], guests: Guests, *, side: Side) -> Plan:
    """Return what confirming would do; `side` is for lines that do not say."""
    lines = list(wanted)
    work = _Work(_Index.of(guests), side, guests.language)
    for group in _by_phone(lines).values():
        work.people_of_a_phone(group)
    for line in lines:
        if not line.bad and line.phone is None:
            work.without_phone(line)
    planned = tuple(
        work.done.get(line.number) or Planned(line, Verdict.BAD) for line in lines
    )
    counts = Counter(line.verdict for line in planned)
    return Plan(planned, {verdict: counts[verdict] for verdict in Verdict})


def own_language(wanted: str | None, home: str | None, wedding: str) -> str | None:
    """What is kept with a guest: nothing where it is the household's anyway."""
    return None if wanted == (home or wedding) else wanted


def _by_phone(lines: Sequence[Wanted]) -> dict[str, list[Wanted]]:
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for line in lines:
        if line.phone and not line.bad:
            groups[line.phone].append(line)
    return groups


@dataclass(frozen=True, slots=True)
class _Index:
    """The guests there are, by what a line can know them by."""

    owners: Mapping[str, Known]
    sharing: Mapping[int, list[Known]]
    homes: Mapping[tuple[str, Side], list[Home]]
    members: Mapping[int, list[Known]]
    phones: Mapping[int, str]

    @classmethod
    def of(cls, guests: Guests) -> _Index:
        sharing: dict[int, list[Known]] = defaultdict(list)
        members: dict[int, list[Known]] = defaultdict(list)
        homes: dict[tuple[str, Side], list[Home]] = defaultdict(list)
        for home in guests.homes:
            homes[home.folded, home.side].append(home)
        for one in guests.known:
            members[one.home.id].append(one)
            if one.contact_id:
                sharing[one.contact_id].append(one)
        owners = {one.phone: one for one in guests.known if one.phone}
        phones = {one.id: one.phone for one in guests.known if one.phone}
        return cls(owners, sharing, homes, members, phones)

    def phone_of(self, one: Known) -> str:
        """The number a guest is reached by, their own or the shared one."""
        return one.phone or self.phones.get(one.contact_id or 0, "")


@dataclass(slots=True)
class _Work:
    """What is decided so far. Nobody there is belongs to two lines."""

    index: _Index
    default_side: Side
    language: str
    done: dict[int, Planned] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _alone: set[tuple[str, Side, str]] = field(default_factory=set)

    def people_of_a_phone(self, lines: list[Wanted]) -> None:
        """The first has the phone, the others share it and live with them."""
        lines = self._without_doubles(lines)
        owner = self.index.owners.get(lines[0].phone or "")
        if owner is None:
            first, *others = lines
            chief = self._new_owner(first)
            for line in others:
                self._sharing(line, chief, first.number, self._known_at(chief, line))
            return
        chief, rest = self._known_owner(owner, lines)
        by_name = {one.folded: one for one in self.index.sharing.get(owner.id, ())}
        for line in rest:
            known = self._free(by_name.get(folded(line.name)))
            known = known or self._known_at(chief, line)
            self._sharing(line, chief, None, known)

    def without_phone(self, line: Wanted) -> None:
        """The name inside the household says who it is."""
        homes, key = self._homes(line)
        known = self._named(homes, line)
        side = line.side or self.default_side
        twice = (folded(line.household or line.name), side, folded(line.name))
        if known:
            self._meet(line, known, known.home)
        elif twice in self._alone:
            self._bad(line, remark("twice_name", name=line.name))
        else:
            self._new(line, homes, key)
        self._alone.add(twice)

    # --- who has the phone ----------------------------------------------------------

    def _without_doubles(self, lines: list[Wanted]) -> list[Wanted]:
        """The same person twice in the file counts once."""
        seen: dict[str, int] = {}
        kept = []
        for line in lines:
            name = folded(line.name)
            if name in seen:
                self._bad(line, remark("twice", line=seen[name]))
            else:
                seen[name] = line.number
                kept.append(line)
        return kept

    def _known_owner(
        self, owner: Known, lines: list[Wanted]
    ) -> tuple[Planned, list[Wanted]]:
        """Which line is the owner: by name, else the first that nobody else is."""
        sharing = {one.folded for one in self.index.sharing.get(owner.id, ())}
        named = [line for line in lines if folded(line.name) == owner.folded]
        other = [line for line in lines if folded(line.name) not in sharing]
        chosen = next(iter([*named, *other]), None)
        rest = [line for line in lines if line is not chosen]
        if chosen is None:  # only people who share it are in the file
            silent = Wanted(0, owner.name)
            chief = Planned(
                silent, Verdict.SAME, owner.id, owner.home.id, owner.home.name
            )
            return replace(chief, side=owner.side), rest
        homes, _ = self._homes(chosen)
        return self._meet(chosen, owner, next(iter(homes), None)), rest

    def _new_owner(self, line: Wanted) -> Planned:
        """Nobody has this number: a guest without one may be meant, by name."""
        homes, key = self._homes(line)
        namesake = self._named(homes, line)
        if namesake and not self.index.phone_of(namesake):
            return self._meet(line, namesake, namesake.home)
        if namesake and line.household:
            phone = nice_phone(self.index.phone_of(namesake))
            line = _with(line, remark("namesake", name=namesake.name, phone=phone))
        return self._new(line, homes, key)

    def _sharing(
        self, line: Wanted, chief: Planned, number: int | None, known: Known | None
    ) -> None:
        """Somebody on another's phone: they live with them, or stay where they are,
        whatever the line says."""
        home = known.home.name if known else chief.home_name
        if line.household and folded(line.household) != folded(home):
            line = _with(line, remark("household_of", name=chief.wanted.name))
        line = _with(line, remark("shares", name=chief.wanted.name))
        contact_id = chief.guest_id
        shared = Planned(
            line,
            Verdict.NEW,
            home=chief.home,
            home_name=chief.home_name,
            side=line.side or chief.side,
            contact=number if contact_id is None else None,
            contact_id=contact_id,
        )
        if known is None:
            self._put(shared)
            return
        shifts = self._shifts(replace(line, household=""), known)
        self._taken.add(known.id)
        self._put(
            replace(
                shared,
                verdict=Verdict.CHANGED if shifts else Verdict.SAME,
                guest_id=known.id,
                home=known.home.id,
                home_name=known.home.name,
                side=line.side or known.side,
                shifts=tuple(shifts),
            )
        )

    # --- who lives where ------------------------------------------------------------

    def _homes(self, line: Wanted) -> tuple[list[Home], HomeKey]:
        """The households a line may mean, and the key of the one it would make; named
        like the guest where it names none."""
        name = folded(line.household or line.name)
        sides = [line.side] if line.side else [self.default_side, *Side]
        found = (self.index.homes.get((name, side)) for side in sides)
        homes = next((some for some in found if some), [])
        if homes or line.household:
            side = line.side or self.default_side
            return homes, (homes[0].id if homes else (name, side.value))
        return [], (line.number,)

    def _named(self, homes: Iterable[Home], line: Wanted) -> Known | None:
        name = folded(line.name)
        found = (
            one
            for home in homes
            for one in self.index.members.get(home.id, ())
            if one.folded == name and self._free(one)
        )
        return next(found, None)

    def _known_at(self, chief: Planned, line: Wanted) -> Known | None:
        """A guest without a phone of the same name in the owner's household."""
        if not isinstance(chief.home, int):
            return None
        name = folded(line.name)
        for one in self.index.members.get(chief.home, ()):
            if one.folded == name and not self.index.phone_of(one) and self._free(one):
                return one
        return None

    def _free(self, known: Known | None) -> Known | None:
        return known if known and known.id not in self._taken else None

    # --- what becomes of it ---------------------------------------------------------

    def _new(self, line: Wanted, homes: Sequence[Home], key: HomeKey) -> Planned:
        """Somebody new: in a household there is only where the line names it."""
        home = next(iter(homes), None) if line.household else None
        return self._put(
            Planned(
                line,
                Verdict.NEW,
                home=key if line.household else (line.number,),
                home_name=home.name if home else line.household or line.name,
                side=line.side or (home.side if home else self.default_side),
            )
        )

    def _meet(self, line: Wanted, known: Known, home: Home | None) -> Planned:
        """A line about somebody there is. `home` None is a household to be made."""
        moves = bool(line.household) and folded(line.household) != known.home.folded
        shifts = self._shifts(line, known)
        self._taken.add(known.id)
        key: HomeKey = known.home.id
        if moves:
            key = home.id if home else self._homes(line)[1]
        return self._put(
            Planned(
                line,
                Verdict.CHANGED if shifts else Verdict.SAME,
                known.id,
                key,
                line.household if moves else known.home.name,
                line.side or known.side,
                contact_id=None if line.phone else known.contact_id,
                shifts=tuple(shifts),
            )
        )

    def _shifts(self, line: Wanted, known: Known) -> list[Shift]:
        moves = line.household and folded(line.household) != known.home.folded
        effective = known.language or known.home.language or self.language
        added = [tag for tag in line.tags if tag not in known.tags]
        pairs = (
            ("name", known.name, line.name),
            ("phone", self.index.phone_of(known), line.phone),
            ("household", known.home.name, line.household if moves else ""),
            ("side", known.side.value, line.side.value if line.side else ""),
            ("language", effective, line.language),
            ("tags", _listed(known.tags), _listed(known.tags, added) if added else ""),
            ("notes", known.notes, line.notes),
        )
        return [Shift(name, old, new) for name, old, new in pairs if new and new != old]

    def _bad(self, line: Wanted, why: Remark) -> None:
        self._put(Planned(replace(line, bad=(*line.bad, why)), Verdict.BAD))

    def _put(self, planned: Planned) -> Planned:
        self.done[planned.number] = planned
        return planned


def _with(line: Wanted, told: Remark) -> Wanted:
    return replace(line, told=(*line.told, told))


def _listed(known: Iterable[str], added: Iterable[str] = ()) -> str:
    return ", ".join([*sorted(known), *added])
