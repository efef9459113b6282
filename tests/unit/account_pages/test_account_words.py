"""Every status has its words and its buttons; a code has its white border."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from wedding_wa.domain.account import AccountStatus
from wedding_wa.services.link_code import link_code
from wedding_wa.state.account_words import heard_word, possible, status_word
from wedding_wa.state.accounts import COMMANDS
from wedding_wa.words import catalogue


@pytest.mark.parametrize("status", [*AccountStatus, "SOMETHING_NEW"])
@pytest.mark.parametrize("linked", [True, False])
def test_every_button_does_something_and_has_words(status: str, linked: bool) -> None:
    """A button is there only for a command there is, with words while it runs."""
    for command in possible(status, linked=linked):
        assert command in COMMANDS
        for part in ("do", "doing"):
            assert f"accounts.{part}.{command}" in catalogue("en")


def test_nothing_can_be_commanded_without_a_waha() -> None:
    """Where none is configured no button could work; the card says what to do."""
    assert possible(AccountStatus.NOT_CONFIGURED, linked=False) == []


def test_who_was_never_linked_cannot_be_logged_out() -> None:
    """Only a linked phone can be unlinked."""
    for status in AccountStatus:
        assert "logout" not in possible(status, linked=False) or status == "WORKING"
    assert "logout" in possible(AccountStatus.STOPPED, linked=True)


def test_the_first_button_of_a_failure_mends_it() -> None:
    """Codes that ran out want new ones; a login that broke may come back by itself."""
    assert possible(AccountStatus.FAILED, linked=False)[0] == "new_code"
    assert possible(AccountStatus.FAILED, linked=True)[0] == "restart"


def test_a_new_word_of_wahas_reads_as_something() -> None:
    """A status or event that we do not know has words all the same."""
    assert status_word("WORKING") == "WORKING"
    assert status_word("SOMETHING_NEW") == "other"
    assert heard_word("inbound") == "inbound"
    assert heard_word("something_new") == "other"


def test_a_code_has_its_quiet_zone() -> None:
    """Four white modules around it, on a dark page too: phones need them."""
    svg = unquote(link_code("https://wa.me/393470000001"))
    assert svg.startswith("data:image/svg+xml")
    size = re.search(r'viewBox="0 0 (\d+) (\d+)"', svg.replace("'", '"'))
    assert size is not None
    assert (int(size[1]) - 8) % 4 == 1  # a QR code has 4 n + 17 modules
    assert "#fff" in svg
    assert link_code("") == ""
