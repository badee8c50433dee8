"""Secrets given to functions of well-known libraries by position, where no name tells them."""

from __future__ import annotations

import re

from agent_audit.redaction.rules.model import Rule, part
from agent_audit.redaction.validators import is_mixed
from agent_audit.redaction.values import is_placeholder

_QUOTED = r"[\"']([^\"'\n]{1,256})[\"']"
_OTHER = r"[\"'][^\"'\n]{0,256}[\"']"
_NEXT = r",\s{0,4}"


def _is_password(text: str) -> bool:
    return is_mixed(text) and "/" not in text


def _is_key(text: str) -> bool:
    return len(text) >= 6 and not is_placeholder(text) and not re.fullmatch(r"[A-Z]{2}\d{3}|sha\d+|[a-z]+", text)


CALLS: tuple[Rule, ...] = (
    part(
        "requests-auth",
        ("auth=(", "auth=[", "auth': (", 'auth": (', 'auth": [', "basicauth("),
        r"(?i:basicauth\(|auth[\"']?(?:=|: )[(\[])\s{0,4}[\"'][^\"'\n]{0,128}[\"'],\s{0,4}[\"']([^\"'\n]{1,256})",
    ),
    part(
        "database-call",
        ("new pdo(", "mysqli(", "mysqli_connect(", "drivermanager.getconnection("),
        r"(?i:new pdo|mysqli(?:_connect)?|drivermanager\.getconnection)\(\s{0,4}"
        rf"{_OTHER}{_NEXT}{_OTHER}{_NEXT}{_QUOTED}",
    ),
    part("login-call", (".login(",), r"\.login\(\s{0,4}[\"'][^\"'\n]{1,128}[\"'],\s{0,4}[\"']([^\"'\n]{3,256})[\"']"),
    part("login-function", ("login(",), rf"login\(\s{{0,4}}{_OTHER}{_NEXT}{_QUOTED}\s{{0,4}}\)", _is_password),
    part(
        "ssh-connect-call",
        (".connect(",),
        rf"\.connect\(\s{{0,4}}{_OTHER}{_NEXT}\d{{1,5}}{_NEXT}{_OTHER}{_NEXT}{_QUOTED}",
    ),
    part(
        "keyring-call",
        ("keyring.set_password(",),
        rf"keyring\.set_password\(\s{{0,4}}{_OTHER}{_NEXT}{_OTHER}{_NEXT}{_QUOTED}",
    ),
    part(
        "jwt-call",
        ("jwt.encode(", "jwt.decode(", "jwt.sign(", "jwt.verify("),
        rf"(?i:jwt)\.(?:encode|decode|sign|verify)\([^\n]{{1,100}}?{_NEXT}b?{_QUOTED}(?!\s?:)",
        _is_key,
    ),
    part(
        "hmac-call",
        ("hmac.new(", "hmac.digest(", "createhmac("),
        rf"(?:hmac\.(?:new|digest)\(\s{{0,4}}|createHmac\(\s{{0,4}}{_OTHER}{_NEXT})b?{_QUOTED}",
        _is_key,
    ),
    part("fernet-call", ("fernet(",), r"Fernet\(\s{0,4}b?[\"']([A-Za-z0-9_-]{43}=?)[\"']"),
    part(
        "cipher-call",
        ("cryptojs.", "aes.new(", "createcipheriv("),
        rf"(?:CryptoJS\.\w{{2,12}}\.(?:en|de)crypt\([^,\n]{{1,128}}{_NEXT}|AES\.new\(\s{{0,4}}"
        rf"|createCipheriv\(\s{{0,4}}{_OTHER}{_NEXT})b?{_QUOTED}",
        _is_key,
    ),
)
