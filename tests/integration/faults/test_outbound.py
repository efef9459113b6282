"""The app calls nobody but the WAHA that its settings name, wherever it is led."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.builders import message, put
from tests.fakes import FakeClock
from tests.integration.conftest import World
from tests.integration.faults.line import EVERYTHING, SEND, Line, says
from tests.unit.house.rooms import imports, sources
from wedding_wa.domain.errors import WahaError
from wedding_wa.services.waha_config import WahaConfig
from wedding_wa.services.waha_feed import open_feed
from wedding_wa.services.worker import AccountWorker

# What can open a connection to somewhere, and who may use it.
CALLERS = {
    "httpx",
    "websockets",
    "aiohttp",
    "requests",
    "urllib.request",
    "http.client",
    "smtplib",
    "ftplib",
}
MAY_CALL = {
    "wedding_wa/services/waha_wire.py": "WAHA, at the address of the settings",
    "wedding_wa/services/waha_feed.py": "WAHA's feed, at the same address",
    "wedding_wa/services/doctor.py": "WAHA and our own address, when asked to look",
    "wedding_wa/services/stream_follow.py": "our own feed, where a person typed it is",
    # these name the types of answers and open nothing
    "wedding_wa/services/waha_answers.py": "types",
    "wedding_wa/services/waha_errors.py": "types",
    "wedding_wa/services/waha_session.py": "types",
}


def test_few_modules_can_call_anybody() -> None:
    """Whatever else a guest, a webhook or a file names, no code follows it. A new one
    that calls out says here whom."""
    found = {
        path.as_posix()
        for path, tree in sources().items()
        if "simulator" not in path.parts and path.parts[1] != "cli"
        for name in imports(tree)
        if any(name == one or name.startswith(f"{one}.") for one in CALLERS)
    }
    assert found == set(MAY_CALL)


@pytest.fixture
async def elsewhere(world: World) -> AsyncIterator[Line]:
    """Another server, to which somebody would like to lead us."""
    async with Line(world.url).laid() as made:
        yield made


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", [EVERYTHING, SEND])
async def test_nobody_is_led_elsewhere_with_the_key(
    status: int,
    where: str,
    world: World,
    line: Line,
    elsewhere: Line,
    groom: AccountWorker,
    clock: FakeClock,
) -> None:
    """A redirect is an answer that is not WAHA's: neither key nor text goes there."""
    one = put(world.database, world.couple).id
    line.on(where, says(status, b"", f"Location: {elsewhere.url}{SEND}"))
    for _ in range(2):
        await groom.step()
        clock.advance(3600)
    assert elsewhere.asked == []
    assert message(world.database, one).status == "pending"
    assert world.delivered() == []


async def test_the_feed_is_not_led_elsewhere_either(
    line: Line, elsewhere: Line
) -> None:
    """Its address holds the key, and a redirect would carry it along."""
    to = elsewhere.url.replace("http", "ws") + "/ws?x-api-key=the-key"
    line.on("/ws", says(307, b"", f"Location: {to}"))
    with pytest.raises(WahaError):
        await open_feed(WahaConfig(line.url, "the-key"))
    assert [asked.path.partition("?")[0] for asked in line.asked] == ["/ws"]
    assert elsewhere.asked == []


async def test_no_proxy_of_the_machine_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    line: Line,
    elsewhere: Line,
    groom: AccountWorker,
) -> None:
    """HTTP_PROXY in the environment is meant for other programs."""
    put(world.database, world.couple)
    with monkeypatch.context() as machine:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            machine.setenv(name, elsewhere.url)
        machine.setenv("NO_PROXY", "")
        await groom.step()
    assert elsewhere.asked == []
    assert line.asked != []
