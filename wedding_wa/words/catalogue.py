"""words: reads the catalogues and says a key in a language."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

DEFAULT_LANGUAGE = "en"

# A plural is {"one": ..., "other": ...}; everything else is one sentence.
Entry = str | dict[str, str]

_ROOT = Path(__file__).parent
_PLURAL = {"one", "other"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

log = logging.getLogger(__name__)


@cache
def languages() -> tuple[str, ...]:
    """Return the language codes there is a catalogue for, the default one first."""
    found = sorted(path.name for path in _ROOT.iterdir() if any(path.glob("*.toml")))
    return tuple(sorted(found, key=lambda code: code != DEFAULT_LANGUAGE))


@cache
def catalogue(lang: str) -> Mapping[str, Entry]:
    """Return all keys of `lang` with their sentences; empty for an unknown one."""
    return {
        f"{path.stem}.{key}": entry
        for path in sorted((_ROOT / lang).glob("*.toml"))
        for key, entry in _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    }


def entries(entry: Entry) -> list[str]:
    """Return the sentences of an entry: one, or both forms of a plural."""
    return [entry] if isinstance(entry, str) else list(entry.values())


def best_language(*wishes: str | None) -> str:
    """Return the first language in `wishes` that we speak, else the default.

    A wish is a code, a locale ("it_IT.UTF-8") or a browser's Accept-Language header
    ("it-IT,it;q=0.9,en").
    """
    for wish in filter(None, wishes):
        for code in _codes(wish):
            if code in languages():
                return code
    return DEFAULT_LANGUAGE


def say(lang: str, key: str, /, **params: object) -> str:
    """Return the sentence `key` in `lang`, its placeholders filled from `params`.

    An unknown language reads English. An unknown key is a defect that a test finds;
    should one slip through, its last part is shown rather than an error.
    """
    entry = catalogue(lang).get(key) or catalogue(DEFAULT_LANGUAGE).get(key)
    if entry is None:
        log.error("words: unknown key", extra={"action": "unknown_key", "key": key})
        return key.rpartition(".")[2].replace("_", " ")
    if isinstance(entry, dict):
        entry = entry["one" if params.get("n") == 1 else "other"]
    return _PLACEHOLDER.sub(lambda m: _filled(m, params), entry)


def _filled(match: re.Match[str], params: Mapping[str, object]) -> str:
    # A missing parameter leaves the placeholder visible: a test compares them.
    return str(params.get(match[1], match[0]))


def _codes(wish: str) -> list[str]:
    """The base codes of an Accept-Language header, most wanted first."""
    ranked = []
    for position, part in enumerate(wish.lower().split(",")):
        code, _, weight = part.strip().partition(";q=")
        quality = float(weight) if re.fullmatch(r"\d(\.\d+)?", weight) else 1.0
        ranked.append((-quality, position, re.split(r"[-_.]", code)[0]))
    return [code for _, _, code in sorted(ranked)]


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Entry]]:
    for key, value in table.items():
        if not isinstance(value, dict | str):
            raise TypeError(f"words: {prefix}{key} is neither a sentence nor a table")
        if isinstance(value, str) or set(value) == _PLURAL:
            yield prefix + key, value
        else:
            yield from _flat(value, f"{prefix}{key}.")
