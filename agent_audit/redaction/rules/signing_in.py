"""Secrets of commands that sign in or open something, and of the files and calls that such programs have."""

from __future__ import annotations

import base64
import re

from agent_audit.redaction.names.values import is_placeholder, is_technical
from agent_audit.redaction.rules.calls import NEXT, OTHER, QUOTED
from agent_audit.redaction.rules.commands import ARGUMENT, REST, WHOLE, is_password, is_value
from agent_audit.redaction.rules.model import EOL, NL, Lazy, Rule, part, token
from agent_audit.redaction.validators import has_digit, is_mixed

_OPTIONS = r"(?: --?[a-z][\w-]{0,32}(?:=\S{1,128})?){0,4}"
_ALGORITHM = re.compile(r"(?i)(?:hmac)?[-_]?(?:with)?sha-?\d{1,3}|argon2\w{0,2}|bcrypt|pbkdf2\w{0,12}")


def _is_no_placeholder(text: str) -> bool:
    return not is_placeholder(text)


def _is_given(text: str) -> bool:
    return is_value(text) and not is_placeholder(text)


def _is_token(text: str) -> bool:
    return (has_digit(text) or len(text) >= 24) and _is_given(text)


def _is_chosen(text: str) -> bool:
    """No word, name of a variable, of an algorithm or placeholder."""
    if len(text) < 6 or _ALGORITHM.fullmatch(text) is not None or is_technical(text):
        return False
    return is_mixed(text) and _is_given(text)


def _is_for_it(text: str) -> bool:
    """No word of a sentence, no name of the argument."""
    return not text.isalpha() and _is_given(text)


def _is_shown_value(text: str) -> bool:
    """No number, word or name."""
    return is_mixed(text) and text[:1] not in "-<#$>%" and _is_given(text)


def _is_aws_secret(text: str) -> bool:
    """Letters of both cases and digits: no digest."""
    return has_digit(text) and not text.isupper() and not text.islower()


def _is_encrypted(text: str) -> bool:
    """RFC 7516: the header says how the content is encrypted."""
    head = text.partition(".")[0]
    try:
        return b'"enc"' in base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))
    except ValueError:
        return False


_IMPACKET = ("impacket-", "secretsdump", "psexec.py", "wmiexec", "smbexec", "getuserspns", "getnpusers", "mssqlclient")
_IMPACKET_TOOL = (
    r"(?i:impacket-\w{1,24}|secretsdump(?:\.py)?|psexec\.py|(?:wmi|smb)exec(?:\.py)?|get(?:userspns|npusers)(?:\.py)?"
    r"|mssqlclient(?:\.py)?)"
)

SIGNING_IN: tuple[Rule, ...] = (
    part("cargo-login", ("cargo login ",), rf"cargo login{_OPTIONS} (?!-)([A-Za-z0-9_-]{{16,128}}){EOL}", _is_token),
    part(
        "http-basic-password",
        (" http-basic.",),
        rf" http-basic\.[\w.-]{{1,128}} [^\s\"']{{1,64}} {ARGUMENT}",
        is_value,
    ),
    part(
        "package-token",
        (" pypi-token.", " github-oauth.", " gitlab-token.", " bearer."),
        rf" (?:pypi-token|github-oauth|gitlab-token|bearer)\.[\w.-]{{1,128}} {ARGUMENT}",
        _is_token,
    ),
    part(
        "platform-login",
        ("oc login", "cf login", "ibmcloud login", "cf auth"),
        rf"(?<![\w-])(?:(?:oc|cf|ibmcloud) login\b{REST}(?:-p|--password)[ =]|cf auth [^\s-]\S{{0,64}} ){ARGUMENT}",
        is_value,
    ),
    part(
        "vault-login",
        (
            *("vault login ", "bao login ", "operator unseal ", "operator rekey ", "operator generate-root "),
            *("token renew ", "token revoke ", "token lookup "),
        ),
        rf"(?:(?:vault|bao) login|operator (?:unseal|rekey|generate-root)|token (?:renew|revoke|lookup)){_OPTIONS} "
        r"(?!-|\w{1,32}=)([\w./+-]{20,512}={0,2})(?=[\s\"'`;|&)\\]|$)",
        _is_token,
    ),
    part(
        "registry-login",
        (
            "helm registry login ",
            "crane auth login ",
            "oras login ",
            "nerdctl login ",
            "buildah login ",
            "cosign login ",
            "regctl registry",
        ),
        rf"(?:(?:helm|regctl) registry|crane auth|oras|nerdctl|buildah|cosign) login\b{REST}-p[ =]{{0,2}}{ARGUMENT}",
        is_value,
    ),
    part(
        "upload-password",
        (
            *("twine upload ", "ncftp ", "ncftpput ", "ncftpget ", "conjur login ", "poetry publish ", "uv publish "),
            "conan user ",
        ),
        rf"(?:twine upload|ncftp(?:put|get)?|conjur login|(?:poetry|uv) publish|conan user)\b{REST}-p {ARGUMENT}",
        is_value,
    ),
    part("perforce-password", ("p4 -",), rf"(?<![\w-])p4 (?:-[cpu] \S{{1,128}} ){{0,3}}-P {ARGUMENT}", is_value),
    part("sendemail-password", ("sendemail ",), rf"(?i:sendemail)\b{REST}-xp {ARGUMENT}", is_value),
    part(
        "tool-token",
        ("nuget push ", "doctl auth init ", "flyctl auth docker ", "cloudflared service install ", "glab auth login "),
        rf"(?:nuget push\b{REST}(?:-k|-ApiKey)|doctl auth init\b{REST}-t|flyctl auth docker\b{REST}-t"
        rf"|glab auth login\b{REST}-t|cloudflared service install) {ARGUMENT}",
        _is_token,
    ),
    part(
        "vault-string",
        ("ansible-vault encrypt_string ", "bw unlock ", "bw login ", "drush user"),
        r"(?:ansible-vault encrypt_string(?: --\w[\w-]{0,24}(?:[= ][\w./@-]{1,64})?){0,3}"
        rf"|bw (?:unlock|login [\w.@+-]{{1,128}})|drush user[:-]password [\w.@-]{{1,64}}) {WHOLE}",
        _is_for_it,
    ),
    # The key of a store says what its value is.
    part(
        "store-put",
        ("consul kv put ", "etcdctl put "),
        r"(?:consul kv|etcdctl) put [\"']?[\w./-]{0,128}(?i:password|passwd|secret|token|api[_-]?key|private[_-]?key)"
        rf"[\"']? {WHOLE}",
        is_value,
    ),
    part(
        "password-command",
        ("password-command", "passwordeval", "password_command", "passcmd"),
        r"(?i:password[-_]?command|passwordeval|passcmd)[ =]{1,3}[\"']{1,2}echo [\"']?([^\s\"'$]{4,128})",
        is_value,
    ),
    part("cvs-password", (":pserver:",), r":pserver:[^\s:@/]{1,64}:([^\s@]{1,128})@", is_value),
    part(
        "sonar-token",
        ("sonar.login", "sonar_login", "sonarlogin"),
        r"(?i:sonar[._]?login)[\"']?(?: ?[=:] ?|, ?)[\"']?([A-Za-z0-9_]{20,64})(?!\w)",
        has_digit,
    ),
    part(
        "keychain-password",
        ("security add-generic-password ", "security add-internet-password "),
        rf"security add-(?:generic|internet)-password\b{REST}-w {WHOLE}",
        is_value,
    ),
    Rule(
        "smb-password",
        ("net rpc ", "net ads ", "smbget ", "wmic ", "winexe ", "smbcacls ", "smbtree "),
        Lazy(
            rf"(?:net (?:rpc|ads)|smbget|wmic|winexe|smbcacls|smbtree)\b{REST}(?:-U|--user)[ =]?"
            r"([\"'])?[^\s%\"']{1,64}%((?(1)(?:(?!\1)[^\n]){1,128}|[^\s\"']{1,128}))"
        ),
        group=2,
        accept=is_value,
    ),
    part(
        "db2-password",
        ("connect to ",),
        rf"(?i:connect to) [\w.]{{1,64}} (?i:user) [\w.$]{{1,64}} (?i:using) {ARGUMENT}",
        _is_for_it,
    ),
    # Before the target's name, or where an option says it.
    part(
        "impacket-password",
        _IMPACKET,
        rf"{_IMPACKET_TOOL}{REST}[\"']?(?:[\w.-]{{1,64}}/)?[\w.$-]{{1,64}}:([^\s\"']{{1,128}})@[\w.-]",
        lambda text: text not in ("password", "pass", "pw") and is_value(text),
    ),
    part(
        "impacket-password",
        _IMPACKET,
        rf"{_IMPACKET_TOOL}{REST}[\"']?[\w.-]{{1,64}}/[\w.$-]{{1,64}}:(?!//)([^\s\"'@]{{1,128}})(?=[\s\"']|\Z)",
        is_password,
    ),
    # Text for `base64`, that none but a secret would have.
    part(
        "piped-secret",
        ("echo -n ", "printf "),
        r"(?:echo -n|printf) [\"']([^\s\"'%\\]{8,128})[\"'] ?\| ?base64\b",
        lambda text: is_mixed(text) and re.search(r"[!@#$%^&*?]", text) is not None,
    ),
    # In the file of a compose project a dollar sign is written twice.
    Rule("password-hash", ("$$2a$$", "$$2b$$", "$$2y$$"), Lazy(r"\$\$2[aby]\$\$\d\d\$\$[./A-Za-z0-9]{53}")),
    # OpenVPN, an inline file: the user and the password, a line each.
    part(
        "openvpn-login",
        ("<auth-user-pass>",),
        rf"<auth-user-pass>(?:{NL})[^\n<\\]{{1,128}}?(?:{NL})([^\n<\\]{{1,128}}?)(?:{NL})",
        is_value,
    ),
    # Dovecot and OpenLDAP name the scheme before the password.
    part(
        "plain-scheme",
        ("{plain}", "{cleartext}", "{clear}"),
        r"(?:(?<=:)|(?<=: )|(?<=::))\{(?i:plain|cleartext|clear)\}([^\s:\"'<>{}]{3,128})",
        is_value,
    ),
    part(
        "chap-secret",
        ('* "', '* \\"'),
        r"\* \"([^\"\n]{6,128})\" (?:\*|\d{1,3}(?:\.\d{1,3}){3})(?=[ \t]*(?:\n|\\n|$))",
        _is_chosen,
    ),
    # What the log of PostgreSQL says was bound to a placeholder.
    Rule(
        "bound-parameter",
        ("password=$", "password = $", "secret=$", "secret = $", "token=$", "token = $"),
        Lazy(
            r"(?i:password|secret|token) ?= ?\$(\d{1,2})(?!\d)[^\0]{0,400}?(?i:parameters): [^\n]{0,400}?"
            r"\$\1 = '([^'\n]{1,256})'"
        ),
        group=2,
        accept=_is_no_placeholder,
    ),
    # The field, and what it was given: as Pydantic says that it was refused.
    part(
        "refused-value",
        tuple(f"{word}\n  " for word in ("password", "secret", "token", "api_key", "passwd", "passphrase")),
        r"(?i:password|secret|token|api_key|passwd|passphrase)\n {2}[^\n]{1,300}?\[type=\w{1,64}, input_value="
        r"(?:'(?=[^'\n]{1,256}')|\"(?=[^\"\n]{1,256}\"))([^\"'\n]{1,256})[\"']",
        _is_no_placeholder,
    ),
    part(
        "escaped-field",
        ("type=&quot;password&quot;",),
        r"type=&quot;password&quot;[^<>]{0,200}?\bvalue=&quot;((?:[^&<>\n]|&(?!quot;)){1,256})&quot;",
        _is_no_placeholder,
    ),
    # The access key of AWS and its secret, as the file of s3fs has them, or a few words later.
    part("aws-key-pair", ("akia", "asia"), r"A[KS]IA[A-Z2-7]{16}:([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=@])"),
    part(
        "aws-key-pair",
        ("akia", "asia"),
        r"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])[^\n]{0,48}?(?<![A-Za-z0-9/+=])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=@])",
        _is_aws_secret,
    ),
    # What Elasticsearch says when it first starts.
    part(
        "elastic-password", (" user (reset with",), r" user \(reset with [^\n]{0,120}?\):?\s{1,16}(\S{8,64})", has_digit
    ),
    # MySQL's Galera: the user and the password of a transfer.
    part(
        "galera-password",
        ("wsrep_sst_auth",),
        r"(?i:wsrep_sst_auth)[\"']?\s{0,4}(?:[=:]|,\s{0,4}\\?\"value\\?\":)\s{0,4}\\?[\"']?[\w.-]{1,64}:([^\s\"'\\]{3,128})",
        _is_given,
    ),
    part(
        "oracle-password",
        ("connect ", "conn "),
        r"(?i:conn(?:ect)?) [\w$#]{1,64}/\\?\"?([^\s\"@/\\]{3,128})\\?\"?@(?=\w)",
        _is_given,
    ),
    # What an interpreter shows of what somebody asks it for.
    part(
        "shown-value",
        (">>> ", "in [", "php > ", "irb", "pry("),
        r"(?:>>> |In \[\d{1,4}\]: |php > |(?:irb|pry)\b[^\n>]{0,40}> )[^\n]{0,160}?"
        r"(?i:password|passwd|secret(?:_key\w{0,8})?|token|api_?key|passphrase)\w{0,12}"
        rf"(?:\([^\n()]{{0,80}}\))?[\"')\]; \\]{{0,8}}(?:{NL})(?:=> |Out\[\d{{1,4}}\]: )?\\?[\"']?"
        rf"([^\s\"'\\<>()]{{6,512}})\\?[\"']?{EOL}",
        _is_shown_value,
    ),
    # What `az storage account keys list` prints as a table.
    part("azure-key-row", ("key1 ", "key2 "), r"key[12] {1,12}(?i:full|read) {1,12}([A-Za-z0-9/+]{86}==)"),
    # RFC 5803 and PostgreSQL, pg_authid: what a server keeps of a password.
    part(
        "password-hash",
        ("scram-sha-256$", "scram-sha-1$"),
        r"(SCRAM-SHA-(?:256|1)\$\d{1,7}:[A-Za-z0-9+/]{8,64}={0,2}\$[A-Za-z0-9+/]{20,64}={0,2}:[A-Za-z0-9+/]{20,64}={0,2})",
    ),
    part("password-hash", ('" "md5', '" \\"md5'), r"\" \\?\"(md5[0-9a-f]{32})\\?\""),
    # RFC 7616 and Signature Version 4 say more than the signature.
    part(
        "aws-signature-header",
        ("aws4-hmac-sha256 ",),
        r"AWS4-HMAC-SHA256 [^\n\"']{1,400}?Signature=([0-9a-f]{64})(?![0-9a-f])",
    ),
    Rule(
        "jwe",
        ("eyj",),
        Lazy(r"(?<![A-Za-z0-9_-])eyJ[\w-]{8,4000}\.[\w-]{0,1024}\.[\w-]{8,64}\.[\w-]{1,16000}\.[\w-]{16,64}(?![\w-])"),
        accept=_is_encrypted,
    ),
    # Version 1 to 4; a key that is public and the id of a key are no secrets.
    token(
        "paseto",
        " ".join(f"v{version}.{purpose}." for version in "1234" for purpose in ("local", "public")),
        r"v[1-4]\.(?:local|public)\.[A-Za-z0-9_-]{40,8000}(?:\.[A-Za-z0-9_-]{1,4000})?",
    ),
    token(
        "paserk",
        " ".join(f"k{version}.{kind}" for version in "1234" for kind in ("local", "secret", "seal")),
        r"k[1-4]\.(?:seal|(?:local|secret)(?:-wrap\.pie|-pw)?)\.[A-Za-z0-9_-]{32,2000}",
    ),
    part(
        "security-answer",
        ("security question answer", "security question's answer"),
        r"(?i:security question(?:'s)? answer)(?: is|:| =) ?[\"']?([^\s\"'\n.;,][^\"'\n.;,]{2,40})",
        lambda text: not re.match(r"(?i:required|must|is|not|no|may|should|optional)\b", text),
    ),
    part(
        "connection-of-three",
        ('.open "', '.open \\"'),
        r"(?i:\.open) \"[^\"\n]{1,200}\", \"[^\"\n]{0,64}\", \"([^\"\n]{1,128})\"",
        _is_chosen,
    ),
    # Positional passwords of calls.
    part(
        "new-user-call",
        ("create_user(", "create_superuser(", "createuser("),
        rf"(?i:create_?(?:super)?user)\(\s{{0,8}}{OTHER}{NEXT}(?:None|{OTHER}){NEXT}{QUOTED}",
        _is_chosen,
    ),
    part(
        "hashing-call",
        (
            *("bcrypt.hash", "hash::make(", "password_hash(", "make_password(", "password::create(", "argon2.hash("),
            *("generatefrompassword(", "bcrypt("),
        ),
        r"(?i:bcrypt\.hash(?:sync|pw)?|hash::make|(?:generate_)?password_hash|make_password|password::create"
        rf"|argon2\.hash|generatefrompassword|bcrypt)\(\s{{0,8}}(?:\[\]byte\()?b?{QUOTED}",
        _is_chosen,
    ),
    part(
        "hmac-call",
        ("hmac.hexdigest(", "hmac.digest(", "hmac.base64digest("),
        rf"HMAC\.(?:hex|base64)?digest\(\s{{0,8}}{OTHER}{NEXT}{QUOTED}",
        _is_chosen,
    ),
    part(
        "hmac-call",
        ("secretkeyspec(", "hmacshakeyfor("),
        rf"(?:SecretKeySpec|hmacShaKeyFor)\(\s{{0,8}}{QUOTED}\.getBytes",
        _is_chosen,
    ),
    part(
        "hmac-call",
        ("hash_hmac(",),
        rf"hash_hmac\(\s{{0,8}}{OTHER}{NEXT}[^,\n]{{1,100}}{NEXT}{QUOTED}",
        _is_chosen,
    ),
    part(
        "plain-secret-call",
        ("unsafeplaintext(", "unsafe_plain_text(", "secretvalue.plaintext("),
        rf"(?i:unsafe_?plain_?text|secretvalue\.plaintext)\(\s{{0,8}}{QUOTED}",
        _is_given,
    ),
    part(
        "cpp-string",
        ("std::string ", "string_view "),
        r"(?:std::)?string(?:_view)? \w{0,40}(?i:key|token|secret|password|passwd|pwd)\{\"([^\"\n]{4,256})\"\}",
        _is_given,
    ),
)
