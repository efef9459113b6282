"""api: /api/v1/people: who may log in. Their passwords are theirs: no route changes or
shows one."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from wedding_wa import runtime
from wedding_wa.api.deps import Caller
from wedding_wa.api.documented import Shape, problems
from wedding_wa.api.v1.shapes import Body, Manager, RowId, SmallBodies
from wedding_wa.services import people
from wedding_wa.services.audit import Asking
from wedding_wa.services.people import Person

router = APIRouter(prefix="/people", route_class=SmallBodies)


class PersonShape(Shape):
    """Somebody with a login. `seen_at` null: logged in nowhere just now."""

    id: int
    email: str
    name: str
    role: str
    seen_at: datetime | None


class PeopleShape(Shape):
    """Everybody, the first one first."""

    items: list[PersonShape]


class NewPerson(Body):
    """A login that may do everything. The password is told to nobody again."""

    email: str = Field(min_length=1, max_length=320, examples=["anna@example.org"])
    name: str = Field("", max_length=200)
    password: str = Field(min_length=1, max_length=1000, examples=["rose and thyme"])


@router.get("")
async def list_people(caller: Manager) -> PeopleShape:
    """Everybody who can log in."""
    return PeopleShape(items=[_json(one) for one in await _everybody(caller)])


@router.post("", status_code=201, responses=problems(409))
async def add(caller: Manager, new: NewPerson) -> PersonShape:
    """Give somebody a login, as Settings → People does."""
    app = runtime.current()
    user_id = await app.db.write(
        people.let_in,
        _asking(caller),
        email=new.email,
        name=new.name,
        password=new.password,
        again=new.password,
        now=app.clock.now(),
    )
    return next(_json(o) for o in await _everybody(caller) if o.user_id == user_id)


@router.delete("/{user_id}", status_code=204, responses=problems(404, 409))
async def remove(caller: Manager, user_id: RowId) -> Response:
    """End somebody's login, at once and everywhere. 409 for the last one who may do
    everything, and for oneself."""
    app = runtime.current()
    await app.db.write(people.take_out, _asking(caller), user_id, now=app.clock.now())
    return Response(status_code=204)


async def _everybody(caller: Caller) -> list[Person]:
    app = runtime.current()
    found: list[Person] = await app.db.read(
        people.people, caller.wedding_id, now=app.clock.now()
    )
    return found


def _asking(caller: Caller) -> Asking:
    return Asking(caller.wedding_id, caller.by)


def _json(one: Person) -> PersonShape:
    return PersonShape(
        id=one.user_id,
        email=one.email,
        name=one.name,
        role=one.role.value,
        seen_at=one.seen_at,
    )
