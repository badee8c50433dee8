"""Whom to trust (C2SP tlog-policy): logs, witnesses, groups of them, and how many must have seen a checkpoint.

::

    log <vkey> [url]
    witness <name> <vkey> [url]
    group <name> all|any|<k> <member> …
    quorum <name>|none
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from agent_audit.errors import ProofError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import KINDS, Cosigned, verify_cosignatures
from agent_audit.integrity.note import ED25519, Note, VerifierKey


@dataclass(frozen=True)
class Group:
    """Of these members, so many."""

    members: tuple[str, ...]
    needed: int


@dataclass
class Policy:
    """A policy file."""

    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, VerifierKey] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    """Name of a witness -> where it takes checkpoints."""
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str | None = None
    """Name of a witness or group; None when no witness is asked for."""
    text: str = field(default="", compare=False)
    """As it was read, with its remarks."""

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read a policy.

        Raises:
            ProofError: it is none; names the line.
        """
        policy = cls(text=text)
        reader = _Reader(policy)
        for number, line in enumerate(text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            try:
                reader.read(words)
            except ProofError as error:
                raise ProofError(f"line {number} of the policy: {error}") from None
        if not reader.quorum_given:
            raise ProofError("the policy has no quorum line; `quorum none` asks for no witness")
        return policy

    def check(self, note: Note) -> list[Cosigned]:
        """That a log of this policy signed the checkpoint, and its quorum of witnesses has seen it.

        Returns:
            The cosignatures of known witnesses.

        Raises:
            ProofError: it does not satisfy the policy; says what is missing.
        """
        origin = Checkpoint.of(note).origin
        keys = [key for key in self.logs if key.name == origin]
        if not keys:
            raise ProofError(f"the policy names no log {origin}")
        note.verify(keys)
        cosigned = verify_cosignatures(note, self.witnesses.values())
        seen = {one.key for one in cosigned}
        if self.quorum is not None and not self._satisfied(self.quorum, seen):
            names = ", ".join(sorted(one.key.name for one in cosigned)) or "none"
            raise ProofError(f"the quorum {self.quorum} has not cosigned; witnesses of the policy that have: {names}")
        return cosigned

    def _satisfied(self, name: str, seen: set[VerifierKey]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in seen
        group = self.groups[name]
        return sum(self._satisfied(member, seen) for member in group.members) >= group.needed


class _Reader:
    """Reads a policy line by line."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._public: set[bytes] = set()
        self._grouped: set[str] = set()
        self.quorum_given = False
        self._readers: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }

    def read(self, words: list[str]) -> None:
        reader = self._readers.get(words[0])
        if reader is None:
            raise ProofError(f"{words[0][:30]!r} is not one of log, witness, group, quorum")
        reader(words[1:])

    def _key(self, vkey: str, kinds: Collection[int], what: str) -> VerifierKey:
        key = VerifierKey.parse(vkey)
        if key.kind not in kinds:
            wanted = " or ".join(f"{kind:#04x}" for kind in kinds)
            raise ProofError(f"the key of {what} {key.name} must be of type {wanted}, not {key.kind:#04x}")
        if key.public in self._public:
            raise ProofError(f"the public key of {key.name} appears twice in the policy")
        self._public.add(key.public)
        return key

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise ProofError("log <vkey> [url] is needed")
        self._policy.logs.append(self._key(words[0], [ED25519], "log"))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise ProofError("witness <name> <vkey> [url] is needed")
        name = self._new(words[0])
        self._policy.witnesses[name] = self._key(words[1], KINDS, "witness")
        if len(words) == 3:
            self._policy.urls[name] = words[2]

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ProofError("group <name> all|any|<k> <member> … is needed")
        name, needed, members = self._new(words[0]), words[1], tuple(words[2:])
        for member in members:
            self._known(member)
            if member in self._grouped:
                raise ProofError(f"{member} is a member of a group already")
            self._grouped.add(member)
        count = {"all": len(members), "any": 1}.get(needed)
        if count is None:
            if not (needed.isascii() and needed.isdigit()) or not 1 <= int(needed) <= len(members):
                raise ProofError(f"{needed[:30]!r} of {len(members)} members: all, any or a number from 1 is needed")
            count = int(needed)
        self._policy.groups[name] = Group(members, count)

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1 or self.quorum_given:
            raise ProofError("there must be one line, quorum <name> or quorum none")
        self.quorum_given = True
        if words[0] != "none":
            self._policy.quorum = self._known(words[0])

    def _new(self, name: str) -> str:
        if name == "none" or name in self._policy.witnesses or name in self._policy.groups:
            raise ProofError(f"the name {name} is taken")
        return name

    def _known(self, name: str) -> str:
        if name not in self._policy.witnesses and name not in self._policy.groups:
            raise ProofError(f"{name} is not defined above")
        return name
