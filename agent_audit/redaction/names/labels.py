"""What files of translations and documentation have where a configuration has the secret: labels, messages, sentences.

By their form and by the words for secrets in them, for a translator may say anything else.
"""

from __future__ import annotations

import re

from agent_audit.redaction.names import vocabulary
from agent_audit.redaction.names.vocabulary import words

_LABEL = re.compile(
    r"[^\W\d_]+(?:(?:['’-]|,? )[^\W\d_]+){0,7}(?: \([^\W\d_][\w .'’-]{0,32}\))?[ ?!.:…*：]{0,3}"  # a colon
)
_DESCRIPTION = re.compile(
    r"(?:The|An?|Your|Optional|Specifies|Whether|Contains)(?: [\w'’`()/-]{1,32}[,:]?){4,80}"
    r"[.;]?(?: [A-Z][^\n]{0,2000})?"
)
_SENTENCE = re.compile(r"[^\W\d_]+(?:[,:;.]?[ ’'-][^\W\d_]+){3,60}[.!?]")
# How many characters a password must have at least: one small number amid the words.
_COUNTING = re.compile(
    r"[^\W\d_]+(?:,?[ ’'-][^\W\d_]+){0,16} \d{1,2}[\uac00-\ud7af]{0,2}(?:,?[ ’'-][^\W\d_]+){1,16}[.!]?"
)
_UNPARTED_COUNTING = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{4,24}\d{1,2}[\u3040-\u30ff\u3400-\u9fff、，。]{1,32}")
# With the marks of Chinese and Japanese sentences.
_UNPARTED_SENTENCE = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]{4}[。，、！？：]|[。，、！？][\u3040-\u30ff\u3400-\u9fff]{4}"
)
# A secret that a sentence without blanks may tell.
_CARRIED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]\W{0,3}[!-~]{5}")
LABEL_WORDS = (
    {"passe", "sandi", "khẩu", "credentials", "secrète", "secreta", "segreta", "geheim"}
    | vocabulary.PASSWORD
    | vocabulary.SECRET
    | vocabulary.KEY_TOO
    | vocabulary.TOKEN
    | vocabulary.PIN
    | vocabulary.OTP
    | vocabulary.COOKIE
)
_LABEL_ENDS = ("passwort", "password", "code", "token", "schlüssel", "key")
_ACRONYMS = words("API SMS PIN OTP MFA TOTP SSH CSRF")
"""They stand in labels of every language, beside the word for a key or a code."""
_UNPARTED = tuple(word for word in LABEL_WORDS | vocabulary.API_KEY if word.upper() == word)
"""Words in scripts without capitals; some of these languages have no blanks between words, so they are parts, too."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
# What tokens have and prose has not.
_NO_PROSE = re.compile(r"[\d=_+@#$%^&*{}\[\]<>\\|~]|-----")
_KEPT_IN_FILES = frozenset({"key:private-key", "key:api-key", "key:credential", "key:token", "key:secret"})
# A file by its ending or by the folders that lead to it, which base64 has not; a token.
_PLACE = re.compile(
    r"(?:file://|\$?\{?\w{1,24}\}?(?=/)|~|\.{1,2})?(?:/[\w.@*-]{1,64}){1,12}\.[a-z][a-z0-9]{1,7}|~/[\w./@-]{1,200}"
    r"|(?:/[a-z_.-]{2,24}){2,8}(?:/[\w.-]{0,40})?|file:///[\w./@-]{0,200}|pkcs11:[\w=;%.-]{1,200}"
)
_FILE_OF_KEY = re.compile(r"[\w-]{1,64}\.(?:pem|key|crt|cer|der|p12|pfx|jks|cnf)")
# With nothing but words in its path, and in its query under names that say nothing.
_WORDS_GIVEN = r"(?!\w*(?:token|key|secret|pass|pwd|sig|code|auth|jwt|session))[a-z_]{1,24}(?:=[A-Za-z:+._,/-]{0,200})?"
_ADDRESS = re.compile(
    r"https?://[\w.-]{1,100}(?::\d{1,5})?"
    r"(?:/(?:v\d{1,2}(?:\.\d)?|\.?[A-Za-z]?[a-z]{1,16}(?:[A-Z_-][a-z]{1,16}){0,4}|[a-z]{3,12}\d(?:\.\d)?)){0,6}/?"
    rf"(?:\?{_WORDS_GIVEN}(?:&{_WORDS_GIVEN}){{0,6}})?"
)
_PUBLIC = re.compile(r"(?:\A|\s|:)(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d{3}) AAAA")
_ISSUED = frozenset({"key:token", "key:api-key", "key:private-key", "key:otp"})


def _plain(text: str) -> str:
    """Without the escapes of JSON."""
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text) if "\\u" in text else text


def is_label(text: str) -> bool:
    """Whether a text is the label of a field, as in files of translations: `Passwort`, `Enter your password`.

    Labels begin with a capital letter, where the script has any.
    """
    text = _plain(text)
    if text[:1].islower() or text[-1:].isdigit() or len(text) > 80 or _LABEL.fullmatch(text) is None:
        return False
    if text[-1] in ":：" and len(text) > 2:  # a colon
        return True
    named = re.split(r"[^\w]+", text.lower().strip(" ?!.:…*：()"))  # a colon
    if len(named) == 1:
        if not text.isascii() and not text[0].isupper():
            return any(word in text for word in _UNPARTED)
        return named[0] in LABEL_WORDS or named[0].endswith(("code", "schlüssel", "token", "passwort", "kennwort"))
    if not _ACRONYMS.isdisjoint(re.split(r"[^\w]+", text)):
        return True
    return any(word in LABEL_WORDS or word.endswith(_LABEL_ENDS) for word in named)


def is_described(text: str) -> bool:
    """Whether a documentation says what the secret is: `The password for the account in the cluster.`"""
    text = _plain(text)
    if not text.isascii():
        if _UNPARTED_SENTENCE.search(text) is not None:
            return _CARRIED.search(text) is None
        if _UNPARTED_COUNTING.fullmatch(text) or (not text[:1].isupper() and _COUNTING.fullmatch(text)):
            return any(word in text for word in _UNPARTED)
    if text.count(" ") < 3 or not text[:1].isupper():
        return False
    if not (_DESCRIPTION.fullmatch(text) or _SENTENCE.fullmatch(text) or _COUNTING.fullmatch(text)):
        return False
    return not LABEL_WORDS.isdisjoint(re.split(r"\W+", text.lower()))


def is_issued_form(text: str, rule: str) -> bool:
    """Whether a text can be what a program has issued.

    It writes no words of other languages and no sentences, and is no place at which a key is kept.
    """
    if _is_place(text, rule):
        return False
    if rule not in _ISSUED:
        return True
    if len(text) == 1 or (" AAAA" in text and _PUBLIC.search(text)):
        return False  # `<a accesskey="u">`
    text = _plain(text)
    if _NO_PROSE.search(text) is not None:
        return True
    if not text.isascii() and any(character.isalpha() and not character.isascii() for character in text):
        return _CARRIED.search(text) is not None
    return not text[:1].isupper() or len(text.split()) < 3


def _is_place(text: str, rule: str) -> bool:
    """Whether a text is the file of a key, or an address that tells nothing."""
    if text[:4] == "http" and _ADDRESS.fullmatch(text) is not None:
        return True
    if rule in ("key:private-key", "key:api-key") and text[-4:-3] == "." and _FILE_OF_KEY.fullmatch(text):
        return True
    return rule in _KEPT_IN_FILES and ("/" in text or ":" in text) and _PLACE.fullmatch(text) is not None
