"""Whatever wrote the file, and whatever is in it: lines of cells, or a clear no."""

from __future__ import annotations

import contextlib
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedding_wa.domain.errors import BadInput
from wedding_wa.services.guest_import_cells import (
    MAX_BYTES,
    MAX_CELL,
    MAX_LINES,
    Line,
    harmless,
    unharmed,
)
from wedding_wa.services.guest_import_read import read_file, read_text
from wedding_wa.words import say

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")

NAMES = ["Nicolò Müller", "José Peña", "Françoise Lefèvre", "Zoë Città"]
TABLE = "Nome;Telefono\r\n" + "".join(f"{name};333 111\r\n" for name in NAMES)


def cells(data: bytes) -> list[tuple[str, ...]]:
    """The cells of a file, line by line."""
    return [line.cells for line in read_file(data).lines]


def workbook(*rows: list[object]) -> bytes:
    """An Excel file with these rows."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(data: bytes, part: str, old: str, new: str) -> bytes:
    """An Excel file with one part of it changed."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            text = source.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            target.writestr(name, text)
    return made.getvalue()


def refusal(data: bytes) -> str:
    """The code of the sentence a file is refused with."""
    with pytest.raises(BadInput) as caught:
        read_file(data)
    return caught.value.code.removeprefix("guest_import.error.")


@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
        *("cp1252", "latin-1", "mac_roman", "cp850"),
    ],
)
def test_any_usual_encoding_gives_the_names_as_written(encoding: str) -> None:
    """Excel on Windows, Numbers on a Mac and LibreOffice write differently."""
    assert [row[0] for row in cells(TABLE.encode(encoding))[1:]] == NAMES


@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    """Whatever stands between the cells, also where notes are full of commas."""
    text = f'Name{separator}Notes\nAnna{separator}"a, b; c"\nBruno{separator}"x, y"\n'
    found = cells(text.encode())
    assert found[1:] == [("Anna", "a, b; c"), ("Bruno", "x, y")]


def test_excels_own_hint_names_the_separator_and_is_no_line() -> None:
    """`sep=;` at the top is not a guest."""
    assert cells(b"sep=;\r\nName;Tel\r\nA;1\r\n") == [("Name", "Tel"), ("A", "1")]


def test_line_ends_inside_quotes_belong_to_the_cell() -> None:
    """And the lines after it keep the numbers an editor shows."""
    sheet = read_text('Name,Notes\nAnna,"one\ntwo"\n\nBruno,x\n')
    assert [(line.number, line.cells) for line in sheet.lines] == [
        (1, ("Name", "Notes")),
        (2, ("Anna", "one\ntwo")),
        (5, ("Bruno", "x")),
    ]


def test_a_quote_left_open_is_told() -> None:
    """It would swallow every guest after it."""
    assert refusal(b'Name,Tel\n"Anna,1\nBruno,2\n') == "quote"


def test_quotes_inside_a_cell_are_forgiven() -> None:
    """People write nicknames like that."""
    found = cells(b'Name,Tel\nLuca "il Lungo" Neri,1\n"Anna" Neri,2\n')
    assert [row[0] for row in found] == ["Name", 'Luca "il Lungo" Neri', "Anna Neri"]


def test_a_formula_is_never_run_and_never_taken_for_text() -> None:
    """In a CSV file it has no result, so its place is marked."""
    (_, line) = read_text("Name,Tel\n=1+1,333\n").lines
    assert line.formulas == (0,)
    (_, kept) = read_text('Name,Tel\nAnna,"=""0039 333"""\n').lines
    assert kept == Line(2, ("Anna", "0039 333"))


def test_excel_gives_stored_results_and_marks_what_has_none() -> None:
    """Nothing is computed here: a result is Excel's own, or there is none."""
    data = workbook(["Name", "Tel"], ["Anna", 393331112222.0], ["=1+1", "=A2"])
    stored = repacked(
        data, "xl/worksheets/sheet1.xml", "<f>A2</f><v />", "<f>A2</f><v>39</v>"
    )
    lines = read_file(stored).lines
    assert lines[1].cells == ("Anna", "393331112222")
    assert lines[2].formulas == (0,)
    assert lines[2].cells == ("", "39")


def test_what_a_sheet_claims_to_measure_is_not_believed() -> None:
    """One cell at the far end makes no million lines of it."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = "Name", "Anna"
    book.active["C1048576"], book.active["XFD3"] = "far below", "far right"
    file = io.BytesIO()
    book.save(file)
    numbers = [line.number for line in read_file(file.getvalue()).lines]
    assert numbers == [1, 2, 1048576]


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """A few kilobytes that would become a hundred megabytes."""
    data = workbook(["Name"], ["Anna"])
    grown = repacked(
        data, "xl/worksheets/sheet1.xml", "<sheetData>", "<sheetData>" + " " * 10**8
    )
    assert len(grown) < 500_000
    assert refusal(grown) == "unpacked"


def test_xml_that_explodes_is_refused() -> None:
    """A billion laughs in a sheet is no guest list."""
    data = workbook(["Name"], ["Anna"])
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet '
    laughing = repacked(data, "xl/worksheets/sheet1.xml", "<worksheet ", bomb)
    assert refusal(laughing) == "xlsx"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\r\n\r\n ;;\r\n", "empty"),
        (b"%PDF-1.7\n\x00\x01\xff\xfe", "kind"),
        (b"PK\x03\x04 not a zip", "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old_excel"),
        (b"BEGIN:VCARD\nFN:Anna\n", "vcard"),
        (b"\xff\xfeA\x00\xd8", "encoding"),
        (b"a" * (MAX_BYTES + 1), "too_large"),
        (b"Name\n" + b"x\n" * (MAX_LINES + 1), "lines"),
        (b",".join([b"x"] * 61), "columns"),
    ],
)
def test_what_is_no_guest_list_is_refused_in_words(data: bytes, code: str) -> None:
    """Each with its own sentence, which says what to do."""
    assert refusal(data) == code


def test_ten_thousand_lines_are_not_too_many() -> None:
    """The first names the columns and does not count."""
    data = b"Name\n" + b"x\n" * MAX_LINES
    assert len(read_file(data).lines) == MAX_LINES + 1


def test_a_cell_without_end_is_cut_and_can_be_told() -> None:
    """One character more than allowed stays, by which the line is judged."""
    (line,) = read_file(b"x" * 100_000).lines
    assert len(line.cells[0]) == MAX_CELL + 1


def test_cards_of_all_three_versions() -> None:
    """Quoted-printable, folded lines, groups and parts of names; the mobile first."""
    old = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\n"
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;\r\n"
        "TEL;HOME;PREF:06 123456\r\nTEL;CELL:+39 333 1112222\r\nEND:VCARD\r\n"
    )
    middle = (
        "BEGIN:VCARD\nVERSION:3.0\nN:Rossi;Anna;;;\nFN:Anna\n  Rossi\n"
        "TEL;TYPE=HOME,VOICE:06 1\nTEL;TYPE=CELL;TYPE=pref:333 2\n"
        "PHOTO;ENCODING=b;TYPE=JPEG:AAAA\n AAAA\nCATEGORIES:family,friends\n"
        "END:VCARD\n"
    )
    new = (
        "BEGIN:VCARD\nVERSION:4.0\nFN:Zoë\n"
        'item1.TEL;VALUE=uri;TYPE="voice,cell":tel:+39-333-7654321\nEND:VCARD\n'
    )
    found = cells((old + middle + new).encode())[1:]
    assert found == [
        ("Jörg Müller", "+39 333 1112222", "06 123456"),
        ("Anna Rossi", "333 2", "06 1", "family, friends"),
        ("Zoë", "+39-333-7654321"),
    ]


@pytest.mark.parametrize("text", ["=1+1", "+39", "-1", "@x", "'=x", "''=x", "\tx", "x"])
def test_what_is_made_harmless_comes_back_as_it_was(text: str) -> None:
    """And nothing that a spreadsheet would run stands at the beginning."""
    safe = harmless(text)
    assert safe[0] not in "=+-@\t\r\n"
    assert unharmed(safe) == text


@given(st.text())
def test_any_text_survives_being_made_harmless(text: str) -> None:
    """For every text, not for the usual ones only."""
    assert unharmed(harmless(text)) == text
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))


# Made once: an Excel file holds the moment it was made.
WORKBOOK = workbook(["Name", "Tel"], ["Anna", "+39333"], ["=1+1", 5])
PIECES = st.sampled_from(
    [
        *(b"BEGIN:VCARD\n", b"END:VCARD\n", b"VERSION:2.1\n", b"TEL;CELL:", b"FN:"),
        *(b"N;ENCODING=QUOTED-PRINTABLE:", b"=C3", b"CHARSET=", b"item1.", b"\n "),
        *(b'"', b";", b",", b"\t", b"\r\n", b"sep=", b"=1+1", b"\xff\xfe", b"\x00"),
        *(b"PK\x03\x04", b"Name;Tel\n", b"+39 333 1112222", "è".encode("cp1252")),
    ]
)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(), st.lists(st.one_of(PIECES, st.binary(max_size=4))).map(b"".join)
    )
)
def test_any_bytes_are_read_or_refused_in_words(data: bytes) -> None:
    """Nothing crashes: the end is lines with cells, or a BadInput."""
    try:
        sheet = read_file(data)
    except BadInput as error:
        told = say("en", error.code, **error.params)
        sheet = None
    if sheet is None:
        assert told.endswith(".")  # a sentence, not a bare key
        return
    assert sheet.lines
    for line in sheet.lines:
        assert line.cells or line.formulas
        assert not any(
            "\x00" in cell or len(cell) > MAX_CELL + 1 for cell in line.cells
        )


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_excel_file_is_read_or_refused(data: st.DataObject) -> None:
    """Bytes changed anywhere in it, or the end cut off."""
    whole = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(4, len(whole) - 1))
        whole[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(4, len(whole)))
    with contextlib.suppress(BadInput):
        assert read_file(bytes(whole[:cut])).lines


@settings(max_examples=60)
@given(st.data())
def test_a_sheet_with_any_xml_is_read_or_refused(data: st.DataObject) -> None:
    """A file can be a sound zip and say nonsense inside."""
    whole = WORKBOOK
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        part = data.draw(st.sampled_from(packed.namelist()))
        text = packed.read(part).decode()
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 60)))
    piece = data.draw(
        st.sampled_from(["", "9" * 5000, "<", "s", "-1", ' r="ZZZZ9"', "é"])
    )
    broken = text[:start] + piece + text[end:]
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w") as packed,
        zipfile.ZipFile(io.BytesIO(whole)) as old,
    ):
        for name in old.namelist():
            packed.writestr(name, broken if name == part else old.read(name))
    with contextlib.suppress(BadInput):
        assert read_file(made.getvalue()).lines
