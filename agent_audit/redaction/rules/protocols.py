"""Secrets in the dialogues of protocols and in the files of their programs, by their documented syntax."""

from __future__ import annotations

import base64
import re

from agent_audit.redaction.rules.devices import VALUE, is_given, is_mixed_value
from agent_audit.redaction.rules.model import EOL, NL, Rule, part
from agent_audit.redaction.validators import has_digit, looks_random

_BASE64 = r"[A-Za-z0-9+/]{4,1024}={0,2}"

# What stands by itself at the end of its line.
_ALONE = rf"[\"'`*]{{0,3}}([A-Za-z0-9_+/=.~!@#$%^&*-]{{8,512}})[\"'`*]{{0,3}}{EOL}"


def _is_generated(text: str) -> bool:
    """No name of something: `my-app-secret-v2`."""
    return looks_random(text) or (text.isalnum() and is_mixed_value(text))


def _is_auth_argument(text: str) -> bool:
    """No name of a mechanism: `AUTH CRAM-MD5`."""
    return not re.fullmatch(r"[A-Z0-9-]{1,20}", text) and has_digit(text) and is_given(text)


def _is_of_bytes(text: str) -> bool:
    """A list of random bytes: few of them twice."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return max(numbers) < 256 and len(set(numbers)) >= 40


def _is_sasl_plain(text: str) -> bool:
    """RFC 4616: two NULs part who acts, who logs in, and the password."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).count(b"\0") == 2
    except ValueError:
        return False


PROTOCOLS: tuple[Rule, ...] = (
    part(
        "imap-login",
        (" login ",),
        rf" LOGIN (?:\\?\"[^\"\n\\]{{1,128}}\\?\"|[^\s\"]{{1,128}}) {VALUE}\\?\"?{EOL}",
        is_mixed_value,
    ),
    part(
        "sasl-plain",
        ("auth plain ", "auth=plain ", "authenticate plain "),
        rf"(?i:auth(?:enticate)?[ =]plain) (?:{NL}\+ ?{NL})?({_BASE64})",
        _is_sasl_plain,
    ),
    # `Password:` in base64: what the client sends next is the password.
    part(
        "sasl-login",
        ("ugfzc3dvcmq6",),
        rf"UGFzc3dvcmQ6(?:{NL}){{1,3}}(?:[A-Za-z]{{1,8}}: ?|[<>] ?)?({_BASE64}){EOL}",
    ),
    part(
        "redis-auth",
        ("auth ",),
        rf"(?:\A|(?<=[\n\"'`])|(?<=> )|(?<=\\n))AUTH (?:(?!PLAIN |LOGIN )[\w.-]{{1,64}} )?{VALUE}{EOL}",
        _is_auth_argument,
    ),
    part(
        "redis-auth-resp",
        ("auth\r\n$", "auth\\r\\n$"),
        rf"(?i:auth){NL}\$\d{{1,4}}{NL}(?:[\w.-]{{1,64}}{NL}\$\d{{1,4}}{NL})?([^\r\n\\]{{4,512}})",
    ),
    part(
        "ftp-login",
        ("ftp> user ", "ftp> quote pass "),
        rf"ftp> (?:user [\w.@-]{{1,64}}|(?i:quote pass)) {VALUE}",
        is_given,
    ),
    part(
        "nickserv-identify",
        ("identify ",),
        rf"(?:(?<=:)|(?<=[Ss]erv )|(?<=SERV ))(?i:identify) (?:[\w\[\]#-]{{1,32}} )?{VALUE}{EOL}",
        is_mixed_value,
    ),
    part("haproxy-password", ("insecure-password ",), rf"insecure-password {VALUE}", is_given),
    part("haproxy-stats", ("stats auth ",), rf"stats auth [\w.@-]{{1,64}}:{VALUE}", is_given),
    part(
        "elastic-password",
        ("password ",),
        rf"(?<![^\n])PASSWORD [a-z_]{{3,32}} = ([A-Za-z0-9=_*+-]{{16,64}}){EOL}",
        has_digit,
    ),
    part("elastic-new-value", ("new value: ",), rf"New value: ([A-Za-z0-9=_*+-]{{16,64}}){EOL}", has_digit),
    part(
        "acl-secret-id",
        ("secret id", "secretid", "secret_id"),
        r"(?i:secret[ _]?id)[\"']?\s{0,8}[:=]\s{0,12}[\"']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    part("openweather-key", ("appid=",), r"appid=([0-9a-f]{32})(?![0-9a-z])"),
    part(
        "recovery-key",
        ("recovery key", "bitlocker", "filevault", "recovery password", "-rp "),
        r"(?i:bitlocker|filevault|recovery (?:key|password)|-rp)[^\n]{0,64}?\b"
        r"((?:\d{6}-){7}\d{6}|(?:[A-Z0-9]{4}-){5,6}[A-Z0-9]{4})(?![\w-])",
    ),
    part("windows-wifi-key", ("key content",), r"Key Content\s{0,24}: ([^\s\\\"']{8,63})"),
    part(
        "postfix-sasl-password",
        ("]:587 ", "]:465 ", "]:25 "),
        rf"\]:(?:587|465|25) [^\s:\"']{{1,128}}:{VALUE}",
        is_given,
    ),
    part(
        "kickstart-password",
        ("rootpw ",),
        rf"rootpw(?: --(?:plaintext|iscrypted|allow-ssh)){{0,3}} (?!-){VALUE}",
        is_given,
    ),
    # Lines that set a variable without `=`: Dockerfile (the old form), csh, Apache.
    part(
        "environment-line",
        ("env ", "setenv "),
        r"(?:ENV|[Ss]et[Ee]nv) {1,4}\w{0,48}(?:PASSWORD|PASSWD|PASS|PWD|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)"
        rf"(?:_\d{{1,4}}|_PROD|_DEV|_TEST|_STAGING)? {{1,4}}{VALUE}",
        is_given,
    ),
    part(
        "terraform-random-password",
        ("random_password",),
        r"random_password\\{0,3}\"[\s\S]{0,300}?\\{0,3}\"result\\{0,3}\"\s?:\s?\\{0,3}\"([^\"\\]{4,512})",
    ),
    part(
        "expect-password",
        ("expect ",),
        rf"expect (?:[^\n]{{0,60}}?(?i:assword|assphrase|asscode)[^\n]{{0,60}}?(?:{NL}|; ?|\{{)\s{{0,8}}"
        r"|\{[^\0]{0,400}?(?i:assword|assphrase|asscode)[^\n{]{0,60}\{\s{0,16})send (?:-- )?"
        r"\\{0,3}\"([^\"\\\n]{4,128})",
        is_given,
    ),
    # What services say of a wrong one: `Incorrect API key provided: x.`
    part(
        "secret-provided",
        tuple(f"{word} {verb}" for word in ("key", "token", "password") for verb in ("provided", "supplied", "given")),
        r"(?i:key|token|password) (?i:provided|supplied|given)(?: was)?: ?[\"'`]?([^\s\"'`,;\\]{7,512}[^\s\"'`,;.\\])",
        is_mixed_value,
    ),
    # `Use the following password to go on:`, `Your API key is:`, and the secret on a line of its own.
    part(
        "secret-following",
        (
            "following ",
            *(
                f"{word} {verb}:"
                for word in ("key", "token", "password", "secret")
                for verb in ("is", "created", "generated", "below", "follows")
            ),
        ),
        r"(?i:following (?:\w{1,16} ){0,2}(?:password|passphrase|token|key|secret)[^\n:]{0,80}"
        r"|(?:key|token|password|secret) (?:is|created|generated|below|follows)):"
        rf"(?:\s|\\[rn]){{1,8}}{_ALONE}",
        _is_generated,
    ),
    # What is shown once: `you won't see it again: x`.
    part(
        "secret-following",
        (
            "see it again",
            "see this again",
            "shown again",
            "shown once",
            "displayed once",
            "copy it now",
            "copy this now",
        ),
        r"(?i:(?:see (?:it|this)|shown) again|(?:shown|displayed) once|copy (?:it|this) now)[^\n:\d]{0,64}:"
        rf"(?:\s|\\[rn]){{0,8}}{_ALONE}",
        _is_generated,
    ),
    # `creds are admin / x`
    part(
        "credentials-pair",
        ("creds ", "credentials ", "login ", "creds: ", "credentials: ", "login: "),
        r"(?:(?<![\w-])|(?<=\\[nrt]))(?i:creds|credentials|login):?"
        r"(?: (?:is|are|with|as|for [\w ]{1,24}(?: are| is|:)))? "
        rf"[\w.@-]{{2,64}} ?/ ?{VALUE}",
        is_mixed_value,
    ),
    part(
        "login-told",
        ("log in as ", "login as ", "logged in as ", "sign in as ", "signed in as "),
        rf"(?i:log|sign)(?:ged|ed)? ?in as [\w.@-]{{2,64}} (?:with|using)(?: (?:password|pw|pass))? {VALUE}",
        lambda text: len(text) > 5 and is_mixed_value(text),
    ),
    # What the tools of Solana write for a key pair: its 64 bytes.
    part(
        "solana-keypair",
        (
            "keypair",
            "key pair",
            "solana",
            "id.json",
            "secretkey",
            "secret key",
            "secret_key",
            "privatekey",
            "private key",
        ),
        r"(?i:key ?pair|solana|id\.json|(?:secret|private)[ _]?key)[^\[\]]{0,160}"
        r"(?:\[(?:u8; ?)?\d{0,2}\][^\[\]]{0,40})?"
        r"(\[\s{0,8}\d{1,3}(?:\s{0,2},\s{0,8}\d{1,3}){63}\s{0,8}\])",
        _is_of_bytes,
    ),
    part(
        "magic-link",
        ("magic",),
        r"(?i:magic)[\w/-]{0,24}(?:\?[^\s\"'<>]{0,200}?\b(?:t|token|code|key|k|s)=|/)([A-Za-z0-9_.-]{20,512})",
        looks_random,
    ),
    part(
        "card-cid",
        (" cid",),
        r"(?:(?<=\d/\d\d)|(?<=\d/\d\d,)|(?<=/20\d\d)) (?i:cid):? (\d{3,4})(?!\d)",
    ),
    part(
        "card-code",
        ("digits on the ",),
        r"(?i:digits on the (?:back|front)[^\n.\d]{0,32}?(?:are|is|:|,)) ?(\d{3,4})(?!\d)",
    ),
    part(
        "keypad-code",
        ("disarm", "keypad", "alarm", "gate", "lock"),
        r"(?:(?<![^\W_])|(?<=[Pp]ad)|(?<=[Dd]oor))(?i:disarm|keypad|alarm|gate|lock)\b"
        r"(?![^\n#]{0,24}\b(?i:issue|ticket|pr|bug|case|see|closes?|fix(?:es)?):? #)"
        # A number behind `#` alone is that of an issue: `lock the database at once #4711`.
        r"[^\n.\d#]{0,24}?(?:(?:\b(?i:code|pin|is|are|was|now|with|in|to|use|enter|type|dial|press|punch)|[:=-]) (?=#)"
        r"| (?=\d))(#\d{4,8}(?!\d)|\d{4,8}(?=[#*])|(?<= is )\d(?:-\d){3,7}(?![\d-]))",
    ),
    part(
        "lock-combination",
        ("combination", "combo", "combinaison", "combinación", "kombination"),
        r"(?<!in )(?i:combinai?son|combination|combo|combinación|kombination)[^\n.\d]{0,24}? "
        r"(\d{1,2}(?:-\d{1,2}){2,3})(?![\d-])",
    ),
    # The links that set a password anew: Django, Rails, and the like.
    part(
        "password-reset-link",
        (
            *("password/reset/", "reset-password/", "password-reset/", "reset_password/", "reset/confirm/"),
            *("passwort/", "losenord/", "contrasena/", "senha/", "wachtwoord/", "haslo/", "mot-de-passe/", "passord/"),
        ),
        r"(?i:password/reset|reset-password|password-reset|reset_password|reset/confirm"
        r"|passwort|losenord|contrasena|senha|wachtwoord|haslo|mot-de-passe|passord)/(?:[A-Za-z0-9_-]{1,24}/)?"
        r"([A-Za-z0-9_.-]{20,512})",
        has_digit,
    ),
    part(
        "terraform-sensitive",
        ("sensitive",),
        r"sensitive\\{0,3}\"\s?:\s{0,4}true[^{}]{0,200}?\"value\\{0,3}\"\s?:\s{0,4}\\{0,3}\"([^\"\n\\]{1,4096})",
        is_given,
    ),
)
