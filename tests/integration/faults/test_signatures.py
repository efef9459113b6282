"""The webhook's signature: right to the last bit, over the bytes as they came."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import accounts as see
from tests.integration.inbound.conftest import Door, app, door  # noqa: F401
from tests.integration.inbound.test_webhook_route import sample
from wedding_wa.api.webhooks import _signed
from wedding_wa.services.webhook_log import Receiver

SIGNED = sample("message", "DEVICE")


async def test_the_documented_signature_opens_the_door(door: Door) -> None:  # noqa: F811
    """WAHA's documentation has a body, a key and their signature."""
    raw = b'{"event":"message","session":"default","engine":"WEBJS"}'
    told = (
        "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
        "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
    )
    sealed = door.app.sealer.seal("my-secret-key")
    see.update(door.app.db, door.couple.groom, webhook_secret_sealed=sealed)
    headers = {"X-Webhook-Hmac": told, "X-Webhook-Hmac-Algorithm": "sha512"}
    answer = await door.post(raw, key=None, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"stored": True})
    again = await door.post(raw.replace(b"WEBJS", b"NOWEB"), key=None, headers=headers)
    assert again.status_code == 401


async def test_another_algorithm_is_no_signature(door: Door) -> None:  # noqa: F811
    """SHA-256 of the right key is refused, whatever the header calls it."""
    for name in ("sha1", "sha256", "sha384"):
        weak = hmac.new(see.SAMPLES_KEY.encode(), SIGNED, name).hexdigest()
        headers = {"X-Webhook-Hmac": weak, "X-Webhook-Hmac-Algorithm": name}
        answer = await door.post(SIGNED, key=None, headers=headers)
        assert answer.status_code == 401
    plain = hashlib.sha512(SIGNED).hexdigest()
    answer = await door.post(SIGNED, key=None, headers={"X-Webhook-Hmac": plain})
    assert answer.status_code == 401
    assert see.log(door.app.db, door.couple.groom) == []


mutations = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, len(SIGNED) * 8 - 1)),
    st.tuples(st.just("cut"), st.integers(0, len(SIGNED) - 1)),
    st.tuples(st.just("add"), st.integers(0, 255)),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutation=mutations)
def test_no_mutation_of_a_signed_body_gets_in(
    door: Door,  # noqa: F811
    mutation: tuple[str, int],
) -> None:
    """One bit turned, the end cut off, one byte more: no signature of ours."""
    how, where = mutation
    raw = bytearray(SIGNED)
    if how == "flip":
        raw[where // 8] ^= 1 << where % 8
    elif how == "cut":
        del raw[where:]
    else:
        raw.append(where)
    sealed = see.account(door.app.db, door.couple.groom).webhook_secret_sealed
    receiver = Receiver(door.couple.wedding, door.couple.groom, sealed)
    given_signature = see.signature(SIGNED)
    assert _signed(SIGNED, given_signature, receiver)
    assert not _signed(bytes(raw), given_signature, receiver)
