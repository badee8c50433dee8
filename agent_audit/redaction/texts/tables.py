"""Secrets in tables inside texts: a header names the column, as in CSV (RFC 4180), TSV, Markdown, what databases and
command lines print, and in the column list of an SQL INSERT."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice

from agent_audit.redaction.names.keys import KeyClass, KeyClassifier
from agent_audit.redaction.names.values import WORD, Named, could_be_secret, is_list_item, is_shown, is_weak_secret

Cell = tuple[int, int]
"""Start and end in the text."""

_NULL = "\\N"
"""How COPY writes that a cell has no value."""
_MAX_LINE = 4096
_MAX_ROWS = 100_000
_MAX_ALIGNED = 64
"""Columns; each costs its share in every line below, however short that is."""
_HEADER_CELL = re.compile(r"[\"'`*]{0,2}[^\W\d][\w .#/()-]{0,40}[\"'`*]{0,2}\Z")
# A header's cell ends soon, and has none of the characters that assignments and code have.
_CELL_ENDS = re.compile(r"[^,;|\t\r\n\\:={}<>\[\]]{1,64}(?:[,;|\t\r\n]|\\[nr]|\Z)")
_NO_HEADER = re.compile(r"(?i)(?:select|insert|from|and|or|the|please|your|with|if|for|def|return)\b")
_RULE_LINE = re.compile(r"[\s|:+=-]{3,}\Z")
_QUOTED = {
    mark: re.compile(rf"[ ]*(?:\"((?:[^\"]|\"\")*)\"[ ]*|([^{mark}]*))(?:[{mark}]|\Z)")
    for mark in (",", ";", "\t", "|")
}
_ALIGNED = re.compile(r"\S+(?: \S+)*")
# What follows INTO: the table, its columns, and the word before their values.
COLUMNS = r"\s{1,4}[\w.`\"\[\]]{1,128}\s{0,8}\(([^()]{1,2000})\)\s{0,8}(?i:values)\s{0,8}"
_INSERT = re.compile(rf"(?i:(?:insert|replace)\s{{1,4}}(?:ignore\s{{1,4}})?into){COLUMNS}")
_COPY = re.compile(r"(?i:copy) [\w.\"]{1,128} \(([\w \",]{1,2000})\) (?i:from stdin)[^;\n]{0,200};\n")
_SQL_VALUE = re.compile(
    r"\s*(?:[NEe]?'((?:[^'\\]|''|\\.)*)'|\"([^\"]*)\"|((?:[^,()'\"]|\((?:[^()]|\([^()]*\))*\))*))\s*([,)])"
)
_SQL_QUOTED = re.compile(r"\([^()']*'([^']+)'")


def find_columns(  # noqa: PLR0911  # one line a reason
    text: str, place: int, keys: KeyClassifier
) -> tuple[list[Named], int]:
    """The secrets below a header that holds `place`, and where the table, or else the line, ends."""
    if _CELL_ENDS.match(text, place) is None:
        return [], place + 1
    line = text.find("\n", place, place + _MAX_LINE)
    inner = text.find("\\n", place, line if line >= 0 else place + _MAX_LINE)
    mark, end = ("\n", line) if inner < 0 else ("\\n", inner)
    if end < 0:
        return [], place + 1
    first = text.rfind(mark, max(0, place - _MAX_LINE), place)
    first = first + len(mark) if first >= 0 else max(0, place - _MAX_LINE)
    # A table inside a string: the string begins and ends with its quotes, within one line.
    begins = text.rfind("\n", first, place) + 1 if mark == "\\n" else 0
    opened = text.rfind('"', max(first, begins), place)
    inside = opened >= 0 and (mark == "\\n" or text.startswith('": "', opened - 3))
    begins = opened + 1 if inside else begins
    first = max(first, begins)
    if not (text[first : first + 1].isalpha() or text[first : first + 1] in "\"'`|* "):
        return [], end
    kind = _kind(text[first:end])
    if kind is None or text.count("(", first, end) != text.count(")", first, end):  # the end of a call is no header
        return [], end
    header = _cells(text, first, end, kind)
    if first > begins and _is_row(text, first - len(mark), mark, kind, len(header)):
        return [], end
    names = [text[a:b] for a, b in header]
    # Spreadsheets end each line with a comma for every empty column; so do arguments in code, with blanks.
    while len(names) > 2 and not names[-1] and text[header[1][0] - 1] != " ":
        names.pop()
    columns = _sensitive(names, keys)
    starts = [cell - first for cell, _ in header]
    if not columns or (kind == " " and first > begins and _continues_columns(text, first - 1, starts)):
        return [], end
    return _below(text, end, mark, kind, header, starts, columns, inside=inside)


def _kind(line: str) -> str | None:
    """What divides the cells; `" "` for columns that are aligned by blanks."""
    for mark in ("|", "\t", ";", ","):
        if mark in line:
            return mark
    return " " if "  " in line.strip() else None


def _cells(text: str, first: int, end: int, kind: str) -> list[Cell]:
    if kind == " ":
        aligned = [match.span() for match in islice(_ALIGNED.finditer(text, first, end), _MAX_ALIGNED + 1)]
        return aligned if len(aligned) <= _MAX_ALIGNED else []
    if kind == "|":
        while first < end and text[end - 1] in " |\r":
            end -= 1
        while first < end and text[first] in " |":
            first += 1
    cells: list[Cell] = []
    cell = _QUOTED[kind]
    while first <= end:
        match = cell.match(text, first, end)
        if match is None:
            return []
        span = match.span(1) if match.group(1) is not None else match.span(2)
        cells.append(_trimmed(text, *span))
        first = match.end()
        if first >= end:
            # A separator at the very end begins one more cell, that is empty.
            if text[end - 1 : end] == kind and match.end() > span[1]:
                cells.append((end, end))
            break
    return cells


def _is_row(text: str, before: int, mark: str, kind: str, count: int) -> bool:
    """Whether the line that ends at `before` has as many cells: then what follows it is no header."""
    first = text.rfind(mark, max(0, before - _MAX_LINE), before)
    first = first + len(mark) if first >= 0 else 0
    if kind == "|":
        return "|" in text[first:before]
    return kind != " " and kind in text[first:before] and len(_cells(text, first, before, kind)) == count


def _continues_columns(text: str, before: int, starts: list[int]) -> bool:
    """Whether the cells of the line that ends at `before` begin where those of the next do.

    Then they are words in columns, as programs list their commands, and have no header.
    """
    above = text.rfind("\n", max(0, before - _MAX_LINE), before) + 1
    return len(starts) > 2 and [cell - above for cell, _ in _cells(text, above, before, " ")] == starts


def _trimmed(text: str, start: int, end: int) -> Cell:
    while start < end and text[end - 1] in " \r`*":
        end -= 1
    while start < end and text[start] in " `*":
        start += 1
    return start, end


def _sensitive(names: list[str], keys: KeyClassifier) -> dict[int, KeyClass]:
    """What the names of a header say of their columns; nothing when the line is no header."""
    if len(names) < 2 or any(_HEADER_CELL.match(name) is None or _NO_HEADER.match(name) for name in names):
        return {}
    found: dict[int, KeyClass] = {}
    for index, name in enumerate(names):
        if len(name.split()) > 3:
            return {}
        judged = keys.beside(name.strip("\"'`* "))
        if judged is not None:
            found[index] = judged
        elif index - 1 in found and is_shown(name, found[index - 1]):
            return {}  # a name and its value, not the names of two columns
    return found


def _below(  # noqa: PLR0917  # the place of the header, and what it says
    text: str,
    end: int,
    mark: str,
    kind: str,
    header: list[Cell],
    starts: list[int],
    columns: dict[int, KeyClass],
    *,
    inside: bool,
) -> tuple[list[Named], int]:
    secrets: list[Named] = []
    # Blanks after commas: a sentence may look like that, so words are no secrets there.
    spaced = kind == "," and text[header[1][0] - 1] == " "
    place = end + len(mark)
    for _ in range(_MAX_ROWS):
        stop = text.find(mark, place)
        stop = stop if stop >= 0 else len(text)
        if inside:
            quote = text.find('"', place, stop)
            stop = quote if quote >= 0 else stop
        if mark == "\\n":
            line = text.find("\n", place, stop)
            stop = line if line >= 0 else stop
        if stop - place > 16 * _MAX_LINE:
            break
        if not _RULE_LINE.match(text, place, stop):
            row = _aligned_row(text, place, stop, starts) if kind == " " else _cells(text, place, stop, kind)
            if kind == "|" and 1 < len(row) < len(header):
                row += [(stop, stop)] * (len(header) - len(row))  # empty cells at the end
            if len(row) != len(header):
                break
            for index, found in columns.items():
                value = text[row[index][0] : row[index][1]]
                if value and value != _NULL and is_cell_secret(value, found, spaced=spaced):
                    secrets.append(Named(*row[index], found.rule))
        elif kind in {",", ";"}:
            break
        if not text.startswith(mark, stop):
            place = stop
            break
        place = stop + len(mark)
    return secrets, place


def _aligned_row(text: str, place: int, stop: int, starts: list[int]) -> list[Cell]:
    """The cells of a line under the starts of the columns; none when one begins elsewhere."""
    row = [(place, place)] * len(starts)
    for match in _ALIGNED.finditer(text, place, stop):
        index = bisect_right(starts, match.start() - place) - 1
        if index < 0 or starts[index] != match.start() - place:
            return []
        row[index] = match.span()
    return row if place < stop else []


def is_cell_secret(value: str, found: KeyClass, *, spaced: bool = False) -> bool:
    """Whether a cell below a name is a secret; where cells are `spaced` like a sentence, a word is none."""
    if found.weak:
        return is_weak_secret(value, found.rule)
    word = WORD.match(value) is not None
    if word and (spaced or (found.rule != "key:password" and len(value) < 10)):
        return False
    chosen = found.rule == "key:password" and not spaced and " " not in value  # `walnut-Lake-42` is no name there
    return could_be_secret(value, found) and (chosen or is_list_item(value, found, "x"))


def column_names(listed: str) -> list[str]:
    """The names in the column list of an SQL statement."""
    return [name.strip(' \t\r\n`"[]') for name in listed.split(",")]


def _judged(names: list[str], keys: KeyClassifier) -> dict[int, KeyClass]:
    return {index: found for index, found in enumerate(map(keys.beside, names)) if found is not None}


def find_inserted(text: str, start: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets among the values of an SQL INSERT that begins at `start`, and where it ends."""
    match = _INSERT.match(text, start)
    if match is None:
        return [], start + 1
    columns = _judged(column_names(match.group(1)), keys)
    secrets: list[Named] = []
    place = match.end()
    while columns and text.startswith("(", place):
        place = _tuple(text, place + 1, columns, secrets)
        while place < len(text) and text[place] in ", \t\r\n":
            place += 1
    return secrets, place


def find_copied(text: str, start: int, keys: KeyClassifier) -> tuple[list[Named], int]:
    """The secrets among the rows of a COPY from standard input, as pg_dump writes them, and where it ends."""
    match = _COPY.match(text, start)
    if match is None:
        return [], start + 1
    names = column_names(match.group(1))
    columns = _judged(names, keys)
    if not columns:
        return [], match.end()
    place = match.end() - 1
    return _below(text, place, "\n", "\t", [(0, 0), *[(1, 1)] * (len(names) - 1)], [], columns, inside=False)


def _tuple(text: str, place: int, columns: dict[int, KeyClass], secrets: list[Named]) -> int:
    index = 0
    while True:
        match = _SQL_VALUE.match(text, place)
        if match is None:
            return len(text)
        found = columns.get(index)
        if found is not None:
            span = match.span(1) if match.group(1) is not None else match.span(2)
            if match.group(3):  # `crypt('x', gen_salt('bf'))`
                inner = _SQL_QUOTED.search(text, *match.span(3))
                span = inner.span(1) if inner is not None else (-1, -1)
            value = text[slice(*span)]
            if value and (is_weak_secret(value, found.rule) if found.weak else could_be_secret(value, found)):
                secrets.append(Named(*span, found.rule))
        place, index = match.end(), index + 1
        if match.group(4) == ")":
            return place
