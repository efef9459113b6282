"""state: what the couple answers where a guest's sentence may have meant a stop."""

from __future__ import annotations

from collections.abc import Awaitable

from wedding_wa import runtime
from wedding_wa.services import opt_outs, stop_questions
from wedding_wa.services.sessions import Viewer

STOP, GO_ON = ANSWERS = stop_questions.STOP, stop_questions.GO_ON


def answering(who: Viewer, question: int, answer: str) -> Awaitable[object]:
    """Store one of ANSWERS: no more messages, or only a word. Raises as
    `opt_outs.answer_question`."""
    app = runtime.current()
    return app.db.write(
        opt_outs.answer_question,
        who.wedding_id,
        int(question),
        stop=answer == STOP,
        by=who.user_id,
        now=app.clock.now(),
    )
