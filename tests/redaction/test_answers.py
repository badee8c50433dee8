"""Secrets that answer a question, in one text or in the next message of a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from agent_audit.redaction import redact

W = "hunter2x9"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Q: What is the password? A: {W}", W),
        (f"Q: What is the password for the admin account?\nA: {W}.", W),
        (f"What's your password?\n{W}", W),
        (f"What is your password?\\n{W}\\n", W),
        (f"What is your password?\n> {W}", W),
        (f"what's the wifi password? {W}", W),
        (f"Password? {W}", W),
        ("Bot: your PIN?\nUser: 4821", "4821"),
        ("Agent: What's your PIN number?\nCaller: it's 4821\nAgent: thanks", "4821"),
        ("Bot: And the API key, please?\nUser: q8W2e7R5t1y9", "q8W2e7R5t1y9"),
        ("Bot: Please enter your PIN.\nUser: 4821", "4821"),
        (f"Bot: Please enter your password\nUser: {W}", W),
        ("Bot: What is the verification code?\nUser: 482913", "482913"),
        ("Q. What is the PIN?\nA. 4821", "4821"),
        ("**Bot:** Please enter your PIN\n**User:** 4821", "4821"),
        (f"[10:02] bot: your password?\n[10:03] bob: {W}", W),
    ],
)
def test_the_answer_to_a_question_for_a_secret_is_masked(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert masked.count("[REDACTED:") == 1
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Forgot your password? Click here",
        "Forgot password?\nStep1x",
        "What is a token? A token is a unit",
        "Which hash for the password? sha256sum",
        "Did you reset the password? Yes, on 2024-01-01.",
        "How many tokens? 4096",
        "Need a PIN? Call 4155 now",
        "Is the password 8 characters? A: 12345678",
        "What is the maximum PIN length? 1234",
        "Q: Who stores the password?\nA: server01",
        "What is the PIN?\n2024-01-01 was the date",
        "Please enter your PIN.\n4821 people did.",
        "What is the error code?\nE12345",
        "Do you know the token? Yes",
    ],
)
def test_the_answer_to_another_question_survives(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "content": "What is your PIN?"}, {"role": "user", "content": "4821"}],
        {"question": "What is your PIN?", "answer": "4821", "step": 3},
        [{"q": "your PIN?", "reply": "it's 4821."}],
        [{"content": "Hello. And your PIN?", "type": "ai"}, {"content": "it's 4821", "type": "human"}],
        [
            {"role": "assistant", "content": [{"type": "text", "text": "What is your PIN?"}]},
            {"role": "user", "content": [{"type": "text", "text": "4821"}]},
        ],
    ],
)
def test_a_message_that_answers_the_question_before_it_is_masked(messages: Any) -> None:
    masked = redact({"messages": messages})
    assert "4821" not in str(masked)
    assert "PIN?" in str(masked)
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "content": "What is your name?"}, {"role": "user", "content": "bob4821"}],
        [{"role": "assistant", "content": "Your PIN is safe."}, {"role": "user", "content": "4821"}],
        [{"role": "user", "content": "Can I reset my password?"}, {"role": "assistant", "content": "Yes"}],
        {"question": "What is your name?", "answer": "bob4821"},
        {"question": "Your PIN is safe.", "answer": "4821"},
        {"question": None, "answer": "4821", "reply": None},
        [{"role": "assistant", "content": None}, {"role": "user", "content": "4821"}],
        [{"role": "assistant", "content": "your PIN?"}, {"role": "user", "content": ""}, {"content": "4821"}],
    ],
)
def test_a_message_that_answers_no_question_for_a_secret_survives(messages: Any) -> None:
    assert redact(messages) == messages


def test_what_is_left_of_an_answer_is_scanned_and_what_cannot_be_encoded_is_no_error() -> None:
    messages = [
        {"content": "your PIN?"},
        {"content": "4821"},
        {"content": "\ud800 your PIN?"},
        {"content": "a@b.example"},
    ]
    masked = redact(messages)
    assert [message["content"] for message in masked] == [
        "your PIN?",
        "[REDACTED:key:pin]",
        "\ufffd your PIN?",
        "[REDACTED:email]",
    ]


def test_an_answer_is_short() -> None:
    def masked(answer: str) -> bool:
        return "[REDACTED" in str(redact([{"content": "What is your PIN?"}, {"content": answer}]))

    assert masked("4821")
    assert not masked("it is " * 13 + "4821")


@pytest.mark.parametrize(
    "messages",
    [
        [{"content": "My PIN"}, {"content": "4821"}],
        [{"content": "4821"}, {"content": "My PIN?"}],
        [{"content": "x?"}, "My PIN?", {"content": "4821"}],
        {"question": "My PIN", "answer": "4821"},
        {"q": "My colour?", "answer": "4821"},
    ],
)
def test_only_the_question_right_before_it_makes_an_answer_a_secret(messages: Any) -> None:
    assert redact(messages) == messages


def test_all_answers_of_a_record_are_masked_and_what_follows_an_answer_is_not() -> None:
    assert redact({"question": "My PIN?", "answer": "4821", "reply": "4711"}) == {
        "question": "My PIN?",
        "answer": "[REDACTED:key:pin]",
        "reply": "[REDACTED:key:pin]",
    }
    talk = [{"content": text} for text in ("Your colour?", "blue7", "Your PIN?", "4821", "4821")]
    assert [m["content"] for m in redact(talk)] == ["Your colour?", "blue7", "Your PIN?", "[REDACTED:key:pin]", "4821"]
