"""STOP, START, words and hands, repeated and in any order: the end is the same."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from tests.builders import make_couple, message, put
from tests.integration.chats.conftest import CHAT, LID, PHONE, Post, later
from wedding_wa.db import opened
from wedding_wa.models import Evidence, InboundMessage, StopQuestion
from wedding_wa.services import opt_outs

PERHAPS = "can you stop writing to me at night?"
TEXTS = ("STOP", "basta!", "START", "ciao", "stop by on Friday", PERHAPS)
PLACES = ((CHAT, "groom"), (CHAT, "bride"), (LID, "groom"))
Said = tuple[int, str, tuple[str, str], bool]

saids = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from(TEXTS),
        st.sampled_from(PLACES),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def tell(post: Post, number: int, said: Said, source: Evidence) -> None:
    at, text, (chat, account), by_hand = said
    post.wrote(
        text,
        at=at,
        chat=chat,
        account=account,
        bare=f"3A{number:04d}",
        source=source,
        phone=None if by_hand else PHONE,
        from_me=by_hand,
    )


def wanted_none(said: list[Said]) -> bool:
    """What it must come to: the newest STOP, unless a START is newer still."""
    stops = [at for at, text, _, hand in said if not hand and text in TEXTS[:2]]
    starts = [at for at, text, _, hand in said if not hand and text == "START"]
    return bool(stops) and max(stops) >= max(starts, default=-1)


def left_open(said: list[Said]) -> list[int]:
    """When the sentences were said that still wait for the couple's answer."""
    theirs = [one for one in said if not one[3]]
    stops = [at for at, text, *_ in theirs if text in TEXTS[:2]]

    def is_answered(at: int) -> bool:
        return wanted_none([one for one in theirs if one[0] <= at]) or (
            max(stops, default=-1) >= at
        )

    return sorted(
        at for at, text, *_ in theirs if text == PERHAPS and not is_answered(at)
    )


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(data=st.data(), said=saids)
def test_the_newest_wish_holds(template: Path, data: Any, said: list[Said]) -> None:
    """Whatever is heard when, how often and where of one person."""
    repeats = data.draw(st.lists(st.sampled_from(range(len(said))), max_size=4))
    order = data.draw(st.permutations([*range(len(said)), *repeats]))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "test.db"
        shutil.copy(template, copy)
        with opened(f"sqlite:///{copy}") as database:
            post = Post(database, make_couple(database))
            home, _ = post.household("Rossi", ("Maria", PHONE))
            post.wrote("first", at=-1)
            waiting = put(database, post.couple, to=CHAT, now=later(0))
            for number in order:
                source = data.draw(st.sampled_from(list(Evidence)[:3]))
                tell(post, number, said[number], source)
            none = wanted_none(said)
            silent = database.read_now(
                opt_outs.wants_none, post.couple.wedding, {CHAT, LID}
            )
            assert (CHAT in silent) is none
            assert post.stage(home) == ("opted_out" if none else "active")
            if none:
                assert message(database, waiting.id).status == "skipped"
            assert open_questions(post) == left_open(said)
            theirs = [one for one in said if not one[3]]
            assert len(seen(post)) == len(theirs) + 1
            assert hands(post) == max(
                (at for at, _, where, hand in said if hand and where == PLACES[0]),
                default=None,
            )


def open_questions(post: Post) -> list[int]:
    """The seconds at which they were said."""
    found = post.db.read_now(
        lambda s: s.exec(
            select(InboundMessage.at)
            .join(StopQuestion, StopQuestion.inbound_id == InboundMessage.id)
            .where(StopQuestion.answered_at.is_(None))
        ).all()
    )
    return sorted(next(n for n in range(7) if later(n) == at) for at in found)


def seen(post: Post) -> list[Any]:
    from tests import accounts as see

    return [
        *see.inbound(post.db, post.couple.groom),
        *see.inbound(post.db, post.couple.bride),
    ]


def hands(post: Post) -> float | None:
    at = post.chat().human_at
    return None if at is None else (at - later(0)).total_seconds()
