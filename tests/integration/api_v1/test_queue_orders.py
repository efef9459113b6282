"""One order of a program for many messages, followed while it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from tests.builders import message, put
from tests.fakes import NOON
from tests.integration.api_v1.conftest import CARLA, Made, Place
from tests.integration.api_v1.twins import Twins
from wedding_wa.services import queue, queue_bulk
from wedding_wa.services.clock import Clock
from wedding_wa.services.queue_bulk import Order, What, in_batches
from wedding_wa.services.queue_list import Wish
from wedding_wa.services.queue_runs import Runs
from wedding_wa.services.queue_selection import Chosen, frozen

ORDER = {"order", "priority", "total", "done", "left", "stopped", "ended"}


def queued(place: Place, made: Made, n: int = 3) -> list[int]:
    """Messages that wait for Carla."""
    return [
        put(place.house.db, made.couple, to=CARLA, text=f"Cara {i}").id
        for i in range(n)
    ]


def tasks(place: Place, ids: Sequence[int]) -> list[str]:
    return [message(place.house.db, one).task_id for one in ids]


async def over(client: httpx.AsyncClient) -> dict[str, object]:
    """Follow the order to its end."""
    for _ in range(2000):
        run = (await client.get("/queue/orders")).json()["run"]
        if run["ended"]:
            return run  # type: ignore[no-any-return]
        await asyncio.sleep(0.01)
    raise AssertionError("the order never ended")


async def by_hand(place: Place, what: What, ids: Sequence[int]) -> None:
    """What the page does after its question."""
    wedding, db = place.theirs.couple.wedding, place.house.db
    chosen = db.read_now(frozen, wedding, Chosen(ids=tuple(ids)), what)
    order = Order(what, wedding, None, 5)
    async for _ in in_batches(db, order, chosen, clock=place.house.clock):
        pass


@pytest.mark.parametrize("what", ["cancel", "hold", "priority"])
async def test_each_order_does_what_the_page_does(
    place: Place, program: httpx.AsyncClient, what: str
) -> None:
    """202 with a run to follow; then the same rows as where a person gave the order."""
    mine, theirs = (queued(place, made) for made in (place.mine, place.theirs))
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    body = {"order": what, "task_ids": tasks(place, mine[:2]), "priority": 5}
    begun = await program.post("/queue/orders", json=body)
    assert begun.status_code == 202, begun.text
    assert set(begun.json()) == ORDER
    assert begun.json()["total"] == 2
    ended = await over(program)
    assert (ended["done"], ended["left"], ended["stopped"]) == (2, 0, False)
    assert ended["priority"] == (5 if what == "priority" else None)
    await by_hand(place, What(what), theirs[:2])
    twins.same("queue_message", "audit_entry")


async def test_all_that_a_filter_lists_are_meant(
    place: Place, program: httpx.AsyncClient
) -> None:
    """By state, rule and search, as on the page; only those that can still follow."""
    ids, db = queued(place, place.mine), place.house.db
    wedding = place.mine.couple.wedding
    db.write_now(queue.hold_back, wedding, ids[0], by=None, now=NOON)
    held = {"state": "held", "rule": "by_hand"}
    begun = await program.post(
        "/queue/orders", json={"order": "release", "filter": held}
    )
    assert begun.json()["total"] == 1
    assert (await over(program))["done"] == 1
    one = {"order": "cancel", "filter": {"state": "waiting", "q": "Cara 2"}}
    assert (await program.post("/queue/orders", json=one)).json()["total"] == 1
    await over(program)
    states = [message(db, one).status for one in ids]
    assert states == ["pending", "pending", "skipped"]
    nothing = {"order": "retry", "filter": {"state": "failed"}}
    assert (await program.post("/queue/orders", json=nothing)).json()["total"] == 0
    assert (await over(program))["ended"] is True


async def test_an_order_is_stopped_between_batches(
    place: Place, program: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may send may stop it; the rest stays as it is. Another is refused while
    one is under way."""
    monkeypatch.setattr(queue_bulk, "BATCH", 1)
    ids, wedding = queued(place, place.mine, 4), place.mine.couple.wedding
    gate, real = asyncio.Event(), place.house.db.write

    async def slowly(work: object, *args: object, **more: object) -> object:
        if getattr(work, "__name__", "") == "_carry_out":
            await gate.wait()
        return await real(work, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(place.house.db, "write", slowly)
    body = {"order": "cancel", "task_ids": tasks(place, ids)}
    assert (await program.post("/queue/orders", json=body)).status_code == 202
    busy = await program.post("/queue/orders", json=body)
    assert (busy.status_code, busy.json()["code"]) == (409, "queue.run.busy")
    stopped = await program.delete("/queue/orders")
    assert (stopped.status_code, stopped.json()["run"]["stopped"]) == (202, True)
    async with place.program("read", made=place.theirs) as other:
        assert (await other.get("/queue/orders")).json() == {"run": None}
    gate.set()
    ended = await over(program)
    assert (ended["done"], ended["total"]) == (1, 4)
    assert place.house.runtime.runs.of(wedding) is None


async def test_a_process_that_ends_leaves_the_rest(place: Place) -> None:
    """A run that was begun does not outlive its process, nor hold it up."""
    ids = tuple(queued(place, place.mine, 2))
    runs, order = Runs(), Order(What.CANCEL, place.mine.couple.wedding)
    run = runs.begin(place.house.db, order, ids, clock=Clock(), changed=lambda: None)
    await runs.aclose()
    assert run.ended or run.progress.done == 0
    wish = Wish(state="waiting")
    left = place.house.db.read_now(
        frozen, order.wedding_id, Chosen(wish=wish), What.CANCEL
    )
    assert len(left) == len(ids) - run.progress.done


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"order": "cancel"}, 422),
        ({"order": "cancel", "task_ids": []}, 422),
        ({"order": "cancel", "task_ids": ["x"], "filter": {}}, 422),
        ({"order": "send", "filter": {}}, 422),
        ({"order": "priority", "priority": 0, "filter": {}}, 422),
        ({"order": "priority", "priority": 6, "filter": {}}, 422),
        ({"order": "cancel", "filter": {"state": "gone"}}, 422),
        ({"order": "cancel", "filter": {"q": "\0"}}, 422),
        ({"order": "cancel", "task_ids": ["nobody"]}, 404),
        ({"order": "cancel", "task_ids": "theirs"}, 404),
    ],
)
async def test_an_order_for_others_or_without_sense_does_nothing(
    place: Place, program: httpx.AsyncClient, body: dict[str, object], status: int
) -> None:
    """Never for everything by mistake, never for another wedding's messages."""
    queued(place, place.mine)
    theirs = tasks(place, queued(place, place.theirs, 1))
    if body.get("task_ids") == "theirs":
        body = {**body, "task_ids": theirs}
    twins = Twins(
        place.house.db, place.mine.couple.wedding, place.theirs.couple.wedding
    )
    refused = await program.post("/queue/orders", json=body)
    assert refused.status_code == status, refused.text
    assert (await program.get("/queue/orders")).json() == {"run": None}
    assert twins.changed() == ({}, {})
