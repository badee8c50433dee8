"""Secrets that a sentence tells: `my PIN is 4711`, `the password for x is y`, `482913 is your verification code`."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.made import is_short, is_words
from agent_audit.redaction.names.values import WORD, Named, could_be_secret, is_shown
from agent_audit.redaction.names.vocabulary import words
from agent_audit.redaction.validators import has_digit

_NOW = r"(?: (?:now|still|set to|nu|nun|jetzt|ahora|maintenant|adesso|agora|teraz|nå))?"
_VERB = (
    rf"(?: (?:is|was(?! (?:re)?set| changed| updated| rotated)|are|ist|lautet|heißt|heisst|est|es|é|è|jest|är|er"
    rf"|c'est){_NOW}(?: ?:)?|'s)"
)
# Also as JSON writes them.
_DASH = r" ?(?:[–—→⇒]|->|\\u20(?:1[34])|\\u2192)"
_IS = rf"(?:{_VERB}| ?[:=]| -|{_DASH})"
_NOT_ON = r"(?![\w%]|[-.,:/]\w| (?:lines|bytes|bits|times)\b)"
_STAR = r"(?:(?<!\*)\*(?=\d{3,12}(?![\d*])))?"  # of a keypad, no emphasis
_DIGITS = rf"(?<![A-Za-z0-9])[\"'`(]{{0,2}}([A-Z]{{1,2}}-\d{{4,8}}|\d{{3}}[ -]\d{{3}}|{_STAR}\d{{3,12}}){_NOT_ON}"
_NUMBER = re.compile(
    rf"(?:[ -]?(?i:code|number|no\.?))?(?: (?:for|of|für|der|des|vom|du|de la|della|del|do|van) [\w ]{{1,24}}?)?"
    rf"({_IS}|,? it(?:'s| is)| (?:re)?set to| changed to| on file:?| (?:put|type|key|punch)(?: in)?| enter| use)?"
    rf" {{0,2}}{_DIGITS}"
)
# The number before the verb is the card's.
_NUMBER_OF_CARD = re.compile(
    rf" (?:for|of|on) [\w ]{{1,40}}? (?:ending|ends|ended)(?: in| with| on)? [*.x…]{{0,4}}\d{{2,4}}({_VERB})"
    rf" {{0,2}}{_DIGITS}"
)
_ENDING = re.compile(r"\b(?:ending|ends|ended)(?: in| with| on)? [*.x…]{0,4}\Z")
_NUMBER_LATER = re.compile(rf"(?<!s)(?: [^\W\d_]{{1,16}}){{1,6}}({_VERB}) {{0,2}}{_DIGITS}")
_CODE = re.compile(rf"s?(?: (?:for|of) [\w ]{{1,24}}?)?({_IS})? {{0,2}}{_DIGITS}( (?:to|for|as) )?")
_CODES = re.compile(
    r"s?(?: are| below)?(?: ?[:=])?((?:[\s,;|]{1,4}(?:- |\* |\d{1,2}[.)] ?)?(?=[a-z-]{0,9}\d|\d)[A-Za-z0-9]{4,10}"
    r"(?:[ -](?=[a-z]{0,4}\d)[A-Za-z0-9]{4,8})?(?![\w-])){1,32})"
)
_CODE_FOR = re.compile(
    r"(?i)\b(?:verification|security|confirmation|access|log-?in|sign-?in|auth\w{0,12}|one[- ]time|otp|[2m]fa|sms|"
    r"recovery|backup|activation|pairing|unlock|entry|door|gate|alarm|two[- ]factor|(pin|your|my|use|enter))[ -]\Z"
)
_CODE_BEFORE = re.compile(
    r"(?:\A|[\s(\"'`])((?:[A-Z]-)?\d{3}[ -]?\d{3}|\d{4,8}) is (?:your|the|my) (?:[\w-]{1,16} ){0,3}\Z"
)
_NUMBER_BEFORE = re.compile(
    r"(?i)(?:\A|[\s(\"'`])((?:[A-Z]-)?\d{3}[ -]?\d{3}|\d{4,8}) (?:is|as|for) (?:your|the|my) "
    r"((?:one[- ]time|single[- ]use|temporary|temp|login|sms|access|verification) ){0,3}\Z"
)
# Behind these a mere word is none: `heslo je povinné`.
_MORE_VERBS = (
    r"(?: (?:mitt|mea|saya|anda|kamu|của \w{1,8})(?: (?:er|este|adalah|là))?"
    r"| (?:mới là|baru adalah|nouă este|الجديدة (?:هي|هو)|החדשה היא)"
    r"| (?:je|este|adalah|là|είναι|\u05d4\u05d9\u05d0|\u05d4\u05d5\u05d0|\u0647\u064a|\u0647\u0648)"
    r"| (?:nimm|nehmt|nutzt?e?|verwendet?|utilise[rz]?|usar?|use|utilizz?a|gebruik|użyj)(?: bitte)?"
    r"|(?<=alasana) on|(?<=alasanani) on|(?: (?:μου|σου|μας|σας))? είναι| е"
    r"| (?:от|для|до|на|к|від) [^\W\d_]{2,16}(?: [^\W\d_]{2,16})?"
    r"| (?:wurde|wird|ist|hab(?:e|en)? (?:ich|wir))(?: jetzt| nun| neu)? auf|của (?:tôi|bạn|mình|em|anh) là)"
)
# `password was changed from x to y`
_WAS_SET = r" (?:was |is |has been |were )?(?:set|reset|changed|updated|rotated)"
_SET = rf"(?:{_WAS_SET})?(?: from [^\s\"']{{1,64}})? to"
_FOR = (
    r"(?:for|of|to|on|at|from|für|zu[mr]?|de|del|della|dello|du|des|do|da|dos|das|pour|para|per|voor|van|för|till|til|для|от|на|до|від|за"
    r"|ke?|za|για|cho|untuk"
    r"|provided|given|supplied|shared|sent)"
)
_TOLD = re.compile(
    rf"(?:{_SET}|{_DASH}| -| (?:you|we|they|I|that|which) [^\n.:;=\"]{{1,40}}?:|\.? [Ii]t(?:'s| is)(?: now)?"
    rf"|(?: (?:{_FOR} |(?:d|dell|all|de l)['’])(?:[^\n.:;=\"]|\.(?=\w)){{1,64}}?)(?:({_IS}| to)|{_MORE_VERBS})"
    rf"|({_VERB})|{_MORE_VERBS}) {{1,2}}"
    r"[\"'`]?([^\s\"'`\\]{4,64})([\"'`]?[.!]*)"
)
_FROM_TO = re.compile(
    r"(?: (?:for|of|on|at|was|were|is|has been) [^\n\"'`:;]{1,48}?| changed)? from [\"'`]?([^\s\"'`]{4,64})[\"'`]?"
    r" to ([\"'`]?)([^\s\"'`]{4,64}?)(?:\2(?=[\s,.;!]|\Z)|(?=[,.;!]?(?:\s|\Z)))"
)
# Where words are not parted by blanks: what says `is`, and a secret of other letters than it.
_COPULAS = ("是", "为", "改", "设", "換", "换", "は", "が", "を", "는", "은", "가", "를", "ค", "ข", "ใ")
_TOLD_AFTER_COPULA = re.compile(
    r"(?:(?:[是为はがを는은가를]|(?:改|设置?|换|換)[成为為]|(?:(?:ของ|ใหม่)[\u0e00-\u0e7f]{0,12})?คือ) ?"
    r"| (?=\d{4})|(?=[A-Za-z0-9])|\((?=[!-~]{4,64}\)))[\"'`「]?([!-~]{4,64})"
)
_SPEAKER = r"(?:\[[\d:. /-]{4,20}\] )?\*{0,2}(?:[^\W\d_][\w.-]{0,20}(?: \w{1,12})?:|[A-Z]\.)\*{0,2} {0,4}"
# What asks for a secret, as far as the answer to it, which is one token that ends its line or its sentence.
_ANSWER = re.compile(
    r"(?: (?:for|of|to|on|für|pour|para|per|voor|för|til|do|для|code|number) [^\n.:;=?!\"]{1,48}?| number| code)?"
    r"(?:,? (?:please|again|now))?[\"')*]{0,2}"
    r"([ \u00a0\u202f]?\?{1,3}|[.:]?(?=[ \t]{0,4}(?:\r?\n|\\n)))"
    rf"[\"')*]{{0,2}}(?:\s|\\n){{1,12}}(?:({_SPEAKER})|[>-] {{1,4}})?"
    r"(?i:(?:(it's|it is|its|it was)|sure,|yes,|ok,|my [\w ]{2,20} is) )?"
    r"[\"'`*]{0,2}([^\s\"'`\\<>]{4,64})(?=\s*\Z|[ \t]*(?:\n|\\n)| Q:|[\"'`*<]|(?<=[.!]) )"
)
_CLAUSE = r"(?:\A|[\n.?!:>]|\\n)"
_ASKS = re.compile(
    rf"(?i){_CLAUSE}[^\n.?!:>]{{0,100}}\b(?:what|which|tell|give|send|share|enter|provide|type|confirm|your|know"
    # `Wie lautet deine PIN?`; the same of other languages.
    r"|wie|welche[rs]?|nenn\w{0,2}|quel(?:le)?|donn\w{1,3}|cuál|dime|dame|qual|dimmi|wat|geef|vad|hva|hvad|jak[ai]e?|какой|какая)\b"
    r"[^\n.?!:>]{0,48}\Z"
    rf"|{_CLAUSE} {{0,4}}(?:(?:and|so|now|ok|the|my) ){{0,2}}"
    r"(?:(?!forgot|lost|no|new|reset|change|show|old)[\w-]{1,16} )?\Z"
)
_ENDS = re.compile(r"\s*(?:\Z|\n)|[.!](?:\s|\Z)")
_CLAUSE_ENDS = re.compile(
    r"[\"'`]?(?:\s*(?:\Z|\n|\\n)|[.!]+(?:[\s\"'`)]|\Z)|[,;)](?:\s|\Z)|[\"'`][,\]}]"
    r"| (?:and|but|so|for|on|in|at|to|if|then|when|since|because|please|pls|plz|thanks?|thx|btw|ok|okay|lol|now|again"
    r"|can|could|just|you|i|use|try)\b)"
)
_IS_SET = re.compile(rf"{_WAS_SET}\b")
_SETS = re.compile(
    r"(?i:set|reset|changed?|updated?|rotated?) (?:(?:the|my|your|our|its|his|her|their|new) )?"
    r"(?:[\w'-]{1,16} )?[\w-]{1,16}\Z"
)
_COMPOUND = re.compile(r"[\w-]*-[a-z]{3,}$")
_SYMBOL = re.compile(r"[!@#$%^&*+=?]")
_NO_PASSWORD = words("""
    wrong incorrect correct weak strong secure insecure secret safe unsafe missing blank empty mandatory necessary
    essential private public confidential important unique long short simple complex random plain plaintext here
    below above there yours mine different same fine okay good right known unknown lost stolen sent kept shown given
    written taken found forgotten broken valid invalid optional case-sensitive ready available obsolete stale fresh
    alphanumeric numeric temporary permanent present absent wrongly bad hard easy true false invalid. obligatory
    wymagane wymagany nieprawidłowe błędne poprawne krävs ogiltigt vereist onjuist verkeerd povinné nesprávné gerekli
    yanlış geçersiz korrekt requerida requerido necesaria necesario sbagliata errata scaduta obbligatoria richiesta
    falsch richtig incorrecta incorrecte errada obligatoria obligatoire неверный
    abgelaufen ungültig erforderlich vergessen notwendig identisch verlopen ongeldig verplicht vergeten leeg expiré
    expirée invalide requis oublié oubliée faible identique périmé caducada caducado inválida inválido vencida débil
    olvidada vacía expirada fraca vazia esquecida scaduto debole vuota dimenticata identica errato wygasło błędny słabe
    puste zapomniane neplatné prázdné zapomenuté slabé felaktigt utgånget glömt svagt tomt obligatoriskt forkert
    udløbet ugyldig påkrævet glemt utløpt påkrevd svakt väärä virheellinen pakollinen vanhentunut unohtunut hibás
    érvénytelen kötelező lejárt gyenge helytelen greșită incorectă obligatorie expirată uitată slabă hatalı gerekli
    zorunlu zayıf неверен неправильный обязателен истёк истек устарел слабый забыт невірний застарів слабкий
    salah wajib lemah λάθος υποχρεωτικός niepoprawne niepoprawny zmienione ustawione endret endra ændret ändrat sparat
    gemt lagret sendt skickat oppdatert opdateret uppdaterat nulstillet tilbakestilt återställt změněno vaihdettu
    muutettu megváltozott schimbată değiştirildi изменён изменен сброшен змінено cambiada cambiato modificata
    modifié changé alterada
""")
# Of Dutch, German and Swedish.
_PARTICIPLE = re.compile(r"(?:[a-zäöü]{2,5})?ge[a-zäöü]{4,}(?:d|t)[.!]?|[a-zäöå]{4,}(?:igt|rats)[.!]?")
_PROSE_ENDS = ("ed", "ing", "able", "ible", "less", "ful", "ória", "oria", "orio")
_SHORT_RULES = frozenset({"key:password", "key:secret", "key:api-key"})
_TOLD_RULES = frozenset({"key:password", "key:secret", "key:token", "key:api-key", "key:credential"})


def find_number_told(text: str, end: int, found: KeyClass) -> Named | None:
    """The digits of a PIN, a one-time password or a card's code after its name, which ends at `end`."""
    match = _NUMBER_OF_CARD.match(text, end) or _NUMBER.match(text, end) or _NUMBER_LATER.match(text, end)
    if match is None:
        return None
    count = sum(map(str.isdigit, match.group(2)))
    least, most = (3, 4) if found.rule == "key:cvv" else (4, 12)
    # Without a verb between them a PIN has four digits or six, and is no pin of a connector.
    if not least <= count <= most or (match.group(1) is None and count > 8):
        return None
    if _ENDING.search(text[end : match.start(2)]):
        return None
    return Named(*match.span(2), found.rule)


def find_number_before(text: str, first: int, found: KeyClass) -> Named | None:
    """The digits before the name of a PIN or of a password for once: `482913 is your one-time password`."""
    if found.rule not in ("key:pin", "key:otp", "key:password"):
        return None
    match = _NUMBER_BEFORE.search(text[max(0, first - 64) : first])
    if match is None or (found.rule == "key:password" and match.group(2) is None):
        return None
    offset = max(0, first - 64)
    return Named(offset + match.start(1), offset + match.end(1), found.rule)


def find_code_told(text: str, start: int, end: int) -> list[Named]:  # noqa: PLR0911  # one line a form
    """The one-time codes told beside the word `code`, which stands at `start:end`."""
    before = text[max(0, start - 64) : start]
    kind = _CODE_FOR.search(before)
    told = _CODE_BEFORE.search(before)
    if told is not None:
        return [Named(start - len(before) + told.start(1), start - len(before) + told.end(1), "key:otp")]
    if kind is None:
        return []
    if text[end : end + 1] == "s" and kind.group(1) is None:
        match = _CODES.match(text, end)
        if match is None:
            return []
        lead = len(match.group(1)) - len(match.group(1).lstrip(" \r\n\t,;|-*"))
        return [Named(match.start(1) + lead, match.end(1), "key:otp")]
    match = _CODE.match(text, end)
    owner = (kind.group(1) or "").lower()
    if match is None or sum(map(str.isdigit, match.group(2))) < (3 if kind.group(1) is None else 4):
        return []
    # `your code is 482913` and `use code 482913 to sign in` are told; `your code 482913` is anything.
    if owner in ("your", "my") and match.group(1) is None:
        return []
    if owner in ("use", "enter") and match.group(3) is None:
        return []
    return [Named(*match.span(2), "key:otp")]


_ANSWER_OF_WORDS = re.compile(
    r"(?: (?:for|of|to|on) [^\n.:;=?!\"]{1,48}?)?(?:,? (?:please|again|now|then))?\?{1,3}(?:\r?\n|\\n)"
    r"(?:A|Answer): {1,2}([A-Za-z0-9]{2,16}(?: [A-Za-z0-9]{1,16}){1,6})(?=\.?[ \t]*(?:\r?\n|\\n|\Z))"
)


def find_answer(text: str, start: int, end: int, found: KeyClass) -> Named | None:
    """The answer to a question for the secret whose name stands at `start:end`: `what is your PIN? 4711`.

    Without a question mark both must have a speaker: `Bot: Please enter your PIN.`, `User: 4711`.
    """
    match = _ANSWER.match(text, end)
    if match is None:
        return _answer_of_words(text, end, found)
    if found.weak:
        return None
    before = text[max(0, start - 160) : start]
    if "?" not in match.group(1):
        line = re.split(r"\n|\\n", before)[-1]
        if match.group(2) is None or re.match(_SPEAKER, line) is None:
            return None
    first, last = match.span(4)
    while last > first and text[last - 1] in ".,!?;:)":
        last -= 1
    secret = text[first:last]
    answered = (match.group(2) or match.group(3)) and found.rule == "key:password" and "?" in match.group(1)
    fit = is_shown(secret, found) or (answered and could_be_secret(secret, found) and _is_password_word(secret))
    return Named(first, last, found.rule) if fit and _ASKS.search(before) is not None else None


def _answer_of_words(text: str, end: int, found: KeyClass) -> Named | None:
    """`Q: what's the password?`, and below it `A: several words 3`."""
    match = _ANSWER_OF_WORDS.match(text, end) if found.rule == "key:password" else None
    if match is None or not is_words(match.group(1), sure=True):
        return None
    return Named(*match.span(1), found.rule)


def find_changed(text: str, end: int, found: KeyClass) -> list[Named]:
    """The old one and the new one: `the password of db-1 from 'x' to 'y'`."""
    match = _FROM_TO.match(text, end)
    if match is None or found.weak or not all(is_shown(match.group(n), found) for n in (1, 3)):
        return []
    return [Named(*match.span(1), found.rule), Named(*match.span(3), found.rule)]


def is_unparted(text: str, end: int) -> bool:
    """Whether a verb or a secret of other letters follows a name without a blank, at `end`: `密码是x`, `密码x`."""
    follows = text[end : end + 1]
    unparted = "\u3040" <= text[end - 1] < "\ud7b0" and follows.isascii()
    return follows in _COPULAS or (unparted and (follows == "(" or follows.isalnum()))


def find_told_unparted(text: str, end: int, found: KeyClass) -> Named | None:
    """The secret after a name that is not parted from its verb: `密码是x`."""
    match = _TOLD_AFTER_COPULA.match(text, end)
    secret = match.group(1).rstrip(".,!?;:#*)\"'`") if match is not None else ""
    if match is None or found.weak or not is_shown(secret, found):
        return None
    if text[end] == "(" and found.rule != "key:password":
        return None  # the algorithm of a key
    return Named(match.start(1), match.start(1) + len(secret), found.rule)


def find_told(text: str, end: int, found: KeyClass) -> Named | None:  # one line a form
    """The secret after a verb: `the password for x is y`. A mere word only where it ends the sentence."""
    if found.weak or found.rule not in _TOLD_RULES:
        return None
    match = _TOLD.match(text, end)
    if match is None:
        return None
    start, stop = match.span(3)
    while stop > start and text[stop - 1] in ".,!?;:)":
        stop -= 1
    secret = text[start:stop]
    if not could_be_secret(secret, found) or "(" in secret or "/" in secret[:2] or "://" in secret:
        return None
    told = match.group(2) or (match.group(1) not in (" to", "'s") and match.group(1))  # `from the shell's history`
    of_password = found.rule == "key:password"
    if WORD.match(secret):
        ends = _ENDS.match(text, match.end()) or _ENDS.match(text, stop)
        fits = of_password and told and ends and _is_password_word(secret)
    elif _COMPOUND.match(secret):
        fits = False
    else:
        said = (told or _is_set(text, end)) and found.rule in _SHORT_RULES and _CLAUSE_ENDS.match(text, stop)
        fits = _is_mixed(secret) or (said and is_short(secret))
    return Named(start, stop, found.rule) if fits else None


def _is_set(text: str, end: int) -> bool:
    """Whether a sentence says to what the secret whose name ends at `end` is set: `change my password to x`."""
    if _IS_SET.match(text, end):
        return True
    return text.startswith(" to ", end) and _SETS.search(text[max(0, end - 48) : end]) is not None


def _is_mixed(secret: str) -> bool:
    symbol = _SYMBOL.search(secret[:-1]) is not None
    return len(secret) >= (6 if symbol else 8) and (symbol or has_digit(secret))


def _is_password_word(word: str) -> bool:
    lowered = word.lower()
    if _PARTICIPLE.fullmatch(lowered) is not None:
        return False  # `het wachtwoord is gewijzigd`
    return len(word) >= 5 and lowered not in _NO_PASSWORD and not lowered.endswith(_PROSE_ENDS) and "-" not in word
