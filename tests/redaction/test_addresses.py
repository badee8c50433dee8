"""Secrets in addresses and in small formats of standards, and what looks like them."""

from __future__ import annotations

import pytest

from agent_audit.redaction import redact

HEX = "2bf4a2f6a5b7b513d24928b960632d4e"
KEY = "C2pybUZZT1Qp7MGDXLcfFmBpdY9YfyLM"
GUID = "7e18b383-ee61-4418-9293-65c8d3d38204"
WORDS = "zone wolf royal cactus ladder velvet ocean tiger mimic sorry blanket frog"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"https://mainnet.infura.io/v3/{HEX}", HEX),
        (f"wss://mainnet.infura.io/ws/v3/{HEX}", HEX),
        (f"https://eth-mainnet.g.alchemy.com/v2/{KEY}", KEY),
        (f"https://old-moon.quiknode.pro/{HEX}/", HEX),
        (f"https://rpc.ankr.com/eth/{HEX}{HEX}", HEX),
        (f"https://x.webhook.office.com/webhookb2/{GUID}@{GUID}/IncomingWebhook/{HEX}/{GUID}", HEX),
        (f"sgp_{KEY}{KEY}", KEY),
        ("dG9rOjQ4NzNhYzE5X2Y3" + KEY + "YWJjZGVm=", KEY),
        (f"mnemonic: {WORDS}", "velvet"),
        (f"The recovery phrase is: {WORDS} {WORDS}.", "velvet"),
        ("WIFI:S:guests;T:WPA;P:a\\;b7hV7#tQ2m;;", "hV7#tQ2m"),
        (f"Private-Lines: 2\n{KEY}\n{KEY}\nPrivate-MAC: {HEX}", KEY),
        (f"value={{&quot;password&quot;:&quot;{KEY}&quot;}}", KEY),
    ],
)
def test_nothing_of_the_secret_is_left(text: str, secret: str) -> None:
    assert secret not in redact(f"see {text}")


@pytest.mark.parametrize(
    "text",
    [
        "https://docs.infura.io/v3/authentication",
        "https://docs.alchemy.com/v2/reference",
        "https://rpc.ankr.com/eth",
        "A mnemonic is a word that helps you to remember a list of things in order.",
        "seed phrase: twelve words that you should never ever give away to anyone",
        "WIFI:S:guests;T:nopass;;",
        "&quot;name&quot;:&quot;password&quot;",
    ],
)
def test_what_only_looks_like_it_survives(text: str) -> None:
    assert redact(text) == text
