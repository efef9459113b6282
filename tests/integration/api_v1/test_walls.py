"""A key reaches its own wedding and its own rights, on every route there is."""

from __future__ import annotations

import httpx

from tests.integration.api_v1.conftest import Place
from tests.integration.api_v1.doors import (
    NAMED,
    Things,
    anywhere,
    ask,
    doors,
    ids_in,
    rows_of,
    things,
)
from tests.integration.inbound.test_refusals import everything
from wedding_wa.services.apikeys import Scope

RIGHTS = [one.value for one in Scope]
# What there is nothing of in this wedding, or nobody is there to do it.
NOT_HERE = (409, 502, 503)
# Asked after the rest has happened, or with a body that names nothing real.
ELSE = {
    "GET /api/whatsapp-service/events": (410,),
    "POST /api/v1/history/record": (404,),
    "POST /api/v1/maintenance/{name}/run": (404,),
    "POST /api/v1/inbox/{chat}/add": (422,),
    "POST /api/v1/guests/import/{draft}/confirm": (409,),
    "POST /api/guests/import/{token}/confirm": (404, 409),
    "PUT /api/v1/invitation/cover": (422,),
    "POST /api/invitation/cover": (422,),
    "GET /api/v1/invitation/cover": (404,),
}


def test_there_are_doors_to_try() -> None:
    """The tests below would prove nothing over an empty list; each names one right."""
    assert len(doors()) >= 80
    assert {door.path.split("/")[2] for door in doors()} >= {"v1", "admin"}
    assert {door.right for door in doors()} == set(RIGHTS)


async def test_who_is_not_known_is_let_in_nowhere(place: Place) -> None:
    """401 without a key, and with one that is none: a client's library is told."""
    wrong: dict[str, object] = {}
    mine = await things(place, place.mine)
    async with anywhere(place, "read") as client:
        before = everything(place.house.db)
        for door in doors():
            for key in (None, "Bearer wwa_nothing", "Bearer a.b.c", "Basic eDp5"):
                client.headers["Authorization"] = key or ""
                if key is None:
                    client.headers.pop("Authorization")
                answer = await ask(client, door, mine, mine)
                shown = (key or "").startswith("Bearer")
                how = 'Bearer error="invalid_token"' if shown else "Bearer"
                told = (answer.status_code, answer.headers.get("WWW-Authenticate"))
                if told != (401, how):
                    wrong[f"{door.name} {key}"] = told
    assert not wrong, _listed(wrong)
    after = everything(place.house.db)
    changed = [table for table in after if after[table] != before[table]]
    assert set(changed) <= {"api_key"}  # when it was last used


async def test_every_route_asks_for_its_right(place: Place) -> None:
    """403 with the name of the right, whatever others a key has; reading alone never
    changes anything."""
    wrong: dict[str, object] = {}
    mine = await things(place, place.mine)
    for right in RIGHTS:
        others = [one for one in RIGHTS if one not in (right, Scope.ADMIN.value)]
        async with anywhere(place, *others) as client:
            before = rows_of(place, mine.wedding)
            for door in [one for one in doors() if one.right == right]:
                answer = await ask(client, door, mine, mine)
                told = (answer.status_code, answer.json().get("code"))
                how = f'Bearer error="insufficient_scope", scope="{right}"'
                challenge = answer.headers.get("WWW-Authenticate")
                if (told, challenge) != ((403, "error.scope"), how):
                    wrong[door.name] = (told, challenge)
            assert rows_of(place, mine.wedding) == before
    assert not wrong, _listed(wrong)


async def test_a_right_to_read_changes_nothing(place: Place) -> None:
    """Whatever takes less than `send` only looks."""
    mine = await things(place, place.mine)
    async with anywhere(place, "read") as client:
        before = rows_of(place, mine.wedding)
        for door in [one for one in doors() if one.right == "read"]:
            assert door.method == "GET"
            await ask(client, door, mine, mine)
    assert rows_of(place, mine.wedding) == before


async def test_nothing_of_another_wedding_is_reached(place: Place) -> None:
    """404 for whatever exists elsewhere, as for what does not; nothing changes."""
    wrong: dict[str, object] = {}
    mine, theirs = await things(place, place.mine), await things(place, place.theirs)
    nowhere = Things(0, mine.made, dict.fromkeys(mine.paths, 99999))
    nowhere.paths["task_id"] = "00000000-0000-4000-8000-000000000000"
    async with anywhere(place, *RIGHTS) as client:
        before = everything(place.house.db)
        for door in [one for one in doors() if set(one.parameters) - set(NAMED)]:
            answer = await ask(client, door, theirs, mine)
            missing = await ask(client, door, nowhere, mine)
            if answer.status_code != 404 or _told(answer) != _told(missing):
                wrong[door.name] = (answer.text[:200], missing.text[:200])
        after = everything(place.house.db)
    assert not wrong, _listed(wrong)
    for table in after:  # the key was used: nothing else
        assert table == "api_key" or after[table] == before[table]


async def test_others_ids_reach_nothing_by_the_body_either(place: Place) -> None:
    """Guests, households and messages of another wedding named in a body: refused, and
    not a row of theirs is different."""
    wrong: dict[str, object] = {}
    mine, theirs = await things(place, place.mine), await things(place, place.theirs)
    before = rows_of(place, theirs.wedding)
    async with anywhere(place, *RIGHTS) as client:
        for door in [one for one in doors() if ids_in(one)]:
            answer = await ask(client, door, mine, theirs)
            if answer.status_code not in (404, 409, 422):
                wrong[door.name] = answer.text[:200]
            if leaked := _leaks(answer, theirs):
                wrong[door.name] = str(leaked)
    assert not wrong, _listed(wrong)
    assert rows_of(place, theirs.wedding) == before


async def test_ones_own_is_reached_and_only_that(place: Place) -> None:
    """Every route, asked for one's own, does something; no answer holds anything of
    the other wedding, and not a row of it is different."""
    wrong: dict[str, object] = {}
    mine, theirs = await things(place, place.mine), await things(place, place.theirs)
    before = rows_of(place, theirs.wedding)
    async with anywhere(place, *RIGHTS) as client:
        for door in doors():
            answer = await ask(client, door, mine, mine)
            fine = answer.is_success or answer.status_code in NOT_HERE
            if not fine and answer.status_code not in ELSE.get(door.name, ()):
                wrong[door.name] = f"{answer.status_code} {answer.text[:300]}"
            if leaked := _leaks(answer, theirs):
                wrong[door.name] = str(leaked)
    assert not wrong, _listed(wrong)
    assert rows_of(place, theirs.wedding) == before


async def test_lists_hold_only_ones_own(place: Place) -> None:
    """Two weddings alike: each sees as much, and no row of the other."""
    lists = [door for door in doors() if door.method == "GET" and not door.parameters]
    pages: list[dict[str, list[object]]] = []
    for made in (place.mine, place.theirs):
        await things(place, made)
    for made in (place.mine, place.theirs):
        async with anywhere(place, *RIGHTS, made=made) as client:
            pages.append({})
            for door in lists:
                answer = await client.get(door.path)
                if answer.headers["content-type"] == "application/json":
                    pages[-1][door.path] = _ids(answer.json())
    mine, theirs = pages
    assert {path: len(ids) for path, ids in mine.items()} == {
        path: len(ids) for path, ids in theirs.items()
    }
    assert {path for path in mine if set(mine[path]) & set(theirs[path])} == set()
    assert len([ids for ids in mine.values() if ids]) >= 8


async def test_others_rows_do_not_show_by_a_query(place: Place) -> None:
    """Lists narrowed to another wedding's guest, chat or message: none of it shows."""
    mine, theirs = await things(place, place.mine), await things(place, place.theirs)
    wrong: dict[str, object] = {}
    async with anywhere(place, *RIGHTS) as client:
        for door in doors():
            if door.method != "GET" or door.parameters:
                continue
            for name, value in theirs.named.items():
                answer = await client.get(door.path, params={name: str(value)})
                if leaked := _leaks(answer, theirs):
                    wrong[door.name] = str(leaked)
    assert not wrong, _listed(wrong)
    assert mine.wedding != theirs.wedding


def _listed(wrong: dict[str, object]) -> str:
    return "\n".join(f"{name}: {told}" for name, told in wrong.items())


def _told(answer: httpx.Response) -> object:
    return answer.status_code, answer.json()


def _leaks(answer: httpx.Response, theirs: Things) -> list[str]:
    """Secrets of the other wedding that an answer holds."""
    secrets = [theirs.paths[name] for name in ("task_id", "draft")]
    secrets += [f"w{theirs.wedding}@example.org", f"For {theirs.wedding}"]
    return [str(one) for one in secrets if str(one) in answer.text]


def _ids(content: object) -> list[object]:
    """The ids of the rows in an answer, or what stands for them."""
    items = content.get("items", []) if isinstance(content, dict) else []
    names = ("id", "task_id", "chat", "draft")
    return [
        next(one[name] for name in names if name in one)
        for one in items
        if isinstance(one, dict) and any(name in one for name in names)
    ]
