"""api: /api/v1/questions: sentences of which only a person can tell whether they mean
that a guest wants no more messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response

from wedding_wa import runtime
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Reader,
    RowId,
    Sender,
    SmallBodies,
)
from wedding_wa.services import opt_outs
from wedding_wa.services.opt_out_list import Question, open_questions

router = APIRouter(prefix="/questions", route_class=SmallBodies)


class Answer(Body):
    """`stop`: they want no more messages; `go_on`: it was only a word."""

    answer: Literal["stop", "go_on"]


class QuestionShape(Shape):
    """A guest's `sentence` with the `word` that may mean STOP. `chat`: the conversation
    in the inbox."""

    id: int
    account: AccountKey
    chat: int | None
    guest_id: int | None
    household_id: int | None
    name: str
    sentence: str
    word: str
    at: datetime


class QuestionsShape(Shape):
    """All that are open, the newest first."""

    items: list[QuestionShape]


@router.get("")
async def list_questions(caller: Reader) -> QuestionsShape:
    """What the couple is asked."""
    found = await runtime.current().db.read(open_questions, caller.wedding_id)
    return QuestionsShape(items=[_json(one) for one in found])


@router.post("/{question_id}/answer", status_code=204, responses=problems(404))
async def answer(caller: Sender, question_id: RowId, said: Answer) -> Response:
    """Say what the guest meant. The first answer counts."""
    app = runtime.current()
    await app.db.write(
        opt_outs.answer_question,
        caller.wedding_id,
        question_id,
        stop=said.answer == "stop",
        by=caller.by,
        now=app.clock.now(),
    )
    return Response(status_code=204)


def _json(one: Question) -> QuestionShape:
    who = one.person
    return QuestionShape.model_validate(
        {
            "id": one.id,
            "account": one.account,
            "chat": one.chat or None,
            "guest_id": who.guest_id,
            "household_id": who.household_id,
            "name": who.name or who.push_name or who.phone,
            "sentence": one.sentence,
            "word": one.word,
            "at": one.at,
        }
    )
