"""The Guests page in a tab: the URL rules, little is sent, forms, orders for many."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from reflex.utils.format import json_dumps

from tests.builders import write_guest
from tests.fakes import NOON
from tests.integration.guests_page.conftest import Desk
from tests.reflex_harness import Tab
from wedding_wa.models import Account, Guest, Household, Role
from wedding_wa.services import chats, guest_list
from wedding_wa.services.chat_lines import Line
from wedding_wa.state.guest_forms import GuestFormsState
from wedding_wa.state.guest_orders import GuestOrdersState
from wedding_wa.state.guests import Asked, GuestsState

PHONE = "+393331112222"


async def opened(tab: Tab) -> GuestsState:
    """The page's state after its first look."""
    await tab.open(GuestsState.live)
    return await tab.state(GuestsState)


async def save(tab: Tab, **form: str) -> GuestFormsState:
    await tab.do(GuestFormsState.save({"side": "groom", **form}))
    return await tab.state(GuestFormsState)


def names(state: GuestsState) -> list[str]:
    return [row["name"] for row in state.rows]


async def test_the_url_says_what_is_shown(desk: Desk) -> None:
    """Search and panel come from the URL: a reload and a shared link show the same."""
    anna = desk.book.add("Anna", side="bride", tags=("family",), phone=PHONE)
    desk.book.add("Ugo")
    address = f"/guests?q=side:bride+tag:family&guest={anna}"
    async with desk.tab(address) as tab:
        state = await opened(tab)
        assert names(state) == ["Anna"]
        assert (state.searched, state.total, state.total_of_all) == (
            "side:bride tag:family",
            1,
            2,
        )
        assert (state.mode, state.opened) == ("guest", anna)
        assert (state.person["name"], state.person["phone"]) == (
            "Anna",
            "+39 333 111 2222",
        )
        assert state.home["link"].endswith(f"/i/{desk.book.home(anna).token}")


async def test_nonsense_in_the_url_shows_the_list(desk: Desk) -> None:
    """A link that was typed wrong never fails."""
    desk.book.add("Anna")
    for address in (
        "/guests?after=x&before=--&foo=1",
        "/guests?guest=1e9",
        "/guests?household=99999999999999999999",
        "/guests?guest=4711",
        "/guests?add=4711",
    ):
        async with desk.tab(address) as tab:
            state = await opened(tab)
            assert names(state) == ["Anna"]
            assert state.person["id"] == state.home["id"] == 0


async def test_a_mistyped_search_is_explained(desk: Desk) -> None:
    """Nobody matches, and a sentence says why, in the reader's language."""
    desk.book.add("Anna")
    async with desk.tab("/guests?q=tga:family", lang="it") as tab:
        state = await opened(tab)
        assert state.rows == []
        (hint,) = state.hints
        assert "tga:" in hint
        assert "etichetta:" in hint


async def test_a_filter_writes_itself_into_the_search(desk: Desk) -> None:
    """The chips' links are searches; the active one takes itself off."""
    desk.book.add("Anna", tags=("family",))
    async with desk.tab("/guests?q=anna+side:groom") as tab:
        state = await opened(tab)
        chips = {chip["value"]: chip for chip in state.chips}
        assert chips["bride"]["q"] == "anna side:bride"
        assert chips["groom"]["q"] == "anna"
        assert (chips["groom"]["active"], chips["groom"]["count"]) == (True, 1)
        assert chips["family"]["q"] == "anna side:groom tag:family"
        assert chips["not_invited"]["count"] == 1


async def test_who_writes_becomes_active_on_the_open_page(desk: Desk) -> None:
    """By itself, and no row is sent again for it."""
    anna = desk.book.add("Anna", phone=PHONE)
    for n in range(30):
        desk.book.add(f"Guest {n}")
    home = str(desk.book.guest(anna).household_id)
    async with desk.tab() as tab:
        state = await opened(tab)
        assert state.stages[home] == "not_invited"
        await tab.until(lambda: "beat" in tab.sent(), "the first look is over")
        tab.deltas.clear()
        desk.app.db.write_now(_anna_writes, desk.book.couple.groom)
        await tab.until(
            lambda: tab.sent().get("stages", {}).get(home) == "active", "she is active"
        )
        assert "rows" not in tab.sent()
        assert len(json_dumps(tab.deltas)) < 4000


def _anna_writes(session: Any, account_id: int) -> None:
    write_guest(session, account_id, PHONE)
    account = session.get_one(Account, account_id)
    chats.note_inbound(
        session,
        account,
        chat_id=f"{PHONE[1:]}@c.us",
        phone=PHONE,
        line=Line(at=NOON, text="Ciao!"),
        now=NOON,
    )


async def test_a_pointed_at_list_does_not_move(desk: Desk) -> None:
    """A new guest waits, and is counted, until the pointer has left."""
    desk.book.add("Ugo")
    async with desk.tab() as tab:
        state = await opened(tab)
        await tab.do(GuestsState.hold(True))
        desk.book.add("Anna")
        await tab.until(lambda: tab.sent().get("fresh") == 1, "she is counted")
        assert names(state) == ["Ugo"]
        await tab.do(GuestsState.hold(False))
        assert names(await tab.state(GuestsState)) == ["Anna", "Ugo"]


async def test_a_guest_is_added_into_a_household_by_its_name(desk: Desk) -> None:
    """A known name means that household, a new one makes one; then she is shown."""
    ugo = desk.book.add("Ugo", household="Famiglia Rossi")
    async with desk.tab("/guests?q=rossi&add=new") as tab:
        await opened(tab)
        await save(
            tab,
            name="Anna",
            phone="333 111 2222",
            household="famiglia ROSSI",
            tags="Family, choir",
            language="it",
        )
        state = await tab.state(GuestsState)
        assert names(state) == ["Ugo", "Anna"]
        anna = state.rows[1]["id"]
        assert desk.book.guest(anna).household_id == desk.book.guest(ugo).household_id
        assert desk.book.tags(anna) == ["choir", "family"]
        (event,) = [one for one in tab.events if "path" in one.payload]
        assert parse_qs(urlsplit(event.payload["path"]).query) == {
            "q": ["rossi"],
            "guest": [str(anna)],
        }


async def test_a_guest_may_be_added_to_an_opened_household(desk: Desk) -> None:
    """The form then has its name and its side."""
    anna = desk.book.add("Anna", household="Famiglia Rossi", side="bride")
    home = desk.book.guest(anna).household_id
    async with desk.tab(f"/guests?add={home}") as tab:
        state = await opened(tab)
        assert (state.person["id"], state.person["household"]) == (0, "Famiglia Rossi")
        assert state.person["side"] == "bride"


async def test_a_name_that_two_households_have_is_asked_back(desk: Desk) -> None:
    """What is offered tells them apart by code, and that is understood."""
    first = desk.book.add("Ugo", household="Rossi")
    desk.book.add("Eva", household="Rossi")
    async with desk.tab("/guests?add=new") as tab:
        await opened(tab)
        state = await save(tab, name="Anna", household="Rossi")
        assert "Rossi" in state.wrong["household"]
        await tab.do(GuestFormsState.look_up("ros"))
        offered = (await tab.state(GuestFormsState)).homes
        code = desk.book.home(first).code
        assert f"Rossi ({code})" in offered
        state = await save(tab, name="Anna", household=f"Rossi ({code})")
        assert state.wrong == {}
        assert desk.book.count(Household) == 2


async def test_a_taken_number_can_be_shared(desk: Desk) -> None:
    """The sentence stands at the field; one click puts the guest on that phone."""
    anna = desk.book.add("Anna", phone=PHONE)
    async with desk.tab("/guests?add=new") as tab:
        await opened(tab)
        state = await save(tab, name="Marco", phone="+39 333 1112222", notes="tall")
        assert state.wrong == {"phone": "Anna has this number already."}
        assert state.taken == {"id": anna, "name": "Anna"}
        await tab.do(GuestFormsState.share_phone)
        state = await tab.state(GuestFormsState)
        assert (state.wrong, state.taken["id"]) == ({}, 0)
        marco = next(row["id"] for row in state.rows if row["name"] == "Marco")
        guest = desk.book.guest(marco)
        assert (guest.contact_id, guest.phone, guest.notes) == (anna, None, "tall")
        assert guest.household_id == desk.book.guest(anna).household_id


async def test_editing_shows_what_is_stored_then(desk: Desk) -> None:
    """The form begins anew with a new key; a wrong field keeps what was typed."""
    anna = desk.book.add("Anna", phone=PHONE)
    async with desk.tab(f"/guests?guest={anna}") as tab:
        before = (await opened(tab)).person["form"]
        state = await save(tab, name="Anna", phone="12")
        assert set(state.wrong) == {"phone"}
        assert state.person["form"] == before
        state = await save(tab, name="Anna Rossi", phone="333 111 2222")
        assert state.person["form"] != before
        assert state.person["name"] == "Anna Rossi"
        assert desk.book.guest(anna).phone == PHONE


async def test_who_shares_a_phone_may_get_their_own(desk: Desk) -> None:
    """With the tick they stay on it; without, or with a number, they do not."""
    anna = desk.book.add("Anna", phone=PHONE)
    pia = desk.book.add("Pia", contact_id=anna)
    async with desk.tab(f"/guests?guest={pia}") as tab:
        state = await opened(tab)
        assert (state.person["contact"], state.person["shares"]) == (anna, "Anna")
        await save(tab, name="Pia", shares=str(anna))
        assert desk.book.guest(pia).contact_id == anna
        await save(tab, name="Pia", shares=str(anna), phone="333 999 8888")
        assert desk.book.guest(pia).contact_id is None
        assert desk.book.guest(pia).phone == "+393339998888"


async def test_a_household_is_changed(desk: Desk) -> None:
    """Its own panel, its own form."""
    anna = desk.book.add("Anna")
    home = desk.book.guest(anna).household_id
    async with desk.tab(f"/guests?household={home}") as tab:
        state = await opened(tab)
        assert (state.home["name"], state.members[0]["name"]) == ("Anna", "Anna")
        form = {"name": "Rossi", "side": "bride", "language": "de", "notes": "x"}
        await tab.do(GuestFormsState.save_home(form))
        row = desk.book.home(anna)
        assert (row.name, row.side, row.language) == ("Rossi", "bride", "de")
        assert (await tab.state(GuestsState)).home["name"] == "Rossi"


async def test_an_order_is_asked_back_with_its_number(desk: Desk) -> None:
    """Nothing happens before the answer; then it happens to those chosen."""
    anna, ugo = desk.book.add("Anna"), desk.book.add("Ugo")
    desk.book.add("Eva")
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(GuestOrdersState.choose(anna, True))
        await tab.do(GuestOrdersState.choose(ugo, True))
        await tab.do(GuestOrdersState.ask("side", "bride"))
        state = await tab.state(GuestOrdersState)
        assert state.asked["title"] == "Put 2 guests on this side: Bride?"
        assert desk.book.guest(anna).side == "groom"
        await tab.do(GuestOrdersState.do_it)
        assert {desk.book.guest(one).side for one in (anna, ugo)} == {"bride"}
        state = await tab.state(GuestOrdersState)
        assert (state.asked["kind"], state.toast["text"]) == (
            "",
            "2 guests changed sides.",
        )
        assert state.selected == [anna, ugo]


async def test_everybody_who_matches_can_be_chosen(
    desk: Desk, monkeypatch: Any
) -> None:
    """Also on other pages, and nobody who came to match after the question."""
    monkeypatch.setattr(guest_list, "PAGE_SIZE", 2)
    for name in ("Anna A", "Anna B", "Anna C", "Ugo"):
        desk.book.add(name)
    async with desk.tab("/guests?q=anna") as tab:
        await opened(tab)
        await tab.do(GuestOrdersState.choose_page(True))
        state = await tab.state(GuestOrdersState)
        assert (len(state.selected), state.page_chosen) == (2, True)
        await tab.do(GuestOrdersState.choose_everybody)
        await tab.do(GuestOrdersState.ask("delete", ""))
        state = await tab.state(GuestOrdersState)
        assert state.asked["action"] == "Delete 3 guests"
        desk.book.add("Anna D")
        await tab.do(GuestOrdersState.do_it)
        state = await tab.state(GuestOrdersState)
        assert state.toast["kind"] in ("error", "success")
        left = desk.book.count(Guest)
        assert left == (5 if state.toast["kind"] == "error" else 1)


async def test_merging_names_who_stays(desk: Desk) -> None:
    """The question says it, and afterwards nobody is chosen."""
    thin, full = desk.book.add("A. Rossi"), desk.book.add("Anna", phone=PHONE)
    async with desk.tab() as tab:
        await opened(tab)
        await tab.do(GuestOrdersState.choose(thin, True))
        await tab.do(GuestOrdersState.ask("merge", ""))
        state = await tab.state(GuestOrdersState)
        assert (state.asked["kind"], state.toast["kind"]) == ("", "error")
        await tab.do(GuestOrdersState.choose(full, True))
        await tab.do(GuestOrdersState.ask("merge", ""))
        state = await tab.state(GuestOrdersState)
        assert state.asked["about"].startswith("Anna stays")
        await tab.do(GuestOrdersState.do_it)
        assert desk.book.count(Guest) == 1
        assert (await tab.state(GuestOrdersState)).selected == []


async def test_a_new_search_chooses_nobody(desk: Desk) -> None:
    """An order must not reach people that the list no longer shows."""
    anna = desk.book.add("Anna")
    async with desk.tab("/guests?q=anna") as tab:
        await opened(tab)
        await tab.do(GuestOrdersState.choose(anna, True))
        state = await tab.state(GuestOrdersState)
        state._answered = Asked(search="ugo")
        await tab.do(GuestsState.hold(False))
        assert (await tab.state(GuestOrdersState)).selected == []


async def test_who_may_only_look_changes_nothing(desk: Desk) -> None:
    """A viewer sees the list and no way to change it; the handlers refuse, too."""
    anna = desk.book.add("Anna")
    async with desk.tab(f"/guests?guest={anna}", role=Role.VIEWER) as tab:
        state = await opened(tab)
        assert not state.may_edit
        await save(tab, name="Eve")
        await tab.do(GuestFormsState.save_home({"name": "Eve"}))
        await tab.do(GuestFormsState.delete_opened(anna))
        await tab.do(GuestOrdersState.choose(anna, True))
        await tab.do(GuestOrdersState.ask("delete", ""))
        await tab.do(GuestOrdersState.do_it)
        row = desk.book.guest(anna)
        assert (row.name, desk.book.home(anna).name) == ("Anna", "Anna")
        assert (
            desk.app.db.read_now(
                lambda s: s.scalar(sa.select(sa.func.count()).select_from(Guest))
            )
            == 1
        )


async def test_the_opened_guest_can_be_deleted(desk: Desk) -> None:
    """The panel closes, the search stays."""
    anna = desk.book.add("Anna")
    async with desk.tab(f"/guests?q=anna&guest={anna}") as tab:
        await opened(tab)
        await tab.do(GuestFormsState.delete_opened(anna))
        assert desk.book.count(Guest) == 0
        (event,) = [one for one in tab.events if "path" in one.payload]
        assert event.payload["path"] == "/guests?q=anna"
