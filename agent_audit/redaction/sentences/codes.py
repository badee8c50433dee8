"""Codes told in a sentence, in many languages: one-time codes, the codes of doors and safes.

A word for `code` proves nothing: what is ordered, posted and goes wrong has codes, too. What counts is what stands
beside it (`code_words`): what the code is for, whose it is, that nobody may be told, what to do with it.

Every search is bounded by the numbers below, so that a text costs its length, however often the words stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from agent_audit.redaction.gate import lower_in_place
from agent_audit.redaction.names.keys import KeyClassifier
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.sentences.code_lists import find_list, find_setup_key
from agent_audit.redaction.sentences.code_words import SETUP_KEYS, TONGUES, UNITS, Tongue

_LEAD = 64
"""Characters before a word that are looked at for what the code is for, or for the code."""
_BESIDE = 32
"""Characters before a word that hold the words right beside it."""
_OWNER = 28
"""Characters before a word that hold what has the code: an error, a product."""
_REACH = 160
"""Characters behind a word within which its code stands."""
_LONGEST = 32
"""Characters of a code."""
_AGAIN = 400
"""Characters behind a code within which the same is looked for again."""
_HEADING = 480
"""Characters behind a word within which a list of codes may begin."""
_NAMES = 1024
"""Leads of one word whose meaning is remembered."""
_MOST = 4
"""Numbers behind a word that are looked at, and how often one is masked that stands again."""

# Groups of digits first: `123 456`, `1234 5678`, `12 34 56`, `1 2 3 4`. No part of a number, a date, a price, a name.
_DIGITS = (
    r"(?<![A-Za-z0-9_+$€£%/\\])(?<!\d[.,:-])"
    r"(?:\d{3}[ -]\d{3,4}|\d{4}[ -]\d{4}|\d{2}([ -])\d{2}\2\d{2}(?:\2\d{2})?|\d{3}-\d{2}-\d{3}"
    r"|\d(?:[ -]\d){3,7}|[A-Za-z]{1,2}-\d{4,8}|(?:(?<!\*)\*(?=\d{3,10}(?![\d*])))?\d{3,10})"
    r"(?![A-Za-z0-9_%€£$°]|[./:-]\d|-[a-z]|[ -]\d{2,}[ -]?\d|,\d{1,3}(?![\d分])| ?,?0{2}\b)"
)
# Capitals and digits, in groups or not: `K7P2QX`, `MQK-7XP`. No word of a sentence is written so.
_MIXED = (
    r"(?<![A-Za-z0-9_./\\-])(?=[A-Z-]{0,12}\d)[A-Z0-9]{2,10}(?:-[A-Z0-9]{2,6}){0,3}"
    r"(?![A-Za-z0-9_/]|[.:-][A-Za-z0-9])"
)
_TOKEN = re.compile(rf"({_DIGITS})|({_MIXED})")
# Names of standards, errors, sizes.
_NO_CODE = re.compile(
    r"(?:RFC|HTTP|HMAC|PBKDF|ISO|SHA|UTF|CVE|AES|RSA|ERR|IPV|MD|USB|EC|E|P|V)-?\d|\d+(?:MB|GB|KB|AM|PM|X|PX|MS)\b|\d{4}-W"
)
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_DATE = re.compile(
    r"(?:0[1-9]|[12]\d|3[01])([ -])(?:0[1-9]|1[0-2])\1\d\d\Z|\d\d([ -])(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])\Z"
)
_CARD = re.compile(
    r"secur|sécur|segur|sicherheit|sicurezza|cvv|cvc|crypto|prüf|güvenlik|bezpiecz|безопасн|セキュリティ|安全|보안"
)
# Also the end of a member of JSON.
_BREAK = re.compile(r"[!?;。؟।{}]|\.(?=\s|\Z)|\n|\\n|\[redacted|\"[,\]]")
_LINE_FOLLOWS = re.compile(r"\.?[^\S\n]{0,4}\n")
_NUMBER_ENDS = re.compile(r"\d[\s.,:;)]")
_IN_MARKER = re.compile(r"\[redacted:[\w:.-]{0,40}\Z")
_LINE_OF_ITS_OWN = re.compile(r"[.:]?(?:<[^<>\n]{0,60}>|[\s*_>`#]){1,12}\Z")
_ENDS_LINE = re.compile(r"[ \t*_`\"'#.]*(?:\Z|[\r\n<]|\\[rn])")
_TAGS = re.compile(r"(?:<[^<>\n]{0,60}>\s{0,4}){1,3}\Z")
_SUFFIX = re.compile(r"[^\W\d_]{0,8}(?:'s|\(s\))?")
_OTHER_WORD = re.compile(r"(?<![^\W_])(?:de|en|uni|trans|pseudo|geo|op|byte|vs|sub|run)\Z")
_NO_WORD_BEFORE = frozenset("_\\$@/")
_NO_WORD_AFTER = frozenset("_=")
_QUOTES = frozenset("\"'")
# `totp`, `otp-service`, `stan `: what stands right before and behind the word, a NUL between.
_PART_OF_NAME = re.compile(r"[^\W_]\0|\0-[^\W\d_]")
_YOURS_IN_TURKISH = re.compile(r"kod(?:un(?:uz)?(?:u|dur)?|um)\Z")
# Where a word of the data ends, in the tree of its letters.
_STEM, _WHOLE = "stem", "whole"
_LIKELY = re.compile(r"\d|[A-Z]{3}-[A-Z]{3}")
_FUNCTION_WORD = (
    r"(?:for|to|of|pour|de|du|des|à|a|la|le|un|une|van|voor|om|zum|zur|für|fürs|den|die|der|das|dem|het|your|the|you|need|"
    r"needed|votre|ihr|ihre|ihren|einer|below|is|my|this|from|aus)"
)


def _stems(text: str, *, glued: bool = False) -> str:
    """An expression of any of the words; a short one only where a word begins, if blanks part words."""
    anywhere: list[str] = []
    beginning: list[str] = []
    for word in text.split():
        form = word.replace("_", " ")
        short = len(form.rstrip(".")) <= 5 and form[0].isalpha() and not glued
        (beginning if short else anywhere).append(form)
    first = rf"(?<![^\W\d]){_any_of(beginning)}" if beginning else ""
    return f"(?:{'|'.join(filter(None, (first, _any_of(anywhere) if anywhere else '')))})" if text else r"(?!)"


def _any_of(words: list[str]) -> str:
    """An expression of the words by their letters, as a tree: at each character of a text few branches are tried."""
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for letter in word.rstrip("."):
            node = node.setdefault(letter, {})
        node[_WHOLE if word.endswith(".") else _STEM] = {}

    def form(node: dict[str, Any]) -> str:
        if _STEM in node:
            return ""
        forms = [r"(?![^\W\d])" if letter is _WHOLE else re.escape(letter) + form(node[letter]) for letter in node]
        return forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"

    return form(tree)


class _Forms(NamedTuple):
    """The words of a tongue, as expressions."""

    kind: re.Pattern[str]
    kind_before: re.Pattern[str]
    kind_after: re.Pattern[str]
    places: re.Pattern[str]
    harmless_before: re.Pattern[str]
    harmless_after: re.Pattern[str]
    told: re.Pattern[str]
    told_before: re.Pattern[str]
    yours: re.Pattern[str]
    keep: re.Pattern[str]
    enter: re.Pattern[str]
    got: re.Pattern[str]
    aims: re.Pattern[str]
    spare_before: re.Pattern[str]
    spare_after: re.Pattern[str]


def _forms_of(tongue: Tongue) -> _Forms:
    glued = tongue.glued
    kind, harmless, spare = (_stems(text, glued=glued) for text in (tongue.kinds, tongue.harmless, tongue.spare))
    # The words of English and its neighbours stand before the head; only a few may stand behind it before the kind.
    western = tongue.heads == "code"
    words = rf"(?:{_FUNCTION_WORD}[\s']){{0,5}}" if western else r"(?:[^\s\d:.,]{1,14}[\s']){0,3}"
    before = "|".join(re.escape(verb) for verb in tongue.verbs.replace("_", " ").split() if verb[-1] not in ":-")
    verbs = "|".join(re.escape(verb.replace("_", " ")) for verb in sorted(tongue.verbs.split(), key=len, reverse=True))
    apart = "" if glued else r"(?:\A|[\s'\")\]>])"
    blank = "" if glued else r"(?=\s)"
    opening = r"[\s\"'(\[【「『*_`>-]*\Z"
    of = r"(?:(?:de|do|da|du|des|di|del|della|d'|van|of|for) ?)?"
    return _Forms(
        kind=re.compile(kind),
        kind_before=re.compile(rf"{kind}[^\W\d_]{{0,12}}(?:[ -](?:sms|otp|pin|pass))?[\s\"'-]{{0,2}}\Z"),
        kind_after=re.compile(rf"\A[\s\"'(]{{0,2}}{words}(?:[dl]')?{kind}"),
        places=re.compile(_stems(tongue.places)),
        harmless_before=re.compile(rf"{harmless}[^\W\d_]{{0,3}}[\s-]?\Z"),
        harmless_after=re.compile(rf"\A[\s\"'(]{{{0 if glued else 1},2}}{of}{harmless}"),
        told=re.compile(
            rf"(?:[:>]|(?<=\s)=|(?<=\s)-|(?<=\S)-(?=\s)|[(\[【「『]|{apart}(?:{verbs})(?: now| still)?){opening}"
        ),
        told_before=re.compile(
            rf"\A[\"')\]】」]{{0,2}}\s?(?:(?:{before}|as|als|como|comme|come|som|jako|как|як|olarak|sebagai)"
            rf"{blank}|-(?=\s))"
        ),
        yours=re.compile(_stems(tongue.yours, glued=glued)),
        keep=re.compile(_stems(tongue.keep, glued=glued)),
        enter=re.compile(_stems(tongue.enter, glued=glued)),
        got=re.compile(_stems(tongue.got)),
        aims=re.compile(rf"\A[\"')\]*_]{{0,3}}(?: (?:ein|in|auf))?,?\s?{_stems(tongue.aims)}\s"),
        spare_before=re.compile(rf"{spare}[^\W\d_]{{0,12}}(?:[ -][^\W\d_]{{1,14}})?[\s-]?\Z"),
        spare_after=re.compile(rf"\A[\s\"'(]{{0,2}}(?:[^\s\d:.,]{{1,10}}[\s']){{0,2}}(?:[dl]')?{spare}"),
    )


_UNIT = re.compile(rf"\s?{_stems(UNITS)}")


class _Sentence:
    """A word in its text: what stands before and behind it, in lower case."""

    def __init__(self, text: str, start: int, end: int, *, glued: bool) -> None:
        self.text, self.start = text, start
        self.first = max(0, start - _REACH)
        self.low = lower_in_place(text[self.first : end + 2 * _REACH])
        lead = self.low[max(0, start - self.first - _LEAD) : start - self.first]
        self.lead = _BREAK.split(lead)[-1]
        self.beside = _NUMBER_ENDS.split(self.lead[-_BESIDE:])[-1]
        suffix = None if glued else _SUFFIX.match(self.low, end - self.first)
        self.end = self.first + suffix.end() if suffix is not None else end
        """Behind the word, its ending included."""
        self.after = self.between(self.end, self.end + _REACH)
        stop = _BREAK.search(self.after)
        far = stop is None or _LINE_FOLLOWS.match(self.after, stop.start())
        self.limit = self.end + (_REACH if far or stop is None else stop.start())
        """Where a code begins at the latest: in the sentence, or on a line of its own below it."""

    def between(self, start: int, end: int) -> str:
        """A part of the text, in lower case."""
        return self.low[max(0, start - self.first) : max(0, end - self.first)]


class _Name(NamedTuple):
    """What the words right before a head say."""

    kind: bool
    spare: bool


class _Finder:
    """Finds what is told beside a word for `code` of one tongue. Made ready when the word is first met."""

    def __init__(self, head: str, tongue: Tongue) -> None:
        self._head = head
        self._tongue = tongue
        self._made: _Forms | None = None
        self._harmless: dict[str, bool] = {}
        self._names: dict[str, _Name] = {}

    def __call__(self, text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        """The codes told beside the word at `place`, and where the last of them ends."""
        end = place + len(self._head)
        # In a name of a program it is no word of a sentence.
        before, behind = text[place - 1 : place], text[end : end + 1]
        if behind in _NO_WORD_AFTER or before in _NO_WORD_BEFORE or (before == behind and before in _QUOTES):
            return [], 0
        if self._is_harmless(text[max(0, place - _OWNER) : place]):
            return [], 0
        if _LIKELY.search(text, max(0, place - _LEAD), end + _HEADING) is None:
            return [], 0
        forms = self._made = self._made or _forms_of(self._tongue)
        said = _Sentence(text, place, end, glued=self._tongue.glued)
        if _OTHER_WORD.search(said.lead) or _IN_MARKER.search(said.low, 0, place - said.first):
            return [], 0
        if self._tongue.firm and self._head.isascii() and _PART_OF_NAME.search(said.lead[-1:] + "\0" + said.after[:2]):
            return [], 0
        found = self._listed(said, forms)
        if not (found or forms.harmless_after.search(said.after)):
            found = self._told(said, forms) or self._told_before(said, forms)
        return found, max((one.end for one in found), default=0)

    def _is_harmless(self, lead: str) -> bool:
        """Whether the word right before the head makes it another code; of logs, the same again and again."""
        owner = _NUMBER_ENDS.split(lead)[-1]
        harmless = self._harmless.get(owner)
        if harmless is None:
            forms = self._made = self._made or _forms_of(self._tongue)
            lowered = lower_in_place(owner)
            # What is hard-coded is any value.
            harmless = lowered.rstrip(" -").endswith("hard") or forms.harmless_before.search(lowered) is not None
            if len(self._harmless) >= _NAMES:
                self._harmless.clear()
            self._harmless[owner] = harmless
        return harmless

    def _named(self, said: _Sentence, forms: _Forms) -> _Name:
        """What the words right before the head say that it is for."""
        name = self._names.get(said.beside)
        if name is None:
            name = _Name(*(form.search(said.beside) is not None for form in (forms.kind_before, forms.spare_before)))
            if len(self._names) >= _NAMES:
                self._names.clear()
            self._names[said.beside] = name
        return name

    def _listed(self, said: _Sentence, forms: _Forms) -> list[Named]:
        spare = (
            self._named(said, forms).spare
            or forms.spare_after.search(said.after)
            or (self._tongue.firm and forms.spare_before.search(self._head))
        )
        return find_list(said.text, said.end) if spare else []

    def _is_for_entry(self, said: _Sentence, forms: _Forms) -> bool:
        """Whether the sentence says that the code lets somebody in."""
        if self._tongue.firm or self._named(said, forms).kind:
            return True
        return forms.kind_after.search(said.after) is not None

    def _told(self, said: _Sentence, forms: _Forms) -> list[Named]:
        """`Your code is 482913`, `verification code: 482913`."""
        text, kind = said.text, None
        for count, match in enumerate(_TOKEN.finditer(text, said.end, said.limit + _LONGEST)):
            between = said.between(said.end, match.start())
            if match.start() > said.limit:
                break
            own_line = "\n" in between and _is_own_line(text, between, match.end())
            # What stands behind the same word again is read from there.
            if count == _MOST or self._head in between or (_BREAK.search(between) and not own_line):
                break
            told = own_line or self._is_told(between, forms)
            if not told and not self._is_next(between, forms):
                continue
            if kind is None:
                kind = self._is_for_entry(said, forms) or forms.places.search(said.lead) is not None
            if not self._is_code(said, match, kind=kind, told=told):
                continue
            if kind or self._is_hinted(said, forms, match, told=told):
                return self._with_copies(said, match)
        return []

    def _is_told(self, between: str, forms: _Forms) -> bool:
        """Whether a verb, a colon or a bracket leads from the word to the code."""
        tags = _TAGS.search(between[-80:])
        if tags is not None:
            between = between[: len(between) - len(tags.group())]
        return forms.told.search(between[-24:]) is not None

    def _is_next(self, between: str, forms: _Forms) -> bool:
        """Whether the code stands right behind the word, or behind what it is for: `Kode OTP kamu 7730`."""
        between = _TAGS.sub(" ", between)
        words = between.split()
        if not words or len(words) > 4:
            return not words and (bool(between) or self._tongue.glued)
        kinds = sum(forms.kind.search(word) is not None for word in words)
        yours = sum(forms.yours.search(word) is not None for word in words)
        others = sum(len(word) > 3 for word in words) - kinds - yours
        return kinds > 0 and others <= min(yours, 1)

    def _is_code(self, said: _Sentence, match: re.Match[str], *, kind: bool, told: bool) -> bool:
        """Whether a number can be a code where it stands: none of lines, no year, no date."""
        token, start = match.group(), match.start()
        if match.group(1) is None:
            return kind and len(token) >= 4 and _NO_CODE.match(token) is None
        if _UNIT.match(said.between(match.end(), match.end() + 16)):
            return False
        digits = sum(map(str.isdigit, token))
        if digits < 4:
            return kind and told and _CARD.search(said.between(start - _LEAD, start)) is not None
        if digits < self._tongue.fewest or (not (told or self._tongue.firm) and _YEAR.match(token)):
            return False
        return kind or _DATE.match(token) is None

    def _is_hinted(self, said: _Sentence, forms: _Forms, match: re.Match[str], *, told: bool) -> bool:
        """Whether a code that nothing says the use of is somebody's own, to be kept, or to be entered."""
        start, end = match.span()
        before = said.between(said.first, start)
        behind = said.between(end, end + _REACH)
        if told:
            near = said.lead[-32:] + " " + said.between(said.end, start)
            word = said.between(said.first, said.end)
            if forms.yours.search(near) or _YOURS_IN_TURKISH.search(word):
                return True
        if forms.keep.search(before) or forms.keep.search(behind):
            return True
        if forms.aims.match(behind) and forms.kind.search(behind[:_LEAD]):
            return True
        if sum(map(str.isdigit, match.group())) < 5:
            return False
        return bool(forms.got.search(said.lead[-48:]) or (told and forms.enter.search(said.lead[-32:])))

    def _told_before(self, said: _Sentence, forms: _Forms) -> list[Named]:
        """`482913 is your code`."""
        last = None
        for match in _TOKEN.finditer(said.text, max(0, said.start - _LEAD), said.start):
            last = match
        if last is None:
            return []
        between = said.between(last.end(), said.start)
        if _BREAK.search(between) or not self._may_stand_before(last):
            return []
        if forms.told_before.search(between) is None and not self._is_turned(between, forms):
            return []
        own = last.group(1) is not None and (forms.yours.search(between) or forms.yours.search(said.after[:24]))
        return self._with_copies(said, last) if own or self._is_for_entry(said, forms) else []

    def _may_stand_before(self, match: re.Match[str]) -> bool:
        token = match.group()
        if match.group(1) is None and len(token) >= 6:
            return _NO_CODE.match(token) is None
        return sum(map(str.isdigit, token)) >= 4

    def _is_turned(self, between: str, forms: _Forms) -> bool:
        """Whether the code stands right before its word, and that is its place: `482913 onay kodu`."""
        words = between.split()
        if self._tongue.firm or not words:
            return self._tongue.firm and not words
        return self._tongue.turned and len(words) < 4 and all(forms.kind.search(word) for word in words)

    def _with_copies(self, said: _Sentence, match: re.Match[str]) -> list[Named]:
        """A code, and where the same stands again soon after it: `@site.example #123456`."""
        text, code, end = said.text, match.group(), match.end()
        rule = self._rule(said, code)
        found = [Named(match.start(), end, rule)]
        place = text.find(code, end, end + _AGAIN)
        while place >= 0 and len(found) < _MOST:
            stop = place + len(code)
            if not (text[place - 1].isalnum() or text[stop : stop + 1].isalnum()):
                found.append(Named(place, stop, rule))
            place = text.find(code, stop, end + _AGAIN)
        return found

    def _rule(self, said: _Sentence, code: str) -> str:
        if len(code) == 3:
            return "key:cvv"
        return "key:pin" if said.lead.rstrip(" -").endswith("pin") else self._tongue.rule


def _is_own_line(text: str, between: str, end: int) -> bool:
    """Whether the code stands on a line of its own, right below the sentence that tells of it."""
    tail = _LINE_OF_ITS_OWN.search(between[-120:])
    if tail is None or _ENDS_LINE.match(text, end) is None:
        return False
    return _BREAK.search(between[: len(between) - len(tail.group())]) is None


class _SetupKeyFinder:
    """Finds what is typed into an authenticator, behind one of its names."""

    def __init__(self, head: str) -> None:
        self._size = len(head)

    def __call__(self, text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        """The key behind the name at `place`, and where it ends."""
        found = find_setup_key(text, place + self._size)
        return found, max((one.end for one in found), default=0)


# What is typed at a door: `enter 770413# on the keypad`.
_TYPED = re.compile(
    r"(?i)\b(?:enter|type|press|punch|dial|key)(?: in)?(?: the)?(?: code)? (?:<[^<>]{1,40}>)?"
    r"([*#]?\d{4,8}#?)(?:</\w{1,8}>)?"
    r" (?:on|at|into|in) (?:the|its|your) (?:[\w-]{1,16} ){0,2}\Z"
)
_SET = re.compile(
    r"(?i: (?:keypad|alarm)\b[^\n.;!?]{1,72}? (?:it's(?: now)?|it is(?: now)?|type|enter|punch in|key in) )"
    r"([*#]?\d{4,8}#?|[A-Z]\d{4}[A-Z]?|\d{4}[A-Z])(?=[\s,.)]|\Z)(?! (?:times|lines|seconds))"
)
# What is entered to get in: `use 482 913 to sign in`.
_USED = re.compile(
    r"(?i)\b(?:use|using|enter|type|submit|utilisez|entrez|saisissez|usa|utiliza|utilize|introduce|ingresa|digite|insira"
    r"|nutzen?|verwenden?|eingeben|gebruik|voer|inserisci)(?: sie| the)?(?: (?:code|pin))?"
    r" [\"'*`]{0,2}(\d{3}[ -]\d{3}|\d{4}[ -]\d{4}|\d{6,8})[\"'*`]{0,2}\Z"
)
_TO_GET_IN = (
    *(" to sign in", " to log in", " to login", " to verify ", " to confirm your", " to confirm it"),
    *(" to authenticate", " to complete your", " to finish signing", " to continue signing"),
    *(" to access your", " to reset your"),
    *(" to unlock your", " to activate your", " pour vous connecter", " pour confirmer", " para iniciar ses"),
    *(" para entrar", " para verificar", " para confirmar", " zum anmelden", " zum einloggen", " um dich anzumelden"),
    *(" um sich anzumelden", " om in te loggen", " per accedere", " per confermare"),
)
_FOUR_DIGITS = re.compile(r"\d{4}")


def _find_typed(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The code that is to be typed at the thing whose name stands at `place`."""
    before = max(0, place - 2 * _LEAD)
    if _FOUR_DIGITS.search(text, before, place) is None:
        return [], 0
    return _entry(_TYPED.search(text, before, place + text.startswith(" ", place)))


def _find_set(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The same, and what the sentence goes on to say: `the keypad was changed, it's C2480Y`."""
    match = _SET.match(text, place)
    return _entry(match) if match is not None else _find_typed(text, place, _)


def _find_used(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """The number that is to be used for what the words at `place` say: `enter 482913 to log in`."""
    return _entry(_USED.search(text, max(0, place - _LEAD), place))


def _entry(match: re.Match[str] | None) -> tuple[list[Named], int]:
    if match is None or _YEAR.match(match.group(1)):
        return [], 0
    return [Named(*match.span(1), "key:otp")], match.end(1)


def _finders() -> dict[str, Callable[[str, int, KeyClassifier], tuple[list[Named], int]]]:
    named = [(head.replace("_", " "), tongue) for tongue in TONGUES for head in tongue.heads.split()]
    keys = [name.replace("_", " ") for name in SETUP_KEYS.split()]
    doors = {
        **dict.fromkeys((" door", " gate", " barrier", " intercom"), _find_typed),
        **dict.fromkeys((" keypad", " alarm"), _find_set),
    }
    return {
        **doors,
        **dict.fromkeys(_TO_GET_IN, _find_used),
        **{head: _Finder(head, tongue) for head, tongue in named},
        **{key: _SetupKeyFinder(key) for key in keys},
    }


CODE_FINDERS = _finders()
"""By word, a literal of the gate: what finds the codes told beside it."""
