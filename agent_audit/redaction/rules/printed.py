"""Commands that print a secret, and what they printed."""

from __future__ import annotations

import re
from functools import cache

from agent_audit.redaction.rules.model import EOL, NL, Rule, part
from agent_audit.redaction.validators import has_digit

_SYMBOL = re.compile(r"[!@#$%^&*+=?]")
# Files that hold nothing but a secret.
_FILE = (
    r"(?:[\w.~${}/-]{0,120}?(?<![\w-]))(?:(?!max|min|num|count)[\w-]{1,40}[-_.])?"
    r"(?:(?:master|production|staging|development|test|private|secret|signing|encryption)\.key"
    r"|secrets?/(?![\w./-]{0,120}(?:namespace|\.(?:crt|pub|md|py|js|ts|ya?ml|json|rb|go)\b))[\w./-]{1,120}"
    r"|\.?vault[-_](?:token|pass(?:word)?)|password|passwd|passphrase|token|secret|api[-_]?key)"
    r"(?:\.(?:txt|key|secret|pass))?"
)
_VARIABLE = r"\w{0,40}(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|API_?KEY|ACCESS_KEY|PRIVATE_KEY|MASTER_KEY)"
_END = r"(?=[\"']?[ \t]*(?:\||[12]?>|;|&&|\r|\n|\\[rn]|$))"
_COMMANDS = (
    r"kubectl [^\n]{0,200}(?:base64 (?:-d|--decode|-D)|create token [\w-]{1,64})",
    r"gcloud (?:secrets versions access|auth (?:application-default )?print-(?:access|identity)-token)",
    r"az (?:account get-access-token|keyvault secret show)[^\n]{0,200}-o tsv",
    r"aws (?:secretsmanager get-secret-value|ssm get-parameter)[^\n]{0,200}--output text",
    r"get-login-password",
    r"pass show ",
    r"find-(?:generic|internet)-password[^\n]{0,100} -w",
    r"bw get (?:password|totp)",
    r"bw (?:unlock|login)[^\n]{0,100} --raw",
    r"op read ",
    r"op item get [^\n]{0,160}--(?:fields|field) (?:label=)?[\"']?(?:password|credential|token)",
    r"auth token",
    r"heroku auth:token",
    r"openssl rand ",
    r"pwgen ",
    r"oathtool ",
    r"vault (?:kv get|read) [^\n]{0,100}-field",
    r"vault print token",
    r"heroku config:get ",
    r"terraform output -raw ",
    r"tofu output -raw ",
    r"pulumi config get ",
    r"lpass show [^\n]{0,100}--password",
    r"secret-tool lookup ",
    r"keyring get ",
    r"doppler secrets get [^\n]{0,100}--plain",
    rf"cat {_FILE}{_END}",
    rf"printenv {_VARIABLE}{_END}",
    rf"echo [\"']?\$\{{?{_VARIABLE}\}}?{_END}",
)
_PRINTS = "|".join(_COMMANDS)
PRINTED = "pass show x\n"
"""A command and a line break, in the place of whatever command printed a secret."""


def prints_secret(command: str) -> bool:
    """Whether a command prints nothing but a secret on its first line."""
    return len(command) <= 4096 and _printing().search(command) is not None


@cache
def _printing() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:go)?(?:{_PRINTS})")


def _is_printed(text: str) -> bool:
    """One token: no path, prompt or word."""
    if text[0] in "-#$~>" or (text[0] == "/" and text[-1] != "="):
        return False
    return has_digit(text) or len(text) >= 20 or _SYMBOL.search(text[:-1]) is not None


PRINTING: tuple[Rule, ...] = (
    part(
        "printed-secret",
        (
            *("kubectl ", "gcloud ", "az account get-access-token", "az keyvault secret show"),
            *("aws secretsmanager get", "aws ssm get-parameter", "get-login-password", "pass show "),
            *("find-generic-password", "find-internet-password", "bw get ", "bw unlock ", "bw login ", "op read "),
            *("op item get ", "auth token"),
            *("heroku auth:token", "openssl rand ", "pwgen ", "vault kv get ", "vault read ", "vault print token"),
            *("heroku config:get ", "terraform output -raw ", "tofu output -raw ", "pulumi config get ", "lpass show "),
            *("secret-tool lookup ", "keyring get ", "doppler secrets get ", "cat ", "printenv ", "echo $", 'echo "$'),
            "oathtool ",
        ),
        rf"(?:{_PRINTS})[^\n\\]{{0,200}}?(?<!\)){NL}(?:Observation: ?)?([^\s\"'\\]{{8,4096}}|\d{{6,7}}){EOL}",
        _is_printed,
    ),
)
