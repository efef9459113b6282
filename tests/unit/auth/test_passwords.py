"""Passwords are argon2 hashes, and checking one takes as long for nobody."""

from __future__ import annotations

import pytest

from wedding_wa.services import passwords


async def test_only_the_right_password_matches() -> None:
    """The hash is salted, is argon2id, and tells its own password."""
    one, two = passwords.hashed("a long password"), passwords.hashed("a long password")
    assert one != two
    assert one.startswith("$argon2id$")
    assert await passwords.matches("a long password", one)
    assert not await passwords.matches("a long passwore", one)
    assert not passwords.outdated(one)


async def test_nobody_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a person the same work is done, on a hash that fits no password."""
    checked: list[str] = []
    real = passwords._hasher.verify

    def verify(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return real(password_hash, password)

    monkeypatch.setattr(passwords, "_hasher", _Spy(verify))
    monkeypatch.setattr(passwords, "_nobodys_hash", lambda: _KNOWN)
    assert not await passwords.matches("a long password", None)
    assert checked == [_KNOWN]


async def test_a_broken_hash_is_no_match() -> None:
    """A row that was tampered with refuses, it does not fail."""
    assert not await passwords.matches("a long password", "plain text")


async def test_an_endless_password_is_not_hashed() -> None:
    """Beyond the bound nothing is worked out."""
    right = passwords.hashed("x" * 1024)
    assert await passwords.matches("x" * 1024, right)
    assert not await passwords.matches("x" * 1025, right)


class _Spy:
    def __init__(self, verify: object) -> None:
        self.verify = verify


# Even the password that nobody's hash was made of does not let anybody in.
_KNOWN = passwords.hashed("a long password")
