"""Secrets on command lines, and in the files of tools, by their documented syntax."""

from __future__ import annotations

import re

from agent_audit.redaction.names.keys import A_PASSWORD
from agent_audit.redaction.names.made import is_made
from agent_audit.redaction.rules.model import Lazy, Rule, part, within
from agent_audit.redaction.validators import has_digit, looks_random

# Backslashes that escape what ends an argument, as within a string, are none of it.
_PLAIN = r"\\(?!\\{0,6}(?:[\"'nrt]|$))"
# What quotes hold, blanks included, where they close on the same line; else up to the next blank. What begins with
# a blank or another quote is what stands between two texts in a program: `"unzip -P '" + pw + "'"`.
ARGUMENT = (
    rf"\\{{0,3}}[\"']?((?<=')[^\s\"'][^'\n]{{0,1024}}(?=')|(?<=\")(?![\s'])(?:[^\"\\\n]|{_PLAIN}){{1,1024}}(?=\\{{0,3}}\")"
    rf"|(?:[^\s\"'|;&\\]|{_PLAIN}){{1,8192}})"
)
# All that stands between quotes, blanks included, or up to the next blank.
WHOLE = (
    rf"\\{{0,3}}(?:(?=')'|(?=\")\")?((?<=')[^'\n]{{1,4096}}|(?<=\")(?:[^\"\\\n]|{_PLAIN}){{1,4096}}"
    rf"|(?:[^\s\"'|;&\\]|{_PLAIN}){{1,512}})"
)
# Who runs a program under another name has options of the program behind that name: `sudo -u app cp -p x y`.
_NOT_AS_ANOTHER = "".join(
    f"(?<!{lead})" for lead in ("sudo", "runuser", "doas", "sudo -E", "sudo -H", "sudo -n", "sudo -i")
)
# Up to the quote that the first group opened.
_TO_QUOTE = r"(?:(?!\1)[^\n\\]){1,128}"
# Options of one letter or several, of which one has a number behind it (`-C 10`).
_FLAGS = r"(?:\s{1,4}-(?:\w{0,8}[Cr]\s\d{1,6}|\w{1,8})(?=\s)){0,6}"
_SECRET_NAME = r"--name[ =][\"']?[\w./-]{0,128}(?i:password|passwd|secret|token|api[_-]?key|private[_-]?key)[\"']?\s"
_RADTEST = r"(?: -(?:[dPtD] \S{1,128}|[x46])){0,6}"
# Up to the option, in the same command: on the same line, or on the next where a mark of a shell says that it goes on.
REST = r"(?:[^\n;|&]|(?<=[\\`^])\n){0,200}?\s"


def _option(rule_id: str, tools: str, option: str) -> Rule:
    """A tool whose password is the argument of a short option: `mongo -p x`."""
    names = tools.split()
    pattern = rf"(?i:{'|'.join(names)})\b{REST}{option}{ARGUMENT}"
    return part(rule_id, tuple(f"{name} " for name in names), pattern, is_value)


def is_value(text: str) -> bool:
    """No variable, no other option, no placeholder, no word of a sentence about the tool."""
    return not re.match(
        r"[$<{%-]|@(?:env|keychain):|\*+$|\\$|(?:is|in|or|and|to|the|set|with|for|must|option|flag)$", text
    )


def is_password(text: str) -> bool:
    """A token that was made to be a secret: no port, path, mode or name."""
    return is_value(text) and "/" not in text and is_made(text, A_PASSWORD, sure=True)


def _is_passphrase(text: str) -> bool:
    """Not the name of the argument, as the help of Bitcoin Core writes it."""
    return "phrase" not in text and is_value(text)


def _is_community(text: str) -> bool:
    return text not in ("public", "private") and is_value(text)


COMMANDS: tuple[Rule, ...] = (
    part(
        "docker-password",
        ("docker login", "podman login"),
        rf"(?:docker|podman) login\b{REST}-p[ =]{{0,2}}{ARGUMENT}",
        is_value,
    ),
    part(
        "mysql-password",
        ("mysql", "mariadb", "mysqldump"),
        rf"(?:mysql\w{{0,8}}|mariadb)\b{REST}-p(?=[\"']?[^\s\"']{{3,128}}(?:\s|$|[\"'])){ARGUMENT}",
        is_value,
    ),
    # Of whatever program: who logs in, and with what.
    part(
        "user-and-password",
        (" -u ", " --user ", " --username ", " -username "),
        rf"{_NOT_AS_ANOTHER} --?(?:u|U|user|username) (?![-/]|\S{{1,128}}\.py\s)\S{{1,128}}{REST}"
        rf"-(?:p|P|w|pw) {ARGUMENT}",
        is_password,
    ),
    part("sshpass-password", ("sshpass",), rf"sshpass\s+-p\s*{ARGUMENT}", is_value),
    _option("redis-password", "redis-cli keydb-cli valkey-cli", r"-a\s+"),
    _option("psexec-password", "psexec psexec64 paexec", r"-p\s+"),
    _option("mongo-password", "mongo mongosh mongodump mongorestore mongoexport mongoimport", r"-p[ =]?"),
    _option("sqlcmd-password", "sqlcmd osql isql bcp tsql", r"-P ?"),
    _option("ldap-password", "ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd", r"-w ?"),
    _option("ldap-new-password", "ldappasswd", r"-s ?"),
    _option("zip-password", "zip unzip", r"-P ?"),
    part(
        "seven-zip-password",
        ("7z a ", "7z x ", "7z e ", "7z t ", "7z l ", "7za ", "7zz ", "unrar ", "rar a "),
        rf"(?:7z|7za|7zz|unrar|rar)\b{REST}-(?:hp|p){ARGUMENT}",
        is_value,
    ),
    _option("openssl-password", "openssl", r"-(?:[kK]|pass|passin|passout) (?:pass:)?(?!(?:env|file|fd|stdin)\b)"),
    _option("azure-cli-password", r"az", r"-p "),
    _option("rdp-password", "xfreerdp xfreerdp3 wfreerdp mstsc", r"/p:"),
    _option("remote-password", "rdesktop evil-winrm crackmapexec netexec nxc winexe smbmap hydra medusa", r"-p "),
    _option("ipmi-password", "ipmitool impitool", r"-P ?"),
    _option("mqtt-password", "mosquitto_pub mosquitto_sub", r"-P "),
    _option("cql-password", "cqlsh influx couchbase-cli", r"-(?:p|password) "),
    _option("nuget-password", "nuget", r"-(?:p|[Pp]assword) "),
    _option("account-password", "rabbitmqadmin register_new_matrix_user testsaslauthd supabase altool", r"-p "),
    part("account-password", ("airflow users ",), rf"airflow users\b{REST}-p {ARGUMENT}", is_value),
    _option("kerberos-password", "kadmin kadmin.local", r"-w "),
    _option("steghide-password", "steghide", r"-p "),
    _option("ccrypt-password", "ccrypt ccencrypt ccdecrypt", r"-K "),
    _option("signing-password", "signtool", r"/p "),
    _option("vertica-password", "vsql", r"-w ?"),
    _option("certificate-password", "certutil", r"-p "),
    _option("certificate-password", "pk12util", r"-[WK] "),
    _option("pdf-password", "pdftotext pdfinfo pdftoppm pdftocairo pdfimages pdftohtml", r"-[uo]pw "),
    _option("document-password", "msoffcrypto-tool", r"-p "),
    _option("account-password", "esxcli doveadm", r"-p "),
    _option("account-password", "knife", r"-P "),
    _option("guest-password", "vmrun", r"-[gv]p "),
    _option("signing-password", "fastlane", r"-p "),
    _option("account-password-again", "esxcli", r"-c "),
    _option("web-terminal-password", "ttyd gotty", r"-c [\"']?[^\s:\"']{1,64}:"),
    _option("scanner-password", "nikto", r"-id [\"']?[^\s:\"']{1,64}:"),
    _option("extpass-password", "gocryptfs encfs", r"--?extpass[ =][\"']?echo "),
    part("wandb-login", ("wandb login ",), r"wandb login (?:--\w{1,16} ){0,2}([0-9a-f]{40})(?![0-9a-z])"),
    part("choco-key", ("choco ",), rf"choco (?:apikey|push)\b{REST}-k[ =]{ARGUMENT}", is_password),
    part("rancher-token", ("rancher login ",), r"rancher login\b[^\n;|&]{0,200}?\s-t (token-\w{5}:\S{20,80})"),
    part(
        "bundler-password",
        ("bundle config ",),
        rf"bundle config (?:set )?(?:--\w{{1,8}} )?[\w.:/-]{{1,128}} [\w.@-]{{1,64}}:(?!//){ARGUMENT}",
        is_value,
    ),
    # Who, on which host or of which kind, and the password behind it.
    part(
        "account-argument",
        (
            *("create-user ", "add-user", "users add ", "ctl register ", "change_password ", "set_password "),
            *("change-password ", "auth test ", "admins add ", "admins passwd ", "secret-set-value "),
        ),
        r"(?:create-user|add-user(?:\.sh|\.bat)?|users add|ctl register|change[_-]password|set_password|auth test"
        rf"|admins (?:add|passwd)|secret-set-value)(?: [\w.@-]{{1,64}}){{1,2}} {ARGUMENT}",
        is_password,
    ),
    _option("mail-password", "swaks", r"-ap "),
    part("directory-password", ("dscl ",), rf"dscl\b{REST}-?passwd \S{{1,256}} (?:\S{{1,128}} )?{ARGUMENT}", is_value),
    part("zookeeper-auth", ("addauth digest ",), rf"addauth digest [^\s:]{{1,64}}:{ARGUMENT}", is_value),
    part(
        "b2-key",
        ("b2 auth", "b2 account auth"),
        rf"b2 (?:account )?authorize(?:[-_]account)? \w{{8,64}} {ARGUMENT}",
        is_value,
    ),
    part(
        "bitwarden-session",
        ("--session ", "bw_session"),
        r"(?:--session |(?i:BW_SESSION)[\"']?\s?[=:]\s?)[\"']?([A-Za-z0-9+/]{64,128}={0,2})",
        looks_random,
    ),
    part(
        "mosquitto-password",
        ("mosquitto_passwd ",),
        rf"mosquitto_passwd (?:-[cU] )?-b \S{{1,256}} \S{{1,128}} {ARGUMENT}",
        is_value,
    ),
    part(
        "mysql-shell-password",
        ("mysqlsh ",),
        r"mysqlsh(?: --?[a-z-]{1,24}){0,3} (?:--uri[= ])?[\w.-]{1,64}:([^\s@/\"']{1,128})@",
        is_value,
    ),
    part("qpdf-password", ("--encrypt ",), r"--encrypt (\S{1,128} \S{1,128}) (?:40|128|256)(?!\d)", is_value),
    part("rasdial-password", ("rasdial ",), rf"rasdial \S{{1,64}} (?!/)\S{{1,128}} {ARGUMENT}", is_value),
    part(
        "winlogon-password",
        ("defaultpassword",),
        rf"(?i:DefaultPassword)\\{{0,3}}[\"']?(?: /t \w{{1,16}})? /d {ARGUMENT}",
        is_value,
    ),
    part(
        "wifi-password",
        ("-setairportnetwork ", "wifi connect-network "),
        rf"(?:-setairportnetwork \w{{1,16}} \S{{1,64}}|wifi connect-network \S{{1,64}} wpa\d) {ARGUMENT}",
        is_value,
    ),
    _option("schtasks-password", "schtasks", r"/[rR][pP] "),
    _option("neo4j-password", "cypher-shell", r"-p ?"),
    _option("hana-password", "hdbsql", r"-p ?"),
    _option("hive-password", "beeline", r"-p "),
    part("lftp-password", ("lftp ",), rf"lftp\b{REST}(?:-u|--user)[ =][\"']?[^\s,\"']{{1,64}},{ARGUMENT}", is_value),
    part("rclone-obscure", ("rclone obscure ",), rf"rclone obscure {ARGUMENT}", is_value),
    part(
        "pulumi-secret",
        ("pulumi config set",),
        rf"pulumi config set(?=[^\n]{{0,300}} --secret)(?: --\w[\w-]{{0,20}}){{0,4}} [^\s-]\S{{0,100}} {WHOLE}",
        is_value,
    ),
    _option("ssh-key-old-password", "ssh-keygen", r"-P ?"),
    _option("ssh-key-password", "ssh-keygen", r"-N ?"),
    _option("user-password", "useradd usermod adduser", r"-p "),
    _option("httpie-password", "http https xh", r"(?:-a|--auth)[ =]{1,2}[^\s:\"']{1,64}:"),
    part(
        "httpie-token",
        ("http ", "https ", "xh "),
        rf"(?i:https?|xh)\b(?=[^\n;|&]{{0,200}}?\s(?:-A|--auth-type)[ =](?i:bearer)\b)"
        rf"{REST}(?:-a|--auth)[ =]{{1,2}}{ARGUMENT}",
        is_value,
    ),
    part(
        "radius-password",
        ("radtest ",),
        rf"radtest{_RADTEST} \S{{1,128}} {ARGUMENT}(?=[\"']? \S{{1,128}} \d{{1,10}} )",
        is_value,
    ),
    part(
        "radius-secret",
        ("radtest ",),
        rf"radtest{_RADTEST} \S{{1,128}} \S{{1,256}} \S{{1,128}} \d{{1,10}} {ARGUMENT}",
        is_value,
    ),
    _option("curl-certificate", "curl", r"(?:-E|--(?:proxy-)?cert)[ =]{1,2}[\"']?[^\s:\"']{2,128}:(?!//)"),
    _option("influx-token", "influx", r"-t[ =]?(?=[\w-]{40})"),
    part("databricks-secret", ("--string-value ",), rf"--string-value {WHOLE}", is_value),
    # Whatever it is for: what else would a program read that gives out one token made to be a secret.
    part(
        "substituted-file", ("<(echo ", "<(printf "), rf"<\((?:echo|printf)(?: -n)? {ARGUMENT}(?=[\"']?\))", is_password
    ),
    part(
        "substituted-file",
        ("-file <(", "-file=<(", "--password <(", "--passphrase <("),
        r"-(?:file|-password|-passphrase)[ =]<\((?:echo|printf)(?: -n)? \\{0,3}[\"']?([^\s\"'()$\\]{4,256})",
        is_value,
    ),
    _option("curl-user-joined", "curl", r"-u[\"']?(?=\w)[^\s:\"']{1,64}:"),
    part(
        "curl-cookie",
        ("curl ",),
        rf"curl\b{REST}(?:-b|--cookie)[ =]{{1,2}}(?=[\"']?[^\s=\"']{{1,64}}=){WHOLE}",
        is_value,
    ),
    part(
        "openssl-passwd",
        ("openssl passwd ",),
        r"openssl passwd(?: -(?:salt \S{1,32}|\w{1,10})){0,4} [\"']?([^\s\"'-][^\s\"']{0,127})",
        is_value,
    ),
    part(
        "gh-secret",
        ("secret set ", "secret:create "),
        rf"secret(?: set|:create)\b{REST}(?:--body[ =]|--value[ =]|-b[ =]?){WHOLE}",
        is_value,
    ),
    part(
        "aws-parameter",
        ("put-parameter ",),
        rf"put-parameter(?=[^\n]{{0,600}}(?:SecureString|{_SECRET_NAME}))\b{REST}--value[ =]{WHOLE}",
        is_value,
    ),
    part("aws-secret-string", ("--secret-string",), rf"--secret-string[ =]{WHOLE}", is_value),
    part(
        "powershell-secure-string",
        ("convertto-securestring ",),
        r"(?i:ConvertTo-SecureString)(?: -\w{1,16}){0,3} [\"']([^\"'\n]{1,512})[\"']",
        is_value,
    ),
    part(
        "powershell-secure-string",
        ("convertto-securestring ",),
        r"(?i:ConvertTo-SecureString)(?: -\w{1,16}){0,3} ([^\s\"'$()-][^\s\"'()]{0,511}) (?i:-AsPlainText)",
        is_value,
    ),
    part("minio-alias", ("mc alias set ",), rf"mc alias set \S{{1,64}} \S{{1,256}} \S{{1,128}} {ARGUMENT}", is_value),
    part("codecov-token", ("codecov ",), rf"codecov\b{REST}-t[ =]{ARGUMENT}", has_digit),
    part(
        "keychain-password",
        ("security unlock-keychain ", "security create-keychain ", "security import "),
        rf"security (?:unlock-keychain|create-keychain|import)\b{REST}-[pP] {ARGUMENT}",
        is_value,
    ),
    # Where the token is the user, the password is one letter or none.
    part(
        "curl-token",
        ("curl ",),
        rf"curl\b{REST}(?:-u|--user)[ =]?[\"']?([A-Za-z0-9_.-]{{20,256}})"
        r":(?:[xX]|api_token|x-oauth-basic)?(?=[\s\"']|$)",
        looks_random,
    ),
    part("snmp-read-community", ("snmpwalk ", "snmpget "), rf"snmp(?:walk|get)\b{REST}-c ?{ARGUMENT}", _is_community),
    part(
        "odbc-password", ("pwd={", "password={"), r"(?i:pwd|password)=\{([^{}\n]{1,128})(?<![!:][rsa])\}(?=;|[\"']|$)"
    ),
    within("ntlm-hash", ":::", r"[0-9a-f]{32}", r":::"),
    part("ntlm-hash", ("ntlm ",), r"(?i:NTLM)\s{1,12}: ([0-9a-fA-F]{32})(?![0-9a-fA-F])"),
    part("snmp-password", ("snmpwalk ", "snmpget "), rf"snmp(?:walk|get)\b{REST}-A {ARGUMENT}", is_value),
    part("snmp-privacy", ("snmpwalk ", "snmpget "), rf"snmp(?:walk|get)\b{REST}-X {ARGUMENT}", is_value),
    part(
        "oathtool-secret",
        ("oathtool ",),
        rf"oathtool\b{REST}[\"']?"
        r"((?:[A-Z2-7]{4}[ -]?){3,24}[A-Z2-7]{0,4}={0,6}|[0-9a-fA-F]{20,128})(?![\w-])",
        lambda text: any(map(str.isdigit, text)) or len(text) >= 16,
    ),
    part(
        "bitcoin-passphrase",
        ("walletpassphrase ", "encryptwallet "),
        rf"(?:walletpassphrase|encryptwallet) (?=\\{{0,3}}[\"']|\S{{0,64}}[\d!@#$%^&*_+\x01-]){ARGUMENT}",
        _is_passphrase,
    ),
    part(
        "bitcoin-passphrase",
        ("walletpassphrasechange ",),
        r"walletpassphrasechange (\"[^\"\n]{1,256}\" {1,4}\"[^\"\n]{1,256}\"|'[^'\n]{1,256}' {1,4}'[^'\n]{1,256}')",
        _is_passphrase,
    ),
    part("nmcli-password", ("nmcli ",), rf"nmcli\b{REST}(?:password|wifi-sec\.psk) {ARGUMENT}", is_value),
    # With `-n` the hash goes to the terminal, and no file stands before the user.
    part(
        "htpasswd-password",
        ("htpasswd ",),
        rf"htpasswd(?={_FLAGS}\s-\w{{0,8}}b)(?:(?={_FLAGS}\s-\w{{0,8}}n){_FLAGS}|{_FLAGS}\s{{1,4}}(?!-)\S{{1,256}})"
        rf"\s{{1,4}}(?!-)\S{{1,128}}\s{{1,4}}{ARGUMENT}",
        is_value,
    ),
    Rule(
        "smb-password",
        ("smbclient ", "rpcclient ", "mount.cifs "),
        Lazy(rf"(?:smb|rpc)client\b{REST}-U ?([\"'])?[^\s%\"']{{1,64}}%((?(1){_TO_QUOTE}|[^\s\"']{{1,128}}))"),
        group=2,
    ),
    # What quotes hold is one argument, the user and all blanks included.
    Rule(
        "curl-user-quoted",
        ("-u '", '-u "', "--user '", '--user "', "--user='", '--user="'),
        Lazy(rf"-(?:-user|u)[ =]([\"'])[^\s:\"'$]{{1,128}}:((?=[^\"'\n]{{1,128}} )[^\s\"']{_TO_QUOTE})\1"),
        group=2,
        accept=lambda text: not text.startswith("pass") and is_value(text),
    ),
    part("net-user-password", ("net user ",), rf"(?i:net user) [\w.$-]{{1,64}} (?![/*]){ARGUMENT}", is_value),
    part(
        "net-use-password",
        ("net use ",),
        r"(?i:net use)(?: [A-Za-z*]:?)?(?: /\S{1,140}){0,4} \\{2,4}\S{1,200}(?: /\S{1,140}){0,4} (?![/*])" + WHOLE,
        is_value,
    ),
    part(
        "rabbitmq-password",
        ("rabbitmqctl ",),
        rf"rabbitmqctl (?:add_user|change_password) \S{{1,64}} {ARGUMENT}",
        is_value,
    ),
    part("wifi-password", ("wpa_passphrase ",), rf"wpa_passphrase \S{{1,64}} {ARGUMENT}", is_value),
    part(
        "kubectl-secret",
        ("create secret ",),
        rf"create secret generic{REST}--from-literal[= ][\"']?[\w.-]{{1,64}}={ARGUMENT}",
        is_value,
    ),
    part(
        "oracle-password",
        ("sqlplus ", "expdp ", "impdp ", "sqlldr ", "rman target "),
        r"(?:sqlplus|expdp|impdp|sqlldr|rman target)\s{1,8}(?:-\w{1,20}\s{1,8}){0,8}(?:userid=)?[\w$#]{1,128}/\"?"
        r"((?<=\")[^\"\n]{1,128}(?=\")|[^\s@\"']{1,128})",
    ),
    # The old names of the two are words, too.
    part(
        "oracle-password",
        ("exp ", "imp "),
        r"(?<![A-Za-z])(?:exp|imp) (?:userid=)?[\w$#]{1,128}/([^\s@\"'/]{6,128})",
        has_digit,
    ),
    part("nats-token", ("nats://",), r"nats://([A-Za-z0-9_~.%-]{8,256})@", has_digit),
    part("oracle-password-jdbc", ("jdbc:oracle:",), r"jdbc:oracle:\w+:[\w$#]+/([^\s@]{1,128})@"),
    part("pgpass-password", (":5432:", ":5433:"), r":543\d:[^:\s]{1,64}:[^:\s]{1,64}:([^\s:]{1,128})(?=\s|$)"),
    part(
        "netrc-password",
        ("machine ", "default login"),
        r"(?:machine\s+\S{1,255}|default)\s+login\s+\S{1,128}\s+password\s+([^\s]{1,256})",
        is_value,
    ),
    part("digest-response", ("response=",), r"response=\\?[\"']?([0-9a-f]{32,64})"),
    part(
        "kubernetes-secret-json",
        ('"kind":"secret"', '"kind": "secret"'),
        r"(?i:\"kind\"\s?:\s?\"Secret\")[\s\S]{0,4000}?\"(?:data|stringData)\"\s?:\s?\{([^{}]{1,20000})\}",
    ),
    part(
        "kubernetes-secret-json-sorted",
        ('"data":{', '"data": {'),
        r"\"data\"\s?:\s?\{([^{}]{1,20000})\}\s?,\s{0,20}\"kind\"\s?:\s?\"Secret\"",
    ),
    # RFC 7517 and 7518: the private parameters of a JSON Web Key.
    part("jwk-private", ('"d":', '"d" :', '\\"d\\":'), r"\\?\"d\\?\"\s?:\s?\\?\"([A-Za-z0-9_-]{42,1024})\\?\""),
    part("jwk-octets", ('"kty"',), r"\"kty\"\s?:\s?\"oct\"[^{}]{0,300}?\"k\"\s?:\s?\"([A-Za-z0-9_-]{16,1024})\""),
    # `service-secret-<token>`: a name and its value joined by a dash.
    part(
        "named-token",
        ("secret-", "token-", "secret_", "token_", "apikey-", "apikey_", "access-"),
        r"(?i:secret|token|apikey|access)[-_]([A-Za-z0-9]{24,128})(?![A-Za-z0-9])",
        looks_random,
    ),
)
TOOLS = frozenset(literal.split()[0] for rule in COMMANDS for literal in rule.literals if literal[0].isalnum()) | {
    "mysqladmin",
    "mariadb-dump",
    "bitcoin-cli",
}
"""Programs with a rule for their command line."""
