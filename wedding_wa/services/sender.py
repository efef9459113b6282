"""services: sending one claimed message like a person would.

seen → pause → typing → pause → mark → send → offline. Short transactions only: none
is open while waiting or on the network. Before the mark everything may be given up
without harm; after it only an answer, or evidence, says what became of the message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import sqlalchemy as sa

from wedding_wa.db import Database
from wedding_wa.domain.errors import RateLimited, WahaError
from wedding_wa.domain.human import HumanPlan, plan_like_a_person
from wedding_wa.domain.messages import HoldRule, Outcome, Phase
from wedding_wa.domain.pacing import Hold
from wedding_wa.domain.policy import Policy
from wedding_wa.domain.retry import backoff, judge
from wedding_wa.services import events, queue
from wedding_wa.services import sender_writes as writes
from wedding_wa.services.accounts import Clients
from wedding_wa.services.clock import Clock
from wedding_wa.services.failpoints import reach
from wedding_wa.services.history import policy_of
from wedding_wa.services.queue import Claim, Fault
from wedding_wa.services.sender_writes import RunningPhase
from wedding_wa.services.waha import WahaClient

log = logging.getLogger(__name__)

# How long a send that is already on its way may still take when the app stops.
_LAST_ANSWER_SECONDS = 10.0
_WRITE_AGAIN_SECONDS = 1.0
_RESTRICTED_UNKNOWN = timedelta(hours=6)
# WAHA asked for a pause and did not say how long.
_PAUSE_UNTOLD = timedelta(seconds=30)

Probe = Callable[[int], Awaitable[bool]]
Listen = Callable[[int], Awaitable[object]]


class _NotOurs(Exception):
    """The message was cancelled, paused or taken over: stop, touch nothing."""


class Sender:
    """Sends claimed messages. `probe` asks WAHA whether an account is ready; `listen`
    applies what it has told us and nobody has read yet, as a STOP among it may be."""

    def __init__(
        self,
        db: Database,
        clients: Clients,
        clock: Clock,
        rng: random.Random,
        *,
        probe: Probe,
        listen: Listen,
    ) -> None:
        self._db = db
        self._clients = clients
        self._clock = clock
        self._rng = rng
        self._probe = probe
        self._listen = listen

    async def send(self, claim: Claim) -> None:
        """Send the message in hand, or give it back with what happened.

        Cancelled before the mark it goes back to the line; after the mark the
        answer is waited for a little longer, so that the outcome is known. A fault
        of our own costs the message a try, not those behind it their turn. Raises
        OperationalError while the database cannot be used.
        """
        reach("claimed")
        try:
            await self._send(claim)
        except sa.exc.OperationalError:
            raise
        except Exception:
            log.exception("send broke off", extra=_extra("send_broke", claim))
            policy = await self._db.read(policy_of, claim.account_id)
            delay = backoff(claim.kind, claim.failures + 1, policy, self._rng)
            await self._keep(writes.broken, claim, delay)

    async def _send(self, claim: Claim) -> None:
        policy = await self._db.read(policy_of, claim.account_id)
        plan = plan_like_a_person(claim.text, policy, self._rng)
        try:
            client = await self._clients.get(claim.account_id)
            phase, reserved = await self._approach(claim, plan, client)
        except asyncio.CancelledError:
            # told to stop it stops; what cannot be written whoever comes next frees
            with contextlib.suppress(sa.exc.OperationalError):
                await asyncio.shield(self._give_back(claim, Outcome.STOPPED))
            raise
        except _NotOurs:
            log.warning("message let go", extra=_extra("message_let_go", claim))
            await self._give_back(claim, Outcome.CANCELLED)
            return
        except WahaError as error:
            await self._failed(claim, error, policy)
            return
        await self._until_answered(
            self._dispatch(claim, phase, reserved, plan, policy, client)
        )

    async def _approach(
        self, claim: Claim, plan: HumanPlan, client: WahaClient
    ) -> tuple[RunningPhase, str | None]:
        """Everything before the message itself, up to the durable mark."""
        unseen = await self._db.read(writes.unseen, claim.account_id, claim.chat_id)
        phase = await self._enter(None, claim, Phase.READING, {"to_mark": len(unseen)})
        await client.send_seen(claim.chat_id, unseen)
        reach("seen")
        await self._db.write(
            writes.mark_seen, claim.account_id, unseen, self._clock.now()
        )
        wait = {"wait_ms": round(plan.pause * 1000)}
        phase = await self._enter(phase, claim, Phase.WAITING_HUMAN, wait)
        await self._clock.sleep(plan.pause)
        reach("waited")
        waited = events.milliseconds(phase.began, self._clock.now())
        phase.data["wait_actual_ms"] = waited
        phase = await self._enter(phase, claim, Phase.TYPING, writes.typing_plan(plan))
        await self._type(claim, plan, phase, client)
        reserved = claim.reserved_id or await client.new_message_id()
        reach("reserved")
        await self._listen(claim.account_id)
        reach("listened")
        return await self._mark(phase, claim, plan, reserved), reserved

    async def _type(
        self, claim: Claim, plan: HumanPlan, phase: RunningPhase, client: WahaClient
    ) -> None:
        began = self._clock.now()
        try:
            await client.start_typing(claim.chat_id)
            reach("typing_started")
            await self._clock.sleep(plan.typing)
        finally:
            with contextlib.suppress(WahaError):
                await client.stop_typing(claim.chat_id)
        reach("typing_stopped")
        stopped = self._clock.now()
        await self._clock.sleep(plan.final_pause)
        phase.data |= {
            "typing_actual_ms": events.milliseconds(began, stopped),
            "final_pause_actual_ms": events.milliseconds(stopped, self._clock.now()),
        }

    async def _enter(
        self,
        before: RunningPhase | None,
        claim: Claim,
        phase: Phase,
        data: Mapping[str, object],
    ) -> RunningPhase:
        """End the running phase and begin the next, in one transaction."""
        now = self._clock.now()
        event_id = await self._db.write(writes.advance, before, claim, phase, data, now)
        if event_id is None:
            raise _NotOurs
        reach(phase.value)
        return RunningPhase(event_id, now, dict(data))

    async def _mark(
        self, before: RunningPhase, claim: Claim, plan: HumanPlan, reserved: str | None
    ) -> RunningPhase:
        now = self._clock.now()
        try:
            event_id = await self._db.write(
                writes.mark, before, claim, plan, reserved, now
            )
        except sa.exc.IntegrityError as error:
            # the database's own guard: they asked for no more in this very moment
            raise _NotOurs from error
        if event_id is None:
            raise _NotOurs
        reach("marked")
        return RunningPhase(event_id, now, {"reserved_id": reserved})

    async def _dispatch(
        self,
        claim: Claim,
        phase: RunningPhase,
        reserved: str | None,
        plan: HumanPlan,
        policy: Policy,
        client: WahaClient,
    ) -> None:
        """Post the message and write down what WAHA says."""
        reach("posting")
        try:
            sent = await client.send_text(
                claim.chat_id,
                claim.text,
                message_id=reserved,
                link_preview=policy.link_preview,
            )
        except WahaError as error:
            await self._failed(claim, error, policy, phase)
            return
        reach("answered")
        await self._keep(writes.sent, claim, phase, sent.message_id, plan)
        reach("finished")
        log.info("message sent", extra=_extra("message_sent", claim))
        await client.presence_offline()

    async def _until_answered(self, dispatch: Awaitable[None]) -> None:
        task = asyncio.ensure_future(dispatch)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=_LAST_ANSWER_SECONDS)
            raise

    async def _failed(
        self,
        claim: Claim,
        error: WahaError,
        policy: Policy,
        phase: RunningPhase | None = None,
    ) -> None:
        """Judge the fault and give the message back accordingly."""
        verdict = judge(error)
        outcome = verdict.outcome
        hold = None
        unanswered = outcome is Outcome.NOT_SENT and (error.http_status or 599) >= 500
        if outcome is Outcome.ACCOUNT_DOWN or unanswered:
            # the account's own answer decides whether it is down or only hiccuped:
            # a WAHA that is away must not use up the tries
            ready = await self._probe(claim.account_id)
            outcome = Outcome.NOT_SENT if ready else Outcome.ACCOUNT_DOWN
            hold = None if ready else Hold(HoldRule.ACCOUNT_DOWN, None)
        elif outcome is Outcome.RESTRICTED:
            until = verdict.until or self._clock.now() + _RESTRICTED_UNKNOWN
            hold = Hold(HoldRule.RESTRICTED, until)
        delay = backoff(
            claim.kind,
            claim.failures + 1,
            policy,
            self._rng,
            retry_after=verdict.retry_after,
        )
        fault = Fault(error.code, error.http_status, _pause(error))
        await self._keep(writes.judged, claim, phase, outcome, hold, delay, fault)
        log.warning(
            "message not sent",
            extra=_extra("message_not_sent", claim)
            | {"outcome": outcome.value, "error": error.code},
        )

    async def _keep(self, write: Callable[..., None], *args: object) -> None:
        """Write an outcome down, however long the database cannot be written to."""
        now = self._clock.now()
        while True:
            try:
                await self._db.write(write, *args, now)
            except sa.exc.OperationalError:
                log.exception("outcome kept", extra={"action": "outcome_not_written"})
                await self._clock.sleep(_WRITE_AGAIN_SECONDS)
            else:
                return

    async def _give_back(self, claim: Claim, outcome: Outcome) -> None:
        await self._db.write(
            queue.release, claim, outcome=outcome, now=self._clock.now()
        )


def _pause(error: WahaError) -> timedelta | None:
    """How long WAHA wants to be left alone, where it says that it does."""
    if not isinstance(error, RateLimited):
        return None
    wanted = error.retry_after
    return _PAUSE_UNTOLD if wanted is None else timedelta(seconds=wanted)


def _extra(action: str, claim: Claim) -> dict[str, object]:
    return {
        "action": action,
        "message_id": claim.message_id,
        "account_id": claim.account_id,
        "attempt": claim.attempt,
    }
