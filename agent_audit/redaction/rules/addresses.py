"""Secrets that are part of an address, and small formats of standards: seed phrases, Wi-Fi codes, cut PuTTY keys."""

from __future__ import annotations

from agent_audit.redaction.rules.model import UUID, Rule, part, token
from agent_audit.redaction.rules.whole import is_seed_phrase

ADDRESSES: tuple[Rule, ...] = (
    # Whoever has the address may use the node.
    part("infura-key", (".infura.io/",), r"\.infura\.io/(?:ws/)?v3/([a-f0-9]{32})(?![A-Za-z0-9])"),
    part(
        "alchemy-key", (".alchemy.com/", ".alchemyapi.io/"), r"\.alchemy(?:api)?\.(?:com|io)/v2/([A-Za-z0-9_-]{21,40})"
    ),
    part("quicknode-token", (".quiknode.pro/",), r"\.quiknode\.pro/([a-f0-9]{32,64})"),
    part("ankr-token", ("rpc.ankr.com/",), r"rpc\.ankr\.com/[a-z0-9_]{2,40}/([a-f0-9]{64})"),
    part(
        "teams-channel-webhook",
        (".webhook.office.com/",),
        rf"\.webhook\.office\.com/webhookb2/({UUID}@{UUID}/IncomingWebhook/[a-f0-9]{{32}}(?:/[A-Za-z0-9-]{{1,80}})?)",
    ),
    token("segment-token", "sgp_", r"sgp_[A-Za-z0-9]{64}"),
    token("intercom-token", "dg9ro", r"dG9rO[A-Za-z0-9+/]{54,58}={1,2}"),
    # 12 to 24 words of three to eight letters; prose has shorter ones between them.
    part(
        "seed-phrase",
        ("mnemonic", "seed phrase", "seed_phrase", "seedphrase", "recovery phrase", "recovery_phrase"),
        r"(?i:mnemonic|(?:seed|recovery)[ _]?phrase)\W{1,6}(?:is\W{1,3})?"
        r"((?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})(?![a-z])",
    ),
    # Beside a label that may be of anything, the checksum decides.
    part(
        "seed-phrase",
        ("seed:", "seed =", "wallet:", "words:", "phrase:"),
        r"(?i:seed|wallet|words|phrase)\s?[:=]\s{0,4}[\"']?((?:[a-z]{3,8} ){11,23}[a-z]{3,8})(?![a-z])",
        is_seed_phrase,
    ),
    # Numbers of papers are secret only beside their label; ICAO 9303 gives passports up to nine letters and digits.
    part(
        "passport-number",
        ("passport",),
        r"(?i:passport)(?:[ _-]?(?i:number|num|no\.?|nr\.?|id))?(?: is)?[\"']?[:=# ]{1,3}[\"']?"
        r"([A-Z]{0,3}\d{6,9}[A-Z]?|(?=(?:[A-Z]{0,3}\d){5})[A-Z][A-Z0-9]{7,8})(?!\w)",
    ),
    part(
        "driver-license",
        ("driver", "driving licen"),
        r"(?i:driv(?:ers?|er's|ing)[ _-]?licen[sc]e)(?:[ _-]?(?i:number|num|no\.?|id))?(?: is)?[\"']?[:=# ]{1,3}[\"']?"
        r"((?=[A-Z0-9-]{0,16}\d{4})[A-Z0-9][A-Z0-9-]{4,18})(?!\w)",
    ),
    part("phone-link", ("wa.me/", "send?phone=", "sms:"), r"(?:wa\.me/|send\?phone=|sms:)(\+?\d{7,15})(?!\d)"),
    part("wifi-password", ("wifi:",), r"(?i:WIFI):(?:[STHR]:[^;]{0,64};){0,4}P:((?:[^;\\]|\\.){8,64});"),
    part(
        "putty-key-lines",
        ("private-lines:",),
        r"Private-Lines: \d{1,3}(?:\r?\n|\\n)((?:[A-Za-z0-9+/=]{4,64}(?:\r?\n|\\n|\Z)){1,120})",
    ),
)
