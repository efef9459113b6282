"""services: sealing what must be stored but not read by a look at the database."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from wedding_wa.domain.errors import WeddingError


class SealBroken(WeddingError):
    """A sealed value cannot be opened: SECRET_KEY is not the one it was sealed with."""

    code = "error.secret_key_changed"


class Sealer:
    """Seals short secrets with a key derived from the app's secret key."""

    def __init__(self, key_material: bytes) -> None:
        self._material = key_material
        self._fernet = Fernet(base64.urlsafe_b64encode(self._derive(b"seal")))

    def seal(self, secret: str) -> str:
        """Return text that only `open` can read; empty stays empty."""
        return self._fernet.encrypt(secret.encode()).decode() if secret else ""

    def open(self, sealed: str) -> str:
        """Return the secret. Raises SealBroken."""
        if not sealed:
            return ""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken from error

    def token(self, purpose: str) -> str:
        """A secret that follows from the app's own, the same at every start."""
        return self._derive(purpose.encode()).hex()[:40]

    def key(self, purpose: str) -> bytes:
        """32 bytes to sign with, for this purpose alone."""
        return self._derive(b"key:" + purpose.encode())

    def _derive(self, purpose: bytes) -> bytes:
        return hmac.new(
            self._material, b"wedding_wa:" + purpose, hashlib.sha256
        ).digest()
