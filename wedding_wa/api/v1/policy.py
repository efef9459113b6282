"""api: /api/v1/accounts/{key}/policy and /api/v1/sending: limits, and pausing all."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from sqlmodel import Session

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.policy_fields import PolicyChange, PolicyShape
from wedding_wa.api.v1.shapes import (
    AccountKey,
    Body,
    Controller,
    Manager,
    Reader,
    SmallBodies,
)
from wedding_wa.domain.messages import HoldRule
from wedding_wa.domain.pacing import Decision, Hold
from wedding_wa.domain.policy import Policy
from wedding_wa.services.account_records import paused_since
from wedding_wa.services.enqueue import account_id_of
from wedding_wa.services.history import policy_of
from wedding_wa.services.limits import limits, make_same, to_defaults
from wedding_wa.services.pausing import pause_all, resume_all
from wedding_wa.services.policies import save_policy

router = APIRouter(route_class=SmallBodies)


class NowShape(Shape):
    """Whether the account could send now, by its own limits. `go` false: `rule` holds
    it, `until` then (null: until something changes), with the figures in `params`."""

    go: bool
    rule: HoldRule | None
    until: datetime | None
    params: dict[str, Any]


class SameAs(Body):
    """Whose limits to take over."""

    account: AccountKey


class SendingShape(Shape):
    """Whether all sending is paused, and since when."""

    paused: bool
    paused_at: datetime | None = Field(description="null: it is not.")


@router.get("/accounts/{key}/policy", responses=problems(404))
async def show(caller: Reader, key: AccountKey) -> PolicyShape:
    """How the account may send: its limits."""
    return _shape(await runtime.current().db.read(_policy, caller.wedding_id, key))


@router.patch("/accounts/{key}/policy", responses=problems(404))
async def change(
    caller: Manager, key: AccountKey, changes: PolicyChange
) -> PolicyShape:
    """Change the limits that are named. They hold from the next decision on; what is in
    hand is finished under the old ones."""
    app = runtime.current()
    fields = changes.model_dump(exclude_unset=True)
    return _shape(await app.db.write(_save, caller, key, fields, now=app.clock.now()))


@router.post("/accounts/{key}/policy/defaults", responses=problems(404))
async def reset(caller: Manager, key: AccountKey) -> PolicyShape:
    """Give the account the limits that a new one has."""
    app, wedding = runtime.current(), caller.wedding_id
    await app.db.write(to_defaults, wedding, key, now=app.clock.now(), by=caller.by)
    return await show(caller, key)


@router.post("/accounts/{key}/policy/same-as", responses=problems(404))
async def same_as(caller: Manager, key: AccountKey, said: SameAs) -> PolicyShape:
    """Give the account the limits that the other one has."""
    app = runtime.current()
    await app.db.write(
        make_same,
        caller.wedding_id,
        source=said.account,
        target=key,
        now=app.clock.now(),
        by=caller.by,
    )
    return await show(caller, key)


@router.get("/accounts/{key}/policy/now", responses=problems(404))
async def now(caller: Reader, key: AccountKey) -> NowShape:
    """What the worker would be told now, were anything waiting."""
    app = runtime.current()
    await app.db.read(account_id_of, caller.wedding_id, key)
    found = await app.db.read(limits, caller.wedding_id, now=app.clock.now())
    return _now(next(one.decision for one in found if one.key == key))


@router.get("/sending")
async def show_sending(caller: Reader) -> SendingShape:
    """Whether all sending is paused."""
    since = await runtime.current().db.read(paused_since, caller.wedding_id)
    return SendingShape(paused=since is not None, paused_at=since)


@router.post("/sending/pause")
async def pause(caller: Controller) -> SendingShape:
    """Stop all sending; what is in hand goes back before it is sent."""
    app = runtime.current()
    await app.db.write(pause_all, caller.wedding_id, now=app.clock.now(), by=caller.by)
    return await show_sending(caller)


@router.post("/sending/go-on")
async def go_on(caller: Controller) -> SendingShape:
    """Go on with all sending, also from accounts that paused by themselves."""
    app = runtime.current()
    await app.db.write(resume_all, caller.wedding_id, now=app.clock.now(), by=caller.by)
    return await show_sending(caller)


def _policy(session: Session, wedding_id: int, key: str) -> Policy:
    return policy_of(session, account_id_of(session, wedding_id, key))


def _save(
    session: Session, caller: Caller, key: str, fields: dict[str, Any], *, now: datetime
) -> Policy:
    account_id = account_id_of(session, caller.wedding_id, key)
    texts = {name: str(value) for name, value in fields.items()}
    return save_policy(session, account_id, texts, now=now, by=caller.by)


def _shape(policy: Policy) -> PolicyShape:
    return PolicyShape(**asdict(policy))


def _now(decision: Decision) -> NowShape:
    if isinstance(decision, Hold):
        return NowShape(
            go=False,
            rule=decision.rule,
            until=decision.until,
            params=dict(decision.params),
        )
    figures = {"sent_count": decision.sent_count, "limit": decision.limit}
    return NowShape(go=True, rule=None, until=None, params=figures)
