"""Finds and masks secrets in texts: one gate pass over all of them, then only the rules that it woke."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain

from agent_audit.redaction.effort import SIZE_RULE, readable
from agent_audit.redaction.folding import Offsets, fold, needs_folding
from agent_audit.redaction.gate import Gate, build_gate
from agent_audit.redaction.marker import HEAD, SIZE, Masker
from agent_audit.redaction.names.keys import KeyClassifier
from agent_audit.redaction.names.stores import STORE_MARKS
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.names.vocabulary import KEYWORDS
from agent_audit.redaction.remembered import MOST, Masked, Remembered
from agent_audit.redaction.rules import Rule
from agent_audit.redaction.rules.model import ENCODED, Lazy
from agent_audit.redaction.rules.personal import (
    AT_SIGNS,
    EMAIL,
    PERSONAL_IDS,
    find_email,
    find_number,
    number_places,
)
from agent_audit.redaction.rules.telephones import LABELS
from agent_audit.redaction.rules.whole import SEED_PHRASE, find_wholes
from agent_audit.redaction.sentences.codes import CODE_FINDERS
from agent_audit.redaction.sentences.logins import LOGIN_FINDERS
from agent_audit.redaction.sentences.passwords import NAME_FINDERS
from agent_audit.redaction.sentences.wallets import TELLING, find_seed_phrases
from agent_audit.redaction.spans import Found, Known, close_to, merged
from agent_audit.redaction.texts.bound import BOUND, find_bound, find_inserted_or_bound
from agent_audit.redaction.texts.documents import Structure, may_hold_documents, secrets_by_place
from agent_audit.redaction.texts.encoded import encoded_finders
from agent_audit.redaction.texts.escapes import is_document, is_escaped, strings_of
from agent_audit.redaction.texts.inline import find_named, marks_of, names_nothing
from agent_audit.redaction.texts.listed import LISTED, find_listed
from agent_audit.redaction.texts.manifests import find_in_manifest
from agent_audit.redaction.texts.markup import find_in_markup
from agent_audit.redaction.texts.parts import Reading, readings_within, without_prefixes
from agent_audit.redaction.texts.pgpass import PGPASS, find_in_password_file
from agent_audit.redaction.texts.sections import SECTION_FINDERS
from agent_audit.redaction.texts.tables import find_columns, find_copied

_MAX_ROUNDS = 6

Finder = Callable[[str, int], list[Found]]
Into = tuple[dict[int, list[Found]], dict[int, list[tuple[int, int]]]]
"""By text: what is to be masked, and where something was nearly found."""
Read = dict[tuple[str, bool], Sequence[Found]]
"""What was found in each text that was read, with or without the prefixes of its lines.

Escapes hide the same from several readings of one text: each string in it, and what it says without two kinds of
escapes, whichever is taken away first.
"""
Statement = Callable[[str, int, KeyClassifier], "tuple[list[Named], int]"]
"""Finds the secrets of what begins at a place, and where it ends."""
_REACH = 96
_IN_STATEMENTS, _IN_PHRASES, _IN_RUNS = range(3)
"""What reads a text in turn: where one of these ends, the next of the same begins. The words of a wallet and what is
encoded may hold, and stand before, any statement."""
# Literals that begin something with several secrets, and what finds them.
_STATEMENTS: dict[str, Statement] = {
    **dict.fromkeys(("insert into", "insert ignore into", "replace into"), find_inserted_or_bound),
    **dict.fromkeys(BOUND, find_bound),
    "copy ": find_copied,
    ":*:": find_in_password_file,
    **dict.fromkeys(("kind: secret", 'kind: "secret', "kind: 'secret"), find_in_manifest),
    **SECTION_FINDERS,
    **CODE_FINDERS,
    **NAME_FINDERS,
    **LOGIN_FINDERS,
}
_LISTS = ("args", "argv", "cmd", "command")
_QUOTES, _BLANKS = ('"', '\\"'), ("", " ")
_ARGUMENTS = {f"{name}{quote}:{blank}[" for name in _LISTS for quote in _QUOTES for blank in _BLANKS}
_ARGUMENTS |= {f'\\",{blank}\\"-' for blank in _BLANKS}
_TYPES = frozenset(name.lower() for name in STORE_MARKS) | _ARGUMENTS
"""Where one stands, a document is worth taking apart."""
_PERSONAL = frozenset({"email", "phone", "iban"})
_OF_PROSE = frozenset({"://", " / ", "admin/", "root/", "login", "log in", "log on", "sign in", " door", " gate"})
"""Literals of many harmless texts: where only they stand, nothing is hidden by an escape."""
_HEADS = (
    "phone",
    "mobil",
    "telef",
    "teléf",
    "handy",
    "celular",
    "móvil",
    "movil",
    "手机",
    "电话",
    "電話",
    "携帯",
    "전화",
)
"""In the names of columns with telephone numbers, beside the keywords."""


_NOTHING: dict[int, Masked] = {}


class Scanner:
    """The rules of one configuration. Holds no state of a call, so any thread may use it; remembers the last texts."""

    def __init__(
        self,
        rules: Sequence[Rule],
        keys: KeyClassifier,
        masker: Masker,
        disabled: frozenset[str] = frozenset(),
        *,
        gate: Gate | None = None,
        allowed: frozenset[str] = frozenset(),
        structure: Structure | None = None,
    ) -> None:
        self._allowed = allowed
        self._structure = structure
        self._keys = keys
        self._masker = masker
        self._email = EMAIL not in disabled
        self._disabled = disabled
        active = [rule for rule in rules if rule.id not in disabled]
        statements: dict[str, Statement] = dict(_STATEMENTS)
        if PGPASS in disabled:
            del statements[":*:"]
        if SEED_PHRASE not in disabled:
            statements.update(dict.fromkeys(TELLING, find_seed_phrases))
        statements.update(dict.fromkeys(LISTED, self._listed))
        encoded: dict[str, Statement] = {}
        if ENCODED not in disabled:
            encoded = encoded_finders(self._holds_secret)
            statements.update(encoded)
        woken: dict[str, list[tuple[Rule, re.Pattern[str] | Lazy]]] = {}
        for rule in active:
            for literal in dict.fromkeys(rule.literals):
                woken.setdefault(literal, []).append((rule, rule.pattern))
        literals = tuple(sorted(woken.keys() | {*KEYWORDS, *_HEADS} | statements.keys() | _TYPES))
        self._gate = gate or build_gate(literals)
        telling, keywords = frozenset(TELLING), frozenset(KEYWORDS)
        # Per literal: the rules it wakes, whether it is a keyword, or stands in names of columns, what may follow it in
        # harmless names, what finds the secrets of what begins there, which others it reads a text in turn with, and
        # whether a text is to be read more closely where it stands.
        self._wakes: list[
            tuple[list[tuple[Rule, re.Pattern[str] | Lazy]], bool, bool, set[str], Statement | None, int, bool]
        ] = [
            (
                woken.get(x, []),
                x in keywords,
                x in _HEADS,
                set(),
                statements.get(x),
                _IN_PHRASES if x in telling else _IN_RUNS if x in encoded else _IN_STATEMENTS,
                x not in _OF_PROSE
                and x not in keywords
                and x[:-1] not in keywords
                and x not in LABELS
                and x not in _HEADS,
            )
            for x in literals
        ]
        self.literals = literals
        # What a rule finds for some actions only is not the same for the others.
        self._remembered = Remembered(0 if any(rule.actions for rule in active) else MOST)

    def scan(self, texts: Sequence[str], action: str | None = None) -> dict[int, Masked]:
        """The texts in which something was masked, by their index."""
        harmless = self._remembered.harmless
        new = [index for index, text in enumerate(texts) if text not in harmless]
        if not new:
            return _NOTHING
        known = self._remembered.masked(texts, new)
        if known:
            new = [index for index in new if index not in known]
            if not new:
                return known
        if len(new) < len(texts):
            texts = [texts[index] for index in new]
        masked = self._scan(texts, action)
        self._remembered.note(texts, masked)
        known.update((new[place], one) for place, one in masked.items())
        return dict(sorted(known.items()))  # in the order of the texts, whichever of them were remembered

    def _scan(self, texts: Sequence[str], action: str | None) -> dict[int, Masked]:
        texts, cut = readable(texts, self._gate)
        found, near = self._find_all(texts, action, {})
        for index, rule in find_wholes(texts):
            if rule not in self._disabled:
                found[index] = [(0, len(texts[index]), rule)]
        if not (found or cut):
            return _NOTHING
        found = self._to_mask(texts, found)
        masked = {index: self._settle(texts[index], spans, near.get(index), action) for index, spans in found.items()}
        for index in cut:
            one = masked.get(index) or Masked(texts[index], ())
            masked[index] = one._replace(text=one.text + SIZE, rules=(*one.rules, SIZE_RULE))
        return masked

    def _to_mask(self, texts: Sequence[str], found: dict[int, list[Found]]) -> dict[int, list[Found]]:
        """Without what the configuration allows, by its text or by its rule."""
        if not (self._allowed or self._disabled):
            return found
        kept = {
            index: [
                (start, end, rule)
                for start, end, rule in spans
                if rule not in self._disabled and texts[index][start:end] not in self._allowed
            ]
            for index, spans in found.items()
        }
        return {index: spans for index, spans in kept.items() if spans}

    def scan_one(self, text: str, action: str | None = None) -> Masked:
        """One text, masked."""
        return self.scan((text,), action).get(0) or Masked(text, ())

    def _listed(self, text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        """What is secret of the arguments of a program that source code lists."""
        return find_listed(text, place, lambda line: self._find_all((line,), None, {})[0].get(0, []))

    def _holds_secret(self, inner: str) -> bool:
        spans = self._find_all((inner,), None, {})[0].get(0, ())
        return any(rule not in PERSONAL_IDS for *_, rule in spans)

    def _find_all(self, texts: Sequence[str], action: str | None, read: Read, *, prefixed: bool = True) -> Into:
        """What is to be masked, and where something was nearly found: both by text.

        Args:
            texts: the texts.
            action: what they belong to.
            read: what was found in texts within the same ones; these are added.
            prefixed: whether lines that have a prefix are read without it, too.
        """
        # Nothing matches across NUL, so the texts stay apart.
        joined = "\0".join(texts)
        if needs_folding(joined):
            return self._find_folded(texts, action, read, prefixed=prefixed)
        return self._find_in(texts, joined, action, read, prefixed=prefixed)

    def _find_folded(self, texts: Sequence[str], action: str | None, read: Read, *, prefixed: bool) -> Into:
        folded = [fold(text) for text in texts]
        found, near = self._find_in(folded, "\0".join(folded), action, read, within=False)
        for index in found.keys() | near.keys():
            if len(folded[index]) != len(texts[index]):
                offsets = Offsets(texts[index])
                if index in found:
                    found[index] = [(*offsets.span(start, end), rule) for start, end, rule in found[index]]
                near[index] = [(0, len(texts[index]))]
        everywhere = range(len(texts))  # folding makes quotes of what is none
        self._find_within(texts, everywhere, (found, near), action, read, prefixed=prefixed)
        return found, near

    def _find_in(
        self,
        texts: Sequence[str],
        joined: str,
        action: str | None,
        read: Read,
        *,
        within: bool = True,
        prefixed: bool = True,
    ) -> Into:
        places = self._gate.find(joined)
        found: dict[int, list[Found]] = {}
        near: dict[int, list[tuple[int, int]]] = {}
        numbers = number_places(joined)
        escaped = "\\" in joined or "%" in joined or "+" in joined
        if not (places or numbers or escaped or "@" in joined):
            return found, near
        starts = [0] if len(texts) == 1 else list(accumulate([len(t) + 1 for t in texts], initial=0))
        telling = self._wake(texts, places, starts, (found, near), action) if places else set()
        if "@" in joined and self._email:
            for match in AT_SIGNS.finditer(joined):
                self._add(texts, starts, (found, near), place=match.start(), find=_email, reach=0)
        for place in numbers:
            self._add(texts, starts, (found, near), place=place, find=find_number, reach=24)
        if within and (escaped or telling):
            closer = [n for n, text in enumerate(texts) if n in telling or is_escaped(text)]
            self._find_within(texts, closer, (found, near), action, read, prefixed=prefixed)
        return found, near

    def _find_within(
        self,
        texts: Sequence[str],
        closer: Sequence[int],
        into: Into,
        action: str | None,
        read: Read,
        *,
        prefixed: bool,
    ) -> None:
        """What is only seen by who reads the strings of a document, or a text without its escapes."""
        if len(closer) > 1:  # the shortest first: they stand within the others
            closer = sorted(closer, key=lambda index: len(texts[index]))
        for index in closer:
            text = texts[index]
            strings = list(strings_of(text)) if is_document(text) else None
            parts = list(readings_within(text, strings))
            lines = list(without_prefixes(text)) if prefixed else []
            holds_documents = strings is not None or may_hold_documents(text)
            if holds_documents or parts or lines:  # else plain text, read already
                if lines and index in into[0]:
                    into[0][index] = list(_behind_prefixes(text, into[0][index], lines))
                known = Known(into[0].get(index, ()))
                placed = self._by_place(text, strings) if holds_documents else ()
                # Without a prefix once, however many there are, or a text of prefixes alone would be read for each.
                inner = self._by_themselves(parts, action, read, prefixed=prefixed)
                spans = chain(placed, inner, self._by_themselves(lines, action, read, prefixed=False))
                new = [span for span in spans if span not in known]
                if new:
                    into[0].setdefault(index, []).extend(new)
                    into[1][index] = [(0, len(text))]
            read[text, prefixed] = into[0].get(index, ())

    def _by_place(self, text: str, strings: list[tuple[int, str]] | None) -> Iterator[Found]:
        """What its place in a document makes a secret."""
        if self._structure is not None:
            placed = secrets_by_place(text, strings, self._structure)
            yield from (span for span in placed if span[2] not in self._disabled)

    def _by_themselves(
        self, parts: list[Reading], action: str | None, read: Read, *, prefixed: bool
    ) -> Iterator[Found]:
        """What is found in parts of a text that are read by themselves."""
        new = list(dict.fromkeys(part.text for part in parts if (part.text, prefixed) not in read))
        if new:
            found, _ = self._find_all(new, action, read, prefixed=prefixed)
            read.update(((text, prefixed), found.get(number, ())) for number, text in enumerate(new))
        for part in parts:
            yield from part.of_whole(read[part.text, prefixed])

    def _add(
        self, texts: Sequence[str], starts: list[int], into: Into, *, place: int, find: Finder, reach: int
    ) -> None:
        index = bisect_right(starts, place) - 1
        local = place - starts[index]
        spans = into[0].get(index)
        if spans and spans[-1][0] <= local < spans[-1][1]:
            return
        found = find(texts[index], local)
        if not found and reach:
            into[1].setdefault(index, []).append((local - reach, local + reach))
        for span in found:
            if span[2] not in self._disabled:
                into[0].setdefault(index, []).append(span)

    # One loop, for it is the hot path of all texts that have hits: a call for each would cost as much as its work.
    def _wake(  # noqa: PLR0912, PLR0915
        self,
        texts: Sequence[str],
        places: Iterable[tuple[int, int, int]],
        starts: list[int],
        into: Into,
        action: str | None,
    ) -> set[int]:
        """Fills `into`; returns the texts in which something may be told in a way that is only seen from closer."""
        telling: set[int] = set()
        wakes, keys, (found, near) = self._wakes, self._keys, into
        passed: dict[str, int] = {}
        index, text, offset, after, named_to = -1, "", 0, 0, -1
        token_from = token_to = table_to = block_to = markup_to = -1
        read_to = [-1, -1, -1]
        opens = markup = lines = False
        for literal, start, end in places:
            if token_from < start < token_to:
                continue  # the letters of a token that is masked whole
            if start >= after or start < offset:
                index = bisect_right(starts, start) - 1
                text, offset = texts[index], starts[index]
                opens, markup, lines = marks_of(text)
                after = offset + len(text)
                table_to = block_to = markup_to = -1
                read_to = [-1, -1, -1]
            rules, keyword, heads, dull, statement, turn, tells = wakes[literal]
            if tells:
                telling.add(index)
            for rule, pattern in rules:
                match = pattern.match(text, start - offset)
                if match is None or passed.get(rule.id, -1) > start:
                    continue
                span = rule.span(text, start - offset, match)
                if span is not None and (rule.actions is None or action in rule.actions):
                    passed[rule.id] = offset + span[1]
                    if rule.group == 0:
                        token_from, token_to = offset + span[0], offset + span[1]
                    found.setdefault(index, []).append((span[0], span[1], rule.id))
                else:
                    near.setdefault(index, []).append((start - offset, match.end() + 1))
            if statement is not None and start >= read_to[turn]:
                secrets, end_of_statement = statement(text, start - offset, keys)
                read_to[turn] = offset + end_of_statement
                if secrets:
                    found.setdefault(index, []).extend(secrets)
            if keyword:
                follows = text[end - offset : end - offset + 2]
                if follows in dull:
                    continue
                if names_nothing(text, start - offset, end - offset):
                    if follows[1:] and not (follows[1].isalnum() or follows[1] in "_-"):
                        dull.add(follows)  # a name that ends in the keyword and one more letter: `tokens `
                    continue
                telling.add(index)
            elif not heads:
                continue
            if lines and start >= table_to:
                secrets, end_of_table = find_columns(text, start - offset, keys)
                table_to = offset + end_of_table
                if secrets:
                    found.setdefault(index, []).extend(secrets)
            if heads:
                continue
            if markup and start >= markup_to:
                secrets, end_of_label = find_in_markup(text, start - offset, end - offset, keys)
                markup_to = offset + end_of_label
                if secrets:
                    found.setdefault(index, []).extend(secrets)
            if named_to > start:
                continue
            named = find_named(text, start - offset, end - offset, keys, opens=opens, blocks_from=block_to - offset)
            if named is None:
                continue
            if named.block:
                block_to = max(block_to, offset + named.block)
            if named.secrets:
                named_to = max(named_to, offset + named.end)
                found.setdefault(index, []).extend(named.secrets)
            else:
                near.setdefault(index, []).append((start - offset, end - offset + _REACH))
        return telling

    def _settle(self, text: str, spans: list[Found], near: list[tuple[int, int]] | None, action: str | None) -> Masked:
        """Masks until nothing more is found, so that redacting the outcome again changes nothing."""
        # A piece of a marker, which what is masked may make whole; what was no address, for the URL around it; what was
        # no option of a command, for the letter before it.
        marked = (
            HEAD in text
            or ("@" in text and any("://" in text[start:end] for start, end, _ in spans))
            or any(text.startswith("-", end) for _, end, _ in spans)
        )
        if near is None and len(spans) == 1 and not marked:
            start, end, rule = spans[0]
            secret = text[start:end]
            masked = f"{text[:start]}{self._masker.mask(rule, secret)}{text[end:]}"
            return Masked(masked, (rule,), ((rule, secret),) if rule in _PERSONAL else ())
        rules: dict[str, None] = {}
        personal: list[tuple[str, str]] = []
        for _ in range(_MAX_ROUNDS):
            after = self._apply(text, spans, rules, personal)
            # What the masking has not brought nearer to a match would be passed over again.
            if after == text or not (marked or (near is not None and close_to(spans, near))):
                return Masked(after, tuple(rules), tuple(personal))
            text = after
            found, nearly = self._find_all((text,), action, {})
            spans, near = self._to_mask((text,), found).get(0) or [], nearly.get(0)
            marked = True
        if not spans:
            return Masked(text, tuple(rules), tuple(personal))
        return Masked("[REDACTED:unstable]", (*rules, "unstable"), tuple(personal))

    def _apply(self, text: str, spans: list[Found], rules: dict[str, None], personal: list[tuple[str, str]]) -> str:
        if len(spans) > 1 or HEAD in text:
            spans = merged(text, spans)
        pieces: list[str] = []
        done = 0
        for start, end, rule in spans:
            secret = text[start:end]
            rules[rule] = None
            if rule in _PERSONAL:
                personal.append((rule, secret))
            pieces += (text[done:start], self._masker.mask(rule, secret))
            done = end
        if not pieces:
            return text
        pieces.append(text[done:])
        return "".join(pieces)


def _behind_prefixes(text: str, spans: list[Found], lines: list[Reading]) -> Iterator[Found]:
    """What a name at the end of a line was given by the prefix of the next one is none of it."""
    lines = sorted(lines, key=lambda reading: reading.offset)
    for first, end, rule in spans:
        number = bisect_right(lines, first, key=lambda reading: reading.offset) - 1
        behind = lines[number].behind(first) if number >= 0 else first
        start = first if text[first:behind].isspace() else behind
        if start < end:
            yield start, end, rule


def _email(text: str, at: int) -> list[Found]:
    span = find_email(text, at)
    return [] if span is None else [(span[0], span[1], EMAIL)]


def ends_with_key_header(text: str) -> bool:
    """Whether a private key begins here and its body is elsewhere: the next item of a list of lines."""
    return "-----BEGIN" in text and text.rstrip().endswith("PRIVATE KEY-----") and "-----END" not in text
