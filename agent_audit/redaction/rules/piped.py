"""What is given on standard input to a program that reads a password there: by a pipe, a here string or document."""

from __future__ import annotations

import re

from agent_audit.redaction.rules.commands import REST, WHOLE, is_value
from agent_audit.redaction.rules.model import Lazy, Rule, part

# An argument of `echo`, in quotes or bare. Within double quotes a backslash escapes: `"x\nx\n"`.
_OPENS = r"\\{0,3}([\"'])?"
_QUOTED = r"(?:(?!\1)[^\\\n]|\\(?![\"'])[^\n]){1,1024}(?=\\{0,3}\1)"
_BARE = r"(?:[^\s\"'|;&()\\]|\\(?![\"'nrt\s])){1,1024}"
_NEXT = (
    r"(?:\\{0,3}[\"']?\s{1,4}\\{0,3}(?:'[^'\n]{1,256}(?=')|\"[^\"\\\n]{1,256}(?=\\{0,3}\")"
    r"|[^\s\"'|;&()\\-][^\s\"'|;&()\\]{0,256}))"
)
_FORMAT = r"[\"'](?:%[sb](?:\\{1,2}n){0,2}){1,4}[\"']\s{1,4}"
# `(echo x; echo x) | smbpasswd`
_MORE = r"(?:\s{0,2}(?:;|&&)\s{0,2}(?:echo|printf|sleep)\b[^|;&\n]{0,80}){0,2}\s{0,2};?\s{0,2}[)}]?"
_PROGRAM = (
    r"(?:sudo\b[^|\n]{0,40}(?:-\w{0,4}S|--stdin)\b|(?:sudo (?:-\w{1,2} ){0,2})?(?:"
    r"(?:docker|podman|nerdctl|helm registry|skopeo|oras|crane auth|gh auth|vault|argocd|az acr) login"
    r"|kinit|(?:ch|smb)?passwd|(?:wrangler|gh|fly|flyctl|doppler|npx wrangler) secrets? |vercel env add"
    r"|gpg2?\b[^|\n]{0,80}--passphrase-fd[ =]0|(?:docker|podman) secret create|openssl\b[^|\n]{0,80}stdin"
    r"|cryptsetup|veracrypt|encfs|gocryptfs|zfs load-key|vncpasswd|openconnect|rclone obscure"
    r"|gcloud secrets (?:create|versions add)|(?:npx )?firebase functions:secrets:set|pulumi config set"
    r"|ssh-add|hdiutil\b[^|\n]{0,80}-stdinpass|p4 login|(?:op|lpass|bw) (?:signin|login|unlock)"
    r"|kubeseal|ansible-vault encrypt_string|gopass insert|secret-tool store"
    r"|htpasswd -\w*i|mkpasswd|keepassxc-cli|pass insert|ecryptfs-\w+|mount\.\w+))"
)
_AGREES = frozenset({"y", "yes", "n", "no"})
_HEREIN = (
    r"(?:kinit|cryptsetup|sudo|(?:ch|smb|vnc)?passwd|openconnect"
    r"|(?:docker|podman|vault|argocd|helm registry|g[hl](?:ab)? auth) login|(?:docker|podman) secret create"
    rf"|(?:wrangler|gh|fly|flyctl|doppler) secrets? (?:put|set|import)"
    r"|vercel env add|realm join|adcli join|sshfs|su|saslpasswd2|context create|-password|cosign|lncli|ipa"
    rf"|keepassxc-cli|secret-tool store)\b{REST}"
)
_HEREIN_LITERALS = (
    *("kinit ", "cryptsetup ", "sudo -s", "passwd ", "openconnect ", "docker login", "podman login", "vault login"),
    *("argocd login", "helm registry login", "gh auth login", "glab auth login"),
    *("docker secret create", "podman secret create", "wrangler secret", "gh secret", "fly secrets", "flyctl secrets"),
    *("doppler secrets", "vercel env add", "realm join", "adcli join", "sshfs ", "su - ", "-password ", "saslpasswd2 "),
    *("context create ", "keepassxc-cli ", "cosign ", "lncli ", "ipa ", "secret-tool "),
)


def _is_typed(text: str) -> bool:
    """No variable, no answer to whether to go on."""
    return text.lower().rstrip("\\n") not in _AGREES and is_value(text)


PIPED: tuple[Rule, ...] = (
    # Of what `chpasswd` reads, the user stays.
    Rule(
        "piped-password",
        ("echo ", "printf "),
        Lazy(
            rf"(?:echo|printf)\s{{1,4}}(?:-[neE]{{1,3}}\s{{1,4}}){{0,2}}(?:{_FORMAT})?{_OPENS}"
            r"(?:[\w.-]{1,32}:(?=[^|\n]{1,512}\|\s{0,4}(?:sudo )?chpasswd))?"
            rf"((?(1){_QUOTED}|{_BARE}){_NEXT}{{0,3}})\\{{0,3}}[\"']?{_MORE}\s{{0,4}}\|\s{{0,4}}{_PROGRAM}"
        ),
        group=2,
        accept=_is_typed,
    ),
    Rule(
        "piped-password",
        ('" | convertto-securestring', "' | convertto-securestring"),
        Lazy(r"(?=[\"'] \| ConvertTo-SecureString)"),
        before=Lazy(r"[^\"'\n$]{4,256}(?=[\"'])"),
    ),
    part("here-string-password", _HEREIN_LITERALS, rf"{_HEREIN}<<< ?\$?{WHOLE}", is_value),
    Rule(
        "here-document-password",
        _HEREIN_LITERALS,
        Lazy(
            rf"{_HEREIN}<<-? ?[\"']?(\w{{1,16}})[\"']?[^\n<|]{{0,80}}\n"
            r"((?!\1\s)[^\n]{1,256}(?:\n(?!\1\s)[^\n]{1,256}){0,3})\n\1(?!\w)"
        ),
        group=2,
        accept=lambda text: re.match(r"\$|\{\{", text) is None,
    ),
)
