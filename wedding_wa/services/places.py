"""services: time zones and countries, checked and guessed."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import available_timezones

from wedding_wa.domain.errors import BadInput
from wedding_wa.domain.phone import COUNTRIES

HOME_ZONE = "Europe/Rome"
HOME_COUNTRY = "IT"

_LOCALTIME = Path("/etc/localtime")


def checked_zone(text: str) -> str:
    """Return the zone's name. Raises BadInput on "time_zone" if there is none such."""
    zone = text.strip()
    if zone not in _all_zones():
        raise BadInput("error.time_zone", "time_zone")
    return zone


def checked_country(text: str) -> str:
    """Return the ISO 3166 code of a country that has telephones, else BadInput."""
    code = text.strip().upper()
    if code not in COUNTRIES:
        raise BadInput("error.country", "default_country")
    return code


@cache
def zones_by_region() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return (region, ((zone, city), …)) of every inhabited zone, for a list."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for _, zone in _inhabited():
        region, _, rest = zone.partition("/")
        regions.setdefault(region, []).append((zone, _city(rest)))
    ordered = sorted(regions.items())
    return tuple((name, tuple(sorted(z, key=lambda p: p[1]))) for name, z in ordered)


def zone_of(country: str) -> str | None:
    """Return the country's most populous zone, None for an unknown country."""
    zones = (zone for code, zone in _inhabited() if code == country.upper())
    return next(zones, None)


def country_of(zone: str) -> str | None:
    """Return the country that a zone is named for."""
    return next((code for code, name in _inhabited() if name == zone), None)


def country_in(accept_language: str) -> str | None:
    """Return the first country in an Accept-Language header ("it-CH,it" is CH)."""
    for wish in accept_language.split(","):
        region = wish.partition(";")[0].strip().rpartition("-")[2].upper()
        if "-" in wish and region in COUNTRIES:
            return region
    return None


def machine_zone() -> str | None:
    """Return the zone this machine is set to, None for UTC or where it is not told."""
    try:
        name = str(_LOCALTIME.resolve()).partition("zoneinfo/")[2]
    except OSError:
        return None
    return name if country_of(name) else None


def _city(rest: str) -> str:
    """ "Argentina/Buenos_Aires" reads "Buenos Aires (Argentina)"."""
    area, _, city = rest.rpartition("/")
    words = f"{city} ({area})" if area else city
    return words.replace("_", " ")


@cache
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@cache
def _inhabited() -> tuple[tuple[str, str], ...]:
    """The pairs (country, zone) of the tz database, the most populous first."""
    table = resources.files("tzdata") / "zoneinfo" / "zone.tab"
    rows = (line.split("\t") for line in table.read_text("utf-8").splitlines())
    return tuple((row[0], row[2]) for row in rows if not row[0].startswith("#"))
