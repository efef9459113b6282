"""simulator: /api/sessions, the life of sessions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from wedding_wa.simulator import answers, ids, lifecycle, session_config
from wedding_wa.simulator.routes.here import Body, WorldHere

router = APIRouter(prefix="/api/sessions")


@router.get("")
async def list_sessions(request: Request, world: WorldHere) -> Response:
    """List sessions; stopped ones only with `all=true`."""
    everything = request.query_params.get("all", "").lower() == "true"
    return answers.answer(
        [
            session.info(engine=False)
            for session in world.sessions.values()
            if everything or session.running
        ]
    )


@router.post("")
async def create(body: Body, world: WorldHere) -> Response:
    name = body.get("name") or f"session_{ids.request_id(world.pace.rng)}"
    session_config.check_name(name)
    config = session_config.read(body.get("config"))
    start = body.get("start", True) is not False
    told = await lifecycle.create(world, name, config=config, start=start)
    return answers.answer(told, 201)


@router.get("/{name}")
async def get(name: str, world: WorldHere) -> Response:
    return answers.answer(world.session(name).info())


@router.put("/{name}")
async def update(name: str, body: Body, world: WorldHere) -> Response:
    config = session_config.read(body.get("config"))
    return answers.answer(await lifecycle.update(world, name, config))


@router.delete("/{name}")
async def delete(name: str, world: WorldHere) -> Response:
    await lifecycle.delete(world, name)
    return answers.empty()


@router.get("/{name}/me")
async def me(name: str, world: WorldHere) -> Response:
    session = lifecycle.running(world, name)
    return answers.answer(session.me) if session.me else answers.empty()


@router.post("/{name}/start")
async def start(name: str, world: WorldHere) -> Response:
    return answers.answer(await lifecycle.start(world, name), 201)


@router.post("/{name}/stop")
async def stop(name: str, world: WorldHere) -> Response:
    return answers.answer(await lifecycle.stop(world, name), 201)


@router.post("/{name}/restart")
async def restart(name: str, world: WorldHere) -> Response:
    return answers.answer(await lifecycle.restart(world, name), 201)


@router.post("/{name}/logout")
async def logout(name: str, world: WorldHere) -> Response:
    return answers.answer(await lifecycle.logout(world, name), 201)
