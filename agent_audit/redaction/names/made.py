"""Whether a word of a sentence was made to be a secret: by its form, for no dictionary is asked."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.values import could_be_secret, is_technical
from agent_audit.redaction.names.vocabulary import words

_SYMBOL = re.compile(r"[!@#$%^&*+=?~]")
_ASSIGNS = re.compile(r"\w+=")
_MASKED = re.compile(r"[*•]{3}|xxx|XXX|\.\.\.")
_JOINT = re.compile(r"[-_./]")
_CAMEL = re.compile(r"[a-z][A-Z]")
_PARTS = re.compile(r"[-_./&+#!@$%^*=?~:]+|(?<=[a-z])(?=[A-Z])|(?<=[a-zA-Z])(?=\d)|(?<=\d)(?=[a-zA-Z])")
# Names of tickets, standards, files, hosts, options; addresses; dates.
_NO_SECRET = re.compile(
    r"[A-Z]{1,10}-?\d{1,7}(?:\.\d+)?|(?:[A-Z]{2,4}-){2,3}\d{1,4}|[a-z]{1,3}-?\d{1,3}|[^@]{1,64}@(?:[\w-]{1,63}\.)+[a-zA-Z]{2,24}"
    r"|(?:[\w-]+\.)+(?:com|org|net|io|dev|app|ai|lan|local|internal|uk|eu|de|fr|nl|us|site|cloud|example|test|invalid|py"
    r"|js|jsx|ts|tsx|go|rs|rb|java|kt|cs|php|sh|md|txt|json|ya?ml|toml|ini|cfg|conf|env|xml|html?|css|sql|csv|pdf|docx?"
    r"|xlsx?|zip|log|pem|key|kdbx)(?:[:/#]\S*)?"
    r"|localhost:\d{2,5}|[-/~.#@$&*<>].*|.*[(\[{}\])].*|.*://.*|\w+(?:::|->|\.)\w+\(.*|\d[\d.,]*[A-Za-z]{1,4}|\d+(?:st|nd|rd|th|x|am|pm)"
    r"|\d{1,4}[-/.]\w{1,9}[-/.]\d{1,4}|(?:\d+[-–])?\d+[-– ]?(?:[a-z]{1,3}|[a-z]{3,12}s?)"
)
_NAMES = words("""
    password passwords passwd passphrase passcode pass pwd secret secrets token tokens key keys credential
    credentials creds auth login logon user username name names id ids uid email mail account admin root db
    database api url uri host port path file files dir config configuration settings setting env var value
    values val type types field fields form input output param params parameter arg args option options flag
    string str int bool boolean number object array list map dict data hash hashed salt salted encoded encrypted
    plain text code codes error errors exception handler manager service services provider factory builder
    client server request response header headers body json xml html yaml toml get set is has can new old reset
    change changed update create delete remove add check validate valid invalid verify confirm confirmation
    policy length min max minimum maximum size count index table column row store storage vault prod production
    staging stage dev test tests example default defaults app application web ui page button label
    placeholder prompt dialog modal component module class function method const null none true false undefined
    yes no readme todo fixme version release
""")
"""Parts of what programs call something, and no words of a password."""
_PROSE = words("""
    case well auto up out end state hard easy one two three non not day pay run top last self self-hosted pre
    post multi single double high low long short full half all any read write user system site machine computer
    pseudo semi anti cross re co sub super over under so too more less most least much very strong weak time
    real so-called closed built opt sign log plug back web cloud on off in wi e
""")
"""Words with which adjectives of many parts begin: `case-sensitive`, `up-to-date`."""
_PHRASES = words("state out one up end not case")
"""Those of them that begin one of four parts: `state-of-the-art`."""
_ADJECTIVE = re.compile(
    r"[a-z]*(?:ed|ing|able|ible|less|free|based|only|sensitive|like|proof|safe|wide|known|set|in|out|off|up|date|time|use"
    r"|level|side|day|life|term|art|case|chosen|written|driven|given|shown|hidden|specific|wise|ish|ly|ful|ous|ive|ary"
    r"|ional|friendly|agnostic|aware|compatible|compliant|dependent|independent|encrypted|factor|step|character|digit|bit"
    r"|fi|mail|key|text|go|guess|remember|end|band|many|all|one)"
)
_BRANDS = words("""
    1password lastpass keepass keepassxc bitwarden github gitlab bitbucket linkedin facebook youtube paypal
    javascript typescript postgresql mysql mongodb mariadb sqlite oauth oauth2 openid openssl openssh openvpn
    wireguard icloud iphone ipad macos macbook onedrive sharepoint powershell dropbox whatsapp wordpress
    docusign quickbooks salesforce servicenow hubspot mailchimp airtable cloudflare digitalocean graphql
    dynamodb bigquery rabbitmq activedirectory argon2id argon2 bcrypt scrypt pbkdf2 base64 sha256 sha512
    md5crypt yescrypt totp webauthn passkeys jetbrains vscode teamviewer anydesk wifi mifi filevault bitlocker
    winscp airdrop airpods playstation xbox ebay imessage facetime webex gotomeeting truenas veracrypt
    protonmail protonvpn nordpass dashlane roboform enpass cyberark hashicorp beyondtrust windows10 windows11
    office365 microsoft365 web3 log4j log4shell http2 ipv4 ipv6 utf8 2fa mfa gpt4 k8s i18n oidc saml2
""")
_STOPS = words("""
    a an the and or but if of to in on at by for from with without as is are was were be been must should shall
    may can could will would has have had do does did not no never none your you my our their his her its it
    this that these those who which what when where why how please ask see use using same required optional
    invalid incorrect correct wrong expired expires changed change changes reset set unset unchanged minimum
    maximum min max least most more less than characters character chars digits digit letters letter numbers
    number words word symbols symbol uppercase lowercase case sensitive empty blank missing unknown known
    forgotten forgot lost login log sign via through into only also both all any each every other another same
    different new old current previous default temporary secret hidden masked stored saved sent kept given shown
    provided follows follow below above here there later soon tbd tba none per contact email mail call admin
    team desk support helpdesk policy manager field entry strength length hint generated encrypted hashed
    protected free level step section chapter version page figure table line rule error warning failed success
    okay ok yes accepted rejected denied granted valid verified updated created deleted removed next try again
    back last first second third two three four five six seven eight nine ten between up down out over under
    enter type choose pick select click press tap show hide copy paste check confirm repeat retype security
    access account user name file key code server system
""")
_LOWER_WORDS = re.compile(r"[A-Za-z]+")


def is_made(text: str, found: KeyClass, *, sure: bool) -> bool:
    """Whether one token can only be a secret where a sentence may have any word.

    Args:
        text: the token.
        found: what the name beside it says.
        sure: whether it needs a digit or a symbol among its letters; else capitals within, or words joined by dashes,
            are enough.
    """
    parts = [part for part in _PARTS.split(text) if part]
    symbol = _SYMBOL.search(text[:-1]) is not None
    digit = any(map(str.isdigit, text))
    if len(text) < 5 or not could_be_secret(text, found) or _is_called_so(text, parts, odd=symbol and digit):
        return False
    if symbol:
        return len(text) >= 6
    cases = text != text.lower() and text != text.upper()
    if digit and not is_adjective(text):
        joined = len(parts) > 2 and _JOINT.search(text) is not None
        return len(text) >= (6 if joined or (cases and text[1:] != text[1:].lower()) else 8)
    return not sure and ((text[-1] in "!?" and len(text) >= 6) or _is_joined(text, parts, cases=cases))


def is_short(text: str) -> bool:
    """Whether a token of five to seven letters and digits is a password where a sentence says that it is one.

    `hunter2`, `abc123`; no algorithm, no product, no version.
    """
    if not 5 <= len(text) <= 7 or not (text.isascii() and text.isalnum() and text[0].isalpha()):
        return False
    return not (text.isalpha() or is_technical(text) or text.lower() in _BRANDS)


def without_end(text: str, start: int, stop: int) -> tuple[int, int]:
    """A token at `start:stop` without what ends its sentence; `!` within one belongs to it: `x!, then`, `x! then`."""
    end = stop
    while stop > start and text[stop - 1] in ".,;:)":
        stop -= 1
    if stop == end and text[stop - 1] in "!?" and not text[stop : stop + 2].strip().islower():
        while stop > start and text[stop - 1] in "!?":
            stop -= 1
    return start, stop


def _is_called_so(text: str, parts: list[str], *, odd: bool) -> bool:
    """Whether something has this name that is no secret: a ticket, a file, a product, a variable."""
    letters = [part.lower() for part in parts if part.isalpha()]
    if (
        not letters
        or text.lower().rstrip("!?0123456789") in _BRANDS
        or text.lower() in _BRANDS
        or _ASSIGNS.match(text)
        or _MASKED.search(text)
    ):
        return True
    if _NO_SECRET.fullmatch(text) or is_technical_word(text):
        return True
    return not odd and any(part in _NAMES for part in letters)


def _is_joined(text: str, parts: list[str], *, cases: bool) -> bool:
    """Words written as one: `correctPony`, `tulip_Field`, `portal-gun-cake`."""
    if len(text) < 7 or len(parts) < 2 or is_adjective(text):
        return False
    inner = text[1:] != text[1:].lower()  # a capital that no sentence gives
    if _JOINT.search(text) is None:
        return _CAMEL.search(text) is not None
    if "/" in text or "." in text:
        return inner and len(parts) == 2 and min(map(len, parts)) > 2
    if inner and cases:
        return not any(part.isupper() and len(part) > 1 for part in parts)  # `Okta-MFA`
    return "-" in text and len(parts) > 2 and text.islower()


def is_adjective(text: str) -> bool:
    """`case-sensitive`, `up-to-date`, `SHA256-hashed`."""
    if "-" not in text:
        return False
    lowered = text.lower().split("-")
    begins = lowered[0] in _PROSE and (len(lowered) < 4 or lowered[0] in _PHRASES)
    # A capital in the last word is of a name: `rad1us-Shared`.
    last = lowered[-1] if text.isupper() else text.rpartition("-")[2]
    return begins or _ADJECTIVE.fullmatch(last) is not None


def is_technical_word(text: str) -> bool:
    """A type, an algorithm, a version, a size; but no words joined by dashes that end in a number."""
    if not is_technical(text):
        return False
    return (
        re.fullmatch(r"[A-Za-z]{2,}(?:[-_.&][A-Za-z]{1,16}){1,6}(?:[-_.]\d{1,4})?|[A-Za-z]{3,}[-_.]\d{1,2}", text)
        is None
    )


def is_quoted_secret(text: str, found: KeyClass) -> bool:
    """Whether what stands in quotes behind `is` is a secret: a word or several, none of those that say how it is."""
    if not could_be_secret(text, found) or text.lower() in _NAMES or text.lower() in _BRANDS:
        return False
    named = _LOWER_WORDS.findall(text.lower())
    return bool(named) and not any(word in _STOPS for word in named) and not re.search(r"[(){}<>\[\]=;$]", text)


def is_words(text: str, *, sure: bool) -> bool:
    """Whether several words are a phrase chosen as a secret, and no sentence.

    Args:
        text: the words.
        sure: whether a number has to be among them.
    """
    parts = text.lower().split()
    if any(part in _STOPS or part in _NAMES or _ADJECTIVE.fullmatch(part) for part in parts):
        return False
    return len(parts) >= 3 and (not sure or parts[-1].isdigit())
