"""Secrets given to functions of well-known libraries by position, where no name tells them."""

from __future__ import annotations

import re

from agent_audit.redaction.names.values import is_placeholder
from agent_audit.redaction.rules.model import Lazy, Rule, part
from agent_audit.redaction.validators import has_digit, is_alphabet, is_mixed

QUOTED = r"[\"']([^\"'\n]{1,256})[\"']"
OTHER = r"[\"'][^\"'\n]{0,256}[\"'](?:\.\w{2,12}\(\))?"  # `"x".to_string()`
NEXT = r",\s{0,24}"
_PAIR = (
    *("NetworkCredential(", "UsernamePasswordCredentials(", "PasswordAuthentication(", "Credentials.basic("),
    *("NetworkCredential]::new(", "DigestAuth(", "basic_auth(", "basic_auth ", "simple_bind_s(", "algoliasearch("),
    *("AwsBasicCredentials.create(", "BasicAWSCredentials(", "BasicSessionCredentials(", "AWSCredentials("),
    *("AwsSessionCredentials.create(", "NewStaticCredentials(", "NewStaticCredentialsProvider(", "NewStaticV4("),
    *("Aws::Credentials.new(", "Credentials::new(", "Credentials\\Credentials(", "Credentials::from_keys("),
    *("connect_s3(", "S3Connection(", "StorageSharedKeyCredential(", "AzureNamedKeyCredential("),
    *(".credentials(", ".withCredentials(", ".Authenticate(", ".AuthenticateAsync("),
    *("PlainCredentials(", "BasicAuthCredentials(", "PlainTextAuthProvider(", "UsernamePasswordAuthenticationToken("),
    *("username_pw_set(", "auth.basic(", "AuthTokens.basic(", "oci_connect(", "oci_pconnect(", "ibm_db.connect("),
    *("changeUserPassword(", "WiFi.begin(", "WiFi.softAP(", ".addAP(", "wlan.connect("),
)
"""Calls whose first argument is a user or an application, and whose second is its password or key."""
# What begins one of these also follows: `session token`.
_TRIPLE = (
    *("BasicSessionCredentials(", "AwsSessionCredentials.create(", "SessionAWSCredentials(", "NewStaticCredentials("),
    *("NewStaticCredentialsProvider(", "NewStaticV4(", "ClientSecretCredential(", "UsernamePasswordCredential("),
    *("Credentials::new(", "Minio("),
)
"""Calls whose third argument is a secret: the token of a session, or the key of an application in a tenant."""
# Quotes of Perl (perlop): `q{x}`, `qq(x)`, `'x'`, and a variable.
_PERL = (
    r"(?:[\"'][^\"'\n]{0,256}[\"']|qq?\{(?:[^{}\n]|\{[^{}\n]{0,64}\}){0,256}\}"
    r"|qq?\([^()\n]{0,256}\)|qq?\[[^][\n]{0,256}\]|\$\w{1,32})"
)

# Google Account help, app passwords: sixteen letters in four groups.
_OF_AN_APPLICATION = re.compile(r"[a-z]{4}(?: [a-z]{4}){3}")
# Behind the bracket of a call: a secret, or a user and a secret, also as a list; then nothing but what is called back.
_ONLY_SECRET = (
    rf"\s{{0,4}}(?:\[\s{{0,4}})?(?:{OTHER}{NEXT})?{QUOTED}\s{{0,4}}(?:[\])]|,\s{{0,4}}(?:function|\(|\w{{1,16}} =>))"
)


def _is_password(text: str) -> bool:
    return is_mixed(text) and "/" not in text


def _is_credential(text: str) -> bool:
    return len(text) >= 4 and not is_placeholder(text)


def _is_key(text: str) -> bool:
    return len(text) >= 6 and not is_placeholder(text) and not re.fullmatch(r"[A-Z]{2}\d{3}|sha\d+|[a-z]+", text)


CALLS: tuple[Rule, ...] = (
    part(
        "requests-auth",
        ("auth=(", "auth=[", "auth = (", "auth = [", "auth': (", 'auth": (', 'auth": [', "basicauth("),
        r"(?i:basicauth\(|(?<![A-Za-z])auth[\"']?(?:=| = |: )[(\[])\s{0,4}[\"'][^\"'\n]{0,128}[\"'],"
        r"\s{0,4}[\"']([^\"'\n]{1,256})",
    ),
    part(
        "key-pair-argument",
        ("api_key=(", "apikey=("),
        rf"(?i:api_?key)=\(\s{{0,4}}{OTHER}{NEXT}{QUOTED}",
        _is_credential,
    ),
    part(
        "password-setter",
        (".pass(", ".password(some("),
        rf"\.pass(?:word)?\((?:Some\()?{QUOTED}(?:\.into\(\))?\)",
        _is_credential,
    ),
    part(
        "email-password-call",
        ("withemailandpassword(", "emailauthprovider.credential("),
        r"(?i:withemailandpassword|emailauthprovider\.credential)\(\s{0,24}(?:[\w.$]{1,40}(?:\(\))?,\s{0,24})?"
        rf"(?:{OTHER}|[\w.$]{{1,64}}){NEXT}{QUOTED}",
        _is_credential,
    ),
    part(
        "database-call",
        (
            *("new pdo(", "pdo->__construct(", "mysqli(", "mysqli_connect(", "drivermanager.getconnection("),
            *("mysql_connect(", "dbi.connect(", "dbi->connect(", "pymysql.connect(", "mysqldb.connect("),
            *("ftplib.ftp(", "ftp_tls(", "new sequelize(", "odbc_connect(", "odbc_pconnect(", "ibase_connect("),
        ),
        r"(?i:new pdo|pdo->__construct|mysqli?(?:_connect)?|drivermanager\.getconnection|dbi(?:->|\.)connect"
        r"|(?:pymysql|mysqldb)\.connect|ftplib\.ftp|ftp_tls|new sequelize|odbc_p?connect|ibase_connect)\(\s{0,24}"
        rf"(?:{OTHER}|[\w.$]{{1,64}}){NEXT}{OTHER}{NEXT}{QUOTED}",
    ),
    # Of a connection, the user and the password; or of an identity, which is mostly empty, and both.
    part(
        "connection-call",
        (
            *("ftp_login(", "ldap_bind(", "ssh2_auth_password(", "imap_open(", "net::ftp.open(", "net::ftp.new("),
            *("net::ssh.start(", "smtp.plainauth(", "sasl.newplainclient(", "ftp("),
        ),
        r"(?i:ftp_login|ldap_bind|ssh2_auth_password|imap_open|net::ftp\.(?:open|new)|net::ssh\.start|smtp\.plainauth"
        rf"|sasl\.newplainclient|(?<![\w.])ftp)\(\s{{0,24}}(?:(?:{OTHER}|\$?[\w.]{{1,64}}){NEXT}){{2}}{QUOTED}",
        _is_credential,
    ),
    # What HTTP's Basic scheme is made of (RFC 7617), before it is encoded.
    part(
        "encoded-credentials",
        (
            *("btoa(", "b64encode(", "base64_encode(", "strict_encode64(", "buffer.from(", "basic.encode("),
            *("encodetostring(",),
        ),
        r"(?i:btoa|b64encode|base64_encode|strict_encode64|buffer\.from|basic\.encode|encodetostring\(\[\]byte)\(\s{0,4}"
        r"b?[\"'][^\"'\s:/]{1,64}:([^\"'\n]{4,256})[\"']",
        _is_password,
    ),
    part(
        "redis-client-call",
        ("redis.redis(", "strictredis("),
        rf"(?i:redis\.redis|strictredis)\(\s{{0,4}}{OTHER}{NEXT}\d{{1,5}}{NEXT}\d{{1,3}}{NEXT}{QUOTED}",
        _is_credential,
    ),
    # What opens a file: an archive, a document, a key.
    part(
        "opening-call",
        (
            *(".setpassword(b", "pdfreader(", "reader.decrypt(", "pdf.decrypt(", "load_pem_private_key("),
            *("load_der_private_key(", "load_key_and_certificates("),
        ),
        r"(?:\.setpassword\((?=b)|(?i:pdfreader\([^()\n]{0,128}\)|reader|pdf)\.decrypt\("
        r"|load_(?:(?:pem|der)_private_key|key_and_certificates)\([^()\n]{1,64}(?:\(\))?,)"
        rf"\s{{0,4}}b?{QUOTED}",
        _is_credential,
    ),
    part(
        "account-call",
        ("account.decrypt(", "account.encrypt("),
        rf"(?i:account)\.(?:de|en)crypt\([^()\n]{{1,128}}{NEXT}{QUOTED}\s{{0,4}}\)",
        _is_credential,
    ),
    part(
        "sudo-input",
        ("sudo",),
        rf"\bsudo\b[^\n]{{0,60}}-S\b[^\n]{{0,160}}\binput\s?=\s?b?{QUOTED}",
        _is_credential,
    ),
    part(
        "perl-call",
        ("dbi->connect(",),
        rf"(?i:dbi)->connect\(\s{{0,24}}{_PERL}{NEXT}{_PERL}{NEXT}qq?[{{([]"
        r"((?<=\{)(?:[^{}\n]|\{[^{}\n]{0,64}\}){1,256}(?=\})"
        r"|(?<=\()[^()\n]{1,256}(?=\))|(?<=\[)[^][\n]{1,256}(?=\]))",
        _is_credential,
    ),
    part(
        "oracle-call",
        ("oracle.connect(", "oracledb.connect("),
        rf"(?i:oracle(?:db)?)\.connect\(\s{{0,24}}{OTHER}{NEXT}{QUOTED}{NEXT}",
    ),
    # Oracle's EZConnect: `user/password@host/service`.
    part(
        "oracle-call",
        ("oracle.connect(", "oracledb.connect("),
        r"(?i:oracle(?:db)?)\.connect\(\s{0,24}[\"']\w{1,64}/([^\"'\n]{1,128})@[^\"'@\n]{1,256}[\"']",
        _is_credential,
    ),
    part(
        "credentials-call",
        tuple(map(str.lower, _PAIR)),
        rf"(?:{'|'.join(map(re.escape, _PAIR))})\s{{0,24}}(?:[A-Z][\w.]{{0,31}}{NEXT})?"
        rf"{OTHER}{NEXT}(?:Some\()?{QUOTED}",
        _is_credential,
    ),
    part(
        "third-argument-call",
        tuple(map(str.lower, _TRIPLE)),
        rf"(?:{'|'.join(map(re.escape, _TRIPLE))})\s{{0,24}}{OTHER}{NEXT}{OTHER}{NEXT}(?:Some\()?{QUOTED}",
        _is_credential,
    ),
    part(
        "redis-auth-call",
        ("red:auth(", "redis:auth(", "redis.auth(", "redis->auth(", "jedis.auth(", "rdb.auth("),
        rf"(?i:red|[rj]edis|rdb)(?::|\.|->)auth\({_ONLY_SECRET}",
        _is_credential,
    ),
    part(
        "redis-auth-call",
        tuple(f"{verb}({quote}auth{quote}" for verb in ("command", ".do") for quote in "\"'"),
        rf"(?i:command|\.do)\([\"'](?i:auth)[\"']{NEXT}(?:{OTHER}{NEXT})?{QUOTED}\s{{0,4}}[,)]",
        _is_credential,
    ),
    # Where the receiver does not say whose client it is, only what is no word.
    part(
        "redis-auth-call",
        (":auth(", ".auth("),
        rf"[:.]auth\({_ONLY_SECRET}",
        lambda text: len(text) >= 8 and _is_password(text) and " " not in text and _is_credential(text),
    ),
    part(
        "pexpect-password",
        (".expect(", ".expect_exact(", ".read_until("),
        r"\.(?:expect(?:_exact)?|read_until)\([^\n]{0,80}?(?i:assword|assphrase|asscode|\bpin\b)[^\n]{0,80}?(?:\n|; ?)"
        rf"\s{{0,24}}[\w.]{{1,32}}\.(?:send(?:line)?|write)\(\s{{0,4}}b?{QUOTED}",
        _is_credential,
    ),
    # With two pairs, of an application and of a user: all but the first, which says which application.
    part(
        "oauth1-call",
        ("oauthhandler(", "oauth1userhandler(", "oauth1(", "oauth1session("),
        r"OAuth(?:1|1UserHandler|1Session|Handler)\(\s{0,24}"
        rf"{OTHER},\s{{0,24}}((?:[\"'][\w-]{{20,256}}[\"'](?:,\s{{0,24}})?){{1,3}})",
        has_digit,
    ),
    part(
        "twilio-call",
        (
            *("client('ac", 'client("ac', "twilio('ac", 'twilio("ac'),
            *("client('sk", 'client("sk', "twilio('sk", 'twilio("sk'),
        ),
        r"(?i:client|twilio)\(\s{0,24}[\"'](?:AC|SK)[0-9a-f]{32}[\"'],\s{0,24}[\"']([0-9a-f]{32})[\"']",
    ),
    part(
        "php-define",
        ("define(",),
        r"(?i:define)\(\s{0,4}[\"']\w{0,32}(?:KEY|SALT|PASSWORD|PASSWD|SECRET|TOKEN)[\"'],\s{0,24}[\"']([^\"'\n]{4,256})[\"']",
        _is_credential,
    ),
    part("login-call", (".login(",), r"\.login\(\s{0,4}[\"'][^\"'\n]{1,128}[\"'],\s{0,4}[\"']([^\"'\n]{3,256})[\"']"),
    # The user is a variable: then a word of the call may be the second argument, too.
    part(
        "login-call",
        (".login(", ".authenticate("),
        rf"\.(?:login|authenticate)\(\s{{0,4}}[A-Za-z_$][\w.$]{{0,64}}(?:[(\[][^()\[\]\n]{{0,64}}[)\]])?{NEXT}{QUOTED}\s{{0,4}}\)",
        lambda text: _is_password(text) or _OF_AN_APPLICATION.fullmatch(text) is not None,
    ),
    part(
        "login-function",
        ("login(", "signin("),
        rf"(?:login|[sS]ignIn)\(\s{{0,4}}{OTHER}{NEXT}{QUOTED}\s{{0,4}}\)",
        _is_password,
    ),
    part(
        "ssh-connect-call",
        (".connect(",),
        rf"\.connect\(\s{{0,4}}{OTHER}{NEXT}\d{{1,5}}{NEXT}{OTHER}{NEXT}{QUOTED}",
    ),
    part(
        "keyring-call",
        ("keyring.set_password(",),
        rf"keyring\.set_password\(\s{{0,4}}{OTHER}{NEXT}{OTHER}{NEXT}{QUOTED}",
    ),
    part(
        "jwt-call",
        ("jwt.encode(", "jwt.decode(", "jwt.sign(", "jwt.verify("),
        rf"(?i:jwt)\.(?:encode|decode|sign|verify)\([^\n]{{1,100}}?{NEXT}b?{QUOTED}(?!\s?:)",
        _is_key,
    ),
    part(
        "hmac-call",
        ("hmac.new(", "hmac.digest(", "createhmac("),
        rf"(?:hmac\.(?:new|digest)\(\s{{0,4}}|createHmac\(\s{{0,4}}{OTHER}{NEXT})b?{QUOTED}",
        _is_key,
    ),
    part("pushbullet-call", ("pushbullet(",), r"(?i:pushbullet)\(\s{0,4}[\"'](o\.[A-Za-z0-9]{32})[\"']"),
    part(
        "sheet-password",
        (".protect ", ".unprotect "),
        r"\.(?:Unp|P)rotect (?:Password:=)?\"([^\"\n]{4,256})\"",
        _is_credential,
    ),
    part("fernet-call", ("fernet(",), r"Fernet\(\s{0,4}b?[\"']([A-Za-z0-9_-]{43}=?)[\"']"),
    part(
        "cipher-call",
        ("cryptojs.", "aes.new(", "createcipheriv(", "openssl_encrypt(", "openssl_decrypt("),
        rf"(?:CryptoJS\.\w{{2,12}}\.(?:en|de)crypt\([^,\n]{{1,128}}{NEXT}|AES\.new\(\s{{0,4}}"
        rf"|createCipheriv\(\s{{0,4}}{OTHER}{NEXT}|openssl_(?:en|de)crypt\([^,\n]{{1,128}}{NEXT}{OTHER}{NEXT})b?{QUOTED}",
        _is_key,
    ),
    # Java gives passwords as arrays of characters, so that they can be wiped.
    Rule(
        "java-password",
        ('".tochararray(',),
        Lazy(r"(?=\"\.toCharArray\()"),
        Lazy(r"[^\"\n]{6,128}(?=\")"),
        accept=lambda text: _is_password(text) and not is_alphabet(text),
    ),
)
