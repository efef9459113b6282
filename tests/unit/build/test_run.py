"""`run`'s checks: what is missing is told in one sentence that mends it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from wedding_wa.cli.run import check_data_dir, check_port
from wedding_wa.settings import SettingsError


def test_a_busy_port_names_another() -> None:
    """Somebody else listens there: the sentence holds a command that works."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=r"PORT=\d+") as caught:
            check_port("127.0.0.1", port, "PORT")
    assert f"Port {port} is in use" in str(caught.value)
    other = int(str(caught.value).rpartition("PORT=")[2])
    check_port("127.0.0.1", other, "PORT")  # what is proposed works
    check_port("127.0.0.1", port, "PORT")  # free again


def test_an_address_of_another_machine_is_told() -> None:
    """HOST must be one of this machine's addresses."""
    with pytest.raises(SettingsError, match="HOST"):
        check_port("192.0.2.1", 8000, "PORT")


def test_the_data_folder_is_made_private(tmp_path: Path) -> None:
    """It holds guests' numbers: nobody else on the machine may look."""
    folder = tmp_path / "new"
    check_data_dir(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert not list(folder.iterdir())


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file stands in the way, as a folder without permission would."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingsError, match="DATA_DIR"):
        check_data_dir(blocked / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_told(tmp_path: Path) -> None:
    """No permission: the sentence says how to take the folder back."""
    tmp_path.chmod(0o500)
    with pytest.raises(SettingsError, match="chown"):
        check_data_dir(tmp_path / "data")
