"""services: which column of a guest list is what, guessed from its heading in six
languages, and from the cells where there is no heading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from wedding_wa.domain.guests import Side, fold
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.services.guest_import_cells import MAX_COLUMNS, Sheet


class Field(StrEnum):
    """What a column can be. `""` is none of them: its cells are not looked at."""

    NAME = "name"
    FIRST = "first"
    LAST = "last"
    PHONE = "phone"
    OTHER_PHONES = "other_phones"
    HOUSEHOLD = "household"
    SIDE = "side"
    LANGUAGE = "language"
    TAGS = "tags"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Columns:
    """How a draft's lines are to be read.

    `header`: the first line names the columns. `fields`: what each column is, "" for
    nothing. `side` and `language` are for lines that do not say; language None is the
    wedding's.
    """

    header: bool
    fields: tuple[str, ...]
    side: Side
    language: str | None = None


# In the order in which a heading of several words is understood: "family name" before
# "family", "phone number" before "number". As `fold` writes them.
_WORDS: tuple[tuple[Field, str], ...] = (
    (
        Field.PHONE,
        "mobile phone|cell phone|mobile|cell|whatsapp|cellulare|telefonino|portable"
        "|handy|handynummer|mobilnummer|mobiltelefon|movil|celular|telemovel"
        "|phone number|phone|telephone|tel|telefono|telefon|telefonnummer|telefone"
        "|rufnummer|numero di telefono|numero de telephone|numero de telefono",
    ),
    (
        Field.OTHER_PHONES,
        "other phone|other phones|other numbers|altri telefoni|altri numeri"
        "|autres numeros|weitere nummern|otros telefonos|outros telefones",
    ),
    (
        Field.LANGUAGE,
        "language|lang|lingua|langue|sprache|idioma|lengua",
    ),
    (
        Field.SIDE,
        "side|invited by|lato|invitato da|da parte di|cote|invite par|seite"
        "|eingeladen von|lado|invitado por|convidado por|groom or bride"
        "|sposo o sposa|sposo/a",
    ),
    (
        Field.LAST,
        "last name|lastname|surname|family name|cognome|nom de famille|nachname"
        "|familienname|apellido|apellidos|sobrenome|apelido",
    ),
    (
        Field.FIRST,
        "first name|firstname|given name|forename|nome di battesimo|prenom|vorname"
        "|nombre de pila|primeiro nome|nome proprio",
    ),
    (
        Field.HOUSEHOLD,
        "household|family|household name|party|famiglia|nucleo|nucleo familiare"
        "|foyer|famille|menage|haushalt|familie|hogar|familia|agregado",
    ),
    (
        Field.TAGS,
        "tags|tag|labels|label|categories|category|group|groups|etichette|etichetta"
        "|categoria|categorie|gruppo|gruppi|etiquettes|etiquette|groupe|groupes"
        "|schlagworte|kategorie|kategorien|gruppe|etiquetas|etiqueta|grupo|grupos",
    ),
    (
        Field.NOTES,
        "notes|note|comments|comment|remarks|annotazioni|osservazioni|commenti"
        "|remarques|commentaires|notizen|notiz|bemerkungen|bemerkung|kommentar"
        "|notas|nota|comentarios|observaciones|observacoes",
    ),
    (
        Field.NAME,
        "name|full name|guest|guest name|display name|nome|nome e cognome"
        "|cognome e nome|nominativo|invitato|ospite|nom|nom complet|nom et prenom"
        "|invite|gast|vollstandiger name|nombre|nombre completo|nombre y apellidos"
        "|invitado|nome completo|convidado",
    ),
)
_EXACT: Mapping[str, Field] = {
    word: field for field, words in reversed(_WORDS) for word in words.split("|")
}
# Numbers that reach a pocket, before those on a wall.
_POCKET = re.compile(
    r"mobile|cell|whatsapp|telefonino|portable|handy|mobil|movil|celular|telemovel"
)
# Only as a whole heading: inside one they mean too much.
_ALONE: Mapping[str, Field] = {
    "number": Field.PHONE,
    "numero": Field.PHONE,
    "nummer": Field.PHONE,
    "contact": Field.PHONE,
    "contatto": Field.PHONE,
    "recapito": Field.PHONE,
    "n. di telefono": Field.PHONE,
}
_PHONELIKE = re.compile(r"[+(]?\d[\d\s().\-/]{5,}")
_LOOKED_AT = 50
_MOST = 0.6

_SIDES: Mapping[str, Side] = {
    word: side
    for side, words in (
        (
            Side.GROOM,
            "groom|sposo|marie|le marie|novio|noivo|brautigam|him|lui|el|er|his"
            "|groom's side|lato sposo|cote marie|groom side",
        ),
        (
            Side.BRIDE,
            "bride|sposa|mariee|la mariee|novia|noiva|braut|her|lei|ella|sie"
            "|bride's side|lato sposa|cote mariee|bride side",
        ),
    )
    for word in words.split("|")
}
_LANGUAGES: Mapping[str, str] = {
    word: code
    for code, words in {
        "en": "english|inglese|anglais|englisch|ingles",
        "it": "italian|italiano|italiana|italien|italienisch",
        "fr": "french|francese|francais|franzosisch|frances",
        "pt": "portuguese|portoghese|portugais|portugiesisch|portugues",
        "es": "spanish|spagnolo|espagnol|spanisch|espanol|castellano",
        "de": "german|tedesco|allemand|deutsch|aleman|alemao",
    }.items()
    for word in words.split("|")
}


def guess(sheet: Sheet, *, side: Side, language: str | None = None) -> Columns:
    """Return how the file is probably meant; every choice of it can be changed."""
    width = min(max(len(line.cells) for line in sheet.lines), MAX_COLUMNS)
    first = [*sheet.lines[0].cells, *[""] * width][:width]
    header = sheet.named or _names_columns(first)
    body = [line.cells for line in sheet.lines[header : header + _LOOKED_AT]]
    samples = [[row[i] for row in body if i < len(row)] for i in range(width)]
    fields = _by_heading(first, samples) if header else _by_cells(samples)
    return Columns(header, tuple(fields), side, language)


def read_side(text: str, couple: Mapping[str, Side]) -> Side | None:
    """Return whose side a cell means; `couple` has their own names, folded."""
    word = fold(text)
    return couple.get(word) or _SIDES.get(word)


def read_language(text: str) -> str | None:
    """Return the code of a language by its code ("it-IT") or its name."""
    word = fold(text)
    code = re.split(r"[-_]", word)[0]
    return code if code in GUEST_LANGUAGES else _LANGUAGES.get(word)


def _names_columns(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if _field_of(cell)]
    return bool(known) and not any(_PHONELIKE.fullmatch(cell) for cell in cells)


def _field_of(heading: str) -> Field | None:
    """What a heading says: as a whole, else by the words in it."""
    words = re.sub(r"[^\w/.']+", " ", fold(heading).replace("_", " ")).strip(" .:")
    if exact := _EXACT.get(words) or _ALONE.get(words):
        return exact
    if len(words) > 40:  # a sentence names no column
        return None
    padded = f" {words} "
    for field, known in _WORDS:
        if any(f" {word} " in padded for word in known.split("|")):
            return field
    return None


def _by_heading(headings: Sequence[str], samples: Sequence[Sequence[str]]) -> list[str]:
    found = [_field_of(heading) for heading in headings]
    phones = [
        i
        for i, field in enumerate(found)
        if field is Field.PHONE and (_share(samples[i]) >= _MOST or not any(samples[i]))
    ]
    phones.sort(key=lambda i: not _POCKET.search(fold(headings[i])))
    fields: list[str] = [""] * len(found)
    for i, field in enumerate(found):
        if field and field is not Field.PHONE and field not in fields:
            fields[i] = field
    for i, field in zip(phones, (Field.PHONE, Field.OTHER_PHONES), strict=False):
        if field not in fields:
            fields[i] = field
    return _parts_of_names(fields)


def _parts_of_names(fields: list[str]) -> list[str]:
    """ "Nom" beside "Prénom" is the family's name, "Nome" beside "Cognome" is not."""
    has_first, has_last = Field.FIRST in fields, Field.LAST in fields
    if Field.NAME not in fields or has_first == has_last:
        return fields
    part = Field.LAST if has_first else Field.FIRST
    return [part if field == Field.NAME else field for field in fields]


def _by_cells(samples: Sequence[Sequence[str]]) -> list[str]:
    """The column of numbers, and the first one of words."""
    fields = [""] * len(samples)
    shares = [_share(sample) for sample in samples]
    if shares and max(shares) >= _MOST:
        fields[shares.index(max(shares))] = Field.PHONE
    for i, sample in enumerate(samples):
        letters = sum(bool(re.search(r"[^\W\d_]{2}", cell)) for cell in sample)
        if not fields[i] and sample and letters >= _MOST * len(sample):
            fields[i] = Field.NAME
            break
    return fields


def _share(cells: Iterable[str]) -> float:
    """How many of the filled cells look like phone numbers."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return 0.0
    return sum(bool(_PHONELIKE.search(cell)) for cell in filled) / len(filled)
