"""words: every word people read, one catalogue a language.

A topic is a file (`en/queue.toml`, `it/queue.toml`), its keys are `topic.key`, nested
tables go on with dots. `{name}` is a placeholder. A table with exactly `one` and
`other` is a plural and takes the parameter `n`.

    say("it", "queue.retry_failed", n=3)
"""

from wedding_wa.words.catalogue import (
    DEFAULT_LANGUAGE,
    best_language,
    catalogue,
    entries,
    languages,
    say,
)

__all__ = [
    "DEFAULT_LANGUAGE",
    "best_language",
    "catalogue",
    "entries",
    "languages",
    "say",
]
