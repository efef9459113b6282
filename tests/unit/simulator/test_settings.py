"""What the simulator takes on its command line, and its pace."""

from __future__ import annotations

import pytest

from wedding_wa.simulator import SimulatorConfig, Timings
from wedding_wa.simulator.__main__ import _parser
from wedding_wa.simulator.pace import Pace
from wedding_wa.simulator.qr import codes


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 8010, loopback, WAHA's own pace; the key from WAHA_API_KEY, else known."""
    monkeypatch.delenv("WAHA_API_KEY", raising=False)
    options = _parser().parse_args([])
    assert (options.port, options.host, options.speed) == (8010, "127.0.0.1", 1.0)
    assert options.api_key == "simulator"
    monkeypatch.setenv("WAHA_API_KEY", "mine")
    assert _parser().parse_args([]).api_key == "mine"
    assert _parser().parse_args(["--api-key", "other"]).api_key == "other"


@pytest.mark.parametrize("speed", ["0", "-1", "fast"])
def test_a_speed_is_positive(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A pace of nothing is refused with a sentence, in code too."""
    with pytest.raises(SystemExit):
        _parser().parse_args(["--speed", speed])
    assert "--speed" in capsys.readouterr().err
    with pytest.raises(ValueError, match="speed"):
        SimulatorConfig(speed=0)


def test_codes_of_a_round() -> None:
    """Six codes: 60 s and five times 20 s, together the 160 s of the recording."""
    shown = list(codes(Timings(), Pace(1.0, seed=3)))
    assert [code.lasts_s for code in shown] == [60, 20, 20, 20, 20, 20]
    assert len({code.value for code in shown}) == 6
    assert shown[0].svg().startswith("<svg")


def test_recorded_waits() -> None:
    """The waits that were recorded, to the second."""
    timings = Timings()
    assert (timings.until_running, timings.until_status) == (5, 10)
    assert timings.stop == 3
    assert timings.stop + timings.unpair == 4
    pairing = (timings.scan[0] + timings.pair[0], timings.scan[1] + timings.pair[1])
    assert 2 <= pairing[0] <= pairing[1] <= 3
    assert Pace(50).real(10) == 0.2
