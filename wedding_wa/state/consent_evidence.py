"""state: the evidence of a consent as a page shows it (`pages.consent_evidence`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from wedding_wa.services.consent import NUMBER_CHANGED
from wedding_wa.services.consent_views import Proof

#: Why a consent holds no more, as the catalogue knows it.
REVOKED = (NUMBER_CHANGED, "other")


class ProofView(TypedDict):
    """One consent. Times are ISO; `revoked` "" while it is valid."""

    id: int
    account: str
    number: str
    how: str
    at: str
    words: str
    revoked: str
    revoked_at: str
    wants_none: bool


def proof_views(proofs: Iterable[Proof]) -> list[ProofView]:
    """Return `proofs` as a page's variable holds them."""
    return [_view(proof) for proof in proofs]


def _view(proof: Proof) -> ProofView:
    revoked = ""
    if proof.revoked_at is not None:
        revoked = proof.revoked if proof.revoked in REVOKED else "other"
    return ProofView(
        id=proof.id,
        account=proof.account,
        number=proof.given_to,
        how=proof.how.value,
        at=proof.at.isoformat(),
        words=proof.words,
        revoked=revoked,
        revoked_at=proof.revoked_at.isoformat() if proof.revoked_at else "",
        wants_none=proof.wants_none,
    )
