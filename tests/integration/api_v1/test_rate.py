"""How many requests a minute: told on every answer, and never more than that."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.integration.api_v1.conftest import Place
from tests.integration.auth.conftest import EMAIL, PASSWORD, log_in, settings
from wedding_wa.api import rate
from wedding_wa.api.rate import HEADERS, Rates
from wedding_wa.models import Role
from wedding_wa.services import users
from wedding_wa.services.bearers import Bearer
from wedding_wa.services.sessions import Viewer

LIST = "/opt-outs"
EACH, WEDDING = 5, 8


def _bearer(key: int | None = 1, user: int | None = None, wedding: int = 1) -> Bearer:
    return Bearer(wedding, frozenset(), key, user, None, "")


def _viewer(user: int = 1, wedding: int = 1) -> Viewer:
    return Viewer(
        session_id=1,
        user_id=user,
        wedding_id=wedding,
        role=Role.OWNER,
        email="",
        name="",
        language=None,
        time_zone="UTC",
        default_country="IT",
        groom_name="",
        bride_name="",
        last_seen_at=NOON,
        expires_at=NOON,
    )


@pytest.fixture
def place(place: Place) -> Place:
    """Five a minute for each program, eight for a wedding."""
    place.house.runtime.settings = settings(
        api_rate_per_minute=EACH, api_rate_per_minute_wedding=WEDDING
    )
    return place


# --- the sums ------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(["a", "b"])), min_size=1, max_size=200
)


@given(each=st.integers(1, 50), wedding=st.integers(1, 50), steps=STEPS)
def test_no_minute_has_more_than_it_may(
    each: int, wedding: int, steps: list[tuple[float, str]]
) -> None:
    """Over any stretch of time nobody is let in more often than a full bucket and what
    flowed in meanwhile; what is refused costs nothing; what is said of it is true."""
    rates, now = Rates(each=each, wedding=wedding), 1000.0
    let_in: list[tuple[float, str]] = []
    for pause, name in steps:
        now += pause
        who = _bearer(1 if name == "a" else 2)
        standing = rates.take(who, now=now)
        assert standing is not None
        assert standing.limit in (each, wedding)
        assert 0 <= standing.remaining < standing.limit
        assert 0 < standing.reset <= 60
        if standing.wait:
            assert standing.remaining == 0
            assert standing.wait <= 60 / min(each, wedding) + 1
        else:
            let_in.append((now, name))
    for start, (since, _) in enumerate(let_in):
        for end in range(start, len(let_in)):
            seconds = let_in[end][0] - since
            part = let_in[start : end + 1]
            assert len(part) <= wedding + wedding * seconds / 60 + 1e-6
            for name in "ab":
                own = sum(one == name for _, one in part)
                assert own <= each + each * seconds / 60 + 1e-6


@given(each=st.integers(1, 100), pauses=st.lists(st.floats(0, 90), max_size=50))
def test_who_waits_as_told_is_let_in(each: int, pauses: list[float]) -> None:
    """`wait` is enough, and with a full bucket's patience `reset` fills it."""
    rates, now = Rates(each=each, wedding=0), 0.0
    for pause in pauses:
        now += pause
        standing = rates.take(_bearer(), now=now)
        assert standing is not None
        if standing.wait:
            now += standing.wait
            again = rates.take(_bearer(), now=now)
            assert again is not None
            assert again.wait == 0
    full = rates.take(_bearer(), now=now + 61)
    assert full is not None
    assert full.remaining == each - 1


def test_a_refusal_by_the_wedding_costs_the_key_nothing() -> None:
    """Else a program would wait for what another one used up, twice."""
    rates = Rates(each=3, wedding=4)
    for _ in range(3):
        rates.take(_bearer(1), now=0.0)
    assert rates.take(_bearer(2), now=0.0).wait == 0  # type: ignore[union-attr]
    for _ in range(20):
        assert rates.take(_bearer(2), now=0.0).wait > 0  # type: ignore[union-attr]
    for _ in range(2):
        assert rates.take(_bearer(2), now=60.0).wait == 0  # type: ignore[union-attr]


def test_who_counts_for_whom() -> None:
    """All tokens of a key for the key, of a person for the person; a browser for
    itself, four times as much, and nothing of the wedding's."""
    rates = Rates(each=2, wedding=5)
    assert _times(rates, _bearer(1)) == 2
    assert _times(rates, _bearer(None, user=1)) == 2
    assert _times(rates, _bearer(2)) == 1  # the wedding's fifth
    assert _times(rates, _viewer(1)) == 8
    assert _times(rates, _bearer(3, wedding=2)) == 2


def _times(rates: Rates, who: Bearer | Viewer) -> int:
    taken = [rates.take(who, now=0.0) for _ in range(20)]
    return sum(one is not None and one.wait == 0 for one in taken)


def test_nought_is_no_limit() -> None:
    """Of either kind; with neither nothing is counted."""
    assert Rates(each=0, wedding=0).take(_bearer(), now=0.0) is None
    assert Rates(each=0, wedding=3).take(_viewer(), now=0.0) is None
    assert _times(Rates(each=0, wedding=3), _bearer()) == 3
    assert _times(Rates(each=3, wedding=0), _bearer()) == 3


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys call, the longest silent ones are forgotten."""
    monkeypatch.setattr(rate, "_REMEMBERED", 100)
    rates = Rates(each=1, wedding=1)
    for key in range(1, 1000):
        rates.take(_bearer(key, wedding=key), now=0.0)
    assert len(rates._known) == 100


# --- at the door ---------------------------------------------------------------------


async def test_every_answer_tells_how_many_are_left(place: Place) -> None:
    """Also refusals of whom we know; the one too many waits as long as told."""
    async with place.program("read") as client:
        for left in range(EACH - 1, -1, -1):
            path = LIST if left % 2 else "/guests/99999"
            answer = await client.get(path)
            assert answer.status_code in (200, 404)
            assert _said(answer) == (EACH, left, (EACH - left) * 12)
            assert "retry-after" not in answer.headers
        refused = await client.get(LIST)
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "error.too_fast"
        assert refused.headers["retry-after"] == "12"
        assert _said(refused) == (EACH, 0, 60)
        place.house.clock.advance(11)
        assert (await client.get(LIST)).status_code == 429
        place.house.clock.advance(1)
        assert (await client.get(LIST)).status_code == 200


def _said(answer: httpx.Response) -> tuple[int, ...]:
    return tuple(int(answer.headers[name]) for name in HEADERS)


async def test_what_is_refused_does_nothing(place: Place) -> None:
    """429 stands before the route."""
    async with place.program("read", "send") as client:
        for _ in range(EACH):
            await client.get(LIST)
        path = f"/opt-outs/{place.mine.opt_out}/undo"
        assert (await client.post(path)).status_code == 429
        place.house.clock.advance(60)
        (one,) = (await client.get(LIST, params={"active": True})).json()["items"]
        assert one["id"] == place.mine.opt_out


async def test_a_wedding_has_a_limit_of_its_own(place: Place) -> None:
    """Two keys of one wedding share eight; another wedding's are not touched."""
    async with (
        place.program("read") as one,
        place.program("read") as two,
        place.program("read", made=place.theirs) as stranger,
    ):
        for _ in range(EACH):
            assert (await one.get(LIST)).status_code == 200
        codes = [(await two.get(LIST)).status_code for _ in range(EACH)]
        assert codes == [200] * (WEDDING - EACH) + [429] * (2 * EACH - WEDDING)
        assert (await stranger.get(LIST)).status_code == 200


async def test_tokens_are_no_second_budget(place: Place) -> None:
    """A key's tokens count for the key, making them too."""
    async with place.program("read") as client:
        made = await client.post("/token")
        assert made.status_code == 200
        assert _said(made)[1] == EACH - 1
        client.headers["Authorization"] = f"Bearer {made.json()['access']}"
        for left in range(EACH - 2, -1, -1):
            assert _said(await client.get(LIST))[1] == left
        assert (await client.get(LIST)).status_code == 429


async def test_what_is_open_to_all_is_not_counted(place: Place) -> None:
    """Health, webhooks and the login have limits of their own or none."""
    async with place.program("read") as client:
        for path in ("/api/health", "/login", "/api/webhooks/waha/groom"):
            for _ in range(EACH + 1):
                answer = await client.get(f"http://localhost:8000{path}")
                assert answer.status_code in (200, 303, 405)
                assert not set(HEADERS) & set(answer.headers)
        assert _said(await client.get(LIST))[1] == EACH - 1


async def test_a_browser_counts_generously(place: Place) -> None:
    """Four times as much; pages are not counted at all."""
    house = place.house
    house.db.write_now(
        users.add_login,
        wedding_id=place.mine.couple.wedding,
        email=EMAIL,
        password=PASSWORD,
        by=None,
        now=NOON,
    )
    async with house.browser() as anna:
        await log_in(anna)
        for _ in range(4 * EACH):
            assert (await anna.get(f"/api/v1{LIST}")).status_code == 200
        assert (await anna.get(f"/api/v1{LIST}")).status_code == 429
        page = await anna.get("/queue")
        assert page.status_code == 200
        assert "ratelimit-limit" not in page.headers
    async with place.program("read") as client:
        assert (await client.get(LIST)).status_code == 200
