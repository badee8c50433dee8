"""Passwords that an English sentence tells in more ways than `the password is x`: after `put`, `it's now`, in brackets.

A sentence has words where the secret could be, so a value counts by its form: letters with digits or symbols, capitals
within, words joined by dashes. A mere word counts only in quotes, several words only where they are all that is said.

Every search is bounded by the numbers below, so that a text costs its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent_audit.redaction.names.keys import A_PASSWORD, KeyClass, KeyClassifier
from agent_audit.redaction.names.made import is_made, is_quoted_secret, is_words, without_end
from agent_audit.redaction.names.values import Named
from agent_audit.redaction.rules.model import NEARBY
from agent_audit.redaction.validators import looks_random

_REACH = 96
"""Characters behind a name within which its value begins, and before it within which it stands."""
_VERBS_TRIED = 4
_OF_PEOPLE = frozenset({"key:password", "key:secret"})
_LONG = 16
"""Characters of a key that stands behind a colon some words after its name."""

_ADVERB = (
    r"(?: (?:now|just|still|actually|currently|literally|really|simply|only|always|again|probably|set to|called"
    r"|currently set to|now set to|something like|either|(?:the )?(?:hex|base64|base58|raw)(?: string)?))?"
)
# What leads to a value. Right behind a name it tells what the name is of; further on only what `it` is.
_VERB = re.compile(
    rf"(?i: (?:is|was|are|were|should(?: now)? be|will be|to be){_ADVERB}(?: ?:)? {{1,2}}|(?<=[a-z])'s{_ADVERB} {{1,2}}"
    rf"|\b(?:it's|its|it is|it was|that's){_ADVERB}(?: ?:)? {{1,2}}"
    r"|[ ,](?:(?:re)?set|changed|updated|rotated)(?: back)?(?: it)? to {1,2}"
    r"|[ ,](?:put|enter|type|use|try)(?: in)? {1,2}| (?:looks like|reads|equals) {1,2}|(?<=[a-z)]): {1,2}(?=\S))"
)
_BREAK = re.compile(r"\n|\\n|[!?](?=\s|\Z)|(?<!\.)\.(?=\s|\Z)|[{}]")
_DIRECT = re.compile(r"(?i:(?: (?:for|of|to|on|in|into|from|at|with|this) [^\n.:;=,\"]{1,48})?)\Z")
_ACTS = re.compile(r"(?i)[ ,](?:put|enter|type|use|try)\b")
_IT = re.compile(r"(?i)\bit(?:'s| is)\b")
_OTHER = re.compile(r"[\"'`]?,? or {1,2}(?:maybe |just )?")
# Without a verb: `(password x)`, `the password (x)`, `, password x,`.
_BARE = re.compile(r"(?: \(| (?=\S))")
# Slack's bold label on a line of its own, and the value that fills the next.
_LINE_BELOW = re.compile(r":?\*{1,2}:?[ \t]*(?:\r?\n|\\n)[ \t`]*([^\s`]{5,64})`?(?=[ \t]*(?:\r?\n|\\n|\Z))")
_BOLD_BEFORE = re.compile(r"(?:\A|\n|\\n)[ \t>]{0,4}\*{1,2}(?:[\w-]{1,16} ){0,2}\Z")
_CLAUSE_BEFORE = re.compile(
    r"(?i)(?:\A|[,(;:\n.–—] ?| - |\b(?:with|and|using|use|plus) )"
    r"(?:(?:the|a|an|her|his|my|your|our|their|its) )?(?:[\w-]{1,16} )?\Z"
)
_CLAUSE_AFTER = re.compile(r"[ \t]*(?:[,;)\n]|\.(?=\s|\Z)|\\n|\Z|(?: -|[–—]))")
_VALUE = re.compile(r"\"([^\"\n]{4,64})\"|'([^'\n]{4,64})'(?!\w)|`([^`\n]{4,64})`|([^\s\"'`\\<>|]{5,64})")
_WORDS = re.compile(
    r"[ \t]{0,3}([A-Za-z0-9]{2,16}(?:[ ][A-Za-z0-9]{1,16}){1,6})"
    r"(?=\.?[ \t]{0,4}(?:\Z|\n|\\n)|\. |[ ](\((?:with|no|without|all|one|in|incl)\b)|, (?:all|with|no|in|one)\b)"
)
_LONGEST_STRONG = 24
_STRONG = re.compile(
    r"(?<![^\s(:])(?=[^\s\d]{1,23}\d|\d\S{0,22}[A-Za-z])(?=\d{0,23}[A-Za-z])"
    r"(?=\w[\w.-]{0,22}[!@#$^][\w!@#$^]|[a-zA-Z]{1,16}\d{1,2}[A-Za-z]{2,16}!)"
    rf"\w[\w.!@#$%^&*+?~-]{{6,{_LONGEST_STRONG - 1}}}(?=[\s\"'`),;]|\Z)"
)
# Tickets and standards (`lib#12`, `PKCS#12`), a package's version, an instance of a unit.
_REFERRED = re.compile(
    r"(?:[a-z][a-z0-9_.-]*|[A-Z0-9_.-]+|(?:Issue|Bug|Ticket|Case|Debian|Closes|Task))[#!][\d.]{1,8}"
    r"|[A-Za-z][\w.-]*@[\d.]+[\w.-]*"
)
_APP_PASSWORD = re.compile(r"(?i:\b(?:app|application|google|gmail|mail\w{0,4}|account)(?:[ -]specific)? )\Z")
_FOUR_BY_FOUR = re.compile(
    r"s?(?i:(?: (?:for|of|on|from) [^\n.:;=\"]{1,48}?)?(?: (?:is|was)|'s)?:?)[ \t]{1,3}[\"'`]?"
    r"([a-z]{4}(?:[ -][a-z]{4}){3}|[a-z]{16})(?=[\"'`.,;)]|\s{0,4}(?:\Z|\n|\\n|\())"
)
# Read backwards.
_STANDS_BEFORE = re.compile(
    r" (?:[\w-]{1,16} ){0,2}(?:eht|ruoy|ym|ruo|rieht|sih|reh|sti|n?a) (?:(?:si|saw|sa) |(?:s'taht|si taht) ,?)[\"'`]?"
    r"([^\s\"'`<>,]{5,64})(?:[\"'`(]|\s|\Z)"
)
_SHOWN_FOR = re.compile(
    r" (?:[\w-]{1,16} )?(?:eht|ruoy|ym|ruo) rof [\"'`]?([^\s\"'`<>,]{5,64})[\"'`]? (?:syas|sdaer|swohs)\b"
)
_ASKED_FOR = re.compile(
    r"(?i)\b(?:typ(?:e|ed|ing)|enter(?:ed)?|tried|try|used?|put)(?: in)? "
    r"(?:\"([^\"\n]{5,64})\"|([^\s\"'`<>]{6,64})) (?:[\w' ,]{1,40} )?"
    r"(?:asks?|asked|says?|wants?|prompts?)\b(?: [\w']{1,12}){0,4} \Z"
)


def find_in_sentence(text: str, first: int, last: int, found: KeyClass) -> list[Named]:
    """The secrets that a sentence tells of the name which stands at `first:last`.

    Args:
        text: the text.
        first: where the name begins.
        last: where it ends.
        found: what the name says of its value.
    """
    if found.weak or (text[first:last] == "pass" and text[max(0, first - 3) : first] == "to "):
        return []  # `options to pass to the server's Handler`
    if found.rule != "key:password":
        return _behind(text, last, found)
    app = _app_password(text, first, last, found)
    told = [app] if app is not None else _behind(text, last, found)
    if not told:
        one = (
            _bare(text, first, last, found)
            or _below(text, first, last, found)
            or _words(text, last, found)
            or _before(text, first, found)
        )
        if one is not None:
            told = [one]
        elif text[first:last].lower() != "pass":  # a command, a verb
            told = find_strong(text, first, last)
    return told


def find_strong(text: str, first: int, last: int) -> list[Named]:
    """Whatever stands near a word for a password and can be nothing else: letters, digits and symbols in one word.

    Args:
        text: the text.
        first: where the word begins.
        last: where it ends.
    """
    begin, end = max(0, first - _REACH), last + _REACH
    parted = text.rfind("\n\n", begin, first)
    begin = parted if parted >= 0 else begin
    parted = text.find("\n\n", last, end)
    end = parted if parted >= 0 else end
    strong = []
    for match in _STRONG.finditer(text, begin, end + _LONGEST_STRONG):
        if match.start() >= end:
            break
        start, stop = without_end(text, *match.span())
        if _REFERRED.fullmatch(text, start, stop) is None and is_made(text[start:stop], A_PASSWORD, sure=True):
            strong.append(Named(start, stop, NEARBY))
    return strong


def _behind(text: str, last: int, found: KeyClass) -> list[Named]:
    """`password … put x`, `the password expired; it's now x`, `the recovery key for Ada's Mac is x`."""
    window = text[last : last + _REACH]
    stop = _BREAK.search(window)
    limit = last + (stop.start() if stop is not None else len(window))
    told: list[Named] = []
    for count, verb in enumerate(_VERB.finditer(text, last, limit)):
        if count == _VERBS_TRIED:
            break
        assigned = verb.group()[0] == ":"
        if assigned and (verb.start() == last or found.rule not in _OF_PEOPLE):
            continue  # read already, or by a rule for what is printed
        # Behind `use` and `type` a word in quotes is a name as often.
        direct = _DIRECT.match(text[last : verb.start()]) is not None
        told_by = _ACTS.match(verb.group()) is None
        named = _value(
            text,
            verb.end(),
            found,
            direct=direct,
            quoted=direct and told_by,
            alone=_IT.search(verb.group()) is not None,
        )
        # Behind a colon what is listed is no word.
        if named is None or (assigned and found.rule != "key:password" and named.end - named.start < _LONG):
            continue
        told.append(named)
        other = _OTHER.match(text, named.end)
        second = _value(text, other.end(), found, direct=direct) if other is not None else None
        if second is not None:
            told.append(second)
        if text[last - 1] not in "sS":
            break
    return told


def _value(
    text: str, place: int, found: KeyClass, *, direct: bool, quoted: bool = True, alone: bool = False
) -> Named | None:
    match = _VALUE.match(text, place)
    if match is None:
        return None
    if match.group(4) is None:
        group = match.lastindex or 1
        inside = match.group(group)
        fit = direct and quoted and found.rule == "key:password" and is_quoted_secret(inside, found)
        return Named(*match.span(group), found.rule) if fit or is_made(inside, found, sure=not direct) else None
    start, stop = without_end(text, *match.span(4))
    sure = found.rule != "key:password" or not (direct or (alone and _CLAUSE_AFTER.match(text, stop)))
    return Named(start, stop, found.rule) if is_made(text[start:stop], found, sure=sure) else None


def _bare(text: str, first: int, last: int, found: KeyClass) -> Named | None:
    """`(password x)`, `the password (x)`, `, password x,`: with no verb between them."""
    lead = _BARE.match(text, last)
    match = _VALUE.match(text, lead.end()) if lead is not None else None
    if match is None or match.group(4) is None:
        return None
    start, stop = without_end(text, *match.span(4))
    secret = text[start:stop]
    if "(" in secret or not _CLAUSE_AFTER.match(text, stop):
        return None
    parted = text[lead.end() - 1] == "(" if lead is not None else False
    parted = parted or _CLAUSE_BEFORE.search(text[max(0, first - 32) : first]) is not None
    return Named(start, stop, found.rule) if parted and is_made(secret, found, sure=False) else None


def _below(text: str, first: int, last: int, found: KeyClass) -> Named | None:
    match = _LINE_BELOW.match(text, last)
    if match is None or _BOLD_BEFORE.search(text[max(0, first - 40) : first]) is None:
        return None
    return Named(*match.span(1), found.rule) if is_made(match.group(1), found, sure=False) else None


def _words(text: str, last: int, found: KeyClass) -> Named | None:
    """`passphrase: several words.`, alone on the rest of their line or with a word on how they are written."""
    if not text.startswith(":", last):
        return None
    match = _WORDS.match(text, last + 1)
    if match is None:
        return None
    spelled = match.group(2) is not None
    phrase = text[last - 6 : last].lower() == "phrase"
    return Named(*match.span(1), found.rule) if is_words(match.group(1), sure=not (phrase or spelled)) else None


def _app_password(text: str, first: int, last: int, found: KeyClass) -> Named | None:
    """Google's app passwords: sixteen letters in four groups."""
    match = _FOUR_BY_FOUR.match(text, last)
    if match is None or _APP_PASSWORD.search(text[max(0, first - 24) : first]) is None:
        return None
    return Named(*match.span(1), found.rule)


def _before(text: str, first: int, found: KeyClass) -> Named | None:
    """`x is the password`, `type "x" when it asks for the password`."""
    lead = text[max(0, first - _REACH) : first]
    offset = first - len(lead)
    match = _STANDS_BEFORE.match(lead[::-1]) or _SHOWN_FOR.match(lead[::-1])
    if match is not None:
        start, stop = without_end(text, first - match.end(1), first - match.start(1))
        return Named(start, stop, found.rule) if is_made(text[start:stop], found, sure=True) else None
    asked = _ASKED_FOR.search(lead) if "ask" in lead or "say" in lead or "want" in lead or "prompt" in lead else None
    if asked is None:
        return None
    group = 1 if asked.group(1) else 2
    if not is_made(asked.group(group), found, sure=group == 2):
        return None
    return Named(offset + asked.start(group), offset + asked.end(group), found.rule)


class _NameFinder:
    """Finds what is told of a name that only sentences have: `community string`, `wireless key`, `security word`."""

    def __init__(self, name: str, found: KeyClass) -> None:
        self._size = len(name)
        self._found = found

    def __call__(self, text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
        """What the name at `place` stands for, and where that ends."""
        last = place + self._size
        told = find_in_sentence(text, place, last, self._found)
        if not told and text.startswith(" ", last):
            named = _value(text, last + 1 + text.startswith("(", last + 1), self._found, direct=True)
            told = [] if named is None else [named]
        return told, max((one.end for one in told), default=0)


def _find_new_one(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """`I tried my password, my new one should be x`."""
    verb = _IS_NEW.match(text, place)
    if verb is None or _TALK.search(text[max(0, place - _REACH) : place]) is None:
        return [], 0
    named = _value(text, verb.end(), A_PASSWORD, direct=True)
    return ([], 0) if named is None else ([named], named.end)


def _find_cookie(text: str, place: int, _: KeyClassifier) -> tuple[list[Named], int]:
    """`set this cookie and you are me: session=x`."""
    match = _SESSION.match(text, place)
    told = match is not None and "cookie" in text[max(0, place - _REACH) : place].lower()
    if match is None or not told or not looks_random(match.group(1)):
        return [], 0
    return [Named(*match.span(1), "key:cookie")], match.end()


_SESSION = re.compile(r"session=([A-Za-z0-9_.%+/=-]{32,512})")
_IS_NEW = re.compile(r"(?i)new one (?:is|should be|will be)(?: now)?:? {1,2}")
_TALK = re.compile(r"(?i)\b(?:pass(?:word|phrase|code)|pw)\b")
NAME_FINDERS: dict[str, Callable[[str, int, KeyClassifier], tuple[list[Named], int]]] = {
    "new one ": _find_new_one,
    "session=": _find_cookie,
    **{
        name: _NameFinder(name, A_PASSWORD)
        for name in (
            "community string",
            "pre-shared key",
            "preshared key",
            "wireless key",
            "wifi key",
            "wi-fi key",
            "security word",
            "safe word",
            "screen lock",
        )
    },
}
"""By name, a literal of the gate: what finds the secret told of it."""
