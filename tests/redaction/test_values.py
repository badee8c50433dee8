"""Secrets recognised by their own form, and look-alikes that must survive.

Every token is made here from its documented prefix and filler, so that none stands in the repository.
"""

from __future__ import annotations

import base64

import pytest

from agent_audit.redaction import DefaultRedactor
from agent_audit.redaction.names.keys import KeyClass
from agent_audit.redaction.names.values import (
    could_be_secret,
    describes,
    is_list_item,
    is_shown,
    is_weak_secret,
    quoted_end,
)

MIX = "a1B2c3D4e5F6g7H8i9J0" * 8
HEX = "0123456789abcdef" * 8


def jwt() -> str:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
    return f"{head}.{head}.{MIX[:43]}"


def pem(end: bool = True) -> str:
    body = "\n".join([MIX[:64]] * 4)
    return f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{body}" + (f"\n-----END RSA PRIVATE {'KEY'}-----" if end else "")


TOKENS = {
    "aws-access-key": "AKIA" + "ABCDEFGH234567QR",
    "github-token": "ghp_" + MIX[:36],
    "github-fine-grained-token": "github_pat_" + MIX[:60],
    "gitlab-token": "glpat-" + MIX[:20],
    "anthropic-key": "sk-ant-api03-" + MIX[:95],
    "openai-key": "sk-proj-" + MIX[:60],
    "google-api-key": "AIza" + MIX[:35],
    "huggingface-token": "hf_" + MIX[:34],
    "slack-token": "xoxb-" + "123456789012-" + MIX[:24],
    "slack-webhook": "hooks.slack.com/services/T0000000A/B0000000B/" + MIX[:24],
    "stripe-key": "sk_live_" + MIX[:24],
    "sendgrid-key": "SG." + MIX[:22] + "." + MIX[:43],
    "npm-token": "npm_" + MIX[:36],
    "pypi-token": "pypi-AgEI" + MIX[:80],
    "twilio-key": "SK" + HEX[:32],
    "digitalocean-token": "dop_v1_" + HEX[:64],
    "telegram-token": "123456789:AA" + MIX[:33],
    "notion-token": "ntn_" + MIX[:46],
    "age-secret-key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA" + "QPZRY9X8GF2TVDW0S3JN54KHCE6M",
    "azure-client-secret": "abc1Q~" + MIX[:33],
    "password-hash": "$2b$12$" + MIX[:53],
}


@pytest.mark.parametrize("rule", TOKENS)
@pytest.mark.parametrize(
    "around", ["{}", "see {}, thanks", "x='{}'", "a\\n{}\\n", "https://h.example/?q={}&b=1", "É {} İ"]
)
def test_a_token_is_masked_wherever_it_stands(redactor: DefaultRedactor, rule: str, around: str) -> None:
    out = redactor.redact({"note": around.format(TOKENS[rule])})
    assert TOKENS[rule] not in out.value["note"]
    assert out.hits


@pytest.mark.parametrize("rule", TOKENS)
def test_a_token_is_named_by_its_rule(redactor: DefaultRedactor, rule: str) -> None:
    assert redactor.redact([TOKENS[rule]]).value == [f"[REDACTED:{rule}]"]


def test_a_token_used_as_a_key_is_masked_and_what_it_holds_is_kept(redactor: DefaultRedactor) -> None:
    out = redactor.redact(
        {TOKENS["github-token"]: "push", TOKENS["npm-token"]: "publish", TOKENS["github-token"][:-1] + "z": 1}
    )
    assert "[REDACTED:github-token]" in out.value
    assert len(out.value) == 3
    assert sorted(map(str, out.value.values())) == ["1", "publish", "push"]


@pytest.mark.parametrize(
    "text",
    [
        jwt(),
        f"Authorization: Bearer {jwt()}",
        pem(),
        pem(end=False),
        pem().replace("\n", "\\n"),
        "Authorization: Basic " + base64.b64encode(b"bob:hunter22" + MIX.encode()[:20]).decode(),
    ],
)
def test_nothing_of_a_standard_secret_is_left(redactor: DefaultRedactor, text: str) -> None:
    out = redactor.redact({"text": text}).value["text"]
    assert MIX[:12] not in out
    assert MIX[8:30] not in out
    assert "Ym9iOmh1bn" not in out


def test_a_private_key_given_as_lines_is_masked_line_by_line(redactor: DefaultRedactor) -> None:
    lines = [*pem().splitlines(), "after"]
    out = redactor.redact({"lines": lines})
    assert MIX[:64] not in str(out.value)
    assert out.value["lines"][-1] == "after"
    assert redactor.redact(out.value).value == out.value


@pytest.mark.parametrize(
    ("rule", "text", "secret"),
    [
        ("email", "write to jane.doe@example.org now", "jane.doe@example.org"),
        ("card", "card 4111 1111 1111 1111 please", "4111 1111 1111 1111"),
        ("card", "4111111111111111", "4111111111111111"),
        ("iban", "IBAN GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("iban", "to DE89370400440532013000.", "DE89370400440532013000"),
        ("ssn", "ssn is 219-09-9999", "219-09-9999"),
        ("phone", "+1 415 555 0132", "415 555 0132"),
        ("phone", "call (415) 555-0132", "(415) 555-0132"),
        ("phone", "call me at 4155550132", "4155550132"),
        ("phone", "+44 20 7946 0958", "7946 0958"),
    ],
)
def test_personal_data_is_masked(redactor: DefaultRedactor, rule: str, text: str, secret: str) -> None:
    out = redactor.redact({"t": text})
    assert secret not in out.value["t"]
    assert [hit.rule for hit in out.hits] == [rule]


def test_under_a_telephone_key_any_grouping_is_a_telephone_number(redactor: DefaultRedactor) -> None:
    out = redactor.redact({"phone": "55 12 34 567", "mobile_number": "07911123456", "phone_model": "5 12 34 567"})
    assert out.value == {
        "phone": "[REDACTED:phone]",
        "mobile_number": "[REDACTED:phone]",
        "phone_model": "5 12 34 567",
    }


def test_a_card_number_given_as_a_number_is_masked(redactor: DefaultRedactor) -> None:
    assert redactor.redact({"n": 4111111111111111}).value == {"n": "[REDACTED:card]"}


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:org/repo.git",
        "@types/node@20.11.5",
        "file:///home/u/a@b.txt",
        "1234-5678-9012-3456-7890",
        "4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "ISBN 978-3-16-148410-0",
        "ORDER-1469566693",
        "2026-11-23 08:00:00.123456",
        "2026-11-23T08:53:54.123456Z",
        "192.168.100.200",
        "1700000000",
        "60c5c7fe-f6b9-4e7f-91b9-63f81186c45a",
        "c6f1f4d44c1e17baae96f84b534da1df102993e5",
        "0xe8b5cfa812094e62",
        "00-77008eb5ca19cede29432457c4afbd91-87952612da8be1e4-01",
        "01HZXH8R9BQ08R02Z8ECZT0CWE",
        "sha256:" + HEX[:64],
        "postgres://db.internal:5432/app",
        "https://api.example.com:8443/v1/a@b?page=2",
        "arn:aws:iam::123456789012:role/deploy",
        "52.5200,13.4050",
        "risk-assessment-report",
        "ask-me-anything-tomorrow",
        "/usr/lib/python3.11/site-packages/torch/_C.cpython-311-x86_64-linux-gnu.so",
        "passwords do not match",
        "token: a unit of text, roughly four characters",
        "Error: password must be set",
        "What is a primary key versus a foreign key in SQL?",
        "auth: none, tls: off",
        "price: 1,299.00 USD per 1000 tokens",
        "usage: login [--password PASSWORD] [--token TOKEN]",
        "os.environ['DB_PASSWORD'] is read",
        "token = await get()",
        "Basic authentication is required for the site.",
        "Explain how Bearer authentication works in HTTP.",
        "password: str = Field(min_length=12)",
        "token=$TOKEN",
        "password: ${{ secrets.PW }}",
        "max_tokens=4096",
        '{"max_tokens": 4096, "token_count": 12}',
        "curl -H 'Authorization: Bearer $TOKEN' https://h.example",
    ],
)
def test_what_is_no_secret_survives(redactor: DefaultRedactor, text: str) -> None:
    assert redactor.redact({"t": text}).value == {"t": text}


S = "Tr0ub4dor&3x"
W = "Tr0ub4dor3xQ"


@pytest.mark.parametrize(
    "text",
    [
        f"password={S}",
        f"export DB_PASSWORD={S}",
        f"PGPASSWORD={W} psql -h db",
        f"password: {S}",
        f"  api_key: '{S}'",
        f'{{"password": "{S}", "n": 1}}',
        f"{{'password': '{S}'}}",
        f'{{\\"password\\": \\"{W}\\"}}',
        f'{{\\\\\\"secret\\\\\\": \\\\\\"{W}\\\\\\"}}',
        f"User(name='bob', password='{S}')",
        f"grant=x&client_secret={W}&b=1",
        f"https://h.example/cb?access_token={W}&state=x",
        f"login --password {S}",
        f"login --api-key={S}",
        f"<password>{W}</password>",
        f"Cookie: theme=dark; sid={W}",
        f"X-Api-Key: {S}",
        f"api key: {S}",
        f'{{"name": "password", "value": "{S}"}}',
        f"password := `{S}`",
        f"'secret' => '{S}'",
        f"mysql -u root -p{W} db",
        f"curl -u bob:{W} https://h.example",
        f"postgres://app:{W}@db/app",
        f"redis://:{W}@cache:6379/0",
        f"Server=db;Password={W};Encrypt=true",
        f"jdbc:postgresql://db/app?user=a&password={W}",
        "pin=4711 and otp: 123456",
        f"sshpass -p {W} ssh h",
        f"app:{W}@tcp(db:3306)/x",
        "apollo_key = 'q8W2e7R5t9Y1u3I6o0P4'",
        f"the password is {W}",
        f"login failed for 'bob' with password '{W}'",
        f"- name: API_TOKEN\n  value: {W}",
        f"secret: |\n  {W}",
        f'<add key="ApiSecret" value="{W}"/>',
        f'"password":["{W}"]',
        f"password%3D{W}",
        f"requests.get(u, auth=('bob', '{W}'))",
    ],
)
def test_a_secret_named_in_a_text_is_masked(redactor: DefaultRedactor, text: str) -> None:
    out = redactor.redact({"t": text}).value["t"]
    for secret in (S, W, "4711", "123456", "q8W2e7R5t9Y1u3I6o0P4"):
        assert secret not in out
    assert "[REDACTED:" in out


def test_the_rest_of_a_connection_string_stays_readable(redactor: DefaultRedactor) -> None:
    out = redactor.redact([f"Server=db;Password={W};Encrypt=true", f"postgres://app:{W}@db/app"]).value
    assert out == [
        "Server=db;Password=[REDACTED:key:password];Encrypt=true",
        "postgres://app:[REDACTED:url-credentials]@db/app",
    ]


PASSWORD = KeyClass("key:password", numeric=True)
TOKEN_CLASS = KeyClass("key:token")
WEAK = KeyClass("key:api-key", weak=True)


@pytest.mark.parametrize(
    ("secret", "found", "could"),
    [
        ("Tr0ub4dor", PASSWORD, True),
        ("orchid", PASSWORD, True),
        ("required", PASSWORD, False),
        ("Required.", PASSWORD, False),
        (" none ", PASSWORD, False),
        ("!?", PASSWORD, False),
        ("!?#%", PASSWORD, True),
        ("<password>", PASSWORD, False),
        ("${PASSWORD}", PASSWORD, False),
        ("xxxxxxxx", PASSWORD, False),
        ("your-password", PASSWORD, False),
        ("[REDACTED:email]", PASSWORD, False),
        ("x [REDACTED:email]", PASSWORD, True),
        ("[REDACTED:email] x1", PASSWORD, True),
        ("4711", PASSWORD, True),
        ("471", PASSWORD, False),
        ("4711", TOKEN_CLASS, False),
        ("4711x9", TOKEN_CLASS, True),
        ("4711", KeyClass("key:pin", numeric=True), True),
        ("471", KeyClass("key:pin", numeric=True), False),
        ("471", KeyClass("key:cvv", numeric=True), True),
        ("47", KeyClass("key:cvv", numeric=True), False),
        ("/srv/app", KeyClass("key:password", numeric=True, path_ok=True), False),
        ("~x", KeyClass("key:password", numeric=True, path_ok=True), False),
        ("a/srv", KeyClass("key:password", numeric=True, path_ok=True), True),
        ("/srv/app", PASSWORD, True),
        ("granted", KeyClass("key:authorization"), False),
        ("granted1", KeyClass("key:authorization"), True),
        ("abcdefghijklmno", KeyClass("key:authorization"), False),
        ("abcdefghijklmnop", KeyClass("key:authorization"), True),
        ("accepted", KeyClass("key:cookie"), False),
        ("a=b", KeyClass("key:cookie"), True),
        ("a1", KeyClass("key:cookie"), True),
    ],
)
def test_what_could_be_the_secret_that_a_name_promises(secret: str, found: KeyClass, could: bool) -> None:
    assert could_be_secret(secret, found) is could


@pytest.mark.parametrize(
    ("text", "found", "shown"),
    [
        ("a1b2c3", PASSWORD, True),
        ("a1b2c", PASSWORD, False),
        ("orchid", PASSWORD, False),
        ("orch!d", PASSWORD, True),
        ("orchid!", PASSWORD, False),
        ("!!x!!!", PASSWORD, True),
        ("orchi!d", PASSWORD, True),
        ("a1b2 c3", PASSWORD, False),
        ("471147", PASSWORD, True),
        ("47114", PASSWORD, False),
        ("4711", KeyClass("key:pin", numeric=True), True),
        ("471147", TOKEN_CLASS, False),
        ("sha256", PASSWORD, False),
        ("12!345", PASSWORD, False),
        ("x[REDACTED:email]1", PASSWORD, False),
        ("q8W2e7R5t9Y1u3I6", WEAK, True),
        ("q8W2e7R5", WEAK, False),
        ("dTpibHVlb3JjaGlk", KeyClass("key:auth", weak=True), True),
    ],
)
def test_what_is_shown_by_itself_is_a_secret_when_it_is_mixed(text: str, found: KeyClass, shown: bool) -> None:
    assert is_shown(text, found) is shown


@pytest.mark.parametrize(
    ("text", "found", "name", "listed"),
    [
        ("orchid", PASSWORD, "Passwords", True),
        ("orchid", TOKEN_CLASS, "Tokens", False),
        ("orchid", TOKEN_CLASS, "tokens", True),
        ("orchid", TOKEN_CLASS, "tOKENS", True),
        ("orchid7", TOKEN_CLASS, "Tokens", True),
        ("blue orchid", PASSWORD, "passwords", False),
        ("blue orchid7", PASSWORD, "passwords", True),
        ("blue 7 orchid", PASSWORD, "passwords", False),
        ("blue 7 orchid 8", PASSWORD, "passwords", False),
        ("db_password", PASSWORD, "passwords", False),
        ("db_password_2", PASSWORD, "passwords", False),
    ],
)
def test_an_item_of_a_list_is_no_sentence_and_no_name(text: str, found: KeyClass, name: str, listed: bool) -> None:
    assert is_list_item(text, found, name) is listed


@pytest.mark.parametrize(
    ("text", "rule", "weak"),
    [
        ("q8W2e7R5t9Y1u3I6", "key:api-key", True),
        ("q8W2e7R5/t9Y1u3I6", "key:api-key", False),
        ("123e4567-e89b-12d3-a456-426614174000", "key:api-key", False),
        ("dTpwYXNz", "key:auth", True),
        ("dTpwYXNz", "key:api-key", False),
        ("dTpw", "key:auth", False),
        ("granted", "key:auth", False),
    ],
)
def test_under_a_name_that_proves_nothing_a_secret_looks_generated(text: str, rule: str, weak: bool) -> None:
    assert is_weak_secret(text, rule) is weak


@pytest.mark.parametrize(
    ("text", "start", "quote", "end"),
    [
        ("'ab' 'c'", 1, "'", 3),
        ("'a\\'b' c", 1, "'", 5),
        ('"a\'b"', 1, '"', 4),
        ("'ab", 1, "'", 3),
        ("'ab\\", 1, "'", 3),
        ("''", 1, "'", 1),
        ("'''a'b''' '''", 3, "'''", 6),
        ("'''a'b", 3, "'''", -1),
    ],
)
def test_a_quoted_text_ends_at_its_quote(text: str, start: int, quote: str, end: int) -> None:
    assert quoted_end(text, start, quote) == end


@pytest.mark.parametrize(
    ("key", "described"),
    [("secretName", True), ("key_id", True), ("type", True), ("value", False), ("DB", False), ("secret1", False)],
)
def test_some_keys_inside_of_a_secret_describe_it(key: str, described: bool) -> None:
    assert describes(key) is described
