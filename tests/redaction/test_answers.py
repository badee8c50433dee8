"""Secrets that answer a question, in one text or in the next message of a conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_audit.redaction import DefaultRedactor, RedactionConfig, redact

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


ASKED = [
    ("Please enter the password for the user `svc` so that I can log in.", "Mackerel_Tuna8"),
    ("I need the admin password to continue.", "Mackerel_Tuna8"),
    ("Could you share the root password so I can proceed?", "Mackerel_Tuna8"),
    ("The login page wants a password. What should I type?", "Mackerel_Tuna8"),
    ("Please provide the passphrase of your key.", "correct-horse-battery"),
    ("The site asks for the 6-digit code sent to your phone. What is it?", "207741"),
    ("We sent a verification code to your phone. Please enter it here.", "482913"),
    ("Please type the 6-digit code from your authenticator app.", "482 913"),
    ("Enter the code we texted to your phone.", "482913"),
    ("I'll need the 2FA code to log in.", "482913"),
    ("What is the one-time password?", "482913"),
    ("Could you read me the confirmation code?", "K7QX2M"),
    ("And the three digits on the back?", "491"),
    ("Please tell me the 3-digit number on the back of your card.", "491"),
    ("Now the security code on the card, please.", "491"),
    ("What is the CVV?", "491"),
    ("[sudo] password for bob:", "Mackerel_Tuna8"),
    ("Enter PIN:", "4821"),
    ("And the PIN?", "4821"),
    ("What's your PIN? I'll unlock the app then.", "4821"),
    ("Please confirm your passcode.", "482100"),
    ("Send me the API key for the staging account, please.", "q8W2e7R5t1y9Zp"),
    ("Bitte geben Sie das Passwort für den Router ein.", "Regen!Bogen7"),
    ("Bitte nennen Sie den Bestätigungscode.", "482913"),
    ("Quel est le mot de passe du serveur ?", "Lune!verte9"),
    ("Donnez-moi le code de vérification reçu par SMS.", "482913"),
    ("¿Cuál es la contraseña?", "Olivo_Verde77"),
    ("Por favor, ingrese el código de verificación que le enviamos.", "482913"),
    ("Qual é a senha do painel?", "Samba#2024x"),
    ("Inserisci il codice di verifica.", "482913"),
    ("Podaj hasło do panelu.", "Zubr&Bocian5"),
    ("Введите пароль от сервера.", "Берёза!77x"),
    ("请输入验证码。", "482913"),
    ("パスワードを入力してください。", "Sakura#77mt"),
    ("비밀번호를 입력해 주세요.", "Hangang!77q"),
]


@pytest.mark.parametrize(("asked", "secret"), ASKED)
@pytest.mark.parametrize("said", ["{}", "it's {}", "{}, thanks", "`{}`", "ok, {}."])
def test_one_token_that_a_message_asks_for_is_masked(asked: str, secret: str, said: str) -> None:
    masked = redact([{"role": "assistant", "content": asked}, {"role": "user", "content": said.format(secret)}])
    assert secret not in masked[1]["content"]
    assert masked[0]["content"] == asked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    ("who", "what"), [("spk", "t"), ("speaker", "text"), ("from", "message"), ("author", "body"), ("sender", "msg")]
)
def test_the_messages_of_any_transcript_are_read_in_their_order(who: str, what: str) -> None:
    talk = [{who: "a", what: "And your PIN?"}, {who: "b", what: "4821"}, {who: "b", what: "4711"}]
    assert [message[what] for message in redact({"turns": talk})["turns"]] == [
        "And your PIN?",
        "[REDACTED:key:pin]",
        "4711",
    ]
    assert redact([{"x": "a", what: "And your PIN?"}, {"x": "b", what: "4821"}])[1][what] == "4821"


@pytest.mark.parametrize(
    "talk",
    [
        [("human", "hello"), ("ai", "What is your PIN?"), ("human", "4821")],
        [["ai", "What is your PIN?"], ["human", "4821"]],
        [{"role": "model", "parts": [{"text": "Your PIN?"}]}, {"role": "user", "parts": [{"text": "4821"}]}],
    ],
)
def test_the_messages_of_a_framework_are_read_in_their_order(talk: Any) -> None:
    assert "4821" not in str(redact({"messages": talk}))


@pytest.mark.parametrize("talk", [[["a", "Your PIN?"], ["b", "4821"]], [["ai", "Your PIN?"], ["human"], ["ai", 4821]]])
def test_other_pairs_are_no_messages(talk: Any) -> None:
    assert redact(talk) == talk


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Please enter the password.", "done"),
        ("Please enter the password.", "ok thanks"),
        ("Please enter the password.", "I'd rather not"),
        ("Please enter the password.", "2024-05-01"),
        ("Please enter the password.", "$DB_PASSWORD"),
        ("Please enter the password.", "cancel-that-please"),
        ("Please enter the password.", "my dog is 12 years old and has 4 legs, 2 ears and 1 tail1"),
        ("Should I reset the password?", "yes2"),
        ("What is your order number?", "4500198"),
        ("Please enter your ZIP code.", "90210"),
        ("Please enter the promo code.", "SAVE20"),
        ("Never share your PIN. How much should I transfer?", "4500"),
        ("How many digits does the PIN have?", "4000"),
        ("What is the minimum password length?", "12345678"),
        ("What's the error code?", "E12345"),
        ("Please provide the token budget.", "4096"),
        ("I changed your password. Which year were you born?", "1984"),
        ("The password was wrong. Which account did you use?", "svc_backup1"),
        ("Please enter the code review number.", "482913"),
        ("Please give me the country code.", "0049"),
        ("I have reset the password. What else?", "room 4711"),
        ("Do not send me your password. What's your username?", "bob4821"),
        ("Please type the invoice number.", "20240501"),
        ("Tell me the pin count of the connector.", "24"),
        ("What does the security team need?", "ISO27001"),
        ("What is the CVV?", "49"),
        ("Please fix the password reset test.", "reset2!"),
        ("Please confirm the password.", "test_reset.py:42"),
        ("Tell me which issue has the password.", "OPS-4417"),
        ("Please give me the confirmation code of your booking.", "K7QX2M"),
        ("Please enter the 6-digit code.", "v2.3.1"),
    ],
)
def test_what_is_no_answer_to_it_survives(asked: str, said: str) -> None:
    talk = [{"role": "assistant", "content": asked}, {"role": "user", "content": said}]
    assert redact(talk) == talk


@pytest.mark.parametrize(
    "talk",
    [
        [{"role": "assistant", "content": "Please enter the password."}, {"role": "user", "content": "Mackerel_Tuna8"}],
        {"cmd": "pass show web/x", "stdout": "Mackerel_Tuna8"},
        {"question": "The password?", "answer": "Mackerel_Tuna8"},
    ],
)
def test_a_document_in_a_text_is_read_so_too(talk: Any) -> None:
    assert "Mackerel_Tuna8" not in redact(json.dumps(talk))


def test_what_is_turned_off_is_off_in_a_conversation_too() -> None:
    talk = [{"content": "Please enter the password."}, {"content": "Mackerel_Tuna8"}]
    allowing = DefaultRedactor(RedactionConfig(allow_values=frozenset({"Mackerel_Tuna8"})))
    assert allowing.redact(talk).value == talk
    printed = {"cmd": "pass show x", "stdout": "Mackerel_Tuna8"}
    disabling = DefaultRedactor(RedactionConfig(disabled_rules=frozenset({"printed-secret"})))
    assert disabling.redact(printed).value == printed


@pytest.mark.parametrize(
    "command",
    [
        "pass show web/x",
        "gopass show -o web/x",
        "op read op://vault/item/password",
        "vault kv get -field=password secret/app",
        "bw get password github",
        "security find-generic-password -s svc -w",
        "aws secretsmanager get-secret-value --secret-id x --query SecretString --output text",
        "gh auth token",
        "heroku auth:token",
        "terraform output -raw db_password",
        "docker exec db printenv POSTGRES_PASSWORD",
        "echo $API_TOKEN",
        'echo "${DB_PASSWORD}"',
        "kubectl get secret x -o jsonpath='{.data.p}' | base64 -d",
        "cat config/master.key",
        "ssh db1 cat /etc/app/secrets/jwt",
        "cat ~/.vault-token",
        "cat .vault_pass.txt",
        "cd /srv && cat db_password.txt | tr -d '\\n'",
        ["cat", "/run/secrets/db_password"],
        "secret-tool lookup service x",
        "keyring get svc bob",
        "doppler secrets get KEY --plain",
    ],
)
@pytest.mark.parametrize(("asked", "told"), [("cmd", "stdout"), ("command", "output"), ("args", "result")])
def test_what_a_command_beside_it_printed_is_masked(command: Any, asked: str, told: str) -> None:
    masked = redact({asked: command, told: "Kelp!forest\nuser: bob\n", "exit": 0})
    assert masked == {asked: command, told: "[REDACTED:printed-secret]\nuser: bob\n", "exit": 0}
    assert redact(masked) == masked


def test_what_stands_in_the_result_of_a_command_or_behind_an_observation_is_printed_too() -> None:
    assert redact({"argv": ["pass", "show", "x"], "result": {"stdout": "Kelp!forest", "code": 0}}) == {
        "argv": ["pass", "show", "x"],
        "result": {"stdout": "[REDACTED:printed-secret]", "code": 0},
    }
    assert redact({"tool_input": "cat config/master.key", "observation": "Kelp!forest"}) == {
        "tool_input": "cat config/master.key",
        "observation": "[REDACTED:printed-secret]",
    }
    text = "Action Input: pass show web/x\nObservation: {}\nThought: done"
    assert redact(text.format("Kelp!forest")) == text.format("[REDACTED:printed-secret]")


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("cat README.md", "agent-audit1"),
        ("cat VERSION", "1.24.3-rc1"),
        ("git rev-parse HEAD", "c6f1f4d44c1e17baae96f84b534da1df102993e5"),
        ("cat docs/token.md", "token2024x and more"),
        ("cat src/secrets/index.ts", "export2const9"),
        ("cat secrets/README.md", "Secrets2024x"),
        ("cat token.py", "token2024x"),
        ("cat max_token", "409600000"),
        ("cat tokenizer.json", "abc12345678"),
        ("cat package.json | grep token", "token12345678"),
        ("cat /etc/hostname", "build-0712345"),
        ("cat /var/run/secrets/kubernetes.io/serviceaccount/namespace", "payments-2024"),
        ("printenv HOME", "/home/bob12345"),
        ("printenv PATH", "/usr/bin:/bin"),
        ("echo $USER", "deploy12345"),
        ("terraform output -json", "abc12345678"),
        ("ls secrets/", "db_password1.txt"),
        ("pass show x", "Error: x is not in the password store."),
        ("gh auth token", ""),
        ("wc -l token.txt", "1234567890"),
        ("sha256sum master.key", "9f86d081884c7d659a2feaa0c55ad015 master.key"),
        ("kubectl get pods", "nginx-7c5ddbdf54-x2x9q"),
        ("bypass show x", "abc12345678"),
        (["cat", "a.txt"], "abc12345678"),
        ({"q": 1}, "abc12345678"),
        (None, "abc12345678"),
    ],
)
def test_what_other_commands_printed_survives(command: Any, printed: str) -> None:
    record = {"command": command, "stdout": printed, "output": None, "result": 3}
    assert redact(record) == record
