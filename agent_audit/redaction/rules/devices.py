"""Secrets in the configuration of routers, switches, firewalls and of what watches them, by their documented syntax."""

from __future__ import annotations

import re

from agent_audit.redaction.names.values import is_placeholder
from agent_audit.redaction.rules.commands import WHOLE
from agent_audit.redaction.rules.model import Rule, part
from agent_audit.redaction.validators import is_mixed

VALUE = r"\\{0,3}[\"']?([^\s\"'\\]{4,512})"
"""What stands in quotes or up to a blank, four characters and more."""
_HASH = r"(?:md5|sha|sha1|sha-?(?:256|384|512)|hmac-sha-\d{1,3})"


def is_given(text: str) -> bool:
    """No variable, no option, no placeholder."""
    return not re.match(r"[$<{%-]", text) and not is_placeholder(text)


def is_mixed_value(text: str) -> bool:
    """No word of a sentence, no number, no placeholder."""
    return is_mixed(text) and is_given(text)


DEVICES: tuple[Rule, ...] = (
    part(
        "ipsec-secret",
        (": psk ", ": eap ", ": xauth ", ": ntlm "),
        r": (?:PSK|EAP|XAUTH|NTLM) \\?\"([^\"\n\\]{4,256})",
        is_given,
    ),
    part(
        "network-device-password",
        tuple(f"{word} {kind} " for word in ("password", "secret", "key") for kind in "056789"),
        rf"(?i:password|secret|key) [0-9] {VALUE}",
        is_mixed_value,
    ),
    part(
        "snmp-community",
        ("rocommunity", "rwcommunity", "snmp-server community "),
        rf"(?:r[ow]community6?|snmp-server community) {VALUE}",
        lambda text: text != "public" and is_given(text),
    ),
    part(
        "fortigate-secret",
        ("set psksecret ", "set passwd ", "set password ", "set auth-pwd "),
        rf"(?i:set (?:psksecret|passwd|password|auth-pwd)) {VALUE}",
        is_mixed_value,
    ),
    part(
        "snmp-user",
        ("createuser ",),
        rf"(?i:createUser) (?:-e \S{{1,64}} )?\S{{1,64}} (?:MD5|SHA\S{{0,5}}) {WHOLE}",
        is_given,
    ),
    part(
        "snmp-user-privacy",
        ("createuser ",),
        r"(?i:createUser) (?:-e \S{1,64} )?\S{1,64} (?:MD5|SHA\S{0,5}) (?:\"[^\"\n]{1,128}\"|\S{1,128})"
        rf" (?:AES|DES)\S{{0,6}} {WHOLE}",
        is_given,
    ),
    # Authentication of routing and time protocols: `ip ospf message-digest-key 1 md5 7 x`, `key-string x`.
    part(
        "routing-key",
        ("message-digest-key ", "authentication-key ", "key-string ", "authentication md5 "),
        rf"(?i:(?:message-digest|authentication)-key \d{{1,5}} {_HASH}|(?:authentication md5 )?key-string)"
        rf" (?:[07] )?{VALUE}",
        is_mixed_value,
    ),
    part("wlan-key", ("set-key ",), rf"(?i:set-key (?:ascii|hex)) [0278] {VALUE}", is_given),
    part(
        "snmp-user",
        ("snmp-server user ",),
        rf"(?i:snmp-server user [^\n]{{1,128}}? auth {_HASH}) {VALUE}",
        is_given,
    ),
    part(
        "snmp-user-privacy",
        ("snmp-server user ",),
        rf"(?i:snmp-server user [^\n]{{1,256}}? priv (?:aes|3?des)(?:[ -]?\d{{3}})?) {VALUE}",
        is_given,
    ),
)
