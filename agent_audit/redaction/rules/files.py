"""Secrets in what programs write down, by its documented form: files of keys and tokens, dumps, lists of rules."""

from __future__ import annotations

import re

from agent_audit.redaction.names.values import is_placeholder
from agent_audit.redaction.rules.model import EOL, NL, Lazy, Rule, part, within
from agent_audit.redaction.rules.whole import is_wif
from agent_audit.redaction.validators import has_digit, is_nkey_seed, looks_random

_WIF = r"(?<![A-Za-z0-9])([5KL9c][1-9A-HJ-NP-Za-km-z]{50,51})(?![A-Za-z0-9])"
_VALUE = r"([^\s\"'\\]{1,512})"


def is_value(text: str) -> bool:
    """No variable, no placeholder, nothing that was masked already."""
    return not re.match(r"[$<{%(*]", text) and not is_placeholder(text)


def _is_no_word_for_it(text: str) -> bool:
    return text.lower() not in ("password", "passwd", "pass", "pw") and is_value(text)


FILES: tuple[Rule, ...] = (
    # `user worker on >password ~jobs:* +@all`, a rule of which what it grants follows.
    part(
        "redis-acl-password",
        (" on >",),
        r" on >([^\s\"'\\]{1,512}(?: >[^\s\"'\\]{1,512}){0,3})"
        r"(?=(?: [<>#!][^\s\"'\\]{1,512}){0,4} (?:[~&]\S|%[RW]|[+-]@?[a-z]|all|reset|no|sanitize|skip))",
        is_value,
    ),
    part(
        "redis-acl-password",
        ("acl setuser ",),
        rf"(?i:acl setuser) [^\s>]{{1,64}}(?: [\"']?[^\s>\"']{{1,64}}[\"']?){{0,12}} [\"'\\]?>{_VALUE}",
        is_value,
    ),
    # cloud-init: lines of a user and a password.
    part(
        "cloud-init-password",
        ("chpasswd:",),
        r"chpasswd:[^\n]{0,40}\n(?:\s{1,12}expire:[^\n]{0,16}\n)?\s{1,12}list: ?[|>]?-?[ \t]{0,4}\n"
        r"\s{1,16}(?:- )?[\w.-]{1,32}:"
        r"(\S{1,256}(?:\n\s{1,16}(?:- )?[\w.-]{1,32}:\S{1,256}){0,32})",
        lambda text: text not in ("R", "RANDOM") and is_value(text),
    ),
    # What Subversion remembers: lengths, and what is so long.
    part("svn-password", ("\npassword\nv ",), r"\npassword\nV \d{1,4}\n([^\n]{1,512})"),
    # MONITOR quotes each argument of a command.
    part(
        "redis-monitor",
        ('"auth" "',),
        r"\"(?i:auth)\"(?: \"[^\"\n]{1,128}\")? \"([^\"\n]{1,512})\"",
        lambda text: not text.isupper() and is_value(text),
    ),
    # The seeds of NATS: base 32 of what kind of key it is, 32 bytes and a checksum.
    part("nats-seed", ("nkey seed-----",), rf"(?i:NKEY SEED)-----{NL}{{1,2}}([A-Z2-7]{{40,80}}){EOL}"),
    part(
        "nats-seed",
        ("nkey", "nats", "nk -gen", "seed su", "seed: su", "seed=su"),
        r"(?i:nkey|seed|nats|nk -gen)[\s\S]{0,80}?(?<![A-Za-z0-9])(S[UAONCX]A[A-P][A-Z2-7]{54})(?![A-Za-z0-9])",
        is_nkey_seed,
    ),
    # Whoever has these sees the one-time codes: base 32, and the numbers that stand in for a lost device.
    Rule(
        "google-authenticator",
        tuple(f'\n" {option}' for option in ("rate_limit", "window_size", "disallow", "step_size", "totp_", "hotp_")),
        Lazy(r"(?=\n\" [A-Z_]{8,20}(?![a-z]))"),
        before=Lazy(r"[A-Z2-7]{16,80}(?=\n|\Z)"),
    ),
    part(
        "google-authenticator",
        ('" totp_auth', '" hotp_counter', '" window_size', '" disallow_reuse', '" rate_limit'),
        r"\" (?:TOTP_AUTH|HOTP_COUNTER|WINDOW_SIZE|DISALLOW_REUSE|RATE_LIMIT)(?: \d{1,12}){0,12}\n"
        r"(\d{8}(?:\n\d{8}){0,9})(?!\d)",
    ),
    # `security dump-keychain -d`: the attributes of an item, indented, and below them what it keeps.
    part(
        "keychain-item",
        ("<blob>=",),
        r"<blob>=[^\n]{0,512}(?:\n[ \t][^\n]{0,512}){0,32}"
        r"\ndata:\n(?:0x[0-9A-F]{1,1024} {1,4})?\"([^\"\n]{1,512})\"",
    ),
    part(
        "bitcoin-key-shown",
        ("privkey", "wallet import format", "(wif)", "wif:", "wif="),
        rf"(?i:privkey|wallet import format|\(?wif[:=)])[\s\S]{{0,160}}?{_WIF}",
        looks_random,
    ),
    part(
        "bitcoin-key-told",
        ("private key", "bitcoin", "wallet"),
        rf"(?i:private key|bitcoin|wallet)[^\n]{{0,96}}?{_WIF}",
        is_wif,
    ),
    part(
        "irc-operator",
        ("/oper ", "/quote oper "),
        rf"/(?i:quote )?(?i:oper) [\w\[\]|-]{{1,32}} {_VALUE}{EOL}",
        _is_no_word_for_it,
    ),
    # systemd, Docker and shells: a variable and its value within one pair of quotes.
    Rule(
        "environment-quoted",
        (
            *('environment="', "environment='", '-e "', "-e '", '--env "', "--env '", '--env="', 'export "', 'set "'),
            *("--from-literal='", '--from-literal="', "--set '", '--set "', "--build-arg '", '--build-arg "'),
        ),
        Lazy(
            r"(?:(?:Environment|--env|--from-literal)=|-e |--(?:env|set|build-arg) |export |set )"
            r"(?:\"[^\"\n]{0,256}\" ){0,8}([\"'])"
            r"\w{0,48}(?i:pass|password|passwd|passphrase|pwd|secret)="
            r"((?=[^\"'\n]{1,256} )(?:(?!\1)[^\n\\]){1,512})\1"
        ),
        group=2,
        accept=is_value,
    ),
    # Made by `mix phx.new`: eight characters of base 64.
    part(
        "phoenix-salt",
        ("signing_salt", "encryption_salt"),
        r"(?:signing|encryption)_salt:? {0,2}\"([A-Za-z0-9+/]{8})\"",
        lambda text: not (text.islower() or text.isupper() or text.istitle()),
    ),
    # Forty characters, of which the first tell the region.
    within("newrelic-license", "nral", r"[0-9a-f]{30,36}(?:xx\d\d[a-z]{2})?", r"NRAL"),
    part(
        "conda-token",
        ("/t/",),
        r"/t/([a-z]{2}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        r"|(?<=anaconda\.(?:org|com)/t/)[A-Za-z0-9_-]{20,80})(?=/)",
        has_digit,
    ),
)
