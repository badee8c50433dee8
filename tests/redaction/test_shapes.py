"""More shapes in which payloads of agents carry secrets: encoded, hidden from rules, on command lines, in web pages."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_audit.redaction import redact
from agent_audit.redaction.folding import _TABLE, Offsets, fold
from agent_audit.redaction.texts.encoded import ENCODINGS, _encodings, run_around

W, P, L = "Tr0ub4dor3xQ", "S3cr3t!pw#9", "blueorchid"
T = "q8W2e7R5t9Y1u3I6o0P4a5S6"
H = "9f86d081884c7d659a2feaa0c55ad015"
GUID = "7e18b383-ee61-4418-9293-65c8d3d38204"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENCODED = [
    f"password={W}",
    f"x password={W}",
    f"xy: secret: {W}, and more",
    json.dumps({"user": "bob", "password": W}),
    f"DB_HOST=h\nDB_PASSWORD={W}\n",
    f"token=ghp_{'a1B2' * 9}",
    f"aws_secret_access_key = {T}{T}",
    f"-----BEGIN PRIVATE KEY-----\n{T * 3}\n-----END PRIVATE KEY-----",
    f"postgres://app:{W}@db/app",
]


@pytest.mark.parametrize("plain", ENCODED)
@pytest.mark.parametrize("around", ["{}", "data: {}\n", "https://h.example/?state={}&x=1", "echo {} | base64 -d"])
def test_base64_of_a_text_with_a_secret_is_masked_whole(plain: str, around: str) -> None:
    for encoded in (b64(plain), b64(plain).rstrip("="), base64.urlsafe_b64encode(plain.encode()).decode()):
        masked = redact(around.format(encoded))
        assert encoded[:16] not in masked
        assert encoded[-10:] not in masked
        assert redact(masked) == masked


def test_base64_over_lines_and_base64_of_base64_are_masked() -> None:
    long = base64.encodebytes(f"{'x = 1;' * 30}\npassword = '{W}'\n{'y = 2;' * 30}".encode()).decode()
    assert redact({"content": long}) == {"content": "[REDACTED:encoded]\n"}
    assert redact(b64(f"Authorization: Basic {b64('password=' + W)}")) == "[REDACTED:encoded]"


@pytest.mark.parametrize("plain", ENCODED)
@pytest.mark.parametrize("before", ["", "$", "$x", "# 1\r\n"])
def test_base64_of_utf_16_with_a_secret_is_masked_whole(plain: str, before: str) -> None:
    encoded = base64.b64encode((before + plain).encode("utf-16-le")).decode()
    for around in ("{}", "powershell -NoProfile -EncodedCommand {}", "-enc {} | x"):
        assert redact(around.format(encoded)) == around.format("[REDACTED:encoded]")


@pytest.mark.parametrize("before", ["", "a ", "ab ", "abc "])
@pytest.mark.parametrize("token", [f"ghp_{'a1B2' * 9}", "AKIAQ3EGUWZ4KLM7PTRX", f"AIzaSy{'a1B2-' * 6}a1b"])
def test_a_token_is_found_at_each_place_in_a_group_of_base64(before: str, token: str) -> None:
    assert redact({"data": b64(f"{before}{token}")}) == {"data": "[REDACTED:encoded]"}


@pytest.mark.parametrize("plain", ["the password is wrong", "Get-Secret -Name token", "no more than a text"])
def test_base64_of_utf_16_without_a_secret_survives(plain: str) -> None:
    encoded = base64.b64encode(plain.encode("utf-16-le")).decode()
    assert redact(f"powershell -enc {encoded}") == f"powershell -enc {encoded}"


@pytest.mark.parametrize(
    "plain",
    ["nothing but a benign text that says nothing", '{"id": 123, "page": 2}', "the password is wrong", "a token"],
)
def test_base64_without_a_secret_survives(plain: str) -> None:
    assert redact(f"data: {b64(plain)}") == f"data: {b64(plain)}"


@pytest.mark.parametrize("plain", ENCODED)
@pytest.mark.parametrize("around", ["{}", "0x{}", "x'{}'", "\\\\x{} ", "body={}&x=1", "a{}", "{}f"])
def test_hexadecimal_of_a_text_with_a_secret_is_masked_whole(plain: str, around: str) -> None:
    for encoded in (plain.encode().hex(), plain.encode().hex().upper()):
        masked = redact(around.format(encoded))
        assert encoded[:16] not in masked
        assert encoded[-10:] not in masked
        assert redact(masked) == masked


@pytest.mark.parametrize("plain", ["a text that says nothing", "the password is wrong", "a token", "passw"])
def test_hexadecimal_without_a_secret_survives(plain: str) -> None:
    assert redact(f"data: {plain.encode().hex()}") == f"data: {plain.encode().hex()}"


@pytest.mark.parametrize("around", ["{}", "x'{}' end", "see {} end", "a{} end", "{}_g end", "\\n{}\\n"])
def test_hexadecimal_is_masked_with_the_letters_that_touch_it_and_nothing_else(around: str) -> None:
    encoded = f"password={W}".encode().hex()
    whole = around.replace("a{}", "{}").replace("{}_g", "{}")
    assert redact(around.format(encoded)) == whole.format("[REDACTED:encoded]")


PACKED = [f"password={W}", f"DB_PASSWORD={W}\nHOST=a", f"url: postgres://app:{W}@db/x", "a log " * 40 + f"token={T}"]


@pytest.mark.parametrize("text", PACKED)
@pytest.mark.parametrize("flags", [{"mtime": 0}, {"mtime": 1_700_000_000}])
def test_a_secret_is_masked_that_is_encoded_twice_or_packed(text: str, flags: dict[str, int]) -> None:
    packed = base64.b64encode(gzip.compress(text.encode(), **flags)).decode()
    for encoded in (b64(b64(text)), packed, b64(packed)):
        assert redact(f"data: {encoded}, next") == "data: [REDACTED:encoded], next"
        assert redact({"data": encoded}) == {"data": "[REDACTED:encoded]"}


def test_what_is_packed_and_holds_no_secret_stays_however_large_or_broken_it_is() -> None:
    packed = base64.b64encode(gzip.compress(b"a line of a log\n" * 200_000)).decode()
    for text in (
        packed,
        packed[:200],
        b64(packed),
        b64(b64("a line of a log")),
        "H4sI",
        "H4sI" + "A" * 60,
        "xH4sIAAAA",
    ):
        assert redact(text) == text


def test_what_is_packed_in_layers_is_unpacked_once() -> None:
    text = f"password={W}"
    for _layer in range(2):
        text = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    assert redact(text) == text


@pytest.mark.parametrize("before", ["\\n", "\\r\\n", "x\\t", "\\\\n", "\\u00e4", "\\nx", "\n"])
def test_an_escape_before_an_encoded_secret_stays_one(before: str) -> None:
    for encoded in (b64(f"user=bob password={W}"), f"password={W}".encode().hex()):
        assert redact(f'{{"a": "{before}{encoded}\\n"}}') == f'{{"a": "{before.rstrip("x")}[REDACTED:encoded]\\n"}}'


def test_every_telling_word_is_seen_in_base64_wherever_it_stands_in_its_group_of_three() -> None:
    literals = _encodings()
    assert literals == ENCODINGS
    for word in ("password", "PASSWORD", "Password", "secret", "eyJhbG"):
        for lead in range(3):
            encoded = base64.b64encode(b"~" * lead + word.encode() + b"=~~").decode().lower()
            seen = [literal for literal in literals if literal in encoded]
            assert any(encoded.index(literal) % 4 in {skipped % 4 for skipped in literals[literal]} for literal in seen)
    assert min(map(len, literals)) == 4


@pytest.mark.parametrize("before", ["n", "t", "u00e4"])
def test_letters_that_are_no_escape_are_masked_with_what_they_touch(before: str) -> None:
    assert redact(f"see {before}{f'password={W}'.encode().hex()}") == "see [REDACTED:encoded]"


@pytest.mark.parametrize("cut", range(9))
def test_base64_that_is_cut_off_is_masked_to_its_end(cut: int) -> None:
    encoded = b64(f"password={W} and a few more words")
    assert redact(f"see {encoded[: len(encoded) - cut]}") == "see [REDACTED:encoded]"


def test_base64_of_addresses_is_read_with_its_own_two_characters() -> None:
    encoded = base64.urlsafe_b64encode(f"???>>>~~~ password={W}".encode()).decode()
    assert {"-", "_"} < set(encoded)
    assert redact(f"x {encoded} y") == "x [REDACTED:encoded] y"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"db:5432:app:*:{W}", "db:5432:app:*:[REDACTED:pgpass-password]"),
        (f"db:*:app:bob:{W} x", "db:*:app:bob:[REDACTED:pgpass-password] x"),
        (f"\\ndb:*:app:bob:{W}\\n", "\\ndb:*:app:bob:[REDACTED:pgpass-password]\\n"),
        (f"\\tnode:*:app:bob:{W}", "\\tnode:*:app:bob:[REDACTED:pgpass-password]"),
        ("db:*:app:bob:secretword", None),
        ("db:*:app:bob:<pw>", None),
        (f"arn:*:app:bob:{W}", None),
        (f"db:*:app:{W}", None),
    ],
)
def test_the_last_of_five_fields_with_an_asterisk_is_a_password(text: str, masked: str | None) -> None:
    assert redact(text) == (masked or text)


@given(st.binary(max_size=300), st.text("ab/+= \n", max_size=6), st.text("ab/+= \n", max_size=6))
@settings(max_examples=200)
def test_a_run_of_base64_is_found_whole_from_any_place_in_it(raw: bytes, before: str, after: str) -> None:
    encoded = base64.b64encode(raw).decode().rstrip("=")
    text = f"{before} {encoded} {after}"
    start = len(before) + 1
    for place in range(start, start + len(encoded)):
        assert run_around(text, place) == (start, start + len(encoded))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"pass\u200bword={L}", L),
        (f"password\u200b: {L}", L),
        (f"pass\u00adword = {L}", L),
        (f"\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff1d{L}", L),
        (f"password\uff1a{L}", L),
        (f"\u5bc6\u7801\uff1a{L}", L),
        (f"\u30d1\u30b9\u30ef\u30fc\u30c9\uff1a{L}", L),
        (f"password: \u201c{L}\u201d", L),
        (f"ghp_\u200b{'a1B2' * 9}", "a1B2a1B2"),
        ("\uff14111 1111 1111 1111", "1111"),
        ("4111\u20131111\u20131111\u20131111", "1111"),
    ],
)
def test_what_hides_a_secret_from_rules_but_not_from_readers_hides_nothing(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert redact(masked) == masked
    assert redact({f"pass\u200bword{len(text)}": text}) == {f"pass\u200bword{len(text)}": "[REDACTED:key:password]"}


@given(st.text(st.sampled_from("ab\u200b\ufeff\uff41\u00a0\u2013x1")))
def test_each_character_of_a_folded_text_is_found_where_it_was_given(text: str) -> None:
    folded, offsets = fold(text), Offsets(text)
    assert folded == text.translate(_TABLE)
    for place, character in enumerate(folded):
        start, end = offsets.span(place, place + 1)
        assert fold(text[start:end]) == character


@pytest.mark.parametrize(
    ("given_", "secret"),
    [
        # command lines
        (f"curl -uuser:{W} https://h.example", W),
        (f"curl -b 'session={T}' https://h.example", T),
        (f"http -a user:{W} GET https://h.example", W),
        (f"ssh-keygen -t rsa -N '{P}' -f k", P),
        (f"kinit bob <<< '{P}'", P),
        (f"useradd -p {W} bob", W),
        (f"openssl passwd -6 {W}", W),
        (f'gh secret set X --body "{P}"', P),
        (f"aws ssm put-parameter --name /a --value '{P}' --type SecureString", P),
        (f"aws secretsmanager create-secret --name x --secret-string '{P} {L}'", L),
        (f"ConvertTo-SecureString -String '{P}' -AsPlainText", P),
        (["mysql", "-u", "root", f"-p{W}"], W),
        (["/usr/bin/redis-cli", "-h", "h", "-a", W], W),
        (["docker", "login", "-u", "x", "-p", W], W),
        # statements and calls
        (f"CREATE USER bob IDENTIFIED BY {W};", W),
        (f"SET PASSWORD FOR 'bob'@'%' = '{L}'", L),
        (f"EXEC sp_addlogin 'bob', '{L}'", L),
        (f"HTTPBasicAuth('bob', '{L}')", L),
        (f"{{'auth': ('bob', '{L}')}}", L),
        (f'smtp.login("bob", "{L} {L}")', L),
        (f"default login x password {W}", W),
        # addresses
        (f"https://{T}:@h.example/x", T),
        (f"https://{T}:x-oauth-basic@h.example/x", T),
        (f"https://h.example/cb?code={T}&state=abc", T),
        (f"https://api.telegram.org/bot123456789:AA{(T * 2)[:33]}/sendMessage", T),
        (f"https://outlook.office.com/webhook/{GUID}@{GUID}/IncomingWebhook/{H}/{GUID}", H),
        (f"https://open.larksuite.com/open-apis/bot/v2/hook/{GUID}", GUID),
        # cookies and keys
        (f"connect.sid=s%3A{T}.abc", T),
        (f".h.example\tTRUE\t/\tTRUE\t0\tsid\t{T}", T),
        (f"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{T * 2}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----", T),
        (f"-----BEGIN OpenVPN Static key V1-----\n{H}\n{H}\n-----END OpenVPN Static key V1-----", H),
        (f"b3BlbnNzaC1rZXktdjE{T * 3}", T),
        (f"MIIEowIBAAKCAQEA{T * 4}", T),
        # personal data
        ("4111.1111.1111.1111", "1111.1111"),
        ("de89 3704 0044 0532 0130 00", "3704 0044"),
        ("passport number: X1234567", "X1234567"),
        ({"passport_number": "X1234567"}, "X1234567"),
        ("driver's license: D1234567", "D1234567"),
        ({"national_id": "123456789"}, "123456789"),
        ("jane.doe [at] example [dot] com", "jane.doe"),
        # names beside values
        ({"element": "Password textbox", "ref": "e1", "text": L}, L),
        ({"selector": "input[name='password']", "value": L}, L),
        ({"op": "replace", "path": "/user/password", "value": L}, L),
        ({"field": "password", "old_value": "a-" + L, "new_value": L}, L),
        ({"outputs": {"db_password": {"value": L, "type": "string", "sensitive": True}}}, L),
        (f'{{"db_password":{{"value":"{L}","type":"string"}}}}', L),
        (f'{{"value": "{L}", "name": "password"}}', L),
        (f'Type "{L}" into the password field', L),
        ([["user", "password"], ["bob", L]], L),
        ([["id", "user", "password"], [1, "bob", L]], L),
        ({"auth": b64(f"u:{L}")}, b64(f"u:{L}")),
        ({"SecretString": f'{{"a": "{L}"}}'}, L),
    ],
)
def test_nothing_of_the_secret_is_left(given_: Any, secret: str) -> None:
    masked = redact(given_)
    assert secret not in json.dumps(masked, ensure_ascii=False)
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "key",
    [
        "pass_word",
        "passWd",
        "auth_tok",
        "priv_key",
        "encKey",
        "SECRET_KEY_BASE",
        "pinCode",
        "pin_number",
        "security_answer",
        "card_no",
        "puk",
        "unlock_code",
        "client-key-data",
        "private_pem",
        "recovery_key",
        "twoFactorCode",
        "fernet_key",
        "community_string",
        "bindpw",
        "pswd",
        "lozinka",
        "kata_sandi",
        "รหัสผ่าน",
        "पासवर्ड",
        "كلمة_المرور",
        "mật_khẩu",
    ],
)
def test_abbreviated_and_foreign_names_are_sensitive_too(key: str) -> None:
    assert W not in str(redact({key: f"{W}!x71"}))


@pytest.mark.parametrize(
    "given_",
    [
        "See (2019) 123-4567 for details",
        "0000 0000 0000 0000",
        "03 12 45 78 90 12",
        "be12ab34cd56ef78",
        "docker run -p 5432:5432 postgres",
        "curl -b cookies.txt https://h.example",
        "ssh-keygen -t ed25519 -N '' -f k",
        "rows are identified by name",
        "passport required",
        "https://h.example/?code=404",
        "https://h.example/?code=en-US&state=on",
        ["docker", "run", "-p", "8080:80", "nginx"],
        ["mysql", "-u", "root", "-p"],
        ["mkdir", "-p", "/tmp/x"],
        {"element": "Login button", "text": "Sign in"},
        {"selector": "#username", "text": "bob"},
        {"element": "Password field", "ref": "e12"},
        {"op": "replace", "path": "/user/name", "value": "Bob"},
        {"name": "max_tokens", "default": "4096 or so"},
        [["grant_type", "password"], ["username", "bob"]],
        [["user", "password"]],
        {"pin": 13, "cvv": 3},
        "全角ＡＢＣ：これは普通の文章です。",  # full width on purpose
        "密码：必填",  # full width on purpose
    ],
)
def test_what_only_looks_like_it_survives(given_: Any) -> None:
    assert redact(given_) == given_


@pytest.mark.parametrize("around", ["{}", "the key is {} .", "X={}", '"{}"', "app_{}"])
@pytest.mark.parametrize(
    "token",
    [
        "polar_oat_jXYxGhh5rCGzMqbzylyYaVxhWuviRcNTmnbLRKNosgm",
        "tr_prod_JJ7fX7jB1mcVF2UyBfO3",
        "acme-live-Zk3P9xQ2LmN8vB7cT5rW1yD6",
        "pay_secret_5491215310a53e5356b6b3dacd8e7f05",
        "rpa_ADP1IPAPWPF4Y1V4COD26PCLMEQFVFVF1TE62PJL",
        "sk_car_hfUPe7tbXU6xTlNzOGVA5h",
        "n8n_api_" + "0a9f" * 20,
    ],
)
def test_a_token_whose_prefix_says_what_it_is_for_is_masked_whoever_issued_it(token: str, around: str) -> None:
    assert token.rpartition("_")[2] not in redact(around.format(token))


@pytest.mark.parametrize(
    "name",
    [
        "registry.example/app:build-prod-3f2a9c0d1e4b5a6978f0c1d2e3b4a59687f0e1d2",
        "my-service-prod-7d9f8b6c5d-x2x9z",
        "test_test_reads_what_was_written_before",
        "mystack-prod-AuditBucket-1A2B3C4D5E6F7",
        "com.example.app_live_ConfigurationRepositoryImpl",
        "cache_test_3f2a9c0d1e4b5a6978",
        "image-prod-20261128T101500Z",
    ],
)
def test_names_of_things_in_an_environment_survive(name: str) -> None:
    assert redact(f"see {name} there") == f"see {name} there"
