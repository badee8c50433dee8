"""Secrets given by name inside text: `password=x` in shell, .env, YAML, JSON, repr, forms, URLs, XML, argv.

A gate hit on a keyword starts the search; the whole name around it is judged as a dict key would be, and only
then the value is looked at. Every step is bounded, so that no text costs more than its length.
"""

from __future__ import annotations

import re

from agent_audit.redaction.marker import HEAD, MARKER
from agent_audit.redaction.names.keys import (
    KeyClass,
    KeyClassifier,
    is_harmless_owner,
    name_words,
    sensitive_last_words,
)
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.names.vocabulary import NOUNS_FIRST, OF
from agent_audit.redaction.sentences.passwords import find_in_sentence
from agent_audit.redaction.sentences.phrases import (
    find_answer,
    find_changed,
    find_code_told,
    find_number_before,
    find_number_told,
    find_told,
    find_told_unparted,
    is_unparted,
)
from agent_audit.redaction.texts.assigned import MIXED, RANDOM, Finding, find_assigned, finding_of
from agent_audit.redaction.texts.beside import (
    AS,
    find_argument,
    find_before,
    find_beside,
    find_close_by,
    find_in_element,
    find_in_field,
    find_in_line,
)

_NAME_LIMIT = 48
_NAME_BEFORE = re.compile(r"[\w.-]*")
_WORD_BEFORE = re.compile(r" (\w{2,24})")
# What follows the keyword: the rest of the name, then what separates it from a value. Strong: an assignment.
# Weak: mere closeness, which counts only for values that look random, or for an option's argument.
# The third form is a name and a value side by side: `"name": "x", "value": "y"`, in YAML, in XML attributes.
# Declarations name the type in between: `var token string = "x"`, `const KEY: &str = "x"`.
_TYPE = (
    r"(?:(?::\s{0,2}|\s)&?(?:'static |\[\](?:const )?)?(?:u8|string|str|String|char|text|bytes)\b\s{0,2}(?==)"
    r"|\s{1,2}(?i:as string|n?varchar2?|n?char|text)(?:\(\w{1,5}\))?\s{0,2}(?=:?=))?"
)
_MEMBER = r"\\{0,7}[\"']?,\s{0,16}\\{0,7}[\"'][\w-]{1,32}\\{0,7}[\"']\s?:\s?\\{0,7}[\"']?(?:[^\"\\,{}]{0,64})"
# What kind of a password it is, where an adjective follows its noun, and what it is for.
_KIND = (
    r"(?i:provvisori[ao]|provisoire|provisional|provis[oó]ri[ao]|temporal|temporaire|tempor[aá]ri[ao]|inicial|iniziale"
    r"|tymczasow[ey]|временный|tijdelijk|tillfälligt|dočasné|geçici|initiale?|nuev[ao]|nov[ao]|nouveau|nuov[ao]"
    r"|שלי|שלך|שלנו|μου|σου|saya|anda|(?:của )?(?:tôi|bạn)"
    r"|wi-?fi|wlan|smtp|ftp|ssh|root|admin|vpn|api|sms"
    r"|(?:de|del|do|da|di|per|for|für|du|pour|para) [\w.-]{1,24}(?: [\w.-]{1,24})?)"
)
_ASSIGNED = (
    rf"\\{{0,7}}(?:\*\*|[\"'`]{{0,2}})[\])]{{0,2}}(?:%5[Dd]){{0,2}}(?:%[Cc]3%[Bb]1as?)?{_TYPE}\s{{0,4}}"
    r"(?::{1,3}=|=>|[?+.|]{1,2}[=:]|={1,3}|:(?:\*\*(?=\s))?(?![:/])(?:\s{0,2}[|>][+-]?\s{0,2}\n)?|(?:->|<-)(?=\s{0,4}[\"'`]))"
    r"(?:\s|\\[nr]){0,12}"
    r"|(?:%(?:25)?(?:2[27]|5[Dd]))?%(?:25)?3[ADad](?:%(?:25)?20|\+)?(?:%(?:25)?2[27])?|&#(?:58|61|x3[ADad]);\s?"
    r"|&(?:quot|apos|#34|#39);\s?[:=]\s?&(?:quot|apos|#34|#39);|&gt;(?=[^&\s])"
    # LDIF, the registry of Windows, lists as redis-cli prints them, binaries of Erlang, `set `x` to `y``.
    r"|/[a-z]{3,12}: (?=\S)|[ \t]{5,40}[:=] (?=\S)|::\s(?=[A-Za-z0-9+/]{8})|\s{1,16}REG_(?:EXPAND_)?SZ\s{1,16}(?=\S)"
    # COBOL, fields of Jsonnet, PHP's serialize() and its sessions.
    r"|\s{1,4}PIC X\(\d{1,4}\)\s{1,4}VALUE\s{1,4}(?=[\"'])|:{2,3}\s{0,4}(?=[\"'][^\"']{4})"
    r"|(?:\\{0,7}\";|\|)s:\d{1,5}:(?=\\{0,7}\")"
    r"|\"\r?\n\s{0,8}\d{1,4}\) (?=\")|,\s{0,2}<<(?=\")"
    r"|[`'\"] to (?=[`'\"])|[\"')\]]{0,3} {1,4}# ?=> (?=[\"'])"
    r"|\"(?: \[[\w=-]{1,40}\]){1,4}: (?=\S)| - (?=[\"'])|[\"']\s?>(?=[^<\s>])"
    # `Unseal Key 1: x`, `AWS Secret Access Key [None]: x`, `API key (live): x`, `Password provvisoria: x`.
    rf"|(?: #?\d{{1,2}}| \([\w .,-]{{1,24}}\)| \[[^\]\n]{{1,24}}\]| {_KIND}) ?:(?:\s|\\[nr]){{1,4}}(?=\S)"
    rf"|(?:{_MEMBER}){{0,4}}\\{{0,7}}[\"']?[,\s]\s{{0,16}}\\{{0,7}}[\"']?(?:[Vv](?:al|AL)(?:ue|UE)?|default)\\{{0,7}}[\"']?"
    r"\s{0,2}[:=]\s{0,4}"
    # The next element of XML, the body of a form's part, the default of a variable, the field of a page.
    r"|(?:[\"']\s?>|</[\w:-]{1,20}>)\s{0,40}<(?:value|string|val)\b[^<>]{0,40}>"
    r"|[\"'](?:\r?\n[\w-]{1,40}: [^\r\n]{1,100})?\r?\n\r?\n(?=\S)"
    r"|\"\s?\{[^{}]{0,300}?\bdefault\s{0,8}=\s{0,4}"
    r"|[\"'\])`]{1,5}(?:\.\w{1,12}\(\d?\))?\.(?:fill|type|send_keys|sendKeys|pressSequentially|press_sequentially"
    r"|setValue|set_value|val)\(\s{0,2}(?=[\"'`])|[\"'\]`]{1,3}\)\.value ?= ?(?=[\"'`])"
    # What stands behind a selector of CSS: `fill('input[type="password"]', 'x')`.
    r"|[\"']?\][\"'`],\s{0,24}(?=[\"'`])| (?:\|\||\?\?) (?=[\"'`])"
    # What a program takes where nothing is set, the names of an assignment to several.
    r"|[\"'`][\])]{1,2} (?:\|\||\?\?|or) (?=[\"'`])"
    r"|(?:, ?[\w.$]{1,48}){1,8}(?: string)?(?: :?= (?=[\"'`])|[)\]] = (?=[(\[][\"']))"
)
_GAP = r"(?![\w-])[\s,\"'`>|\])(\\]{1,24}(?:(?:is|IS|Is|was|WAS) )?[\"'`]?"
_CLOSE = rf"(?:{RANDOM}{{16}}|{MIXED})"
# The name is taken whole and never in part: a look-ahead is not gone back into, so nothing is tried twice.
_NAME_REST = r"(?=([\w-]{0,47}\w|))\1"
_AFTER = re.compile(rf"{_NAME_REST}(?:({_ASSIGNED})|({_GAP})(?={_CLOSE}))")
_AFTER_OPTION = re.compile(rf"{_NAME_REST}(?:({_ASSIGNED})|({_GAP})(?=\S))")
# An element with an optional prefix opens, `<ns:password`; then its text and the tag that closes it.
_OPENS_ELEMENT = re.compile(r"<(?:[\w-]{1,12}:)?\Z")
_BEFORE_OPTION = ("", " ", "\t", "\n", '"', "'")
_MAY_TELL = re.compile(
    r"(?=(\w{0,24}))\1(?:[\"'`\]*]|\Z| {0,40}\||[.:]?(?:\r?\n|\\n)|[ \u00a0\u202f]?\?|,? please| again\?"
    r"|, it(?:'s| is)|'s |-(?i:code|number)"
    r"| ?(?:[–—→⇒]|->|\\u2[01])"
    r"| (?:[\"'`(*\d-]|[NbE]'|[A-Z]{1,2}-\d|(?i:is|was|are|has|for|of|to|on|at|from|set|reset|changed"
    r"|updated|rotated|provided|given|supplied|shared|sent|ist|lautet|heißt|heisst|c['’]est|est|es|é|è|jest|je|este|adalah|mitt|mea|saya|anda"
    r"|till|til|do|da|del|della|dello|du|des|dos|das|d['’]|dell['’]|all['’]|wurde|wird|hab\w{0,2}|е|của|μου|σου|μας|σας|dispositivo|zum?|zur|van|voor|per|för|для|от|на|до|від|за|ke?|za|για|cho|untuk"
    r"|der|vom|mới|baru|nouă|\u0627\u0644\u062c\u062f\u064a\u062f\u0629|\u05d4\u05d7\u05d3\u05e9\u05d4"
    r"|là|είναι|\u05d4\u05d9\u05d0|\u05d4\u05d5\u05d0|\u0647\u064a|\u0647\u0648"
    r"|nimm|nehmt|nutzt?e?|verwendet?|utilise[rz]?|usa|usar|utilizz?a|gebruik|użyj"
    r"|är|er|für|de|pour|para|code|number|no)\b))"
)
_BEFORE_FIELD = ('"', "'", "time ", "the ", "your ", "my ", "its ", "into ", "in ", "as ", "for ", *AS)
_IS_SAID = re.compile(r": | (?:is|was) ")
_OF_PASSWORDS = frozenset({"pass", "pw", "pwd", "phrase", "pasword"})
"""Keywords of what people choose, and tell in more ways than others."""
_LETTERS_BEFORE = re.compile(r"\w*(?:-\w{3,16}(?![\w-]))?")
_LETTERS = re.compile(r"\w{0,24}")

_TAIL = re.compile(r"[\w-]{0,40}")
_LAST_WORDS = sensitive_last_words()
_hopeless: dict[str, bool] = {}
_NO_VALUE = Finding([], 0)
# A mark behind a secret may be its last character: to mask one that ends the sentence takes nothing away.
_LAST_MARKS = re.compile(r"[!?]{1,3}(?=[\s\"'`*,;)\]}<|]|\\|\Z)")
_MARKED = frozenset({"key:password", "key:secret", "key:token", "key:credential", "key:api-key"})


def marks_of(text: str) -> tuple[bool, bool, bool]:
    """Whether a word in the text may be a name without an assignment (option, element), in markup, above a table."""
    element = "<" in text
    return element or "-" in text, element and ("</" in text or "<br" in text), "\n" in text or "\\n" in text


def names_nothing(text: str, start: int, end: int) -> bool:
    """Whether the name that ends in the word of the keyword at `start:end` is harmless: `max_tokens`."""
    if is_unparted(text, end):
        return False
    match = _TAIL.match(text, end)
    tail = text[start : match.end()] if match is not None else text[start:end]
    known = _hopeless.get(tail)
    if known is None:
        known = _is_hopeless(tail)
        if len(_hopeless) >= 4096:
            _hopeless.clear()
        _hopeless[tail] = known
    return known


def _is_hopeless(tail: str) -> bool:
    parts = name_words(tail)
    if not parts:
        return False
    if (len(parts) > 2 and not OF.isdisjoint(parts)) or parts[0] in NOUNS_FIRST:
        return False
    last = parts[-1].rstrip("0123456789")
    # The first word may have begun before the keyword: `dbpass`.
    return last not in _LAST_WORDS if len(parts) > 1 else not any(word.endswith(last) for word in _LAST_WORDS)


def find_named(
    text: str, start: int, end: int, keys: KeyClassifier, *, opens: bool, blocks_from: int
) -> Finding | None:
    """The secrets named by the word that has a keyword at `start:end`.

    Args:
        text: the text.
        start: where the keyword begins.
        end: where it ends.
        keys: judges the name.
        opens: whether a word in the text may be a name without an assignment, as `marks_of(text)` says.
        blocks_from: where the first list or map may begin that was not read already.

    Returns:
        None when the name is harmless; a finding without secrets when only the value was none.
    """
    finding = _find_named(text, start, end, keys, opens=opens, blocks_from=blocks_from)
    if finding is None or not finding.secrets:
        return finding
    secrets = [_with_marks(text, one) for one in finding.secrets]
    return finding if secrets == finding.secrets else finding._replace(secrets=secrets)


def _with_marks(text: str, named: Named) -> Named:
    """A secret with what could also end the sentence: `x!`."""
    marks = _LAST_MARKS.match(text, named.end) if named.rule in _MARKED else None
    secret = text[named.start : named.end]
    # Of a mere word in a sentence it is none, nor of a number.
    if marks is None or secret.isdigit() or (secret.isalpha() and text[named.start - 1] != "="):
        return named
    return named._replace(end=marks.end())


def _find_named(  # noqa: PLR0911, PLR0912  # one line a form
    text: str, start: int, end: int, keys: KeyClassifier, *, opens: bool, blocks_from: int
) -> Finding | None:
    if text.startswith("s", end) and text[start:end].lower() == "code":
        codes = find_code_told(text, start, end)
        if codes:
            return Finding(codes, codes[-1].end)
    after = None
    if not opens:
        after = _AFTER.match(text, end)
        if after is None:
            return _unassigned(text, start, end, keys)
    lead = _NAME_BEFORE.match(text[max(0, start - _NAME_LIMIT) : start][::-1])
    first = start - lead.end() if lead is not None else start
    if first and text[first - 1] == "%":
        first += 2 if start - first >= 2 else 0  # the digits of `%22`
    before = text[first - 1 : first] if first else ""
    element = before == "<" or (before == ":" and _OPENS_ELEMENT.search(text, max(0, first - 16), first) is not None)
    option = opens and text.startswith("-", first) and before in _BEFORE_OPTION
    if after is None:
        after = (_AFTER_OPTION if option or element else _AFTER).match(text, end)
    if after is None:
        return _unassigned(text, start, end, keys)
    if text.startswith(HEAD, after.end()):
        return None
    found = _judge(text, first, text[first : after.end(1)], keys)
    if found is None:
        return _unassigned(text, start, end, keys)
    if _in_marker(text, start):
        return None
    if after.group(2) is not None:
        finding = find_assigned(text, after, first, found, blocks_from)
    elif element and not found.weak:
        finding = finding_of(find_in_element(text, after.end(1), found))
    elif option and not found.weak:
        finding = finding_of(find_argument(text, after, found))
    else:
        finding = finding_of(find_close_by(text, after, first, found))
    if finding is None:
        finding = _unassigned(text, start, end, keys)
    return finding or _NO_VALUE


def _unassigned(  # noqa: PLR0911  # one line a form
    text: str, start: int, end: int, keys: KeyClassifier
) -> Finding | None:
    """What a sentence or a statement says of the name that has a keyword at `start:end`."""
    if is_unparted(text, end):
        told = _judge(text, start, text[start:end], keys)
        return None if told is None else finding_of(find_told_unparted(text, end, told))
    if text[start:end].lower() == "code":
        codes = find_code_told(text, start, end)
        if codes:
            return Finding(codes, codes[-1].end)
        asked = (
            _judge(text, start, "code", keys)
            if text.find("\n", end, end + 80) >= 0 or "?" in text[end : end + 80]
            else None
        )
        return None if asked is None else finding_of(find_answer(text, start, end, asked))
    lead = _LETTERS_BEFORE.match(text[max(0, start - 24) : start][::-1])
    first = start - lead.end() if lead is not None else start
    # Most names are followed and preceded by nothing that could tell a secret; they need not be judged.
    likely = _MAY_TELL.match(text, end) is not None or text[max(0, first - 5) : first].endswith(_BEFORE_FIELD)
    word = text[start:end].lower()
    if not (likely or word in _OF_PASSWORDS or (word == "secret" and _IS_SAID.search(text, end, end + 64))):
        return None
    tail = _LETTERS.match(text, end)
    last = tail.end() if tail is not None else end
    found = _judge(text, first, text[first:last], keys)
    if found is None or found.weak or _in_marker(text, start):
        return None
    if not likely:
        return _told_around(text, first, last, found)
    beside = (
        find_beside(text, first, last, found)
        or find_before(text, first, found)
        or find_in_line(text, first, last, found)
        or find_in_field(text, first, found)
    )
    if beside is not None:
        return finding_of(beside)
    changed = find_changed(text, last, found)
    if changed:
        return Finding(changed, changed[-1].end)
    number = found.shown or found.rule in ("key:pin", "key:otp", "key:cvv") or text[start:end].lower() == "pass"
    named = find_number_told(text, last, found) if number else None
    named = named or find_number_before(text, first, found)
    one = named or find_answer(text, first, last, found) or find_told(text, last, found)
    return finding_of(one) or _told_around(text, first, last, found)


def _told_around(text: str, first: int, last: int, found: KeyClass) -> Finding | None:
    told = find_in_sentence(text, first, last, found)
    return Finding(told, told[-1].end) if told else None


def _in_marker(text: str, place: int) -> bool:
    head = text.rfind(HEAD, max(0, place - 80), place)
    # What only begins like a marker hides nothing: its end may have been cut off.
    marker = MARKER.match(text, head) if head >= 0 else None
    return marker is not None and marker.end() > place


def _judge(text: str, first: int, name: str, keys: KeyClassifier) -> KeyClass | None:
    found = keys.secret(name.lstrip("-."))
    if found is not None and not found.weak and name not in ("pass", "Pass"):
        return found
    # `api key: x`, `client secret = x`: the word before may belong to the name, or take its meaning away.
    before = _WORD_BEFORE.match(text[max(0, first - 26) : first][::-1])
    if before is not None and "_" not in name:
        if is_harmless_owner(before.group(1)[::-1].lower(), name.lower()):
            return None
        joined = keys.classify(f"{before.group(1)[::-1]} {name}")
        if joined is not None and not joined.weak:
            return joined
    return found
