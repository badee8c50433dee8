"""A user and a password told together in an English sentence: `root / x`, `log in as u using x`, `Wi-Fi: net, key x`.

That two words are a login is said by a word beside them, or by the user's name. The password counts by its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from agent_audit.redaction.names.keys import A_PASSWORD, KeyClassifier
from agent_audit.redaction.names.made import is_made, without_end
from agent_audit.redaction.names.values import Named, is_shown
from agent_audit.redaction.names.vocabulary import words
from agent_audit.redaction.sentences.passwords import find_strong

_Found = tuple[list[Named], int]

_TOLD = "login-told"
"""The rule of the shortest of these forms."""
_LEAD = 72
"""Characters before a pair within which a word says that it is a login."""
_LINES = 8
_VALUE = r"[\"'`]?([^\s\"'`\\<>|]{5,64})"
_USER = r"[\"'`]?[\w.@+-]{2,48}[\"'`]?"
_ENDS = re.compile(r"[.!]?\\{0,7}[\"'`]?(?:[ \t]*[,;)\]}\n]|[.!]?(?:\s|\Z)|\\n)")
_CLAUSE_ENDS = re.compile(r"[\"'`]?[ \t]*(?:[,;)\n]|\.(?:\s|\Z)|\\n|\Z)")

_LOGINS_ELSEWHERE = ("anmeld", "einlogg", "zugangsdaten", "connecte-toi", "inicia sesi", "accedi con", "zaloguj")
_PAIR = re.compile(rf" / {_VALUE}")
_USER_BEFORE = re.compile(rf"(?:\A|[\s(:\"'`])({_USER})\Z")
_QUOTES = "\"'`"
_USERS = words("root admin administrator operator guest demo superuser sysadmin sa postgres oracle pi")
_LOGIN = re.compile(
    r"(?i)\b(?:log ?-?ins?|log(?:ged)? (?:in|on)"
    r"|zugangsdaten|anmelde?\w{0,5}|einlogg\w{2,3}|(?:inici|acced|entr|connect)\w{1,4}|sesión|sessão|zaloguj\w{0,3}"
    r"|войди\w{0,2}|identifiants?|connexion|credenciales|credenciais|credenziali|accesso|acceso|acesso"
    r"|inloggegevens|inloggning|logowania|логин|доступ\w{0,2}"
    r"|sign(?:ed)?[ -]?in|cred(?:ential)?s|accounts?|telnet|ssh|wi-?fi|wlan|ssid)\b"
)
_SLASHED = re.compile(rf"(?:admin|root)/{_VALUE}")
_TRIED = re.compile(r"(?i)(?:\A|\b)(?:try|with|as|logins?|creds|credentials|log in|sign in|use):? [\"'`]?\Z")
_WITH = re.compile(
    r"(?i)(?: (?:to|on|into) [^\n.;,:]{1,40}?)? (?:with|as|using) (?:the )?(?:(?:account|user|username|login|name) )?"
    rf"{_USER} (?:and|with|using|plus|/) (?:the )?(?:(?:password|pw|pass) )?{_VALUE}"
)
_INSTEAD = re.compile(rf"(?i)(?: \w{{2,12}})?[,:] {_USER} (?:with|and|using) {_VALUE}")
_ASIDE = re.compile(rf"(?i:admin|root), {_VALUE}(?= ?[–—-] |\))")
_DASH_BEFORE = re.compile(r"(?:[–—] ?| - |(?<!\w)\()\Z")  # no call
_U_AND_P = re.compile(
    rf"[Uu](?:ser)?: [^\s,;|]{{2,48}}[ \t]{{0,2}}(?:[,;|]|\r?\n|\\n)?[ \t]{{0,4}}[Pp](?:w|wd|ass)?: {_VALUE}"
)
_U_BEFORE = re.compile(r"(?i)(?:\A|[\s(,;])u(?:ser)? ?[:=] ?[^\s,;|:=&?]{2,48}[,;]?\Z")
_P = re.compile(rf" p(?:w|wd|ass)? ?[:=] ?{_VALUE}", re.IGNORECASE)
_BOTH = re.compile(
    r"(?i)(?:id|user|name|login) ?/ ?(?:pwd?|pass(?:w(?:or)?d)?)(?: (?:for|of|to) [\w.-]{2,32}| (?:is|are))?"
    rf" ?(?:[:=(–—-]|->)? ?\(?{_USER} ?(?://?|\(|, ?) ?{_VALUE}"
)
_WIFI = re.compile(
    rf"(?i)(?: (?:network|name|ssid))?(?: ?= ?|(?: (?:is|called))?:? (?:[\w.'-]{{1,32}} ?){{0,3}},? ?"
    rf"(?:/|\b(?:key|voucher|pw|pass)\b:?) ){_VALUE}"
)
_CODE_BEFORE = re.compile(
    r"(?i)\b(?:code|clef|clé|mdp|contraseña|clave|senha|hasło|пароль)(?: (?:de|del|do|du|от))? \Z"
)
_ASSIGNED = re.compile(rf" ?[:=] ?{_VALUE}")
_SECURITY_ANSWER = re.compile(
    r"(?i:(?:security|secret) question)[^\n:\"]{0,64}?(?: with|,? answer(?: is)?:?| is| was|:|->) ?"
    r"(?:\"([^\"\n?]{2,64})\"|'([^'\n?]{2,64})'(?!\w))"
    r"|(?i:maiden name)(?: (?:is|was)|:| =) ?[\"']?([A-Z][\w'-]{1,32})"
)
_SUCH_AS = re.compile(rf"(?i) (?:such as|like|are) {_VALUE}")
_LISTED = re.compile(rf"[ \t>*-]{{0,6}}[\w ]{{2,24}}: [^\s]{{2,64}} [–—-] {_VALUE}[ \t]*(?=\r?\n|\Z)")
_NEXT_LINE = re.compile(r"[^\n]{0,120}\n")


def _secret(text: str, match: re.Match[str] | None, *, sure: bool = True) -> list[Named]:
    """The first group of a match, without what ends its sentence, if it has the form of a password."""
    if match is None:
        return []
    start, stop = without_end(text, *match.span(1))
    if _ENDS.match(text, stop) is None:
        return []
    return [Named(start, stop, A_PASSWORD.rule)] if is_made(text[start:stop], A_PASSWORD, sure=sure) else []


def _shown(text: str, match: re.Match[str] | None) -> list[Named]:
    """The first group of a match that says itself what it is."""
    secrets = _secret(text, match, sure=False)
    if match is None or secrets:
        return secrets
    start, stop = without_end(text, *match.span(1))
    return [Named(start, stop, A_PASSWORD.rule)] if is_shown(text[start:stop], A_PASSWORD) else []


def _result(found: list[Named]) -> _Found:
    return found, max((one.end for one in found), default=0)


def _find_pair(text: str, place: int, _: KeyClassifier) -> _Found:
    """`root / x`; `use the finance account, finance2 / x`."""
    match = _PAIR.match(text, place)
    if match is None or not is_made(match.group(1).rstrip(".,;:)!"), A_PASSWORD, sure=True):
        return [], 0
    lead = text[max(0, place - _LEAD) : place]
    user = _USER_BEFORE.search(lead[-50:])
    if user is None or not (user.group(1).strip(_QUOTES).lower() in _USERS or _LOGIN.search(lead)):
        return [], 0
    return _result(_secret(text, match))


def _find_slashed(text: str, place: int, _: KeyClassifier) -> _Found:
    """`try admin/x`."""
    match = _SLASHED.match(text, place)
    if match is None or _TRIED.search(text[max(0, place - 16) : place]) is None:
        return [], 0
    return _result(_secret(text, match))


def _find_with(size: int, text: str, place: int, keys: KeyClassifier) -> _Found:
    """`log in with u and x`, `log on as u using x`, `use the sandbox login, u with x`."""
    match = _WITH.match(text, place + size)
    if match is None and size == len("login"):
        match = _INSTEAD.match(text, place + size)
    if match is None:
        return _find_near(size, text, place, keys)
    alone = _CLAUSE_ENDS.match(text, match.end(1)) or text[match.end(1) - 1] in ",.;)"
    found, end = _result(_secret(text, match, sure=not alone))
    return [one._replace(rule=_TOLD) for one in found], end


def _find_near(size: int, text: str, place: int, _: KeyClassifier) -> _Found:
    """`creds: u x`: whatever near the word can only be a password."""
    return _result(find_strong(text, place, place + size))


def _find_both(text: str, place: int, _: KeyClassifier) -> _Found:
    """`ID/PW root/x`, `user / password: root, x`."""
    return _result(_secret(text, _BOTH.match(text, place)))


def _find_aside(text: str, place: int, _: KeyClassifier) -> _Found:
    """`the old box – admin, x – is in the cellar`."""
    if _DASH_BEFORE.search(text[max(0, place - 3) : place]) is None:
        return [], 0
    return _result(_secret(text, _ASIDE.match(text, place)))


def _find_u_and_p(text: str, place: int, _: KeyClassifier) -> _Found:
    """`U: name`, and on the next line `P: x`."""
    if text[place - 1 : place].isalnum() and place:
        return [], 0
    return _result(_shown(text, _U_AND_P.match(text, place)))


def _find_p(text: str, place: int, _: KeyClassifier) -> _Found:
    """`u=name p=x`, `u: name p: x`."""
    match = _P.match(text, place)
    if match is None or _U_BEFORE.search(text[max(0, place - 60) : place]) is None:
        return [], 0
    return _result(_shown(text, match))


def _find_of_network(text: str, place: int, _: KeyClassifier) -> _Found:
    """`guest wifi = x`, `Wi-Fi: net, key x`, `Wi-Fi voucher x`."""
    last = place + (4 if text[place + 2] != "-" else 5)
    found = _secret(text, _WIFI.match(text, last))
    if not found and _CODE_BEFORE.search(text[max(0, place - 16) : place]):
        found = _secret(text, _ASSIGNED.match(text, last), sure=False)
    return _result(found or find_strong(text, place, last))


def _find_answer(text: str, place: int, _: KeyClassifier) -> _Found:
    """`the answer to the security question 'first car' is 'x'`, `mother's maiden name: X`."""
    match = _SECURITY_ANSWER.match(text, place)
    return _result([] if match is None else [Named(*match.span(match.lastindex or 1), "key:secret")])


def _find_such_as(text: str, place: int, _: KeyClassifier) -> _Found:
    """`credentials such as x`."""
    return _result(_secret(text, _SUCH_AS.match(text, place + 11)))


def _find_list(text: str, place: int, _: KeyClassifier) -> _Found:
    """`Logins:`, and below it lines of a site, a user and a password."""
    found: list[Named] = []
    line = _NEXT_LINE.match(text, place)
    for _count in range(_LINES):
        if line is None:
            break
        listed = _LISTED.match(text, line.end())
        if listed is None:
            break
        found += _secret(text, listed)
        line = _NEXT_LINE.match(text, line.end())
    return _result(found)


LOGIN_FINDERS: dict[str, Callable[[str, int, KeyClassifier], _Found]] = {
    " / ": _find_pair,
    "admin/": _find_slashed,
    "root/": _find_slashed,
    **{verb: partial(_find_with, len(verb)) for verb in ("log in", "log on", "login", "sign in", "sign-in")},
    **{
        f"{user}{slash}{word}": _find_both
        for user in ("id", "user", "name")
        for slash in ("/", " / ")
        for word in ("pw", "pass")
    },
    **dict.fromkeys(("login/pw", "login/pass"), _find_both),
    "admin, ": _find_aside,
    "root, ": _find_aside,
    "u: ": _find_u_and_p,
    "user: ": _find_u_and_p,
    " p=": _find_p,
    " p: ": _find_p,
    "wifi": _find_of_network,
    "wi-fi": _find_of_network,
    "credentials such": _find_such_as,
    "credentials like": _find_such_as,
    "logins": _find_list,
    **dict.fromkeys(("security question", "secret question", "maiden name"), _find_answer),
    "creds": partial(_find_near, len("creds")),
    **{word: partial(_find_near, len(word)) for word in _LOGINS_ELSEWHERE},
    "authenticate as": partial(_find_near, len("authenticate as")),
}
"""By literal of the gate: what finds the password of a login told beside it."""
