"""Secrets in the statements of databases: who may log in, what is encrypted with what, where else data is fetched."""

from __future__ import annotations

from agent_audit.redaction.rules.commands import ARGUMENT, is_password, is_value
from agent_audit.redaction.rules.model import Rule, part
from agent_audit.redaction.validators import has_digit

_TEXT = r"'[^'\n]{0,256}'"
_NEXT = r",\s{0,8}"


def _is_no_prompt(text: str) -> bool:
    """Not what somebody is asked or told: `readPassword("Password: ")`, `InvalidPassword("password mismatch")`."""
    return has_digit(text) or "password" not in text.lower()


STATEMENTS: tuple[Rule, ...] = (
    part(
        "cypher-password",
        ("set password from ",),
        r"(?i:set password from) \\{0,3}[\"'][^\"'\n]{1,128}[\"'] (?i:to) \\{0,3}[\"']([^\"'\n\\]{1,128})",
    ),
    part(
        "cypher-old-password",
        ("set password from ",),
        r"(?i:set password from) \\{0,3}[\"']([^\"'\n\\]{1,128})\\{0,3}[\"'] (?i:to) ",
    ),
    part(
        "sql-identified-by",
        ("identified by", "identified with"),
        r"(?i:identified (?:with [\w\"']{1,40} )?(?:by|as))"
        r"(?<! is identified by)(?<! are identified by)(?<! be identified by)(?<! those identified by)"
        r" (?i:password |values )?"
        r"(?:[\"'](?=[^\"'\n]{1,128}[\"'])|(?=[^\s;,]{0,64}\d))([^\"'\n;,]{1,128}?)(?=[\"'\s;,]|\Z)",
    ),
    part(
        "sql-replaced-password",
        ("identified by",),
        r"(?i:identified by) (?:\"[^\"\n]{1,128}\"|[^\s\"]{1,128}) (?i:replace) [\"']?([^\"'\n\s;,]{1,128})",
    ),
    # PostgreSQL's pgcrypto, MySQL, SQL Server: the key is the last argument or the first.
    part(
        "sql-cipher",
        ("pgp_sym_encrypt", "pgp_sym_decrypt", "aes_encrypt(", "aes_decrypt("),
        r"(?i:pgp_sym_(?:en|de)crypt(?:_bytea)?|aes_(?:en|de)crypt)\((?:'[^'\n]{0,256}'|[\w.:$?@]{1,80}"
        r"|\w{1,24}\([^()\n]{0,80}\)),\s{0,8}'([^'\n]{1,256})'",
    ),
    part("sql-cipher", ("bypassphrase(",), r"(?i:bypassphrase)\(\s{0,8}N?'([^'\n]{1,256})'"),
    part(
        "sql-setting",
        ("set value", "set option_value", "set setting_value", "set config_value"),
        r"(?i:set \w{0,24}value) ?= ?N?'([^'\n]{1,256})'(?=[^;\n]{0,80}?(?i:where)\b[^;\n]{0,80}?'[\w. -]{0,64}?"
        r"(?i:password|passwd|secret|token|api[_-]?key|private[_-]?key)[\w. -]{0,8}')",
    ),
    part(
        "sql-set-password", ("set password",), r"(?i:set password)(?: (?i:for) \S{1,128})? ?= ?[\"']([^\"'\n]{1,128})"
    ),
    part(
        "sql-login",
        ("sp_addlogin", "sp_password"),
        r"(?i:sp_addlogin|sp_password) N?'[^'\n]{1,128}', ?N?'([^'\n]{1,128})'",
    ),
    part("sql-crypt", ("crypt('",), r"(?i:crypt)\('([^'\n]{1,128})', ?(?i:gen_salt)"),
    part("sql-password", ("password(",), r"(?i:password)\([\"']([^\"'\n]{1,128})[\"']\)", _is_no_prompt),
    part("redis-config-password", ("requirepass ", "masterauth "), rf"(?:requirepass|masterauth) {ARGUMENT}", is_value),
    # What is typed to `SQL>` or begins a line of a script.
    part(
        "oracle-password",
        ("connect ", "conn "),
        r"(?:(?<=SQL> )|(?<!.))(?i:conn(?:ect)?) [\w$#]{1,128}/\"?((?<=\")[^\"\n]{1,128}(?=\")|[^\s@\"'/]{4,128})"
        r"(?=\"?(?:@|[ \t]{0,4}(?:\r|\n|\Z| as )))",
        is_password,
    ),
    part(
        "teradata-logon", ("logon ",), rf"(?i:logon) (?:[\w.-]{{1,64}}/)[\w.$-]{{1,64}},(?=[^\s;]){ARGUMENT}", is_value
    ),
    # The key of SQLCipher.
    part("sql-cipher", ("pragma ",), r"(?i:pragma (?:re)?key) ?=? ?[\"'(]{1,2}([^\"'\n]{1,256})[\"']"),
    # ClickHouse's tables of other databases: host, database, table, user, password.
    part(
        "sql-table-function",
        ("mysql(", "postgresql(", "mongodb("),
        rf"(?i:mysql|postgresql|mongodb)\(\s{{0,8}}(?:{_TEXT}{_NEXT}){{4}}'([^'\n]{{1,256}})'",
    ),
    part(
        "sql-linked-login",
        ("sp_addlinkedsrvlogin",),
        rf"(?i:sp_addlinkedsrvlogin)\s[^;\n]{{0,256}}?{_NEXT}N?{_TEXT}{_NEXT}N?'([^'\n]{{1,128}})'\s{{0,8}}(?=;|\n|\Z)",
    ),
    # Redis, in the middle of another command: `HELLO 3 AUTH default x`, `MIGRATE … AUTH x`.
    part(
        "redis-auth",
        ("hello 2 auth ", "hello 3 auth "),
        rf"(?i:hello [23] auth) \S{{1,64}} {ARGUMENT}",
        is_value,
    ),
    part("redis-auth", ("migrate ",), rf"(?i:migrate) [^\n]{{1,160}}? (?i:auth2) \S{{1,64}} {ARGUMENT}", is_value),
    part("redis-auth", ("migrate ",), rf"(?i:migrate) [^\n]{{1,160}}? (?i:auth) {ARGUMENT}", is_value),
)
