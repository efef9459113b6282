"""state: who wants no more messages, and sentences the couple is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import reflex as rx

from wedding_wa import runtime
from wedding_wa.services import opt_outs
from wedding_wa.services.inbox_people import Person
from wedding_wa.services.opt_out_list import Question, Who, Wish, opt_out_list
from wedding_wa.services.rights import may_send
from wedding_wa.services.sessions import Viewer
from wedding_wa.state.base import Leave, PageState
from wedding_wa.state.stop_answers import ANSWERS, answering
from wedding_wa.words import say

# How a wish ended: by a person, by the guest, or with a link that was wrong.
START, PERSON, LINK = ENDS = ("start", "person", "link")


class WishView(TypedDict):
    """One wish. Times are ISO; `ended` "" while it holds; `noted_by` "" where the
    guest said it."""

    id: int
    name: str
    about: str
    href: str
    account: str
    sentence: str
    at: str
    noted_by: str
    ended: str
    ended_at: str
    ended_by: str


class QuestionView(TypedDict):
    """One sentence to decide on."""

    id: int
    name: str
    about: str
    href: str
    account: str
    sentence: str
    word: str
    at: str


class OptedOutState(PageState):
    """The wishes that hold, those undone, and the open questions."""

    questions: list[QuestionView] = []
    active: list[WishView] = []
    undone: list[WishView] = []
    may_send: bool = True

    @rx.event(background=True)
    async def live(self) -> Leave:
        """Keep the lists up to date."""
        return await self._follow()

    @rx.event(temporal=True)
    async def undo(self, wish: int) -> None:
        """This person wants messages again, says whoever clicks."""
        if who := await self._allowed(may_send):
            app = runtime.current()
            work = app.db.write(
                opt_outs.undo,
                who.wedding_id,
                int(wish),
                by=who.user_id,
                now=app.clock.now(),
            )
            await self._do(work, done="opt_out.undone")
            await self._refresh()

    @rx.event(temporal=True)
    async def answer(self, question: int, answer: str) -> None:
        """Say what a guest meant: no more messages, or only a word."""
        if answer not in ANSWERS or not (who := await self._allowed(may_send)):
            return
        work = answering(who, question, answer)
        await self._do(work, done=f"opt_out.question.done_{answer}")
        await self._refresh()

    async def _pull(self, who: Viewer) -> Mapping[str, object]:
        found = await runtime.current().db.read(opt_out_list, who.wedding_id)
        lang = self._lang(who)
        return {
            "questions": [_question(one, lang) for one in found.questions],
            "active": [_wish(one, lang) for one in found.active],
            "undone": [_wish(one, lang) for one in found.undone],
            "may_send": may_send(who),
        }


def _wish(wish: Wish, lang: str) -> WishView:
    ended = ""
    if wish.undone_at is not None:
        ended = START if wish.by_start else PERSON if wish.undone_by else LINK
    return WishView(
        id=wish.id,
        name=_name(wish.person, lang),
        about=_about(wish.person),
        href=f"/inbox?chat={wish.chat}" if wish.chat else "",
        account=wish.account,
        sentence=wish.sentence,
        at=wish.at.isoformat(),
        noted_by=_called(wish.noted_by, lang),
        ended=ended,
        ended_at=wish.undone_at.isoformat() if wish.undone_at else "",
        ended_by=_called(wish.undone_by, lang),
    )


def _called(who: Who | None, lang: str) -> str:
    """How a person or a program is named; "" for nobody."""
    if who is None or not who.program:
        return who.name if who else ""
    key = "program" if who.name else "some_program"
    return say(lang, f"opt_out.{key}", name=who.name)


def _question(asked: Question, lang: str) -> QuestionView:
    return QuestionView(
        id=asked.id,
        name=_name(asked.person, lang),
        about=_about(asked.person),
        href=f"/inbox?chat={asked.chat}" if asked.chat else "",
        account=asked.account,
        sentence=asked.sentence,
        word=asked.word,
        at=asked.at.isoformat(),
    )


def _name(person: Person, lang: str) -> str:
    known = person.name or person.push_name or person.phone
    return known or say(lang, "opt_out.somebody")


def _about(person: Person) -> str:
    """Household and number, where they say more than the name does."""
    name = person.name or person.push_name or person.phone
    parts = (person.household, person.phone)
    return " · ".join(part for part in parts if part and part != name)
