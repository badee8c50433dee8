"""What was masked and is no secret stays, and what stands next to it in form or place and is one is masked as before.

Each case is a pair: a text that a grammar or its surroundings clear, and its nearest neighbour that they do not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from agent_audit.redaction import DefaultRedactor

P, T, S, K = ("[REDACTED:key:password]", "[REDACTED:key:token]", "[REDACTED:key:secret]", "[REDACTED:key:api-key]")
X = "Kq9vLr3tXw"


class Pair(NamedTuple):
    """A text that stays, and one like it with its outcome."""

    stays: Any
    given: Any
    masked: Any


FORMATS = [
    Pair("self._auth = requests.auth.HTTPBasicAuth(", "_auth=cmVxdWVzdHM6YXV0aDE=", "_auth=[REDACTED:key:auth]"),
    Pair("handleThrow(root, thrownValue$229);", "the old box (root, thrown$229) is", f"the old box (root, {P}) is"),
    Pair('{"Ctrl-U":`undoSelection`,"Alt-U":`redo`}', f"curl -u bob:{X} x", "curl -u bob:[REDACTED:curl-user] x"),
    Pair("--vscode-textCodeBlock-background: #242526;", "lock code: #242526", "lock code: [REDACTED:keypad-code]"),
    Pair(
        "hashed: sk-ssh-ed25519-cert-v01@openssh.com",
        "hashed: sk-ssh1x2y3z4w5v6u7t8s9r0q",
        "hashed: [REDACTED:openai-key]",
    ),
    Pair(
        'password mismatch, host: "localhost:8443"',
        f'password mismatch, it was "{X}"',
        f'password mismatch, it was "{P}"',
    ),
    Pair("log post-login IMAP/POP3 traffic", f"login bob/{X}", "login bob/[REDACTED:credentials-pair]"),
    Pair("options to pass to the invoice's PaymentIntent.", f"the pass is {X}.", f"the pass is {P}."),
    Pair(
        "sha256=MNU-xnxDOsnY-sb_AvnGEZQoyy2pwP06uxPyrSiuFDk",
        "is sb_AvnGEZQoyy2pwP06uxPyrSiu",
        "is [REDACTED:storyblok-token]",
    ),
]
ADDRESSES = [
    Pair("umac-64-etm@openssh.com,zlib@openssh.com", "ask bob@openssh.com", "ask [REDACTED:email]"),
    Pair({"owners@odata.bind": ["a"]}, {"owner": "bob@odata-users.com"}, {"owner": "[REDACTED:email]"}),
    Pair("org-68116@github.com:octo-org/repo.git", "org-68116@github.com: fork", "[REDACTED:email]: fork"),
]
NUMBERS = [
    Pair('points="4200 3600 4200 3075 4950 2325 7425 2325"', "pay 4111 1111 1111 1111 now", "pay [REDACTED:card] now"),
    Pair("00000410: 0000 0000 5500 0000 1200 0000  U..", "card 5500 0000 0000 0004", "card [REDACTED:card]"),
    Pair(
        "Serial Number: 6643877497813316402 (0x5c)", "Card Number: 6643877497813316402", "Card Number: [REDACTED:card]"
    ),
    Pair("b=a+f[0]+3614090360&4294967295", "b: +3614090360", "b: [REDACTED:phone]"),
    Pair("59587280218E+161614248", "E: +161614248", "E: [REDACTED:phone]"),
    Pair("  2a29:\t48 8d 05 37 39 00 00 \tlea", "Tel 05 37 39 00 00", "Tel [REDACTED:phone]"),
    Pair("L 1350.437 2440 L 782 103.8667", "call 415-555-1234", "call [REDACTED:phone]"),
]
PAIRS = [pair for pairs in (FORMATS, ADDRESSES, NUMBERS) for pair in pairs]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: repr(pair.stays)[:60])
def test_what_only_looks_like_a_secret_stays(redactor: DefaultRedactor, pair: Pair) -> None:
    out = redactor.redact(pair.stays)
    assert (out.value, out.hits) == (pair.stays, ())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: repr(pair.given)[:60])
def test_what_stands_next_to_it_and_is_a_secret_is_masked(redactor: DefaultRedactor, pair: Pair) -> None:
    assert redactor.redact(pair.given).value == pair.masked
