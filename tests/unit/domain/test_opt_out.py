"""What counts as STOP, what as START, what is only asked about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedding_wa.domain.opt_out import (
    MOST_WORDS,
    MentionsStop,
    Start,
    Stop,
    classify,
)

STOPS = {
    "en": ["STOP", "unsubscribe", "opt out", "please stop", "don't message me"],
    "it": ["Basta", "basta messaggi!", "cancellatemi", "non scrivetemi più, grazie"],
    "fr": ["ARRÊT", "arret", "désabonner", "ne m'écrivez plus s'il vous plaît"],
    "pt": ["PARAR", "Sair", "pare", "não me mandem mais mensagens, obrigada"],
    "es": ["ALTO", "baja", "no me escriban más por favor", "darme de baja"],
    "de": ["STOPP", "abmelden", "hört auf", "bitte keine Nachrichten mehr"],
}
STARTS = [
    "START",
    "riprendi",
    "reprendre",
    "retomar",
    "reanudar",
    "anmelden",
    "ok start",
]
QUESTIONS = {
    "en": ["can you stop writing to me at night?", "Cancel", "STOP\nMario Rossi"],
    "it": ["per favore smettete di scrivermi", "smettila!", "Annulla"],
    "fr": ["Arrête !", "arrêtez de m'écrire le soir", "plus de messages le soir svp"],
    "pt": ["parem de me mandar mensagens à noite", "chega", "para"],
    "es": ["dejen de escribirme por la noche", "para", "ya basta"],
    "de": ["Halt!", "schreibt mir nicht so spät", "hört bitte auf mir zu schreiben"],
}
# Everyday sentences with a word of the kind in them.
NOTHING = [
    "Is there a bus stop near the church?",
    "I can't stop smiling!",
    "we will stop by on Friday",
    "a non-stop party",
    "Mi basta un messaggio, grazie",
    "basta che ci sia il vino",
    "siamo in 4, basta così poco per essere felici",
    "das ist halt so",
    "wir kommen am Ende der Woche",
    "l'arrêt de bus est loin ?",
    "on n'arrête pas de rire",
    "para el niño un menú infantil",
    "o bolo é para a noiva",
    "la música alta, ¡qué bien!",
    "vou sair do trabalho às seis",
    "no me mandes la foto todavía",
    "Grazie!",
    "👍",
    "",
    "   \n",
]


@pytest.mark.parametrize("text", [t for texts in STOPS.values() for t in texts])
def test_a_whole_message_that_says_stop_is_a_stop(text: str) -> None:
    """In each of the six languages, bare or politely."""
    assert classify(text) == Stop()


@pytest.mark.parametrize("text", STARTS)
def test_a_whole_message_that_says_start_is_a_start(text: str) -> None:
    """In each of the six languages."""
    assert classify(text) == Start()


@pytest.mark.parametrize("text", [t for texts in QUESTIONS.values() for t in texts])
def test_what_may_be_meant_so_is_only_asked_about(text: str) -> None:
    """A sentence with such a word, or a word people use otherwise, is not acted on."""
    assert isinstance(classify(text), MentionsStop)


@pytest.mark.parametrize("text", NOTHING)
def test_everyday_sentences_are_nothing(text: str) -> None:
    """The couple is not asked about bus stops."""
    assert classify(text) is None


DECORATION = st.text(
    st.sampled_from(list(" .!?…*_~-\n\t🛑🙏✋\u200b\u200e\ufe0f\"'()")), max_size=12
)


@given(
    word=st.sampled_from([t for texts in STOPS.values() for t in texts]),
    before=DECORATION,
    after=DECORATION,
    case=st.sampled_from([str.upper, str.lower, str.title, str]),
)
def test_case_punctuation_and_emoji_do_not_matter(
    word: str, before: str, after: str, case: type[str]
) -> None:
    """However it is shouted or decorated."""
    assert classify(f"{before}{case(word)}{after}") == Stop()


PIECES = [
    *("stop", "basta", "start", "alto", "sair", "halt", "messages", "me", "no"),
    *("please", "bitte", "thanks", "ciao", "🛑"),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=20))
def test_a_longer_message_is_never_acted_on(pieces: list[str]) -> None:
    """However many such words there are: what goes on for long is a sentence."""
    words = [word for word in pieces if word != "🛑"]
    apart = [w for i, w in enumerate(words) if not i or w != words[i - 1]]
    if len(apart) > MOST_WORDS:
        assert not isinstance(classify(" ".join(pieces)), Stop | Start)


@given(st.text(max_size=300))
def test_any_text_has_an_answer_and_the_same_again(text: str) -> None:
    """Nothing a guest can type breaks it, and case alone never changes a STOP."""
    wish = classify(text)
    assert classify(text) == wish
    if isinstance(wish, Stop):
        assert classify(f"{text} {text} and see you at the church") != Stop()


@given(
    st.sampled_from([t for texts in STOPS.values() for t in texts]), st.integers(1, 9)
)
def test_stop_inside_a_sentence_is_not_a_stop(text: str, n: int) -> None:
    """The same words with something to say around them are left to a person."""
    assert classify(f"{text} {'ma vengo volentieri ' * n}") != Stop()
    assert classify(f"zia {'Maria ' * n}dice {text}") != Stop()
