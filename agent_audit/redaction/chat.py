"""What one message of a conversation asks for and the next one says; a question and its answer in one object.

Also a command, what it was given and what it printed, where they are members of one object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from agent_audit.redaction.marker import HEAD
from agent_audit.redaction.names.keys import (
    A_PASSWORD,
    ANSWER_KEYS,
    COMMAND_KEYS,
    OUTPUT_KEYS,
    QUESTION_KEYS,
    STDIN_KEYS,
    KeyClass,
)
from agent_audit.redaction.names.made import is_quoted_secret
from agent_audit.redaction.names.values import is_shown
from agent_audit.redaction.remembered import Masked
from agent_audit.redaction.rules.model import Lazy
from agent_audit.redaction.rules.printed import PRINTED, prints_secret

_ASKED = 160
_ANSWERED = 80
_ASKING = 400
# What ends in a mere word tells nothing, and most messages do.
_MIXED_LAST = re.compile(r"[\d!@#$%^&*+=]\S*\s*\Z")
_MIXED = re.compile(r"[\d!@#$%^&*+=]|-[^-]{3,16}-")
_BLANKS = 8
_ARTICLE = 9
"""Characters before the name of what a short question asks for: `Und das Passwort?`"""

_SPEAKER_KEYS = frozenset({"spk", "speaker", "from", "author", "role", "sender", "who"})
_ROLES = frozenset({"human", "ai", "user", "assistant", "system", "bot", "agent"})
_TEXT_KEYS = ("text", "message", "body", "t", "msg", "utterance", "value")

# What is asked for, by the word for it that says which rule holds. The first that fits is it.
_NAMES = (
    (
        "CVV",
        r"\b(?:cvv2?|cvc2?|csc)\b|\b(?:three|four|3|4)[- ]?(?:digits?|numbers?)\b[^.?!]{0,24}"
        r"\bon (?:the|its|your) (?:back|front)|\bsecurity code on\b"
        r"|\bcard(?:'s)? (?:security|verification) (?:code|number)|\bprüfziffer|\bkartenprüfnummer",
    ),
    (
        "OTP",
        r"\b(?:\d{1,2}|four|five|six|seven|eight)[- ]digit (?:\w{1,16} )?(?:code|number)\b|\bt?otp\b"
        r"|\b[2m]fa (?:token|code)\b"
        r"|\b(?:verification|confirmation|security|one[- ]time|login|sign-?in|sms|authenticat\w{1,4}|access|backup"
        r"|recovery) (?:pass)?(?:code|word)\b"
        r"|\bcode (?:\w{1,8} ){0,4}(?:sent|texted|e-?mailed|from (?:your|the) (?:auth|sms|app|text))"
        r"|bestätigungscode|verifizierungscode|sms-code|einmalcode|code de (?:vérification|confirmation|sécurité)"
        r"|código de (?:verifica|seguridad|segurança|confirma)|codice di (?:verifica|sicurezza|conferma)"
        r"|kod (?:weryfikacyjny|sms)|код (?:подтверждения|из)|验证码|驗證碼|認証コード|確認コード|인증번호",
    ),
    ("PIN", r"\b(?:pin(?:code)?|passcode|geheimzahl)\b|暗証番号"),
    (
        "password",
        r"\bpass(?:word|phrase|wd)\b|passwor[td]|kennwort|mot de passe|contraseña|\bsenha\b|wachtwoord|lösenord"
        r"|adgangskode|\bpassord|hasło|парол|şifre|\bheslo\b|salasana|jelszó|\bparola\b|密码|密碼|パスワード|비밀번호",
    ),
    ("api key", r"\bapi[- ]?key\b|\baccess[- ]key\b|\b(?:access|bearer|auth|api)[- ]token\b|\bsecret key\b"),
)
_CLASSES = {
    "OTP": KeyClass("key:otp", numeric=True),
    "PIN": KeyClass("key:pin", numeric=True),
    "CVV": KeyClass("key:cvv", numeric=True),
    "password": A_PASSWORD,
    "api key": KeyClass("key:api-key"),
}
_ASKS = (
    r"\b(?:please|bitte|enter|type|provide|send|sent|texted|give|tell|share|paste|confirm|supply|submit|input|read"
    r"|reply|need|wants?|what(?:'s| is| are| was)|(?:may|can|could) i (?:have|get)|asks?|asking|requires?|requests?"
    r"|(?:which|what) (?:password|pin)"
    r"|prompt\w{0,3}|and (?:the|your)|gib|geben sie|nennen|nenne|schick\w{0,3}|lautet|wie ist|donne[zr]?|saisi\w{1,5}"
    r"|entre[zr]|indique[zr]?|quel est|cuál es|ingres[ae]|introdu\w{2,5}|dime|envíame|proporcion\w{1,3}|qual|digite"
    r"|informe|inseri\w{2,3}|dimmi|podaj|wpisz|jakie|введите|укажите|назовите|какой|geef|voer|vul|skriv|ange|girin"
    r"|yazın)\b|请(?:输入|提供|告诉)|入力|教えて|입력|알려|:\s{0,3}\Z"
)
_ASKS_NOT = (
    r"\b(?:never|not|(?<!which password )(?<!what password )(?<!which pin )(?<!what pin )(?:should|shall) i"
    r"|(?:want|like) me to|how (?:many|long|often)|length|policy|managers?"
    r"|generators?|hash(?:es|ed)?|format|requirements?|strength|limit|field|history|rotation"
    r"|booking|reservation|flight|order (?:number|id|confirmation)|tracking|shipment|parcel|ticket|promo|coupon"
    r"|fix|implement|refactor|rename|review|regex|module|function|hashing|reset tests?)\b|n't\b"
)
_WHAT_IS_IT = re.compile(r"(?i)\b(?:it|that|type|enter)\b[^?]{0,16}\?\Z")
_SENTENCES = re.compile(r"(?<=[.!?。？！])(?:\s|$)|\n|(?<=[。？！])")
_ANSWER = Lazy(
    r"(?i)\s*(?:(?:it'?s|it is|sure|ok|okay|yes|yeah|yep|here(?: it is| you go|'s)?|that'?s|that is|try|use"
    r"|(?:my|the) (?:pin|password|passcode|code|cvv|number) is|es ist|das ist|c'est|es|é|è|это)[,:.!]?\s{1,3}){0,2}"
    r"[\"'`*]{0,2}((?:\d{3} \d{3,4}|\d{2} \d{2} \d{2}|\S{3,64}?))[\"'`*]{0,2}[.!]?"
    r"(?:,\s[a-z][a-z' ]{2,40}[.!]?"
    r"|[,.]?\s(?:thanks|thank you|thx|please|cheers|danke|merci|gracias|grazie|obrigad[oa]|dzięki|спасибо|i think)"
    r"[.!]?)?\s*\Z"
)
_CODE = re.compile(r"\d{3}[ -]\d{3,4}|\d{2}[ -]\d{2}[ -]\d{2}|\d{4,10}|(?=[A-Z-]*\d)[A-Z0-9]{4,8}(?:-[A-Z0-9]{4,8})?")
# The name of a file, a line of one, an issue.
_NO_ANSWER = re.compile(
    r"[\w./-]{1,64}\.(?:py|js|ts|go|rs|rb|java|c|h|md|txt|json|ya?ml|toml|sh)(?::\d{1,6})?|[A-Z]{2,8}-\d{1,6}"
)
_UNFINISHED = re.compile(r"(?:\bis|:)\s{0,2}\Z")
_DIGITS = re.compile(r"[\d -]+")
# Alone or as a short question: `Mother's maiden name`, `What was the name of your first pet?`
_PERSONAL_QUESTION = re.compile(
    r"(?i)\A(?:(?:what (?:is|was|were)|what's|which|please give|in (?:what|which)|enter|tell me)\b[^?\n]{0,24}?)? ?"
    r"(?:the |your )?(?:mother'?s maiden name|memorable (?:word|place|name|date)|security word"
    r"|(?:the )?(?:name of )?(?:the |your )?first (?:pet|school|car|teacher)(?:'s name)?"
    r"|(?:city|town) (?:were you born in|you were born in|of (?:your )?birth))\s?[?.:]?\Z"
)
# What a program shows before it reads a password; what is typed is one word.
_PROMPT = re.compile(
    r"(?i)(?:\A|\s)(?:[\w@'.-]{1,64} ){0,3}(?:pass ?(?:word|phrase|code)|pin|passwort|kennwort|mot de passe|contraseña)"
    r"(?: (?:for|of|für|pour|para) [^\n:]{1,64})? ?[:>]\s{0,3}\Z"
)
_TYPED = re.compile(r"\s*(\S{3,128})(?:\s|\\[rn])*")
_GIVEN = 4096
_SHORT_ANSWER = re.compile(r"[^\W_][\w'’.-]{1,24}(?: [\w'’.-]{1,24}){0,3}")
_WORDS = re.compile(r"(?!.{0,80}-(?:please|that|this|not|now)(?:-|\Z))[A-Za-z]{3,16}(?:-[A-Za-z]{3,16}){2,7}")

Replaced = tuple[Any, Any, str, str]
"""A container and the key or index in it, the text to stand there, the rule that asks for it."""
Scan = Callable[[str], Masked]


def text_key(message: Any) -> str | int | None:
    """Where the messages of a conversation have their text, by the first of them; None if it is none."""
    if type(message) is list:
        return 1 if len(message) == 2 and type(message[0]) is str and message[0] in _ROLES else None
    if "content" in message:
        return "content"
    if _SPEAKER_KEYS.isdisjoint(message):
        return "text" if message.get("type") == "text" and type(message.get("text")) is str else None
    return "parts" if "parts" in message else next((key for key in _TEXT_KEYS if type(message.get(key)) is str), None)


def answers(messages: list[Any], key: str | int, scan: Scan) -> Iterator[Replaced]:
    """Every short message that has the secret that the message before it asks for."""
    kind, before = type(messages[0]), ""
    for message in messages:
        holder, slot, text = message, key, None
        if type(message) is kind:
            text = message.get(key) if kind is dict else message[-1] if len(message) == 2 else None
        if type(text) is not str:
            holder, slot, text = _only_part(text)
        if before and _may_answer(text):
            yield from _continued(holder, slot, before, scan) or _answer(holder, slot, before, scan)
        before = text


def answer_in(record: dict[str, Any], scan: Scan) -> Iterator[Replaced]:
    """The same of `{"question": "your PIN?", "answer": "4711"}`, and of what banks ask to know a customer by."""
    asked = next((record[key] for key in QUESTION_KEYS if type(record.get(key)) is str), "")
    for key in ANSWER_KEYS if asked else ():
        if type(record.get(key)) is not str:
            continue
        if _PERSONAL_QUESTION.search(asked) is not None:
            yield from _known_by(record, key, scan)
        elif _PROMPT.search(asked[-_ASKED:]) is not None and (typed := _TYPED.fullmatch(record[key])) is not None:
            yield from _as_password(record, key, typed, scan)
        elif _may_answer(record[key]):
            yield from _answer(record, key, asked, scan)


def _as_password(record: dict[str, Any], key: str, typed: re.Match[str], scan: Scan) -> Iterator[Replaced]:
    """What is typed at a prompt for a password may be a mere word."""
    text, (start, end) = record[key], typed.span(1)
    for masked, rule in _under("password", text[start:end], scan):
        yield record, key, text[:start] + masked + text[end:], rule


def _known_by(record: dict[str, Any], key: str, scan: Scan) -> Iterator[Replaced]:
    text = record[key]
    if _SHORT_ANSWER.fullmatch(text) is None or not is_quoted_secret(text, _CLASSES["password"]):
        return
    for masked, rule in _under("security_answer", text, scan):
        yield record, key, masked, rule


def _under(name: str, value: str, scan: Scan) -> Iterator[tuple[str, str]]:
    """What is left of a value that stands under that name, and by which rule, if it is masked there."""
    lead = f'{name}: "'
    one = scan(f'{lead}{value}"')
    if one.text.startswith(lead) and one.rules:
        yield one.text[len(lead) : -1], one.rules[-1]


def printed_in(record: dict[str, Any], scan: Scan) -> Iterator[Replaced]:
    """What a command that prints a secret has printed: `{"cmd": "pass show x", "stdout": y}`."""
    within = (record, *(record[key] for key in OUTPUT_KEYS if type(record.get(key)) is dict))
    outputs = [(holder, key) for holder in within for key in OUTPUT_KEYS if type(holder.get(key)) is str]
    parts = (_only_part(record.get(key)) for key in OUTPUT_KEYS if type(record.get(key)) is list)
    outputs += [(part, key) for part, key, text in parts if text]
    if not outputs or not printing_command(record):
        return
    for holder, key in outputs:
        one = scan(PRINTED + holder[key])
        if HEAD not in holder[key] and one.text.startswith(PRINTED) and one.rules:
            yield holder, key, one.text[len(PRINTED) :], one.rules[0]


def given_in(record: dict[str, Any], scan: Scan) -> Iterator[Replaced]:
    """What a command reads a password from: `{"command": "sudo -S id", "stdin": x}`, as if it came by a pipe."""
    for key in STDIN_KEYS:
        given = record.get(key)
        if type(given) is not str or not given.strip() or len(given) > _GIVEN or "'" in given or HEAD in given:
            continue
        start = len(given) - len(given.lstrip())
        secret = given.strip()
        for command in (_command(record[one]) for one in COMMAND_KEYS if one in record):
            lead, behind = "echo '", "' | "
            one = scan(f"{lead}{secret}{behind}{command}")
            masked, parted, _ = one.text[len(lead) :].partition(behind)
            if one.text.startswith(lead) and parted and masked != secret:
                yield record, key, given[:start] + masked + given[start + len(secret) :], one.rules[0]
                break


def printing_command(record: Any) -> bool:
    """Whether a record has a command that prints nothing but a secret."""
    if type(record) is not dict:
        return False
    within = (record, *(value for value in record.values() if type(value) is dict))  # `{"action": {"command": […]}}`
    return any(prints_secret(_command(one[key])) for one in within for key in COMMAND_KEYS if key in one)


def _may_answer(text: str) -> bool:
    return 0 < len(text) <= _ANSWERED and text.count(" ") <= _BLANKS and _MIXED.search(text) is not None


def _command(value: Any) -> str:
    if type(value) is list:
        return " ".join(part for part in value if type(part) is str)
    return value if type(value) is str else ""


def _answer(holder: Any, slot: Any, asking: str, scan: Scan) -> Iterator[Replaced]:
    text = holder[slot]
    if HEAD in text:
        return
    if asking[-1:] == "?" and _MIXED_LAST.search(text) is not None:
        question = asking[-_ASKED:]
        one = scan(f"{question}\n{text}")
        if one.text.startswith(question) and any(rule.startswith("key:") for rule in one.rules):
            yield holder, slot, one.text[len(question) + 1 :], one.rules[-1]
            return
    match = _ANSWER.match(text)
    name = _asked_for(asking[-_ASKING:]) if match is not None else None
    if match is None or name is None or not _fits(match.group(1), name):
        return
    # By the rule of a name and its value. One of letters and a few digits is none for its usual name.
    usual = "password" if name == "OTP" and not _DIGITS.fullmatch(match.group(1)) else name
    for masked, rule in _under(usual, match.group(1), scan):
        behind = text[match.end(1) :]
        if behind.strip() in ("!", "*", "?") and text[: match.start(1)][-1:] != behind[:1]:
            behind = ""  # the last character of what was chosen
        yield holder, slot, text[: match.start(1)] + masked + behind, rule


def _continued(holder: Any, slot: Any, before: str, scan: Scan) -> list[Replaced]:
    """What only goes on with the text before it, as marks of bold or code part them: `password is `, `x`."""
    if _UNFINISHED.search(before[-8:]) is None or HEAD in holder[slot]:
        return []
    lead = before[-_ASKED:] + ("" if before[-1].isspace() else " ")
    one = scan(lead + holder[slot])
    if not one.rules or not one.text.startswith(lead):
        return []
    return [(holder, slot, one.text[len(lead) :], one.rules[-1])]


@cache
def _expressions() -> tuple[list[tuple[str, re.Pattern[str]]], re.Pattern[str], re.Pattern[str]]:
    """Compiled when a message is first looked at: it takes some milliseconds, and most processes have no talk."""
    named = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _NAMES]
    return named, re.compile(_ASKS, re.IGNORECASE), re.compile(_ASKS_NOT, re.IGNORECASE)


def _asked_for(text: str) -> str | None:
    """What the last sentences of a message ask for."""
    named, asks, asks_not = _expressions()
    sentences = [sentence for sentence in _SENTENCES.split(text.rstrip()) if sentence and not sentence.isspace()]
    for sentence in sentences[:-3:-1]:
        for name, pattern in named:
            if (said := pattern.search(sentence)) is not None:
                # `Passwort für db1?`
                short = said.start() <= _ARTICLE and sentence.rstrip()[-1] in "?？"
                asked = short or asks.search(sentence) or _WHAT_IS_IT.search(sentences[-1])
                return name if asked and asks_not.search(sentence) is None else None
    return None


def _fits(text: str, name: str) -> bool:
    """Whether one token is what was asked for."""
    if name == "CVV":
        return text.isdigit() and 3 <= len(text) <= 4
    if name == "OTP":
        return _CODE.fullmatch(text) is not None
    if name == "PIN" and text.isdigit():
        return 4 <= len(text) <= 12
    if _NO_ANSWER.fullmatch(text) is not None:
        return False
    return is_shown(text, _CLASSES[name]) or (name == "password" and _WORDS.fullmatch(text) is not None)


def _only_part(content: Any) -> tuple[Any, str, str]:
    """The part of a message that has only one: `[{"type": "text", "text": "x"}]`."""
    part = content[0] if type(content) is list and len(content) == 1 else None
    text = part.get("text") if type(part) is dict else None
    return part, "text", text if type(text) is str else ""
