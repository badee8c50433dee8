"""What stands within a text and says something by itself: strings, values of a form, text of HTML, lines with a prefix.

Tools number the lines of a file, show it as a change, or put the time before each; commands print JSON after a line of
their own, and programs the `repr` of a structure. What a rule knows from the beginning of a line, or up to the end of
a text, is not there then, unless these are read alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent_audit.redaction.spans import Found
from agent_audit.redaction.texts.escapes import Unescaped, readings, unescaped_form

_AT_A_CUT = 100
"""Characters from where a text was cut that count as there."""


class Reading(NamedTuple):
    """A part of a text, as whoever reads it sees it."""

    offset: int
    """Where the part begins."""
    text: str
    view: Unescaped | None
    """Where the characters of `text` stand in the part; None where it is the part."""
    cut_before: bool = False
    cut_after: bool = False
    """Whether the text goes on there."""

    @classmethod
    def through(cls, view: Unescaped, offset: int) -> Reading:
        """What is seen of the part that begins there."""
        return cls(offset, view.text, view)

    def of_whole(self, spans: Iterable[Found]) -> Iterator[Found]:
        """What was found in `text`, in the whole text.

        Nothing that begins where it is cut, which reads otherwise with what stands before; of what goes on to there,
        as a string does that has no end, its first line.
        """
        for first, last, rule in spans:
            if self.cut_before and first < _AT_A_CUT:
                continue
            end = last
            if self.cut_after and last > len(self.text) - _AT_A_CUT:
                end = self.text.find("\n", first, last)
            if end > first:
                yield *self.span(first, end), rule

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span of `text` in the whole text."""
        first, last = (start, end) if self.view is None else self.view.span(start, end)
        return self.offset + first, self.offset + last

    def behind(self, place: int) -> int:
        """Where the prefix ends in which a place of the whole text lies; the place itself if in none."""
        local = place - self.offset
        return place if self.view is None or local < 0 else self.offset + self.view.behind(local)


_SHORTEST = 8
# A quote behind a letter is an apostrophe. A string without an end is cut off, and matches too: else the end would be
# looked for again from every quote in it.
_QUOTED = re.compile(
    r"""(?<![\w\\])(?:"([^"\\]*(?:\\.[^"\\]*)*)(?:"|\\?\Z)|'([^'\\]*(?:\\.[^'\\]*)*)(?:'|\\?\Z))""", re.DOTALL
)
_MORE = re.compile(r"[\s\\%=]")
"""What stands in no single value."""
_OF_FORM = re.compile(r"(?<=[\w\]%.-]=)[^&\s\"'<>;=]{6,}={0,2}")
_OF_HTML = re.compile(r">([^<>]{6,})(?=</)")

# RFC 4180, with the quotes in it doubled; and of a table in Markdown.
_CELL = re.compile(r"(?:(?<=[,;\t\n])|\A)\"([^\"]*(?:\"\"[^\"]*)+)\"(?=[,;\t\r\n]|\Z)")
_DOUBLED = re.compile(r"\"\"")
_ROW = re.compile(r"^[ \t]{0,40}\| [^\n]*", re.MULTILINE)
_OF_TABLE = re.compile(r"(?<=\| )[^|\n]{8,}(?= \|)")
_LABEL = re.compile(
    r"^(?:(?:Observation|Output|Result|Response|Answer|Assistant|User|Human|AI|Tool|System|stdout|stderr):[ \n]"
    r"|(?:Out|In) ?\[\d{1,5}\]: )+",
    re.MULTILINE,
)
"""What says from whom the next lines are."""
_SCALAR = re.compile(r"[:-] [|>][+-]?\n(?=( {1,40})\S)((?:\1[^\n]*(?:\n|\Z)|(?!\1) *\n)+)")
"""A block of YAML 1.2, section 8.1."""
_CRLF = re.compile(r"\r\n")

_NUMBER = r"[ \t]{0,12}(?P<digits>\d{1,7})(?:\t|→|[:-](?!\d\d:)| ?\| ?)"
"""`cat -n`, `grep -n`, and what shows an agent a file."""
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)"
_NEXT = r"(?: [-|:](?=[ \n]|\Z))?"
_FIELD = rf"(?:\[[^\]\n]{{1,80}}\]:?|{_LEVEL}:?|[\w.]{{1,60}}(?= - )){_NEXT}"
_STAMP = (
    rf"(?:[A-Z][a-z]{{2}} {{1,2}}\d{{1,2}} \d\d:\d\d:\d\d [\w.-]{{1,60}} [\w./@-]{{1,60}}(?:\[\d{{1,9}}\])?:"
    rf"|\[?(?:\d{{4}}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d[^\s\]]{{0,16}}\]?{_NEXT}(?:[ \t]{{1,4}}{_FIELD}){{0,6}}"
    rf"|{_LEVEL}:[\w.]{{1,60}}:) ?"
)
"""Of syslog (RFC 3164), a log of a program, or `logging.basicConfig` of Python."""
_PATH = r"(?P<file>[\w./@+-]{1,200}?)[:-]\d{1,7}[:-]"
"""`grep -rn`."""
_MARK = (
    r"(?P<sign>>[>]{0,20}|data:|#{1,3}|//[/!]?|;{1,3}|--|%{1,2}|\[[^\]\n]{1,80}\]|[\w./@-]{1,60} {0,20}\|)"
    r"(?=[ \n]|\Z) ?"
)
"""What quotes, comments out, is an event of a server (`data:`), or names the container that a line comes from."""
_INDENT = re.compile(r"\s*?([ \t]{2,80})\S[^\n]*\n(?:(?:\1[^\n]*|(?!\1)[ \t]*)(?:\n|\Z))+\Z")
_KINDS = {"stamp": _STAMP, "number": _NUMBER, "path": _PATH, "mark": _MARK}
_BEGINS = re.compile("|".join(f"(?P<{kind}>{prefix})" for kind, prefix in _KINDS.items()))
_STARTS = {kind: re.compile(rf"(?:\A|\n)(?:{prefix})") for kind, prefix in _KINDS.items()}
_RUNS = {kind: re.compile(rf"(?:(?:{_KINDS[kind]})[^\n]*(?:\n|\Z))+") for kind in ("number", "stamp")}
_HUNK = re.compile(r"^@@ [^\n]*\n((?:[+\\ -][^\n]*(?:\n|\Z))+)", re.MULTILINE)
_CHANGE = re.compile(r"(?:\A|\n)[+\\ -]")
"""Of a change, as `diff -u` and `git diff` show it."""
_VARIES = b"0123456789abcdefABCDEF"
_MOST_OF_A_FORM = 12
_MOST_TRIED = 30
"""Lines in which the first of a block is looked for."""


def readings_within(text: str, strings: list[tuple[int, str]] | None) -> Iterator[Reading]:
    """What is to be read by itself.

    Of a document, whose `strings` are given, those that could hold more than one value; of another text all of it, if
    it has escapes, and what in it could hold more than one.
    """
    if strings is not None:
        parts = [(start, inner) for start, inner in strings if len(inner) >= _SHORTEST]
    else:
        yield from _views_of(text)
        if "\r\n" in text:
            yield Reading.through(Unescaped(text, _CRLF, _line_feed), 0)
        parts = [*_quoted(text), *_of_html(text), *_of_table(text), *_labelled(text)]
        yield from _of_form(text)
        yield from _cells(text)
    for start, inner in parts:
        if _MORE.search(inner):
            for _, _, view in readings(inner, whole=False):
                yield Reading(start, inner, None) if view is None else Reading.through(view, start)


def _views_of(text: str) -> Iterator[Reading]:
    """All of a text, or what is around the escapes of a long one, without them."""
    for start, end, view in readings(text, whole=True):
        if view is not None:
            yield Reading(start, view.text, view, cut_before=start > 0, cut_after=end < len(text))


def without_prefixes(text: str) -> Iterator[Reading]:
    """Neighbouring lines of a text that each have a prefix of the same kind, without it."""
    if "\n" not in text:
        return
    for start, block, prefix in _blocks(text):
        yield Reading.through(Unescaped(block, prefix, _line_feed), start)


def _blocks(text: str) -> Iterator[tuple[int, str, re.Pattern[str]]]:
    """Where each begins, its lines, and what they all begin with."""
    place, prefixed = 0, False
    for _ in range(_MOST_TRIED):
        after = text.find("\n", place) + 1
        if not after:
            break
        found = _prefixed(text, place, after)
        if found is not None:
            prefixed = True
            kind, after = found
            block = text[place:after]
            parts = _without_repeats(block, place) if kind == "stamp" else ((place, block),)
            yield from ((start, lines, _STARTS[kind]) for start, lines in parts)
        place = after
    if not prefixed:
        indent = _INDENT.match(text)
        if indent is not None:
            yield 0, text, _indent(indent[1])
        elif "|\n" in text or ">\n" in text or "-\n" in text:
            for scalar in _SCALAR.finditer(text):
                yield scalar.start(2), scalar[2], _indent(scalar[1])
    if "@@ " in text:
        for hunk in _HUNK.finditer(text):
            yield hunk.start(1), hunk[1], _CHANGE


def _prefixed(text: str, first: int, second: int) -> tuple[str, int] | None:
    """The kind of prefix that two lines have, and the end of the lines that have it; None if these have none."""
    here = _BEGINS.match(text, first)
    there = _BEGINS.match(text, second) if here is not None else None
    if here is None or there is None or here.lastgroup != there.lastgroup:
        return None
    kind = str(here.lastgroup)
    if kind in _RUNS:
        if kind == "number" and int(there["digits"]) != int(here["digits"]) + 1:
            return None
        run = _RUNS[kind].match(text, first)
        return kind, second if run is None else run.end()
    same = here["file"] or here["sign"]
    if same != (there["file"] or there["sign"]):
        return None
    end = second
    while end and text.startswith(same, end):
        end = text.find("\n", end) + 1
    return kind, end or len(text)


def _without_repeats(block: str, place: int) -> Iterator[tuple[int, str]]:
    """Where the parts of a log begin, and their lines, without those of a form that many before have had.

    Most lines differ in numbers alone; what they say was read where they stand.
    """
    if block.count("\n") <= _MOST_OF_A_FORM:
        yield place, block
        return
    seen: dict[bytes, int] = {}
    start = end = 0
    for line in block.splitlines(keepends=True):
        form = line.encode("utf-8", "replace").translate(None, _VARIES)
        seen[form] = count = seen.get(form, 0) + 1
        if count > _MOST_OF_A_FORM:
            if start < end:
                yield place + start, block[start:end]
            start = end + len(line)
        end += len(line)
    if start < end:
        yield place + start, block[start:end]


def _indent(blanks: str) -> re.Pattern[str]:
    return re.compile(rf"(?:\A|\n)(?:[ \t]{{{len(blanks)}}}|[ \t]*(?=\n))")


def _line_feed(_: object) -> str:
    return "\n"


def _quoted(text: str) -> Iterator[tuple[int, str]]:
    """The strings of JSON and of structures as Python shows them; of other texts those of several lines."""
    if '"' not in text and "'" not in text:
        return
    structures = '":' in text or "':" in text or ("\\" in text and ("='" in text or '="' in text))
    if not structures and "\n" not in text and '"""' not in text:
        return
    for match in _QUOTED.finditer(text):
        number = match.lastindex or 1
        start, inner = match.start(number), match[number]
        if len(inner) >= _SHORTEST and (structures or "\n" in inner or text.startswith('"""', start - 3)):
            yield start, inner


def _of_table(text: str) -> Iterator[tuple[int, str]]:
    if "| " in text:
        for row in _ROW.finditer(text):
            yield from ((row.start() + cell.start(), cell[0]) for cell in _OF_TABLE.finditer(row[0]))


def _labelled(text: str) -> Iterator[tuple[int, str]]:
    """What each of several says, if it is more than a line."""
    start = None
    for label in _LABEL.finditer(text):
        if start is not None and text.find("\n", start, label.start() - 1) >= 0:
            yield start, text[start : label.start()]
        start = label.end()
    if start is not None and text.find("\n", start, len(text) - 1) >= 0:
        yield start, text[start:]


def _cells(text: str) -> Iterator[Reading]:
    if '""' in text:
        for match in _CELL.finditer(text):
            yield Reading.through(Unescaped(match[1], _DOUBLED, _quote), match.start(1))


def _quote(_: object) -> str:
    return '"'


def _of_html(text: str) -> Iterator[tuple[int, str]]:
    if "</" in text:
        yield from ((match.start(1), match[1]) for match in _OF_HTML.finditer(text))


def _of_form(text: str) -> Iterator[Reading]:
    """The values of a form or of the query of a URL (RFC 3986, section 3.4)."""
    if "=" in text and ("+" in text or "%" in text):
        for match in _OF_FORM.finditer(text):
            if "+" in match[0] or "%" in match[0]:
                yield Reading.through(unescaped_form(match[0]), match.start())
