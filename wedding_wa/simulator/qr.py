"""simulator: QR codes of a login, one after the other until they run out."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import segno

from wedding_wa.simulator import ids
from wedding_wa.simulator.config import Timings
from wedding_wa.simulator.pace import Pace

_LINK = "https://wa.me/settings/linked_devices#"


@dataclass(frozen=True)
class Code:
    """One code: its text, which of how many, when it was shown and for how long."""

    value: str
    number: int
    of: int
    shown_ms: int
    lasts_s: float

    def png(self) -> bytes:
        """Return the picture, 260 pixels square as WAHA's."""
        out = io.BytesIO()
        segno.make(self.value, error="m", micro=False).save(
            out, kind="png", scale=4, border=4
        )
        return out.getvalue()

    def png_base64(self) -> str:
        return base64.b64encode(self.png()).decode()

    def svg(self) -> str:
        out = io.BytesIO()
        segno.make(self.value, error="m", micro=False).save(
            out, kind="svg", scale=1, border=2, xmldecl=False, omitsize=True
        )
        return out.getvalue().decode()


def codes(timings: Timings, pace: Pace) -> Iterator[Code]:
    """Yield the codes of one round; the keys of the device stay the same."""
    keys = ",".join(ids.secret(pace.rng) for _ in range(3))
    for number in range(1, timings.codes + 1):
        lasts = timings.first_code if number == 1 else timings.next_code
        value = f"{_LINK}2@{ids.code_ref(pace.rng)},{keys},1"
        yield Code(value, number, timings.codes, pace.now_ms(), lasts)
