"""One simulator and one linked wedding for all crash tests; each works on a copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.places import Place, WhatsApp, make_template, opened_place
from tests.crash.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Starts the processes of all tests."""
    with Zygote() as made:
        yield made


@pytest.fixture(scope="session")
def whatsapp(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote
) -> Iterator[WhatsApp]:
    """The simulator with both numbers linked, a process of its own."""
    with WhatsApp(tmp_path_factory.mktemp("whatsapp"), zygote) as made:
        yield made


@pytest.fixture(scope="session")
def wedding(tmp_path_factory: pytest.TempPathFactory, whatsapp: WhatsApp) -> Path:
    """The data directory that every test begins with."""
    return make_template(tmp_path_factory.mktemp("wedding") / "data", whatsapp)


@pytest.fixture
def place(
    wedding: Path, tmp_path: Path, whatsapp: WhatsApp, zygote: Zygote
) -> Iterator[Place]:
    """A wedding of its own; what its processes left running is ended."""
    with opened_place(wedding, tmp_path / "place", whatsapp, zygote) as made:
        yield made
    whatsapp.mend()
