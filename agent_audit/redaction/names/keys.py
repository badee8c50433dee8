"""Which dict keys make their value a secret: by the words of the name, never by substring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from agent_audit.redaction.folding import fold, needs_folding
from agent_audit.redaction.marker import HEAD, MARKER
from agent_audit.redaction.names import vocabulary as words
from agent_audit.redaction.names.operations import act_and_object


class KeyClass(NamedTuple):
    """What a key's name says about its value."""

    rule: str
    """Rule id for hits and markers: `key:password`."""
    numeric: bool = False
    """Numbers are secrets too."""
    weak: bool = False
    """Only values that look random are secrets."""
    shown: bool = False
    """Only values that mix letters with digits or symbols are secrets, as `is_shown` of `values` says."""
    path_ok: bool = False
    """A file path is no secret: `PWD` is the shell's working directory."""
    joint: bool = False
    """The key says how to read its neighbours: `name` and `value`, `columns` and `rows`."""


class Operation(NamedTuple):
    """What a tool's name says about what it is called with and what it gives back."""

    secret: KeyClass
    """What the secret is that it deals with; the value must look like one."""
    takes: bool
    gives: bool


JOINT = KeyClass("", joint=True)
PHONE = KeyClass("phone", joint=False, weak=True, numeric=True)
USER_AND_PASSWORD = KeyClass("curl-user", weak=True)
A_PASSWORD = KeyClass("key:password", numeric=True)
"""What a name like `password` says; also of what is told to be one without its name."""
_AUTH = KeyClass("key:auth", weak=True)
_API_KEY_WEAK = KeyClass("key:api-key", weak=True)
_SIGNATURE = KeyClass("key:signature", weak=True)
_KEY_TOO = KeyClass("key:password", numeric=True, shown=True)
_USER_IN_IT = KeyClass("key:password", shown=True)
"""Neo4j's user and password, with a slash between them."""
_SALT = KeyClass("key:salt", weak=True)
_SALT_TOO = KeyClass("key:salt", shown=True)
"""Of Phoenix, whose salts of eight characters are made at random."""
_ACCESS = KeyClass("key:access", weak=True)
_TOKENS = KeyClass("key:token", weak=True)
_PAT = KeyClass("key:token", shown=True)
# Of a header it is what the browser is known by; elsewhere sessions have names, too.
_SPECIAL: dict[str, KeyClass | None] = {
    "neo4jauth": _USER_IN_IT,
    "signaturevalue": None,  # of a signed document (XML), which shows it
    "passwordsalt": _SALT,
    "xsessionid": KeyClass("key:cookie", weak=True),
}
_SESSIONS_OF_WORDPRESS = ("wordpress_logged_in_", "wordpress_sec_")
_ENABLE = (["enable", "password"], ["enable", "secret"])
_NUMERIC = {"pin", "otp", "cvv", "ssn", "password", "card", "national-id"}

KEY_RULES = frozenset(
    {f"key:{rule}" for rule, _ in words.HEADS}
    | {"key:auth", "key:signature", "key:salt", "key:access", "key:national-id"}
)
"""Rule ids that the built-in key names can give."""

NAME_KEYS = (
    "name",
    "key",
    "field",
    "header",
    "param",
    "parameter",
    "variable",
    "k",
    "Name",
    "Key",
    "ParameterKey",
    "ParameterName",
    "OptionName",
    "parameter_name",
    "attribute",
    "property",
    "option",
    "label",
    "id",
    "NAME",
    "KEY",
    "attr",
    "prop",
    "setting",
)
HEADING_KEYS = (
    *("title", "column", "column_name", "object", "type", "caption", "placeholder", "aria-label", "tag", "term", "n"),
    *("identifier", "question", "prompt"),
)
"""They head as many descriptions as secrets: the value must look like one."""
VALUE_KEYS = (
    "value",
    "val",
    "v",
    "Value",
    "ParameterValue",
    "parameter_value",
    "default",
    "defaultValue",
    "default_value",
    "new_value",
    "newValue",
    "old_value",
    "oldValue",
    "old",
    "new",
    "before",
    "after",
    "VALUE",
    "VAL",
    "currentValue",
    "current_value",
)
_OWNERS = """
    var env arg field setting header column property prop attribute attr option meta config param parameter variable
    item input form entry tag element cookie metadata
""".split()  # noqa: SIM905  # easier to read
PREFIXED = {
    **{f"{owner}Value": (f"{owner}Name", f"{owner}Key") for owner in _OWNERS},
    **{f"{owner}_value": (f"{owner}_name", f"{owner}_key") for owner in _OWNERS},
}
"""Where a record of `fieldName` and `fieldValue` has its name."""
LOOSE_VALUE_KEYS = ("content", "text", "current", "cell", "body", "string", "data", "contents")
"""They hold anything: beside a name only what looks like a secret is one."""
LOOSELY = frozenset(
    (
        *PREFIXED,
        "data",
        "contents",
        "field",
        "header",
        "attr",
        "prop",
        "setting",
        "label",
        "cell",
        "string",
        "current",
        "body",
    )
)
"""One of them is in a record of a name and such a value."""
# A field of a page, and what is typed into it: the arguments of browser tools.
FIELD_KEYS = (
    *("element", "selector", "locator", "target", "into", "xpath", "css"),
    *("field", "field_name", "fieldName", "field_id", "fieldId", "input_name", "input_id", "aria_label", "ariaLabel"),
)
_FIELD_ATTRIBUTES = ("type", "name", "id", "aria-label", "placeholder", "label")
TYPED_KEYS = ("text", "value", "keys", "input_text")
QUESTION_KEYS = ("question", "q", "prompt", "expect")
ANSWER_KEYS = ("answer", "reply", "a", "response", "send", "input", "result", "output")
# A command, and what it printed.
COMMAND_KEYS = ("cmd", "command", "commands", "script", "args", "argv", "tool_input", "action_input")
OUTPUT_KEYS = ("stdout", "output", "result", "observation", "response", "content")
STDIN_KEYS = ("stdin", "input", "stdin_data")
# A statement of SQL or GraphQL, and what is bound to its placeholders.
STATEMENT_KEYS = frozenset({"sql", "query", "statement", "stmt"})
BOUND_KEYS = frozenset({"params", "args", "parameters", "values", "bindings", "variables"})
SERVICE_KEYS = frozenset({"ServiceSid", "VerificationSid"})
COLUMN_KEYS = ("columns", "header", "headers", "fields", "column_names", "fieldnames")
ROW_KEYS = ("rows", "data", "values", "records")
# The call of a tool as messages and events have it, and what it gave back.
TOOL_KEYS = ("tool", "tool_name", "function", "name", "action")
TAKEN_KEYS = ("parameters", "arguments", "args", "input", "tool_input", "kwargs")
GIVEN_KEYS = ("result", "output", "content", "tool_output", "response", "observation")
CALL_ID_KEYS = ("tool_call_id", "call_id", "tool_use_id", "id")
CALL_KEYS = ("arguments", "input", "function", *CALL_ID_KEYS[:3])
# Only one key of each partnership has to call attention to it.
_JOINT_KEYS = frozenset(
    (
        *VALUE_KEYS,
        *ROW_KEYS,
        *FIELD_KEYS,
        *ANSWER_KEYS,
        *COMMAND_KEYS,
        "stringData",
        "special",
        "grant_type",
        "kty",
        "payload",
        "keys_base64",
        "recovery_keys_base64",
        "role_id",
        *LOOSELY,
        *STATEMENT_KEYS,
        *SERVICE_KEYS,
        *CALL_KEYS,
    )
)

# Marks of Indic scripts and of Thai are no letters to `\w`, but stand within words.
_BREAKS = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-zA-Z])(?=[\u3040-\u30ff\u4e00-\u9fff])"
    r"|(?:(?![\u0900-\u0dff\u0e00-\u0eff])[\W_])+"
)
_MAX_NAME = 128
_CACHE_SIZE = 4096


def segments(name: str) -> list[str]:
    """The words of a name in lower case: camelCase, snake_case, kebab-case, dotted or spaced."""
    return [part.lower() for part in _BREAKS.split(name) if part]


def normal_name(name: str) -> str:
    """The form in which configured names are compared: words joined by nothing."""
    return "".join(segments(name))


def field_name(text: str) -> str:
    """The name of a field of a page, from its label or selector: `Password textbox`, `input[name='password']`."""
    parts = segments(text)
    while len(parts) > 1 and parts[-1] in words.FIELD_WORDS:
        parts.pop()
    return " ".join(parts[-3:])


def field_labels(typed: Mapping[str, Any]) -> Iterator[Any]:
    """What says into which field something is typed: its label or selector, or its attributes, as HTML has them."""
    for field in (typed[key] for key in FIELD_KEYS if key in typed):
        yield from map(field.get, _FIELD_ATTRIBUTES) if type(field) is dict else (field,)


class KeyClassifier:
    """Judges key names; remembers a bounded number of short ones."""

    def __init__(
        self,
        allow: frozenset[str] = frozenset(),
        extra: Mapping[str, str] | None = None,
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        self.disabled = disabled
        """Rules that are not to mask anything."""
        self._allow = frozenset(normal_name(name) for name in allow)
        self._extra = {normal_name(name): KeyClass(extra_key_rule(name), True) for name in extra or ()}
        self._known: dict[str, KeyClass | None] = {}
        self._operations: dict[str, Operation | None] = {}

    def classify(self, name: str) -> KeyClass | None:
        """What the name says of its value; None when nothing."""
        try:
            return self._known[name]
        except KeyError:
            found = self._judge(name)
            if len(name) <= 64:
                if len(self._known) >= _CACHE_SIZE:
                    self._known.clear()
                self._known[name] = found
            return found

    def beside(self, name: str) -> KeyClass | None:
        """What the name says of a value that stands beside it or below it: as `classify`, without `JOINT`."""
        found = self.classify(name)
        return None if found is JOINT else found

    def secret(self, name: str) -> KeyClass | None:
        """Like `classify`, but for names that say a telephone or only call attention to what stands beside them."""
        found = self.classify(name)
        return None if found is PHONE or found is JOINT else found

    def operation(self, name: str) -> Operation | None:
        """What the name of a tool says, `tool.get_password` as well as `get_password`; None when nothing."""
        try:
            return self._operations[name]
        except KeyError:
            # `mcp__vault__read_secret`; in `vault.read` what it belongs to is all that tells.
            path = name[-_MAX_NAME:].replace("__", ".").split(".")
            takes, gives, noun = act_and_object(segments(path[-1]))
            if not noun:
                takes, gives, noun = act_and_object(segments(".".join(path[-2:])))
            secret = self.secret(noun) if takes or gives else None
            found = None
            if secret is not None and not secret.weak:
                found = Operation(secret._replace(shown=True), takes, gives)
            if len(self._operations) >= _CACHE_SIZE:
                self._operations.clear()
            self._operations[name] = found
            return found

    def _judge(self, name: str) -> KeyClass | None:
        if HEAD in name:
            name = MARKER.sub("", name)
        if needs_folding(name):
            name = fold(name)
        if ".account.key." in name:  # of Hadoop's connector to Azure: the account's address follows
            name = "account.key"
        if name.startswith("checksum/"):  # what an annotation of Helm says of a secret
            return None
        if name.startswith(_SESSIONS_OF_WORDPRESS):
            name = "session_cookie"
        parts = segments(name[-_MAX_NAME:])
        joined = "".join(parts)
        if joined in self._allow:
            return None
        if joined in self._extra:
            return self._extra[joined]
        if joined in words.NAMES:
            found: KeyClass | None = _strong(words.NAMES[joined])
        elif joined in _SPECIAL:
            found = _SPECIAL[joined]
        else:
            found = _judge_words(parts)
        if found is not None and found.rule in self.disabled:
            found = None
        # sudoers: `PASSWD: /usr/bin/x`; Apache: `ProxyPass /images/ http://a`
        if found is not None and (name.upper() == "PWD" or name in ("PASSWD", "ProxyPass")):
            return found._replace(path_ok=True)
        return JOINT if found is None and name in _JOINT_KEYS else found


def _judge_words(parts: list[str]) -> KeyClass | None:  # noqa: PLR0911, PLR0912  # one line a kind of name
    parts = _without_trailers(parts)
    if parts:
        parts[-1] = parts[-1].rstrip("0123456789")
    # Of a network device, `enable` says which password it is.
    if not parts or (len(parts) > 1 and parts[0] in words.ASKING and parts not in _ENABLE):
        return None
    if len(parts) > 1 and parts[0] in words.FETCHING:  # the name of an operation: `{"GetApiKeys": {"limit": "x"}}`
        fetched = _judge_words(parts[1:])
        return fetched and (fetched if fetched.weak or fetched is PHONE else fetched._replace(shown=True))
    noun = next((place for place in range(1, len(parts) - 1) if parts[place] in words.OF), 0)
    if noun and (named := _judge_words(parts[:noun])) is not None and not named.weak:
        return named
    last, owner = parts[-1], parts[-2] if len(parts) > 1 else ""
    if last in ("key", "keys"):
        return _judge_key(last, owner, tuple(parts[-3:-1]))
    if last == "number" and owner == "security":
        return _strong("ssn")
    if last == "passport":
        return _strong("national-id")
    if last in words.PHONE or (last == "number" and owner in words.PHONE):
        return PHONE
    if last == "code" and "package" in parts:  # SPDX: `PackageVerificationCode`
        return None
    if last == "pat" and owner not in words.STRONG_KEY_OWNERS:  # of a personal access token; many a pattern, too
        return _PAT
    for rule, owners in words.PAIRS.get(last, ()):
        if owner in owners:
            return _strong(rule)
    if last in ("basicauth", "proxyauth", "httpauth") or (last == "auth" and owner in ("basic", "proxy", "http")):
        return USER_AND_PASSWORD
    if last == "auth":
        return _strong("authorization") if parts == ["x", "auth"] else _AUTH
    if last in ("sig", "signature"):
        return _SIGNATURE
    if last in ("salt", "pepper"):
        return _SALT_TOO if owner in ("signing", "encryption") else _SALT
    if last in words.KEY_TOO:
        return _KEY_TOO
    if last in ("access", "private"):
        return _ACCESS
    if last in ("csrf", "xsrf", "tokens"):
        return _TOKENS
    if (owner if last in ("api", "rest") else last) in words.KEYED_SERVICES:
        return _API_KEY_WEAK
    found = _judge_head(last, owner, tuple(parts[-3:-1]))
    if found is None and len(parts) > 1 and parts[0] in words.NOUNS_FIRST:
        return KeyClass(f"key:{words.NOUNS_FIRST[parts[0]]}", shown=True)
    return found


def _judge_head(last: str, owner: str, before: tuple[str, ...]) -> KeyClass | None:
    rule = _head_rule(last)
    if rule is None:
        return None
    if last == "nopasswd":  # sudoers
        return None
    if rule == "token" and (owner in words.HARMLESS_TOKEN_OWNERS or before in words.HARMLESS_TOKEN_OWNERS_OF_TWO):
        return None
    if last.startswith("secret") and owner in ("pull", "existing"):  # Kubernetes and Helm: the names of some
        return None
    if is_harmless_owner(owner, last):
        return None
    return _strong(rule)


def _head_rule(word: str) -> str | None:
    for rule, heads in words.HEADS:
        if word in heads:
            return rule
    for ending, rule in words.FUSED:
        if word.endswith(ending):
            return rule
    return None


def _judge_key(last: str, owner: str, before: tuple[str, ...]) -> KeyClass | None:
    if before == ("application", "server"):  # of Web Push (VAPID): the public one
        return None
    if owner in words.STRONG_KEY_OWNERS:
        private = owner in ("private", "ssh", "rsa", "pgp", "gpg", "deploy")
        return _strong("private-key" if private else "api-key")
    if before == ("cypress", "record"):
        return _strong("api-key")
    if last == "keys":
        return None
    if owner in words.HARMLESS_KEY_OWNERS:
        return _API_KEY_WEAK if before[0] in words.STRONG_KEY_OWNERS else None  # `azure_search_key`
    return _API_KEY_WEAK


def _without_trailers(parts: list[str]) -> list[str]:
    end = len(parts)
    while end > 1 and (parts[end - 1] in words.TRAILERS or parts[end - 1].isdigit()):
        end -= 1
    return parts[:end]


def is_harmless_owner(owner: str, name: str) -> bool:
    """Whether the word before a name makes it harmless: `public key`, `season pass`."""
    return (name in ("key", "keys") and owner in words.HARMLESS_KEY_OWNERS) or (
        name == "pass" and owner in words.HARMLESS_PASS_OWNERS
    )


def name_words(name: str) -> list[str]:
    """The words of a name that count: without what may follow the sensitive one."""
    return _without_trailers(segments(name))


def sensitive_last_words() -> frozenset[str]:
    """Every word that a sensitive name can end in."""
    listed = {word for _, heads in words.HEADS for word in heads} | {ending for ending, _ in words.FUSED}
    return frozenset(
        listed
        | set(words.PAIRS)
        | words.KEY_TOO
        | {"key", "keys", "auth", "sig", "salt", "pepper", "access", "private", "csrf", "xsrf", "rest"}
        | words.PHONE
        | words.KEYED_SERVICES
    )


def _strong(rule: str) -> KeyClass:
    return KeyClass(f"key:{rule}", numeric=rule in _NUMERIC)


def extra_key_rule(name: str) -> str:
    """Rule id of an own key name: `key:` and the name in lower case with dashes."""
    return "key:" + (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "own")
