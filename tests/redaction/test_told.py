"""Secrets that a sentence tells: how many digits, how mixed a word and which verb it takes, each at its boundary."""

from __future__ import annotations

import pytest

from agent_audit.redaction import redact


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("my pin is 471", None),
        ("my pin is 4711", "my pin is [REDACTED:key:pin]"),
        ("my pin is 471147114711", "my pin is [REDACTED:key:pin]"),
        ("PIN 12345678", "PIN [REDACTED:key:pin]"),
        ("PIN 123456789", None),
        ("my cvv is 12", None),
        ("my cvv is 123", "my cvv is [REDACTED:key:cvv]"),
        ("my cvv is 1234", "my cvv is [REDACTED:key:cvv]"),
        ("my cvv is 12345", None),
        ("xpin is 4711", None),
        ("482913 is your verification code", "[REDACTED:key:otp] is your verification code"),
        ("x 482913 is your login code.", "x [REDACTED:key:otp] is your login code."),
        ("G-482913 is your Google code", "[REDACTED:key:otp] is your Google code"),
        ("your code is 482913", "your code is [REDACTED:key:otp]"),
        ("your code 482913", None),
        ("my code is 4829", "my code is [REDACTED:key:otp]"),
        ("my code is 482", None),
        ("use code 482913 to sign in", "use code [REDACTED:key:otp] to sign in"),
        ("use code 482913 at checkout", None),
        ("enter code 482913 to log in", "enter code [REDACTED:key:otp] to log in"),
        ("enter code 482913", None),
        ("Verification code: 482913", "Verification code: [REDACTED:key:otp]"),
        ("verification code 482", "verification code [REDACTED:key:otp]"),
        ("verification code 48", None),
        ("Recovery codes:\n- a1b2c-d3e4f\n- g5h6i-j7k8l\nbye", "Recovery codes:\n- [REDACTED:key:otp]\nbye"),
        ("recovery codes are a1b2c-d3e4f, g5h6i-j7k8l.", "recovery codes are [REDACTED:key:otp]."),
        ("my codes are a1b2c-d3e4f", None),
        ("the code is 482913", None),
        ("the password is orchid", "the password is [REDACTED:key:password]"),
        ("the password is orchids.", "the password is [REDACTED:key:password]."),
        ("the password is blueorchid", "the password is [REDACTED:key:password]"),
        ("the password is blue!d", "the password is [REDACTED:key:password]"),
        ("the password is blu!d", None),
        ("the password is a1b2c3d4", "the password is [REDACTED:key:password]"),
        ("the password is a1b2c3d", "the password is [REDACTED:key:password]"),
        ("the password is a1b2c", "the password is [REDACTED:key:password]"),
        ("the password is a1b2", None),
        ("the password is orchid!", "the password is [REDACTED:key:password]!"),
        ("the password is blue-orchid", None),
        ("the token is blueorchid", None),
        ("the token is a1b2c3d4", "the token is [REDACTED:key:token]"),
        ("the password is changed", None),
        ("the password is /etc/x1y2z", None),
        ("the password is f(x1y2z3)", None),
        ("the password is a1b2c3d4).", "the password is [REDACTED:key:password])."),
        ("the password is a1!", None),
        ("the password is orchid and more", None),
    ],
)
def test_exactly_what_a_sentence_tells_is_masked(text: str, masked: str | None) -> None:
    assert redact(text) == (text if masked is None else masked)
