"""services: processing retries: what waits for another try goes, as far as it may.

One function for every caller: the chore every five minutes, `process-retries` on the
command line, a cron job of somebody's own. Where a worker serves an account its
retries are on their way already; where none does, this sends them itself. What is
unconfirmed is looked for, and old tries are forgotten if asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.messages import Status
from wedding_wa.models import Account, QueueMessage, Wedding
from wedding_wa.services.chores import Parts
from wedding_wa.services.live import Change, note
from wedding_wa.services.retention_messages import count_tries, drop_tries
from wedding_wa.services.retry_turn import Turn, due_retries, send_retries
from wedding_wa.services.serving import accounts_by_key, who_serves
from wedding_wa.services.unconfirmed import settle_now

MAX_RETRIES = 50
# Longer than the longest usual gap between two messages.
PATIENCE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class AccountRetries:
    """One account. `due`: back-off over. `served_by`: the living process that sends
    them, None where this run did (or would). `sent` … `failed`: how those tried here
    ended, `later`: with another try to come. `ended`: see retry_turn.Turn."""

    account: str
    due: int
    served_by: str | None
    rescued: int = 0
    sent: int = 0
    later: int = 0
    failed: int = 0
    unconfirmed: int = 0
    ended: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetryStats:
    """What a run did; with `dry_run` what it would do, and nothing was changed.

    `unconfirmed` were in doubt at the beginning, `settled_sent` and `settled_not_sent`
    are no more; `cleaned` tries were forgotten (None: not asked)."""

    dry_run: bool
    accounts: tuple[AccountRetries, ...]
    unconfirmed: int
    settled_sent: int = 0
    settled_not_sent: int = 0
    cleaned: int | None = None

    @property
    def due(self) -> int:
        return sum(one.due for one in self.accounts)

    @property
    def on_their_way(self) -> int:
        """Due retries that a living worker sends."""
        return sum(one.due for one in self.accounts if one.served_by)

    @property
    def tried(self) -> int:
        return sum(
            one.sent + one.later + one.failed + one.unconfirmed for one in self.accounts
        )

    def as_json(self) -> dict[str, object]:
        """The figures for programs; moments are ISO 8601."""
        record = asdict(self)
        for one in record["accounts"]:
            one["until"] = one["until"] and one["until"].isoformat()
        return record | {
            "due": self.due,
            "on_their_way": self.on_their_way,
            "tried": self.tried,
        }


async def process_retries(
    parts: Parts,
    *,
    max_retries: int = MAX_RETRIES,
    dry_run: bool = False,
    cleanup_days: int | None = None,
    send: bool = True,
    patience: timedelta = PATIENCE,
    rng: random.Random | None = None,
    told: Callable[[AccountRetries], None] = lambda _: None,
) -> RetryStats:
    """Send due retries where nobody does, settle doubts, forget old tries if asked.

    At most `max_retries` tries in all (0: none). No rule is skipped: a retry that must
    wait longer than `patience` is left for the next run. `cleanup_days`: forget tries
    begun longer ago, never those that weigh on a limit or on the unanswered count.
    `send` must be False in a process with a worker of its own: two of one process
    would have one lease. That worker is woken instead, and sends them. `told` hears
    of each account when its turn is over. Raises BadInput.
    """
    if max_retries < 0:
        raise BadInput("error.between", "max_retries", low=0, high=100_000)
    if cleanup_days is not None and cleanup_days < 1:
        raise BadInput("error.between", "cleanup_days", low=1, high=3650)
    rng = rng or random.SystemRandom()
    run = _Run(parts, max_retries, patience, rng, send=send, dry_run=dry_run)
    in_doubt = await parts.db.read(_unconfirmed)
    stats = RetryStats(dry_run, (), in_doubt)
    if in_doubt and not dry_run:  # first: what surely never went is a retry as well
        done = await settle_now(
            parts.db, parts.clients, parts.clock, settle_after=parts.settle_after
        )
        stats = replace(stats, settled_sent=done.sent, settled_not_sent=done.not_sent)
    for account_id, key in (await parts.db.read(accounts_by_key)).items():
        one = await run.account(account_id, key)
        stats = replace(stats, accounts=(*stats.accounts, one))
        told(one)
    if cleanup_days is not None:
        stats = replace(stats, cleaned=await run.clean(cleanup_days))
    return stats


@dataclass(slots=True)
class _Run:
    """One run; `left` is how many tries it may still make."""

    parts: Parts
    left: int
    patience: timedelta
    rng: random.Random
    send: bool
    dry_run: bool

    async def account(self, account_id: int, key: str) -> AccountRetries:
        """Send the account's due retries, or say who does, or who would."""
        db, now = self.parts.db, self.parts.clock.now()
        serving = await db.read(who_serves, account_id, now=now)
        due = await db.read(due_retries, account_id, now=now)
        held = await db.read(_in_hand, account_id)
        served_by = f"{serving.host}, {serving.pid}" if serving else None
        found = AccountRetries(key, due, served_by)
        if serving is not None or not (due or held):
            return found
        if self.dry_run:
            return replace(found, rescued=held)
        if not self.send:
            await db.write(_wake, account_id)
            return found
        turn = await send_retries(
            self.parts,
            account_id,
            at_most=self.left,
            patience=self.patience,
            rng=self.rng,
        )
        if turn is None:  # a worker came meanwhile
            return replace(found, ended="lost")
        self.left -= len(turn.tried)
        return await self._told(found, turn)

    async def clean(self, days: int) -> int:
        """Forget old tries; dry, only count them."""
        db, before = self.parts.db, self.parts.clock.now() - timedelta(days=days)
        do = count_tries if self.dry_run else drop_tries
        return sum([await do(db, one, before) for one in await db.read(_weddings)])

    async def _told(self, found: AccountRetries, turn: Turn) -> AccountRetries:
        ends = await self.parts.db.read(_ends, turn.tried)
        return replace(
            found,
            rescued=turn.rescued,
            sent=ends.get(Status.SENT, 0),
            later=ends.get(Status.PENDING, 0),
            failed=ends.get(Status.FAILED, 0) + ends.get(Status.SKIPPED, 0),
            unconfirmed=ends.get(Status.UNCONFIRMED, 0),
            ended=turn.ended,
            until=turn.until,
        )


def _wake(session: Session, account_id: int) -> None:
    """The commit tells every worker that there is something to look at."""
    wedding_id = session.get_one(Account, account_id).wedding_id
    note(session, Change("account", wedding_id, account_id))


def _ends(session: Session, tried: Sequence[int]) -> dict[str, int]:
    """How the messages stand that were tried, counted by status."""
    counted = session.exec(
        select(QueueMessage.status, sa.func.count())
        .where(col(QueueMessage.id).in_(tried))
        .group_by(QueueMessage.status)
    ).all()
    return dict(counted)


def _in_hand(session: Session, account_id: int) -> int:
    return _count(
        session,
        col(QueueMessage.account_id) == account_id,
        col(QueueMessage.status) == Status.PROCESSING,
    )


def _unconfirmed(session: Session) -> int:
    return _count(session, col(QueueMessage.status) == Status.UNCONFIRMED)


def _count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    counting = sa.select(sa.func.count()).select_from(QueueMessage)
    return int(session.execute(counting.where(*conditions)).scalar_one())


def _weddings(session: Session) -> list[int]:
    return [one for one in session.exec(select(Wedding.id)).all() if one is not None]
