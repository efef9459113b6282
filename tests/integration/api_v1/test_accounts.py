"""/api/v1/accounts: a real client, a real WAHA client, the simulator behind it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from tests import accounts as see
from tests.integration.accounts.conftest import (  # noqa: F401
    House,
    fast_simulator,
    house,
)
from tests.integration.api_v1.audited import watched
from tests.integration.auth.conftest import served
from wedding_wa.models import AuditEntry
from wedding_wa.services import apikeys

ACCOUNT_FIELDS = {
    *("key", "status", "ready", "status_at", "status_error", "phone", "push_name"),
    *("link", "last_heard_at", "last_heard_kind", "hears_by", "hears_since"),
    *("linked_at", "deaf", "gaps", "changes", "code", "paused_at", "pause_reason"),
    *("restricted_until", "stopped", "worker", "session", "engine", "waha_version"),
}
QR_FIELDS = {"value", "image", "at", "count", "of", "seconds"}
ORDERS = ("start", "stop", "restart", "logout", "new-code", "ask", "pause", "go-on")
PNG = b"\x89PNG\r\n\x1a\n"
PATIENCE_S = 30.0


@dataclass
class Phone:
    """A program that handles the groom's number, and the simulator's phone."""

    house: House
    http: httpx.AsyncClient

    async def ask(self, path: str = "") -> dict[str, object]:
        answer = await self.http.get(f"/accounts/groom{path}")
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    async def order(self, name: str, **body: object) -> httpx.Response:
        sent = {"json": body} if body else {}
        return await self.http.post(f"/accounts/groom/{name}", **sent)  # type: ignore[arg-type]

    async def until(self, status: str) -> None:
        """Ask WAHA until it says so: here no webhook is needed."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while (await self.order("ask")).json()["status"] != status:
            assert asyncio.get_running_loop().time() < deadline, f"never: {status}"
            await asyncio.sleep(0.05)

    async def log_in(self) -> None:
        await self.order("start")
        await self.until("SCAN_QR_CODE")
        await self.house.by_phone(self.house.sim.scan, "groom")
        await self.until("WORKING")


def client(made: House, tmp_path: Path, *scopes: str) -> httpx.AsyncClient:
    """A program on the served app, with a key that may `scopes`."""
    _, app = served(tmp_path)
    key = made.db.write_now(
        apikeys.create_key,
        wedding_id=made.couple.wedding,
        name="program",
        scopes=scopes,
        now=made.app.clock.now(),
    )
    asking = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://localhost:8000/api/v1",
        headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
        timeout=PATIENCE_S,
    )
    return watched(asking, made.db)


@pytest.fixture
async def phone(house: House, tmp_path: Path) -> AsyncIterator[Phone]:  # noqa: F811
    async with client(house, tmp_path, "read", "control") as http:
        yield Phone(house, http)


async def test_an_account_from_first_to_last(phone: Phone) -> None:
    """Started, its code shown as data and as a picture, scanned, restarted, logged out,
    stopped: each order answers with how the account stands, and is in the audit."""
    assert (await phone.http.get("/accounts/groom/qr")).status_code == 409
    await phone.order("start")
    await phone.until("SCAN_QR_CODE")
    before = await phone.ask()
    assert set(before) == ACCOUNT_FIELDS
    assert (before["ready"], before["link"], before["phone"]) == (False, None, None)
    await _shows_a_code(phone)
    await phone.house.by_phone(phone.house.sim.scan, "groom")
    await phone.until("WORKING")
    linked = await phone.ask()
    assert linked["ready"] is True
    assert str(linked["phone"]).startswith("+")
    assert linked["link"] == f"https://wa.me/{str(linked['phone'])[1:]}"
    gone = await phone.http.get("/accounts/groom/qr")
    assert (gone.status_code, gone.json()["code"]) == (409, "account.error.no_qr_now")
    assert (await phone.order("restart")).status_code == 200
    await phone.until("WORKING")
    assert (await phone.order("logout")).status_code == 200
    await phone.until("SCAN_QR_CODE")
    assert (await phone.ask())["phone"] is None
    stopped = (await phone.order("stop")).json()
    assert (stopped["status"], stopped["stopped"]) == ("STOPPED", True)
    assert _audited(phone) == [
        *("account_start", "account_restart", "account_logout", "account_stop"),
    ]


async def _shows_a_code(phone: Phone) -> None:
    answer = await phone.http.get("/accounts/groom/qr")
    code = answer.json()
    assert set(code) == QR_FIELDS
    assert answer.headers["cache-control"] == "no-store"
    assert code["value"]
    assert 1 <= code["count"] <= code["of"]
    assert 0 <= code["seconds"] <= 60
    kind, _, data = code["image"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(PNG)
    for accept in ("image/png", "image/png, */*;q=0.1", "IMAGE/*"):
        picture = await phone.http.get("/accounts/groom/qr", headers={"Accept": accept})
        assert picture.headers["content-type"] == "image/png"
        assert picture.headers["vary"] == "Accept, Origin"
        assert picture.content.startswith(PNG)
    for accept in ("*/*", "application/json", "application/json, image/*", ""):
        told = await phone.http.get("/accounts/groom/qr/", headers={"Accept": accept})
        assert told.headers["content-type"] == "application/json"


def _audited(phone: Phone) -> list[str]:
    rows = phone.house.db.read_now(
        lambda s: s.exec(
            select(AuditEntry.action).where(
                AuditEntry.action.startswith("account_")  # type: ignore[attr-defined]
            )
        ).all()
    )
    return list(rows)


async def test_a_code_to_type_instead(phone: Phone) -> None:
    """While it waits for a scan; else 409. A number that is none: 422 by its name."""
    early = await phone.order("pairing-code", phone="+39 347 000 0001")
    assert (early.status_code, early.json()["code"]) == (
        409,
        "account.error.no_code_now",
    )
    await phone.order("start")
    await phone.until("SCAN_QR_CODE")
    made = await phone.order("pairing-code", phone="347 000 0001")
    assert made.status_code == 200, made.text
    assert set(made.json()) == {"code"}
    assert len(made.json()["code"]) == 9
    wrong = await phone.order("pairing-code", phone="12")
    assert wrong.status_code == 422
    assert "phone" in wrong.text


async def test_a_new_round_of_codes(phone: Phone) -> None:
    """While it waits; an account that is connected is told to log out first."""
    await phone.order("start")
    await phone.until("SCAN_QR_CODE")
    assert (await phone.order("new-code")).status_code == 200
    await phone.until("SCAN_QR_CODE")
    await phone.house.by_phone(phone.house.sim.scan, "groom")
    await phone.until("WORKING")
    refused = await phone.order("new-code")
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "account.error.connected",
    )


async def test_one_command_at_a_time(phone: Phone) -> None:
    """Another one that is under way refuses the second, whoever gave it."""
    async with phone.house.clients.turn(phone.house.couple.groom, "command"):
        busy = await phone.order("stop")
    assert (busy.status_code, busy.json()["code"]) == (409, "account.error.busy")


async def test_pause_and_go_on(phone: Phone) -> None:
    """Of one number, whatever paused it; twice changes nothing."""
    for _ in range(2):
        paused = (await phone.order("pause")).json()
        assert (paused["pause_reason"], paused["paused_at"] is None) == (
            "person",
            False,
        )
    see.update(phone.house.db, phone.house.couple.groom, pause_reason="failures")
    for _ in range(2):
        going = (await phone.order("go-on")).json()
        assert (going["pause_reason"], going["paused_at"]) == (None, None)
    assert _audited(phone) == ["account_paused_by_person", "account_resumed"]
    assert (await phone.http.get("/accounts/bride")).json()["paused_at"] is None


async def test_a_waha_that_is_not_there(phone: Phone) -> None:
    """503 in the words of an order, not in those of a message; none configured: 503."""
    phone.house.configure(url="http://127.0.0.1:9")
    for name in ("start", "stop"):
        away = await phone.order(name)
        assert (away.status_code, away.json()["code"]) == (
            503,
            "accounts.failed.unreachable",
        )
    none = await phone.http.post("/accounts/bride/start")
    assert (none.status_code, none.json()["code"]) == (
        503,
        "account.error.not_configured",
    )


async def test_a_waha_that_will_not(phone: Phone) -> None:
    """A key that WAHA does not take is said as such."""
    phone.house.configure(api_key="another")
    refused = await phone.order("stop")
    assert (refused.status_code, refused.json()["code"]) == (503, "error.waha.bad_key")


@pytest.mark.parametrize("slash", ["", "/"])
async def test_both_numbers_in_one_list(phone: Phone, slash: str) -> None:
    """Groom first; a number that no WAHA stands behind as well; nobody's secrets."""
    answer = await phone.http.get(f"/accounts{slash}")
    found = answer.json()
    assert set(found) == {"items", "next"}
    assert [one["key"] for one in found["items"]] == ["groom", "bride"]
    assert {frozenset(one) for one in found["items"]} == {frozenset(ACCOUNT_FIELDS)}
    assert found["items"][1]["status"] == "NOT_CONFIGURED"
    assert phone.house.sim.api_key not in answer.text
    single = await phone.http.get(f"/accounts/bride{slash}")
    assert single.json() == found["items"][1]


async def test_orders_with_a_slash_and_to_no_number(phone: Phone) -> None:
    """A slash at the end changes nothing; a name that is no number's is refused."""
    assert (await phone.http.post("/accounts/groom/pause/")).status_code == 200
    for path in ("/accounts/mother", "/accounts/mother/qr"):
        assert (await phone.http.get(path)).status_code == 422
    assert (await phone.http.post("/accounts/mother/stop")).status_code == 422


@pytest.mark.parametrize("name", [*ORDERS, "pairing-code"])
async def test_orders_need_their_right(
    house: House,  # noqa: F811
    tmp_path: Path,
    name: str,
) -> None:
    """What the page lets its readers do: looking is `read`, orders are `control`."""
    body = {"phone": "+393470000001"} if name == "pairing-code" else None
    async with client(house, tmp_path, "read", "send") as http:
        refused = await http.post(f"/accounts/groom/{name}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "error.scope")
        http.headers.pop("Authorization")
        nobody = await http.post(f"/accounts/groom/{name}", json=body)
        assert nobody.status_code == 401
    async with client(house, tmp_path, "control") as http:
        assert (await http.get("/accounts")).status_code == 403
        assert (await http.get("/accounts/groom/qr")).status_code == 403
    assert see.account(house.db, house.couple.groom).paused_at is None
