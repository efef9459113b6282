"""What people type when they log in or set up is checked and made uniform."""

from __future__ import annotations

from datetime import date

import pytest

from wedding_wa.api.login import login_path, safe_path
from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.phone import COUNTRIES
from wedding_wa.services import passwords, places, users, weddings
from wedding_wa.words import languages
from wedding_wa.words.countries import countries


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "queue",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\n/evil.example",
        "/login?next=/login",
        "/login/",
        "/logout",
        "/setup?token=x",
    ],
)
def test_after_the_login_no_other_site_is_opened(wish: str) -> None:
    """`next` is a path of ours, else the start page; never a loop or a log-out."""
    assert safe_path(wish) == "/"


@pytest.mark.parametrize("wish", ["/", "/queue", "/queue?q=a%20b&state=failed&page=2"])
def test_after_the_login_the_wished_page_is_opened(wish: str) -> None:
    """A path of ours is kept, with its filter."""
    assert safe_path(wish) == wish


def test_the_wish_travels_whole() -> None:
    """What is put in the login's address comes back as it was."""
    assert login_path("/queue?q=a&page=2") == "/login?next=/queue%3Fq%3Da%26page%3D2"
    assert login_path("//evil.example") == "/login"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Anna@Example.ORG ", "anna@example.org"),
        ("o.r+tag@sub.example.org", "o.r+tag@sub.example.org"),
        ("owner@localhost", "owner@localhost"),
        ("andre\u0301@example.org", "andr\u00e9@example.org"),
    ],
)
def test_an_address_has_one_form(typed: str, stored: str) -> None:
    """Capitals, blanks and ways to write é make no second person."""
    assert users.checked_email(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "anna", "@", "a@", "@b", "a b@c.d", "a@b@c", "a@b\x00c", "a" * 255]
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    """The field is named, so that the form can show the sentence beside it."""
    with pytest.raises(BadInput) as told:
        users.checked_email(typed)
    assert told.value.field == "email"


def test_passwords_have_ten_to_1024_characters() -> None:
    """Short ones are refused; long sentences are welcome up to a bound."""
    for good in ("x" * 10, "x" * 1024, "à la carte, s'il vous plaît 🎉"):
        assert passwords.checked_password(good) == good
    for bad in ("", "x" * 9, "x" * 1025):
        with pytest.raises(BadInput):
            passwords.checked_password(bad)


def test_names_are_tidied_but_not_simplified() -> None:
    """Blanks and control characters go, letters of every script stay."""
    assert weddings.checked_name("  Zoë\u202e \n Åsa ", "groom_name") == "Zoë Åsa"
    assert weddings.checked_name("<b>Bo</b>", "groom_name") == "<b>Bo</b>"
    for bad in ("", " \t", "x" * 61):
        with pytest.raises(BadInput):
            weddings.checked_name(bad, "groom_name")


def test_the_day_may_stay_open() -> None:
    """An ISO date or nothing."""
    assert weddings.checked_day("") is None
    assert weddings.checked_day("2027-06-19") == date(2027, 6, 19)
    for bad in ("19.6.2027", "2027-02-30", "0027-06-19"):
        with pytest.raises(BadInput):
            weddings.checked_day(bad)


@pytest.mark.parametrize("bad", ["", "Rome", "europe/rome", "../etc/passwd", "+02:00"])
def test_a_zone_is_one_of_the_tz_database(bad: str) -> None:
    """Only names that zoneinfo knows are stored."""
    assert places.checked_zone(" Europe/Rome ") == "Europe/Rome"
    with pytest.raises(BadInput):
        places.checked_zone(bad)


def test_a_country_is_one_that_has_telephones() -> None:
    """ISO 3166 alpha-2, as the phone rules know them."""
    assert places.checked_country("it") == "IT"
    for bad in ("", "ITA", "XX", "39"):
        with pytest.raises(BadInput):
            places.checked_country(bad)


def test_guesses() -> None:
    """The browser's region says the country, the country its most populous zone."""
    assert places.country_in("it-CH,it;q=0.9,en-US;q=0.8") == "CH"
    assert places.country_in("it,en;q=0.9") is None
    assert places.country_in("zh-Hans,*") is None
    assert places.zone_of("CH") == "Europe/Zurich"
    assert places.zone_of("US") == "America/New_York"
    assert places.country_of("Europe/Rome") == "IT"
    assert places.country_of("UTC") is None


def test_every_zone_in_the_list_can_be_chosen() -> None:
    """The list offers nothing that is then refused."""
    for _, zones in places.zones_by_region():
        for zone, city in zones:
            assert places.checked_zone(zone) == zone
            assert city
            assert "_" not in city


@pytest.mark.parametrize("lang", languages())
def test_every_country_has_a_name(lang: str) -> None:
    """In each language that we speak, for each country that has telephones."""
    named = dict(countries(lang))
    assert set(named) == COUNTRIES
    assert all(named.values())


def test_countries_are_sorted_as_people_look_for_them() -> None:
    """Accents do not push a name to the end."""
    names = [name for _, name in countries("en")]
    assert names.index("Åland Islands") < names.index("Albania")
    assert dict(countries("it"))["DE"] == "Germania"
