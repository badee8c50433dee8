"""The redactor the logger uses by default: walk, scan, write back, name what was masked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from agent_audit.errors import require_given
from agent_audit.event import without_surrogates
from agent_audit.locks import unforked
from agent_audit.redaction import marker
from agent_audit.redaction.config import IDENTITY_FIELDS, ExtraRule, RedactionConfig
from agent_audit.redaction.fingerprint import MAX_FINGERPRINTS, Fingerprinter
from agent_audit.redaction.interface import Fingerprint, Hit, Redacted
from agent_audit.redaction.marker import Masker, only_markers
from agent_audit.redaction.names.keys import KeyClass, KeyClassifier
from agent_audit.redaction.remembered import Masked
from agent_audit.redaction.rules import BUILT_IN, Rule
from agent_audit.redaction.rules.general import PRIVATE_KEY
from agent_audit.redaction.rules.personal import CARD, PERSONAL_IDS
from agent_audit.redaction.scan import Scanner, ends_with_key_header
from agent_audit.redaction.walk import Walk

if TYPE_CHECKING:
    from agent_audit.redaction.places import Places

_KEY_LINE = re.compile(r"\s*(?:[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/]{1,76}={0,2}|(?:Proc-Type|DEK-Info):.*)\s*\Z")

# Without one of these, no text has a URL or is a path.
_TELLS_PLACE = re.compile(r"[/~\\]")

# In characters, and what an id costs beside them.
_MOST_KNOWN, _SIZE_OF_ONE = 1_000_000, 200


class _NoKeys(KeyClassifier):
    def classify(self, name: str) -> KeyClass | None:
        return None


class _NoScanner:
    def scan_one(self, text: str, action: str | None = None) -> Masked:
        return Masked(text, ())


class _Noted(Masker):
    """Takes down what would be masked."""

    def __init__(self) -> None:
        super().__init__({}, None)
        self.found: dict[int, tuple[str, str]] = {}
        """By the id of the text in which something would be masked: the rule, and what would be left."""

    def mask(self, rule: str, secret: str, shown: str | None = None) -> str:
        left = super().mask(rule, secret, shown)
        self.found[id(secret)] = rule, left
        return left

    def note(self, rule: str, text: str, left: str) -> None:
        self.found[id(text)] = rule, left


class DefaultRedactor:
    """Implements `Redactor` for one configuration. Safe for any thread: rules and a cache, no locks."""

    def __init__(self, config: RedactionConfig | None = None) -> None:
        require_given(RedactionConfig, config=config)
        config = config or RedactionConfig()
        outcomes = {rule: str(outcome) for rule, outcome in config.all_outcomes().items()}
        self._masker = Masker(outcomes, config.fingerprint_key)
        self._keys = KeyClassifier(config.allow_keys, config.extra_keys, config.disabled_rules)
        rules = BUILT_IN + tuple(_own_rule(rule) for rule in config.extra_rules)
        self._scanner = Scanner(
            rules,
            self._keys,
            self._masker,
            config.disabled_rules,
            allowed=config.allow_values,
            structure=self._by_place,
        )
        # Keys seen before that hold no secret themselves, with what they say of their value.
        self._known: dict[str, KeyClass | None] = {}
        self._places = _places(config, self._masker)
        self._by_action = [(pattern, DefaultRedactor(other)) for pattern, other in config.actions.items()]
        self._identity = config.identity
        # A process has few ids and many events.
        self._known_ids: dict[str, str] = {}
        self._known_size = 0
        key = config.fingerprint_key
        self._fingerprinter = Fingerprinter(key) if key is not None else None

    def redact(self, value: Any, *, path: str = "", action: str | None = None) -> Redacted:
        """See `Redactor.redact`."""
        try:
            for pattern, other in self._by_action:
                if action is not None and fnmatchcase(action, pattern):
                    return other.redact(value, path=path, action=action)
            return self._redact(value, path, action)
        except Exception:
            return Redacted(marker.error_marker(value), (Hit(path, "error"),))

    def _redact(self, value: Any, path: str, action: str | None) -> Redacted:
        walk = Walk(self._keys, self._known, self._scanner, self._masker, cards=CARD not in self._keys.disabled)
        root: list[Any] = [None]
        walk.put(root, 0, value, 0, None)
        if action is not None and type(root[0]) is dict:
            walk.read_operation(root[0], action)
        walk.leave_out_what_is_beyond()
        masked = self._scan(walk, action)
        keyed = self._fingerprinter is not None
        if self._places is not None:
            return self._at_places(walk, masked, root, path, value)
        if not (masked or walk.masked or walk.key_lines or keyed):
            return Redacted(root[0])
        return self._named(walk, masked, root, path)

    def _by_place(self, document: Any) -> dict[int, tuple[str, str]]:
        """What its place in a document makes a secret, and the rule."""
        found = _Noted()
        Walk(self._keys, self._known, self._scanner, found, cards=False).put([None], 0, document, 0, None)
        return found.found

    def _named(self, walk: Walk, masked: dict[int, Masked], root: list[Any], path: str) -> Redacted:
        lines = self._write_back(walk, masked) if masked or walk.key_lines else ()
        hits = [Hit(_path(walk, root, path, *where), rule) for *where, rule in (*walk.masked, *lines)]
        for index, one in masked.items():
            where = _path(walk, root, path, *walk.places[index])
            hits += [Hit(where, rule) for rule in one.rules]
        return Redacted(root[0], hits, self._fingerprints(walk, masked, root, path))

    def _at_places(self, walk: Walk, masked: dict[int, Masked], root: list[Any], path: str, value: Any) -> Redacted:
        """What the user said of places and texts, after the rules have had their say."""
        redacted = self._named(walk, masked, root, path)
        places = self._places
        if places is None:
            return redacted
        plain = self._plain(value) if places.needs_plain else None
        hits = places.kept((*redacted.hits, *places.apply(root, path, plain)), path, plain)
        return redacted._replace(value=root[0], hits=hits)

    def _plain(self, value: Any) -> Any:
        """The value in plain JSON form with nothing masked."""
        walk = Walk(_NoKeys(), {}, _NoScanner(), self._masker, cards=False)
        root: list[Any] = [None]
        walk.put(root, 0, value, 0, None)
        walk.leave_out_what_is_beyond()
        return root[0]

    def mask_identity(self, record: dict[str, Any]) -> None:
        """Ids of an event: by the outcome that the configuration names, else a marker for one that is a secret."""
        for name in IDENTITY_FIELDS:
            value = record.get(name)
            if value is None:
                continue
            if name in self._identity:
                if self._masker.drops(name):
                    del record[name]
                elif not only_markers(value):
                    record[name] = self._masker.mask(name, value, name.replace("_", "-"))
                continue
            known = self._known_ids.get(value)
            if known is None:
                known = self._id_without_secret(value)
            if known is not value:
                record[name] = known

    def _id_without_secret(self, value: str) -> str:
        """Personal data stays: an address is a usual user id, a long number a usual id."""
        try:
            clean = value if value.isascii() else without_surrogates(value)
            found = self._scanner.scan_one(clean)
            stored = clean if PERSONAL_IDS.issuperset(found.rules) else found.text
        except Exception:
            stored = marker.error_marker(value)
        if self._known_size > _MOST_KNOWN:  # threads may race on it; clearing sets it right
            self._known_ids.clear()
            self._known_size = 0
        self._known_ids[value] = stored
        self._known_size += len(value) + _SIZE_OF_ONE
        return stored

    def _scan(self, walk: Walk, action: str | None) -> dict[int, Masked]:
        try:
            return self._scanner.scan(walk.texts, action)
        except Exception:
            for index, text in enumerate(walk.texts):
                if not text.isascii():
                    walk.put_text(index, without_surrogates(text))
        try:  # together again: read one by one, texts cost as much as they like
            return self._scanner.scan(walk.texts, action)
        except Exception:
            return self._scan_each(walk, action)

    def _scan_each(self, walk: Walk, action: str | None) -> dict[int, Masked]:
        """One text at a time, so that an error of our own in one costs no other."""
        found = {}
        for index, text in enumerate(walk.texts):
            try:
                one = self._scanner.scan_one(text, action)
            except Exception:
                one = Masked(marker.error_marker(text), ("error",))
            if one.rules:
                found[index] = one
        return found

    def _write_back(self, walk: Walk, masked: dict[int, Masked]) -> Sequence[tuple[Any, Any, str]]:
        if walk.masked:
            for index in list(masked):
                if not walk.stands(index):
                    del masked[index]  # the scan would bring the rest back
        for index, one in masked.items():
            holder, slot = walk.places[index]
            if not one.text and type(holder) is dict and any(self._masker.drops(rule) for rule in one.rules):
                del holder[slot]
            else:
                holder[slot] = one.text
        return self._mask_key_lines(walk) if walk.key_lines and PRIVATE_KEY not in self._keys.disabled else ()

    def _mask_key_lines(self, walk: Walk) -> list[tuple[Any, Any, str]]:
        """A private key given as a list of lines: no single line shows what it is."""
        found = []
        for holder, slot in walk.key_lines:
            if not ends_with_key_header(holder[slot]):
                continue
            for index in range(slot + 1, len(holder)):
                line = holder[index]
                if type(line) is not str:
                    break
                if only_markers(line) or not line.strip():
                    continue
                if _KEY_LINE.match(line) is None:
                    break
                holder[index] = self._masker.mask(PRIVATE_KEY, line)
                found.append((holder, index, PRIVATE_KEY))
        return found

    def _fingerprints(self, walk: Walk, masked: dict[int, Masked], root: list[Any], path: str) -> list[Fingerprint]:
        if self._fingerprinter is None:
            return []
        found: dict[Fingerprint, None] = {}
        if not masked and _TELLS_PLACE.search("\0".join(walk.texts)) is None:
            return []
        for index, text in enumerate(walk.texts):
            one = masked.get(index)
            clean = text if one is None else one.text
            if one is None and "://" not in text and text[:1] not in "/~" and text[1:2] != ":":
                continue
            where = _path(walk, root, path, *walk.places[index])
            if one is not None:
                found.update(dict.fromkeys(self._fingerprinter.of_personal(one.personal, clean, where)))
            found.update(dict.fromkeys(self._fingerprinter.of_text(clean, where)))
            if len(found) >= MAX_FINGERPRINTS:
                break
        return list(found)[:MAX_FINGERPRINTS]


def _places(config: RedactionConfig, masker: Masker) -> Places | None:
    if not config.paths and config.callback is None:
        return None
    with unforked:
        from agent_audit.redaction.places import Places

    return Places(config.paths, config.callback, masker)


def _own_rule(rule: ExtraRule) -> Rule:
    pattern = re.compile(rule.pattern, re.IGNORECASE)
    validator = rule.validator

    def accept(text: str) -> bool:
        try:
            return validator is None or bool(validator(text))
        except Exception:
            return True

    return Rule(rule.id, (rule.literal.lower(),), pattern, None, min(pattern.groups, 1), accept, rule.actions)


def _path(walk: Walk, root: list[Any], path: str, holder: Any, slot: Any) -> str:
    """Dotted path of a place of the output, found by climbing to the root."""
    if holder is None:  # a key that was itself a secret: its marker is the best name there is
        return str(slot)
    if holder is root:
        return path
    names = [str(slot)]
    while True:
        holder, slot = walk.parents[id(holder)]
        if holder is root:
            break
        names.append(str(slot))
    if path:
        names.append(path)
    names.reverse()
    return ".".join(names)


_default: DefaultRedactor | None = None


def redact(value: Any) -> Any:
    """`value` in plain JSON form with its secrets masked, by the default configuration."""
    global _default
    if _default is None:
        _default = DefaultRedactor()
    return _default.redact(value).value
