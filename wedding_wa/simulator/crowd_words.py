"""simulator: what pretend guests say, by their character and in their language."""

from __future__ import annotations

import random
from collections.abc import Mapping
from enum import StrEnum


class Character(StrEnum):
    """How a pretend guest takes to being written to."""

    WARM = "warm"  # thanks, most times
    QUIET = "quiet"  # reads, never answers
    ASKS = "asks"  # has a question
    STOPS = "stops"  # wants no more messages
    JOKES = "jokes"  # says a stop word in a sentence
    LOOKS_ONLY = "looks_only"  # opens the link and leaves it at that
    STRANGER = "stranger"  # is on nobody's list
    COUSIN = "cousin"  # writes from a number that nobody knows


_THANKS = {
    "it": ("Grazie mille! ❤️", "Che bello, ci saremo!", "Evviva gli sposi! 🥂"),
    "en": ("Thank you! ❤️", "Can't wait to see you both!", "We'll be there 🥂"),
    "de": ("Vielen Dank! ❤️", "Wir freuen uns riesig!", "Wir sind dabei 🥂"),
    "fr": ("Merci beaucoup ! ❤️", "On a hâte !", "Nous serons là 🥂"),
    "es": ("¡Muchas gracias! ❤️", "¡Qué ilusión!", "Allí estaremos 🥂"),
    "pt": ("Muito obrigada! ❤️", "Mal podemos esperar!", "Lá estaremos 🥂"),
}
_QUESTIONS = {
    "it": ("C'è un parcheggio vicino alla villa?", "Possiamo portare la nonna?"),
    "en": ("Is there parking near the villa?", "Which hotel would you recommend?"),
    "de": ("Gibt es Parkplätze an der Villa?", "Bis wann sollen wir zusagen?"),
    "fr": ("Y a-t-il un parking près de la villa ?",),
    "es": ("¿Hay aparcamiento cerca de la villa?",),
    "pt": ("Há estacionamento perto da quinta?",),
}
_STOPS = {"it": "STOP", "en": "Stop", "de": "STOPP", "fr": "Stop", "es": "BAJA"}
_JOKES = {
    "it": "Non smetto più di sorridere! Stop alla dieta, da domani 😄",
    "en": "I can't stop smiling since I opened it 😄",
    "de": "Ich kann nicht aufhören zu lächeln, nicht mal mit einem Stopp-Schild 😄",
}
_FIRST = {
    Character.STRANGER: "Good morning, is this the plumber? My sink is leaking again.",
    Character.COUSIN: "Ciao! Sono la cugina Bea, questo è il mio numero nuovo 😘",
}


def reaction(
    character: Character,
    heard: int,
    language: str = "en",
    rng: random.Random | None = None,
) -> str:
    """Return what is said to the `heard`-th message (0: first of all); "": nothing."""
    if heard == 0:
        return _FIRST.get(character, "")
    if character is Character.STOPS:
        return _STOPS.get(language, "STOP") if heard == 1 else ""
    if character is Character.JOKES and heard == 1:
        return _JOKES.get(language, _JOKES["en"])
    if character is Character.ASKS and heard == 1:
        return _one(_QUESTIONS, language, rng)
    if character in (Character.WARM, Character.ASKS, Character.JOKES):
        return _one(_THANKS, language, rng) if heard < 4 else ""
    return ""


def _one(
    words: Mapping[str, tuple[str, ...]], language: str, rng: random.Random | None
) -> str:
    choices = words.get(language, words["en"])
    return rng.choice(choices) if rng else choices[0]
