"""Secrets of standards, not of one issuer: PEM, JWT, HTTP authorization, URL credentials, commands."""

from __future__ import annotations

import re

from agent_audit.redaction.names.values import is_placeholder
from agent_audit.redaction.rules.model import RIGHT, Lazy, Rule, part, within
from agent_audit.redaction.validators import has_digit, is_basic_credentials, is_jwt, looks_random

PRIVATE_KEY = "private-key"

_PEM_HEAD = r"-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----"
# Whole, or cut off: then as far as the text looks like the inside of a PEM block, escaped newlines included.
# Neither runs past the next BEGIN, so that many headers without an END cost no more than their length.
_PEM_BODY = r"[^-]*(?:-(?!----(?:BEGIN|END))[^-]*)*-----END[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PEM_CUT = r"(?:[A-Za-z0-9+/=\s\\:,\"']|-(?!-))*"
_PORT_AND_PATH = re.compile(r"\d{1,5}(?:/|$)")


def _holds_key(block: str) -> bool:
    """A header alone, or with a word of an example after it, is documentation."""
    inside = re.sub(r"-----[^-]*-----|[^A-Za-z0-9+/=]", "", block[:240])
    return len(inside) >= 32


def _is_password(text: str) -> bool:
    """`host:8443/a@b` has a port where a password would be."""
    return not ("/" in text and _PORT_AND_PATH.match(text)) and not re.fullmatch(
        r"\$\{?\w+\}?|\$\(\w+\)|<[^>]*>|\*+|\{\w+\}|(?:[A-Z]+_)*PASS(?:WOR)?D?", text
    )


def _is_no_group(text: str) -> bool:
    """`docker run -u 1000:1000` names a user and a group, `-u <user:password>` what to give, `-u :` nothing."""
    if text.isdigit() or re.search(r"\w", text) is None or text.startswith(("$", "-$")) or is_placeholder(text):
        return False
    return text.strip("<>[]") not in ("password", "pass", "passwd")


def _is_bearer(text: str) -> bool:
    return (has_digit(text) or len(text) >= 24) and not is_placeholder(text)


_KINDS = ("live", "prod", "test", "secret", "oat", "pat")
_RANDOM_PART = re.compile(r"[A-Za-z0-9]{20,}")
_HEX_DIGITS = re.compile(r"[0-9a-f]{32,}")


def _is_prefixed_token(text: str) -> bool:
    """Letters of both cases and digits, mixed: ids and versions have one case. Some keys are hexadecimal."""
    body = _RANDOM_PART.search(text)
    if body is None or text.startswith(("pk_", "pk-", "pub_")):  # Stripe, Clerk and others: given to every browser
        return False
    random = body.group()
    if _HEX_DIGITS.fullmatch(random):
        return "-live-" in text or "_live_" in text or "secret" in text
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, random)) for kind in kinds) and looks_random(random)


GENERAL: tuple[Rule, ...] = (
    Rule(PRIVATE_KEY, ("-----begin",), re.compile(f"{_PEM_HEAD}(?:{_PEM_BODY}|{_PEM_CUT})"), accept=_holds_key),
    # RFC 4716 has four dashes and blanks; OpenVPN's shared keys are no PEM but look like it.
    Rule(
        "ssh2-key",
        ("---- begin ssh2",),
        re.compile(
            r"---- BEGIN SSH2 (?:ENCRYPTED )?PRIVATE KEY ----[^-]*(?:-(?!---)[^-]*)*"
            r"(?:---- END[A-Z0-9 ]{0,40}----)?"
        ),
        accept=_holds_key,
    ),
    Rule(
        "openvpn-static-key",
        ("-----begin openvpn",),
        re.compile(r"-----BEGIN OpenVPN [A-Za-z0-9 -]{0,40}-----[^-]*(?:-----END OpenVPN [A-Za-z0-9 -]{0,40}-----)?"),
        accept=_holds_key,
    ),
    # The bodies of keys without their header: what OpenSSH, PKCS #8 and PKCS #1 keys of the usual kinds begin with.
    Rule("openssh-key-body", ("b3blbnnzac1rzxktdje",), re.compile(r"b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\s\\]{40,}")),
    Rule("pkcs8-ec-key-body", ("mighageambmgbyqgsm49",), re.compile(r"MIGHAgEAMBMGByqGSM49[A-Za-z0-9+/=\s\\]{80,}")),
    within(
        "rsa-key-body",
        "ibadanbgkqhkig9w0baqefaasc ibaakcaqea ibaakcagea",
        r"[A-Za-z0-9+/]{3}IIM",
        r"(?:IBADANBgkqhkiG9w0BAQEFAASC|IBAAKCA[QgEA]{2})[A-Za-z0-9+/=\s\\]{80,}",
    ),
    Rule(
        "putty-key",
        ("putty-user-key-file",),
        re.compile(r"PuTTY-User-Key-File-\d(?:(?!PuTTY-User)[\s\S]){0,20000}?Private-MAC: [0-9a-f]+"),
        accept=_holds_key,
    ),
    Rule(
        "jwt",
        ("eyj",),
        re.compile(
            r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))eyJ[A-Za-z0-9_=-]{8,8000}\.(?:eyJ|[A-Za-z0-9_=-])[A-Za-z0-9_=-]{4,16000}(?:\.[A-Za-z0-9_.=+/-]{0,8000})?"
        ),
        accept=is_jwt,
    ),
    part(
        "bearer",
        ("bearer ", "bearer: ", "bearer%20", "bearer+"),
        r"(?i:bearer)(?::? {1,4}|%20|\+)[\"']?([A-Za-z0-9._~+/=:-]{12,8000})",
        _is_bearer,
    ),
    part(
        "basic-auth",
        ("basic ", "basic%20"),
        r"(?i:basic)(?: {1,4}|%20)[\"']?([A-Za-z0-9+/]{6,2000}={0,2})",
        is_basic_credentials,
    ),
    # RFC 3986 userinfo; passwords hold any character but blanks and quotes: up to the last `@`. The host may be
    # empty where it is the usual one, as of queues and of local databases.
    part(
        "url-credentials",
        ("://",),
        r"://[^\s/?#:@\"'<>|\[]{0,256}:([^\s\"'<>]{1,256}(?=@[\w\[%.{$-])"
        r"|(?!\d{1,5}@)[^\s\"'<>@/][^\s\"'<>@]{0,255}(?=@(?:[/?\"'\\]|[ \t]{0,8}(?:\r|\n|\Z))))@",
        _is_password,
    ),
    # A token as the user, alone or with nothing that matters as the password.
    part("url-token", ("://",), r"://([A-Za-z0-9_~.%-]{20,256})(?::(?:x-oauth-basic)?)?@(?=[\w\[+($])", has_digit),
    part(
        "curl-user",
        ("-u ", "--user ", "--user=", '-u"', "-u'", "--proxy-user "),
        r"(?:(?<![\w-])|(?<=\\[nrt]))-(?:-proxy-user|-user|[uU])[ =]{0,3}[\"']?(?!jdbc:|\w{1,16}://)"
        r"[^\s:\"']{0,128}[\"']?:[\"']?(?=([^\s\"'@]{1,256}))\1(?![^\s\"']{0,256}/)",
        _is_no_group,
    ),
    # RFC 6749, section 4.1.2: whoever has the code gets the token.
    part(
        "oauth-code",
        ("code=",),
        r"(?:(?<=[?&])|(?<=-d )|(?<=data )|(?<=-raw )|(?<=-urlencode )|(?<=(?:d|a|w|e) [\"']))"
        r"code=([A-Za-z0-9._~/%+-]{16,512})",
        looks_random,
    ),
    within("salesforce-session", "!aq !ar", r"[A-Za-z0-9]{12,15}D00", r"!A[QR][A-Za-z0-9._]{40,160}"),
    part(
        "hardhat-account",
        ("accounts: [", 'accounts": ['),
        r"accounts\"?: \[\s{0,24}[\"'`]((?:0x)?[0-9a-fA-F]{64})[\"'`]",
    ),
    part("calendar-link", ("/private-",), r"/private-([0-9a-f]{32})/basic\.ics"),
    # cookie-signature: `s:`, the value, a dot and HMAC-SHA-256 in base64 without padding, under any name.
    part(
        "express-session",
        ("connect.sid=", "s%3a", "=s:"),
        r"(?:connect\.sid=|(?:=|(?<![\w%]))(?=s(?:%3[Aa]|:)[\w-]{16,64}\.(?:[A-Za-z0-9+/]|%2[BFbf]){43}(?![A-Za-z0-9+/%])))"
        r"(s(?:%3[Aa]|:)[\w%./+-]{16,300})",
    ),
    part(
        "cookie-file",
        ("\ttrue\t", "\tfalse\t"),
        r"\t(?:TRUE|FALSE)\t\d{1,12}\t[^\t\n]{1,256}\t([^\t\s]{8,4096})",
        has_digit,
    ),
    # The habit of issuers: whose, for what (`polar_oat_`, `tr_prod_`), and a random body in both cases with digits.
    within(
        "prefixed-token",
        " ".join(f"{a}{kind}{b}" for kind in _KINDS for a in "_-" for b in "_-"),
        r"(?:[A-Za-z0-9]{1,12}[_-]){0,2}[A-Za-z0-9]{0,11}[A-Za-z]",
        r"[_-][a-z]{3,6}[_-][A-Za-z0-9_-]{20,256}",
        _is_prefixed_token,
    ),
    within(
        "email-spelled",
        "[at] (at)",
        r" ?[\w.+-]{2,64}",
        r"[\[(]at[\])] ?[\w-]{1,63}(?: ?[\[(]dot[\])] ?|\.)[A-Za-z.]{2,24}",
    ),
    # RFC 3986 escapes the `@` of an address in a query.
    # Read backwards, the two letters of an escape stand before its `%`; of those, only what an address may hold.
    Rule(
        "email-encoded",
        ("%40",),
        Lazy(r"%40(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}" + RIGHT),
        Lazy(
            r"(?:[\w.+-](?!.?%)|(?:[BbDdEe]2|[Ff]5)%){1,64}(?:(?![A-Za-z0-9+.])|(?=[0-9A-Fa-f]{2}%)|(?=[nrt]\\))"
            # The password of a URL.
            r"(?!(?:(?!(?i:F[23])%)[^\s&]){0,80}(?i:F2%F2%A3%))"
        ),
    ),
    part(
        "url-credentials",
        ("%3a%2f%2f",),
        r"(?i:%3A%2F%2F)(?:[^\s%&\"'/:@]|%(?!40|2[Ff]|3[AaFf])[0-9A-Fa-f]{2}){0,128}%3[Aa]"
        r"((?:[^\s%&\"'/:@]|%(?!40|2[Ff]|3[Ff])[0-9A-Fa-f]{2}){1,256})%40",
        lambda text: not _PORT_AND_PATH.match(text + "/"),
    ),
    Rule("go-dsn", ("@tcp(", "@unix("), re.compile(r"(?=@)"), before=re.compile(r"[^\s:/@\"']{1,90}(?=:)")),
)
