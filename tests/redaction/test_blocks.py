"""Secrets in lists, maps and tables inside texts: the name stands once, above or before many values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_audit.redaction import redact

A, B = "blueorchid", "q8-sunshine"


@pytest.mark.parametrize(
    "text",
    [
        f"passwords:\n  - {A}\n  - {B}\n",
        f"passwords:\n- {A}\n- '{B}'\nuser: x\n",
        f"passwords: [{A}, {B}]\n",
        f"api_keys:\n  prod: {A}\n  test: {B} # old\nname: x\n",
        f"secrets:\n  first:\n    main: {A}\n    replica: {B}\nname: x\n",
        f"password: |\n  {A}\n  {B}\nname: x\n",
        f"password: >-\n  {A}\n  {B}\n",
        f"credentials:\n  username: bob\n  one: {A}\n\n  two: {B}\n",
        f'{{"passwords": ["{A}", "{B}"]}}',
        f'{{"secrets": {{"main": "{A}", "more": {{"mq": "{B}"}}}}}}',
        f"{{'passwords': ['{A}', '{B}']}}",
        json.dumps({"text": json.dumps({"passwords": [A, B]})}),
        f"secrets = {{'a': '{A}', \"b\": \"{B}\"}}",
        f'{{"passwords": ["{A}", "{B}',
    ],
)
def test_every_value_of_a_block_under_a_sensitive_name_is_masked(text: str) -> None:
    masked = redact(text)
    assert A not in masked
    assert B not in masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        f"user,password,role\nbob,{A},admin\neve,{B},dev\n",
        f"Accounts:\n\nusername,password\nbob,{A}\neve,{B}\n\nbye",
        f"id;login;passwort\r\n1;bob;{A}\r\n2;eve;{B}\r\n",
        f"user\tpassword\trole\nbob\t{A}\tadmin\neve\t{B}\tx\n",
        f'"user","api_key"\n"bob, jr.","{A}"\n"eve","{B}"',
        f"| user | password | note |\n|:-----|----------|------|\n| bob | `{A}` | x |\n| eve | {B} | y |\n",
        f"user | password | note\n--- | --- | ---\nbob | {A} | x\neve | {B} |\n",
        f" user | password \n------+----------\n bob  | {A}\n eve  | {B}\n(2 rows)\n",
        f"+------+--------+\n| user | secret |\n+------+--------+\n| bob  | {A} |\n| eve  | {B} |\n+------+--------+\n",
        f"NAME      PASSWORD      ROLE\nbob       {A}    admin\neve       {B}   dev\n",
        f'{{"content": "user,password\\nbob,{A}\\neve,{B}\\n", "n": 1}}',
        f"INSERT INTO users (name, password, n) VALUES ('bob', '{A}', 1), ('eve', '{B}', 2)",
        f"insert into `users` (`password`) values ('{A}'), (crypt('{B}', gen_salt('bf')));",
    ],
)
def test_the_column_under_a_sensitive_header_is_masked(text: str) -> None:
    masked = redact(text)
    assert A not in masked
    assert B not in masked
    assert "bob" in masked or "insert" in masked
    assert redact(masked) == masked


def test_a_table_is_read_wherever_in_a_long_text_it_stands() -> None:
    before = "x" * 70_000
    assert redact(f"{before}\nuser,password\nbob,{A}\n") == f"{before}\nuser,password\nbob,[REDACTED:key:password]\n"


def test_digits_under_the_header_of_a_number_are_masked() -> None:
    masked = redact("name,cvv,ssn\nBob,123,219099999\nEve,987,219099998\n")
    assert masked.splitlines() == ["name,cvv,ssn"] + [
        f"{name},[REDACTED:key:cvv],[REDACTED:key:ssn]" for name in ("Bob", "Eve")
    ]


def test_the_rest_of_a_table_stays_as_it_is() -> None:
    text = f"| user | password |\n|---|---|\n| bob | {A} |\n\n| a | b |\n|---|---|\n| password | text |\n"
    assert redact(text) == text.replace(A, "[REDACTED:key:password]")


@pytest.mark.parametrize(
    "text",
    [
        "Passwords:\n- must be at least 12 characters\n- must not be reused\n",
        "Secrets:\n- DB_PASSWORD\n- API_KEY\n",
        "secrets:\n  db_password:\n    file: ./db_password.txt\n",
        "secrets:\n  - name: regcred\n",
        "password:\n  type: string\n  minLength: 12\n",
        '{"password": {"type": "string", "enum": ["a", "b"]}}',
        "tokens:\n  input: 512\n  output: 128\n",
        "cookie:\n  secure: true\n  path: /\n",
        "passwords = []\nsecrets: {}\n",
        "required: [username, password]",
        "credentials: { username: string; password: string }",
        "secrets = [x for x in find(password) if x]",
        "| Field | Type |\n|---|---|\n| password | string |\n| token | string |\n",
        "| Parameter | Description |\n|---|---|\n| api_key | Your API key |\n| password | The password of the user |\n",
        "| Pin | Name |\n|---|---|\n| 1 | VCC |\n| 13 | SCK |\n",
        "| Token | Meaning |\n|---|---|\n| `<pad>` | padding |\n| `[CLS]` | start |\n",
        "token,count\nthe,100\nof,90\n",
        "Field,Type,Null\npassword,varchar(255),YES\ntoken,text,NO\n",
        "Please enter your name, password, and email.\nThen click, wait, and go.\n",
        "def login(user, password):\n    return check(user, password)\n",
        "NAME      READY   SECRETS   AGE\nweb       1/1     0         5d\n",
        "INSERT INTO users (name, password) VALUES (?, ?), (:name, :password), (%s, %s)",
        "INSERT INTO t (key, value) VALUES ('color', 'blue')",
    ],
)
def test_blocks_and_tables_without_secrets_survive(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("my pin is 4711", "4711"),
        ("My PIN code is 4711.", "4711"),
        ("PIN 4711 please", "4711"),
        ("passcode = 4711", "4711"),
        ("card 4111 exp 12/27 cvv 123", "123"),
        ("Your verification code is 482913. Do not share it.", "482913"),
        ("482913 is your verification code", "482913"),
        ("G-482913 is your Google verification code.", "G-482913"),
        ("Use code 482913 to sign in", "482913"),
        ("Your one-time code: 482 913", "482 913"),
        ("Recovery codes:\n- a1b2c-d3e4f\n- g5h6i-j7k8l\n", "j7k8l"),
        (f"the password for the db is {A}", A),
        (f"The password is {A}.", A),
        (f"Password for bob: {A}", A),
        ("Mein Passwort lautet Tr0ub4dor3xQ", "Tr0ub4dor3xQ"),
        ("la contraseña es Tr0ub4dor3xQ.", "Tr0ub4dor3xQ"),
        (f"CREATE USER bob PASSWORD '{A}'", A),
        (f"page.fill('#password', '{A}')", A),
        (f'page.locator("#password").fill("{A}")', A),
        (f'os.getenv("DB_PASSWORD", "{A}")', A),
        (f"keytool -storepass {A} -list", A),
        (f'password = SecretStr("{A}")', A),
        (f'password = """{A}"""', A),
        (f'"{{""password"": ""{A}""}}"', A),
        (f"<wsse:Password Type='x'><![CDATA[{A}]]></wsse:Password>", A),
        (f"<key>password</key>\n<string>{A}</string>", A),
        (f"&lt;password&gt;{A}&lt;/password&gt;", A),
        (f'form-data; name="password"\r\n\r\n{A}\r\n--B--', A),
        (f'variable "db_password" {{\n  type = string\n  default = "{A}"\n}}', A),
        (f'~ password = "x9{A}" -> "{A}"', A),
        (f'{{"name": "db_password", "type": "string", "value": "{A}"}}', A),
        (f"https://h.example/?p=%7B%22password%22%3A%22{A}%22%7D", A),
        (f"password: &pw {A}", A),
        (f"password: !secret {A}", A),
        (f"heslo: {A}", A),
        (f"كلمة المرور: {A}", A),
        (f"पासवर्ड: {A}", A),
        (f"mật khẩu: {A}", A),
    ],
)
def test_a_secret_told_by_a_sentence_or_a_statement_is_masked(text: str, secret: str) -> None:
    masked = redact(text)
    assert secret not in masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "given",
    [
        "the password is wrong",
        "the password for your account was changed",
        "The password is required.",
        "Password is case-sensitive.",
        "the secret is patience.",
        "the token is base64-encoded",
        "connect pin 13 to GND",
        "pins 2-13",
        "cvv: 3 digits on the back",
        "error code 500123",
        "the code is 1234 lines",
        "Security code is required",
        "print('Password:', password)",
        "self._token = token",
        "let password: &str;",
        '<password type="string"/>',
        "List<Token> tokens = new ArrayList<Token>();",
        "Пароль: обязательное поле",
        'def token(self) -> Token:\n    """The token of the session."""',
        "pass `timeout=5` to wait",
        {"secret": {"secretName": "my-tls"}},
    ],
)
def test_sentences_and_code_about_secrets_survive(given: Any) -> None:
    assert redact(given) == given


K = "[REDACTED:key:password]"
MIXED = "q8W2e7R5t9Y1u3I6"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        # columns aligned by blanks
        (f"  NAME  PASSWORD\n  bob   {A}\n", f"  NAME  PASSWORD\n  bob   {K}\n"),
        (
            f"NAME  PASSWORD    N\nbob               1\neve   {B} 2",
            f"NAME  PASSWORD    N\nbob               1\neve   {K}",
        ),
        (
            f"NAME  PASSWORD     N\nbob                1\neve   {B}  2",
            f"NAME  PASSWORD     N\nbob                1\neve   {K}  2",
        ),
        (f"NAME  PASSWORD\nbob   {A}\n eve  {B}\n", f"NAME  PASSWORD\nbob   {K}\n eve  {B}\n"),
        (f"NAME  PASSWORD\nbob   {A}\n\neve   {B}\n", f"NAME  PASSWORD\nbob   {K}\n\neve   {B}\n"),
        # commas and semicolons
        (f"user, password\nbob, orchid\neve, {B}\n", f"user, password\nbob, orchid\neve, {K}\n"),
        (f"user,password\nbob,orchid\n\neve,{B}\n", f"user,password\nbob,{K}\n\neve,{B}\n"),
        (f"user;password\nbob;orchid\n---\neve;{B}\n", f"user;password\nbob;{K}\n---\neve;{B}\n"),
        (f"user,password\nbob,orchid,1\neve,{B}\n", f"user,password\nbob,orchid,1\neve,{B}\n"),
        (f"a,b\n1,2\nuser,password\nbob,{B}\n", f"a,b\n1,2\nuser,password\nbob,{B}\n"),
        ("user,token\nbob,orchidblue\neve,orchidblu\n", "user,token\nbob,[REDACTED:key:token]\neve,orchidblu\n"),
        (f"user,apollo_key\nbob,orchid\neve,{MIXED}\n", "user,apollo_key\nbob,orchid\neve,[REDACTED:key:api-key]\n"),
        (
            f'{{"a": "user,password\\nbob,{A}", "b": "x,y\\n1,2"}}',
            f'{{"a": "user,password\\nbob,{K}", "b": "x,y\\n1,2"}}',
        ),
        (f'{{"a": "user,password\\n", "b": "x,{A}\\n1,2"}}', f'{{"a": "user,password\\n", "b": "x,{A}\\n1,2"}}'),
        # cells at the end of a row may be missing, but not all
        (
            f"| user | password | n |\n|--|--|--|\n| bob | {A} |\n| x |\n| ada | {B} | 1 |\n",
            f"| user | password | n |\n|--|--|--|\n| bob | {K} |\n| x |\n| ada | {B} | 1 |\n",
        ),
        # statements
        (
            f"INSERT INTO t (id, [password], \"token\") VALUES (1, '{A}', NULL),\n\t(2, N'it''s', \"{B}\") ; '{A}'",
            'INSERT INTO t (id, [password], "token") VALUES (1, \''
            f"{K}', NULL),\n\t(2, N'{K}', \"[REDACTED:key:token]\") ; '{A}'",
        ),
        (
            f"INSERT INTO t (id, password) VALUES (1, crypt('{A}', gen_salt('bf'))), (2, md5(x)), (3, 'b')",
            f"INSERT INTO t (id, password) VALUES (1, crypt('{K}', gen_salt('bf'))), (2, md5(x)), (3, '{K}')",
        ),
        (
            f"REPLACE INTO t (apollo_key) VALUES ('{A}'), ('{MIXED}')",
            f"REPLACE INTO t (apollo_key) VALUES ('{A}'), ('[REDACTED:key:api-key]')",
        ),
        (f"INSERT IGNORE INTO t (password) VALUES ('{A}')", f"INSERT IGNORE INTO t (password) VALUES ('{K}')"),
        (f"INSERT INTO t (id, name) VALUES (1, '{A}')", f"INSERT INTO t (id, name) VALUES (1, '{A}')"),
        ("INSERT INTO t (password) VALUES ('')", "INSERT INTO t (password) VALUES ('')"),
    ],
)
def test_exactly_the_cells_under_a_sensitive_name_are_masked(text: str, masked: str) -> None:
    assert redact(text) == masked
