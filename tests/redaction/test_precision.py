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


PACKAGES = [
    Pair('{"cookie": "^0.7.1"}', '{"cookie": "sid=a8f5f167f44f"}', '{"cookie": "[REDACTED:key:cookie]"}'),
    Pair(
        {"express-session": "1.18.2"},
        {"session": {"cookie": "s1d0a8f5f1"}},
        {"session": {"cookie": "[REDACTED:key:cookie]"}},
    ),
    Pair('"pbkdf2-password": "1.2.1"', f'"pbkdf2-password": "{X}"', f'"pbkdf2-password": "{P}"'),
    Pair({"engines": {"cookie": ">= 0.6"}}, {"password": "1.2.x!"}, {"password": P}),
    Pair({"password": "node ./bin/password.mjs --ask"}, {"password": "node of my heart 7"}, {"password": P}),
    Pair("can't find APOP secret for user adrian - 123.33.44.45", f"secret = {X}", f"secret = {S}"),
]
CODE = [
    Pair("type DotToken = Token<SyntaxKind.DotToken>;", f'type DotToken = "{X}";', f'type DotToken = "{T}";'),
    Pair("client_secret: z.ZodOptional<z.ZodString>;", "client_secret: z.Zod<3opt", f"client_secret: {S}"),
    Pair("forgotPassword: builder.mutation<Forgot.Response, Forgot>", f"password: {X}", f"password: {P}"),
    Pair("apiKey: options.apiKey!,", f"apiKey: '{X}!',", f"apiKey: '{K}',"),
    Pair("onresumptiontoken: options?.onresumptiontoken", "token: op?tions9", f"token: {T}"),
    Pair(
        "callback: (err: Error, secret: SharedBuffer) => void,",
        "(secret: SharedBuffer) was it",
        f"(secret: {S}) was it",
    ),
    Pair("password: yup\n  .string()", "password: yup\nuser: bob", f"password: {P}\nuser: bob"),
    Pair(
        "const f = token => { return { position: 'relative' } }",
        f"connect(password => '{X}')",
        f"connect(password => '{P}')",
    ),
    Pair("const f = token => !f(token);", f"{{ token => '!{X}' }}", f"{{ token => '{T}' }}"),
    Pair(
        "case 'native_password':\n  case 'sha_password':",
        f"{{'native_password':\n  '{X}'}}",
        f"{{'native_password':\n  '{P}'}}",
    ),
    Pair(
        'g?"client_credentials":"credentials":"application"',
        f'{{"credentials":"{X}"}}',
        '{"credentials":"[REDACTED:key:credential]"}',
    ),
    Pair(
        'export * from "./credentials"\n\nexport type A',
        f'form-data; name="password"\n\n{X}',
        f'form-data; name="password"\n\n{P}',
    ),
    Pair("'Credential=' + credentials.keyId + '/'", f"'password={X}' + '/'", f"'password={P}' + '/'"),
    Pair("a 'Set-Cookie:' header, 2 kept\n*/\nx 'y'", "Set-Cookie: sid=a8f5f1", "Set-Cookie: [REDACTED:key:cookie]"),
    Pair(
        "cookie: reqCookies !== cookies ? url : undefined", "Cookie: a8f5f1=d6b7; b=?", "Cookie: [REDACTED:key:cookie]"
    ),
    Pair("deleteCookie: (name: string) => void;", "Cookie: (name)=a8f5f1d6", "Cookie: [REDACTED:key:cookie]"),
    Pair(
        "authorization?: Card.RequestAuthorization;",
        "Authorization: abcdefg.hijklmn.opqrst",
        "Authorization: [REDACTED:key:authorization]",
    ),
    Pair(
        "exports.BAD_CREDENTIALS = 'bad-credentials'",
        "exports.BAD_CREDENTIALS = 'good-credentials'",
        "exports.BAD_CREDENTIALS = '[REDACTED:key:credential]'",
    ),
    Pair('STORAGE_KEY = "GUIDED_TOUR"', 'STORAGE_KEY = "GUIDEDTOUR"', f'STORAGE_KEY = "{K}"'),
    Pair("AUTH_KEYS = ['type', 'user', 'accessToken', 'expires']", "API_KEYS = ['blueorchid']", f"API_KEYS = ['{K}']"),
    Pair('local creds = require "creds"', f'local creds = "{X}"', 'local creds = "[REDACTED:key:credential]"'),
    Pair("$pw = $args{p};", "$pw = $args9!p;", f"$pw = {P};"),
    Pair("ssh_private_key=#{ssh_private_key}", f"ssh_private_key={X}", "ssh_private_key=[REDACTED:key:private-key]"),
    Pair("var{appId:t,apiKey:a}=e,b={}", f"{{appId:t,apiKey:'{X}'}}", f"{{appId:t,apiKey:'{K}'}}"),
    Pair("jwt: /^[A-Za-z0-9-_]+$/,", f'jwt: "/^{X}"', f'jwt: "{T}"'),
    Pair(
        "Authorization: `Basic ${Buffer.from(a).toString()}`",
        f"Authorization: `Basic {X}{X}`",
        "Authorization: `[REDACTED:key:authorization]`",
    ),
    Pair("assert 'token-1' == 'token-2'", "auth['token'] == 'token-2'", f"auth['token'] == '{T}'"),
    Pair(".codicon-secret:before { content: 'x' }", "secret:before7x", f"secret:{S}"),
    Pair("apiKey:\n  options.apiKey ??\n  env(OTHER)", "apiKey:\n  blueorchid", f"apiKey:\n  {K}"),
]
OUTPUT = [
    Pair("  -W, --password       force password prompt", f"psql --password       {X}", f"psql --password       {P}"),
    Pair("the '--dump-secret-keys' option turns it", f"run '--password' '{X}'", f"run '--password' '{P}'"),
    Pair("gpg: key C94035C21B4F2AEB: imported", "gpg: key c94035c21b4f2aeb: imported", f"gpg: key {K} imported"),
    Pair("/etc/passwd:root:x:0:0:root:/root:/bin/bash", f"/etc/passwd:root:{X}", f"/etc/passwd:{P}"),
    Pair("/usr/share/base-passwd:\ntotal 48\n-rw", f"passwd:\ntotal48{X}", f"passwd:\n{P}"),
    Pair("pam_unix(passwd:chauthtok): changed", "unix(passwd:chauthtok): changed", f"unix(passwd:{P}: changed"),
    Pair("ssl_ciphers HIGH:!MD5:!PSK:!RC4;", "WPA-PSK:!ABC123:x", f"WPA-PSK:{S}"),
    Pair('error="Wrong Password" remote_addr=10.0.0.7', f'"Password" {X}{X}', f'"Password" {P}'),
    Pair(
        "Password=$password,NAS-IP-Address=127.0.0.1",
        f"Password={X},NAS-IP-Address=127.0.0.1",
        f"Password={P},NAS-IP-Address=127.0.0.1",
    ),
    Pair("ParseError: unexpected token: identifier", "Error: invalid token: identifier9", f"Error: invalid token: {T}"),
    Pair(
        "* command.c (cmd_get_passphrase): Ditto.\n",
        "* command.c (passphrase): Ditto.\n",
        f"* command.c (passphrase): {P}.\n",
    ),
    Pair("module secrets:\n\nNAME\n    secrets", "the secret:\n\nNAME7x\n", f"the secret:\n\n{S}\n"),
    Pair("passwords:\n\n---%<-----------\nx", f"password:\n\n{X}\n", f"password:\n\n{P}\n"),
    Pair(r"\-\-password=\fP\fIword\fP", r"--password=\x9fPword", f"--password={P}"),
    Pair(
        "smime   speed    spkac\npasswd  pkcs12   pkcs7\nrehash  req      rsa",
        "passwd  user\nrehash  bob",
        f"passwd  user\n{P}  bob",
    ),
    Pair("PAM: ```Password: ········```", f"Password: ····{X}", f"Password: {P}"),
    Pair("checkpassword\n\npasswd: fail", f"passwd: {X}", f"passwd: {P}"),
]
STRUCTURES = [
    Pair({"token": " nevertheless", "u": -0.3}, {"token": "nevertheless9x", "u": 1}, {"token": T, "u": 1}),
    Pair({"token": "information", "start_offset": 0}, {"token": "information", "user": 0}, {"token": T, "user": 0}),
    Pair('{"token":"information","logprob":-1}', '{"token":"information","u":-1}', f'{{"token":"{T}","u":-1}}'),
    Pair({"token": "itemPadding", "type": "number"}, {"token": "itemPadding", "type": "x"}, {"token": T, "type": "x"}),
    Pair(
        '{"token":"itemHoverBg","type":"string"}',
        '{"token":"itemBg9x","type":"string"}',
        f'{{"token":"{T}","type":"string"}}',
    ),
    Pair(
        {"secrets": [{"name": "A", "visibility": "all"}]}, {"secrets": {"view": "all9x!ab"}}, {"secrets": {"view": S}}
    ),
    Pair(
        {"cookies": [{"sameSite": "Lax"}]},
        {"cookies": [{"site": "s9Lax"}]},
        {"cookies": [{"site": "[REDACTED:key:cookie]"}]},
    ),
    Pair({"checksum/secret": "9f86d081884c7d65"}, {"check/secret": "9f86d081884c7d65"}, {"check/secret": S}),
    Pair(
        {"token": "https://api.example.com/oauth2/token"},
        {"token": "https://api.example.com/?token=x1y2z3"},
        {"token": T},
    ),
    Pair(
        "authorization: 'https://a.com/authorize?scope=email'",
        f"authorization: 'https://a.com/{X}'",
        "authorization: '[REDACTED:key:authorization]'",
    ),
    Pair("password:\n  choices:\n    - 'disable'\n    - 'enable'", "passwords:\n  - orchid", f"passwords:\n  - {P}"),
    Pair(
        "password = {'choices': ['disable', 'enable']}",
        "passwords = {'of': ['orchid']}",
        f"passwords = {{'of': ['{P}']}}",
    ),
    Pair(
        "vtp_password:\n  redirect: cisco.nxos.vtp_password",
        "vtp_password:\n  of: cisco.Nx9",
        f"vtp_password:\n  of: {P}",
    ),
    Pair("password=@DB_PASSWORD", f"password=@{X}", f"password={P}"),
    Pair("OvnPassword=str:{{ ovn_password }}", f"OvnPassword=str:{X}", f"OvnPassword={P}"),
]
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
PAIRS = [pair for pairs in (PACKAGES, CODE, OUTPUT, STRUCTURES, FORMATS, ADDRESSES, NUMBERS) for pair in pairs]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: repr(pair.stays)[:60])
def test_what_only_looks_like_a_secret_stays(redactor: DefaultRedactor, pair: Pair) -> None:
    out = redactor.redact(pair.stays)
    assert (out.value, out.hits) == (pair.stays, ())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: repr(pair.given)[:60])
def test_what_stands_next_to_it_and_is_a_secret_is_masked(redactor: DefaultRedactor, pair: Pair) -> None:
    assert redactor.redact(pair.given).value == pair.masked
