"""`make run`'s one command: starts quickly, stops gracefully, leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect

from tests.breath import breath
from tests.e2e.app import AppProcess, wait_for

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The app, which has run before, whether or not it does so now."""
    made = AppProcess(tmp_path_factory.mktemp("run"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def app(known: AppProcess) -> AppProcess:
    """The app, running."""
    if not known.runs:
        known.start()
    return known


def _simulator_gone(app: AppProcess) -> bool:
    try:
        httpx.get(f"{app.simulator}/ping", timeout=1)
    except httpx.TransportError:
        return True
    return False


def test_it_stops_gracefully_with_pages_open(app: AppProcess) -> None:
    """Ctrl-C ends it with 0 within seconds, also while browsers hold connections."""
    address = app.url.replace("http", "ws")
    feed = f"{app.simulator.replace('http', 'ws')}/ws?session=*&x-api-key=simulator"
    with connect(feed), httpx.Client(base_url=app.url) as browser:
        assert browser.get("/login").status_code == 200  # kept alive
        with pytest.raises(Exception, match=r"401|403|4401"):
            connect(f"{address}/_event/?EIO=4&transport=websocket")
        began = time.monotonic()
        assert app.stop() == 0
    assert time.monotonic() - began < 15 * breath()
    assert _simulator_gone(app)


def test_a_second_start_builds_nothing(known: AppProcess) -> None:
    """The pages of the first start are served again, the setup link stays the same."""
    link = known.setup_link()
    known.stop()
    known.log.write_text("")
    began = time.monotonic()
    known.start()
    assert time.monotonic() - began < 30 * breath()
    assert "Building" not in known.log.read_text()
    assert known.setup_link() == link


def test_the_simulator_dies_with_the_app(app: AppProcess) -> None:
    """Nobody is left on the port after `kill -9`: the next start finds it free."""
    assert not _simulator_gone(app)
    app.kill()
    wait_for(lambda: _simulator_gone(app), "the simulator stops", seconds=15)
    app.start()
    assert not _simulator_gone(app)


def test_every_answer_carries_the_policy(app: AppProcess) -> None:
    """No page may load or send anything elsewhere; built files are kept for good."""
    page = httpx.get(f"{app.url}/login")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-eval'" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src")[0]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] in {"no-cache", "no-store"}
    lost = httpx.get(f"{app.url}/assets/none.css")
    assert "immutable" not in lost.headers["cache-control"]


def test_unknown_api_paths_are_json(app: AppProcess) -> None:
    """With and without a slash at the end is the same address."""
    for path in ("/api/nope", "/api/nope/"):
        answer = httpx.get(f"{app.url}{path}")
        assert answer.status_code == 404
        assert "json" in answer.headers["content-type"]
    assert httpx.get(f"{app.url}/api/health/").status_code == 200
