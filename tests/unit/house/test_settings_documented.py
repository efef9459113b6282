"""docs/settings.md and the settings are one truth."""

from __future__ import annotations

import re

from pydantic import SecretStr

from tests.unit.house.rooms import ROOT
from wedding_wa.settings import Settings

ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \|$", re.M)


def rows() -> dict[str, tuple[str, str, str]]:
    """Default, meaning and example of each setting, as the page has them."""
    text = (ROOT / "docs" / "settings.md").read_text()
    found = ROW.findall(text)
    assert len({name for name, *_ in found}) == len(found), "a setting stands twice"
    return {name: (a.strip(), b.strip(), c.strip()) for name, a, b, c in found}


def test_every_setting_is_documented_and_nothing_else() -> None:
    """A new setting comes with its line, an old one goes with it."""
    assert set(rows()) == {name.upper() for name in Settings.model_fields}


def test_the_documented_defaults_are_the_real_ones() -> None:
    """What the page says happens when a setting is left out does happen."""
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        if isinstance(default, float):
            default = f"{default:g}"
        said = rows()[name.upper()][0]
        assert said == (f"`{default}`" if str(default) else "none"), name


def test_every_setting_has_its_meaning_and_an_example() -> None:
    """A sentence, and a line that could stand in `.env` as it is."""
    for name, (_, meaning, example) in rows().items():
        assert len(meaning) > 20, name
        assert re.fullmatch(rf"`{name}=\S+`", example), name


def test_every_example_is_a_valid_setting() -> None:
    """All of them together start the app."""
    from pydantic_settings import BaseSettings  # noqa: F401  # what reads them

    values = {}
    for name, (_, _, example) in rows().items():
        values[name.lower()] = example.strip("`").partition("=")[2]
    Settings(_env_file=None, **values)  # type: ignore[call-arg,arg-type]
