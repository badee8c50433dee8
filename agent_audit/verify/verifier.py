"""The verification of a log: one pass over its lines, then every head that is known is held against them.

The verdict covers the checkpoint that was read first. What was written after it is counted and never changes it, so
that a running log can be verified; one that is pruned meanwhile is verified anew. No line is parsed but those that
name blobs, a new key, or what was pruned.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from agent_audit.backends.file.layout import Layout
from agent_audit.backends.file.read import open_layout
from agent_audit.errors import ProofError, require_given
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import verify_cosignatures
from agent_audit.integrity.note import VerifierKey, encode_base64
from agent_audit.verify import state
from agent_audit.verify.dropped import Dropped, Excuses
from agent_audit.verify.heads import Stored, StoredHead
from agent_audit.verify.intents import OpenIntents
from agent_audit.verify.lines import readable_starts
from agent_audit.verify.places import changed_lines
from agent_audit.verify.scan import Progress, Scan, Start, pruned_start
from agent_audit.verify.trust import KnownHead, Trust, successors
from agent_audit.verify.verdict import Problem, Verdict, Verification
from agent_audit.wording import plural


def verify(
    directory: Path | str,
    trust: Trust | None = None,
    *,
    incremental: bool = False,
    intents: bool = True,
    remember: bool = True,
    copy: bool = False,
    dropped: Sequence[Dropped] = (),
    jobs: int = 1,
    progress: Progress = lambda lines: None,
) -> Verification:
    """Verify a log directory. Nothing in it is written to.

    Args:
        directory: the log.
        trust: whose signatures are believed and which outside heads are known; this user's key directory if left out.
        incremental: hash only what is new since the last verification by this user, where the rest is untouched.
        intents: count intents without an outcome (not when `incremental`).
        copy: it is a copy, which may lag behind the head that the writer signed last: a shorter one is not provable by
            that head, and not cut because of it.
        dropped: what the store of the copy has dropped by itself. Lines that are missing because of that are no
            problem, but not provable, unless a `log.pruned` event under the checkpoint covers them.
        remember: keep in this user's key directory how far it was verified.
        jobs: how many processes may read a long log. Where this one has threads they are spawned: a script that asks
            for more than one needs its `if __name__ == "__main__":`.
        progress: called with the number of lines so far.

    Raises:
        LogNotFoundError: no log there.
        FormatError: a log of a newer format.
        ConfigurationError: the checkpoint in `trust` cannot be used.
    """
    require_given(Trust, trust=trust)
    layout = Layout(directory)
    if not layout.exists():
        open_layout(directory)  # says what it misses
    while True:
        first = _first(layout)
        verifier = _Verifier(layout, trust or Trust(), incremental, intents, jobs, copy=copy, dropped=dropped)
        found = verifier.run(remember, progress)
        if (never := verifier.never_shipped()) and not set(never) <= set(dropped):
            dropped = [*dropped, *never]
        elif found.verdict is Verdict.VALID or _first(layout) == first:
            return found
        # Segments went meanwhile. Whether that was a pruning on record is told by the checkpoint that covers it.


def _first(layout: Layout) -> int:
    return min(readable_starts(layout), default=0)


class _Verifier:
    """One verification; its parts in the order of `run`."""

    def __init__(
        self,
        layout: Layout,
        trust: Trust,
        incremental: bool,
        intents: bool,
        jobs: int,
        *,
        copy: bool,
        dropped: Sequence[Dropped],
    ) -> None:
        self._layout = layout
        self._copy = copy
        self._excuses = Excuses(dropped)
        self._end = 0
        self._ahead: KnownHead | None = None
        self._trust = trust
        self._stored = Stored(layout)
        self._origin = self._stored.origin
        self.problems = list(self._stored.problems)
        self.missing: list[str] = []
        self.remarks: list[str] = []
        self._outside = self._outside_heads()
        self._trusted = self._trusted_keys()
        self._before = self._verified_before() if incremental else None
        self._intents = OpenIntents() if intents and self._before is None else None
        self._scan = self._prepare(jobs)

    def run(self, remember: bool, progress: Progress) -> Verification:
        self._scan.run(progress)
        self.problems += self._scan.problems
        self._set_aside_what_lags()
        self._end = self._explained_end()
        keys = self._signing_keys()
        signed_by = self._check_latest(keys)
        sound = self._check_kept(keys)
        agreeing = self._check_outside(sound)
        self._name_changed_lines(sound)
        self._check_pruned()
        cosigned = self._check_witnesses(keys)
        self._say_what_is_missing(agreeing, cosigned)
        self._split_off_later()
        found = self._result(signed_by, agreeing, cosigned)
        if remember and found.verdict in (Verdict.VALID, Verdict.NOT_PROVABLE):
            self._remember()
        return found

    def never_shipped(self) -> list[Dropped]:
        """What a copy lacks and no store ever had, as the log said when it was pruned, under a checkpoint."""
        if not any(one.last_seq is not None for one in self._scan.problems):
            return []
        found = []
        for seq, told in self._scan.pruned_events:
            ends = [end for name in ("from", "never_shipped_from", "to") if isinstance(end := told.get(name), int)]
            if len(ends) == 3 and seq < self.covered and (first := max(ends[:2])) <= (last := ends[2]):
                found.append(Dropped(first, last, last - first + 1, f"pruned before it was shipped, by event {seq}"))
        return found

    # -- before the pass -------------------------------------------------------------------------------

    def _outside_heads(self) -> list[KnownHead]:
        if self._origin is None:
            return []
        try:
            return self._trust.outside_heads(self._origin)
        except (ProofError, OSError) as error:
            self.missing.append(f"the head kept outside the log cannot be used: {error}")
            return []

    def _trusted_keys(self) -> list[VerifierKey]:
        if self._origin is None:
            return []
        try:
            return self._trust.log_keys(self._origin)
        except ProofError as error:
            self.missing.append(f"the keys of this user cannot be used: {error}")
            return []

    def _verified_before(self) -> state.Verified | None:
        before = state.load(self._layout, self._origin) if self._origin is not None else None
        if before is None:
            self.remarks.append("everything was read: nothing was verified before, or a segment is not as it was")
            return None
        heads = [self._covering, *(head.checkpoint for head in self._outside)]
        if any(head is None or head.size < before.edge.size for head in heads):
            self.remarks.append("everything was read: a head is older than what was verified before")
            return None
        return before

    def _prepare(self, jobs: int) -> Scan:
        """The pass over the lines, with the sizes at which heads want a root."""
        start, first = Start(), _first(self._layout)
        if self._before is not None:
            start = self._before.start
        elif first and (self._stored.keys or self._outside):
            start, problems = pruned_start(self._layout, first)
            self.problems += problems
        elif first:
            start = Start(segment=first, pruned=first)  # an unsigned log has no tiles
        self._start = start
        sizes = [head.size for head in (*_heads(self._stored_heads()), *_heads(self._outside))]
        return Scan(self._layout, start, sizes, self._intents, jobs, excuses=self._excuses)

    def _stored_heads(self) -> list[StoredHead]:
        latest = [self._stored.latest] if self._stored.latest is not None else []
        # Those below what is pruned or was verified before have no root in this pass.
        return [*latest, *(head for head in self._stored.kept if head.checkpoint.size >= self._start.edge.size)]

    @property
    def _covering(self) -> Checkpoint | None:
        """The head that the verdict is about."""
        if self._stored.latest is not None:
            return self._stored.latest.checkpoint
        heads = [*_heads(self._stored.kept), *_heads(self._outside)]
        return max(heads, key=lambda head: head.size, default=None)

    @property
    def covered(self) -> int:
        """How many events the verdict is about; all, where no head says."""
        head = self._covering
        return self._scan.lines if head is None else head.size

    @property
    def _through(self) -> int:
        """Behind the last event that a head covers: the log's latest may have been set back to an earlier one."""
        return max([self.covered, *(head.size for head in (*_heads(self._stored.kept), *_heads(self._outside)))])

    # -- signatures ------------------------------------------------------------------------------------

    def _signing_keys(self) -> list[VerifierKey]:
        """Keys that may have signed: the trusted ones and those they handed over to, else those the log names."""
        if not self._trusted:
            return [] if self._trust.names_keys else self._stored.keys
        events = [*(self._before.keys if self._before else ()), *self._scan.key_events]
        heads = [(head.note, head.checkpoint) for head in (*self._stored_heads(), *self._stored.kept)]
        same = [pair for pair in heads if self._scan.roots.get(pair[1].size, pair[1].root) == pair[1].root]
        return [*self._trusted, *successors(self._trusted, self._stored.keys, events, same)]

    def _check_latest(self, keys: list[VerifierKey]) -> list[VerifierKey]:
        latest = self._stored.latest
        return [] if latest is None else self._signers(latest, keys)

    def _signers(self, head: StoredHead, keys: list[VerifierKey]) -> list[VerifierKey]:
        try:
            signers = head.note.verify(keys)
            self._check_named(signers, head)
            return signers
        except ProofError as error:
            # By a key that is not known here; what cannot be read may be what introduces it.
            strange = not {(key.name, key.id) for key in keys}.intersection(
                (one.name, one.id) for one in head.note.signatures
            )
            self.problems.append(Problem(what=str(error), file=head.file, unreadable=strange and self._keys_unread))
            return []

    def _check_named(self, signers: list[VerifierKey], head: StoredHead) -> None:
        """A log names each of its keys before it signs. One that does not gets no checkpoints from its writers."""
        if not set(signers).intersection(self._stored.keys):
            ids = ", ".join(key.id.hex() for key in signers)
            what = f"changed: neither it nor the file keys names the key that signed {head.file} ({ids})"
            self.problems.append(Problem(what=what, file="log.json", unreadable=self._keys_unread))

    @property
    def _keys_unread(self) -> bool:
        """A file could not be read in which a key may be named, or introduced by an event."""
        return self._scan.failed or any(problem.unreadable for problem in self._stored.problems)

    def _check_kept(self, keys: list[VerifierKey]) -> list[StoredHead]:
        """The stored heads whose signature is right; those that the lines do not lead to are problems.

        Who is trusted is told by the latest one. Those before it may be by a key that only the log names: one that was
        changed since, and that whoever verifies may never have known, or trusts no more.
        """
        latest = self._stored.latest
        others = [head for head in self._stored_heads() if head is not latest]
        sound = [head for head in others if self._signers(head, [*keys, *self._stored.keys])]
        if latest is not None and not any(problem.file == latest.file for problem in self.problems):
            sound.append(latest)
        for head in sound:
            self._check_length(head.checkpoint, f"the signed head {head.file}")
        return sound

    # -- roots -----------------------------------------------------------------------------------------

    def _check_length(self, head: Checkpoint, source: str) -> None:
        """A log that has fewer events than were signed was cut or rolled back."""
        there = self._scan.lines
        if self._end >= head.size or self._scan.failed:
            return
        what = f"cut or rolled back: {source} says {head}, but only {there} events are there"
        problem = Problem(what=what, file="segments", first_seq=there, last_seq=head.size - 1)
        if not any((one.first_seq, one.last_seq) == (there, head.size - 1) for one in self.problems):
            self.problems.append(problem)

    def _set_aside_what_lags(self) -> None:
        """Of a copy that is shorter than what its writer signed last, that head tells no more than that it lags."""
        if not self._copy or self._scan.failed:
            return
        ahead = [head for head in self._outside if head.of_writer and head.checkpoint.size > self._scan.lines]
        self._outside = [head for head in self._outside if head not in ahead]
        self._ahead = ahead[0] if ahead else None

    def _explained_end(self) -> int:
        """Where the lines end, or those would that the store has dropped behind them."""
        there, heads = self._scan.lines, [*_heads(self._stored_heads()), *_heads(self._outside)]
        end = max([self._excuses.end, *(head.size for head in heads)])
        return end if end > there and self._excuses.explain(there, end - 1) else there

    def _check_outside(self, sound: list[StoredHead]) -> list[KnownHead]:
        """The outside heads that the log agrees with; the others are problems."""
        agreeing, stored = [], [head.checkpoint for head in sound]
        for head in self._outside:
            root = self._scan.roots.get(head.checkpoint.size)
            self._check_length(head.checkpoint, head.source)
            if root == head.checkpoint.root:
                agreeing.append(head)
            elif root is not None and head.checkpoint not in stored:
                what = (
                    f"rewritten: {head.source} says {head.checkpoint}, "
                    f"the events that are there have root {encode_base64(root)} at that size"
                )
                file = "checkpoint" if self._stored.latest is not None else "segments"
                self.problems.append(Problem(what=what, file=file))
        return agreeing

    def _name_changed_lines(self, sound: list[StoredHead]) -> None:
        """Where a signed root is not that of the lines: say which of them were changed."""
        roots = self._scan.roots
        known = [head for head in (*_heads(sound), *_heads(self._outside)) if head.size in roots]
        bad = [head for head in known if roots[head.size] != head.root]
        if not bad:
            return
        first = min(head.size for head in bad)
        good = max((head.size for head in known if head.size < first and head not in bad), default=0)
        good = max(good, self._start.edge.size)
        last = max(bad, key=lambda head: head.size)
        explained = (one.first_seq is not None and one.first_seq < last.size for one in self._scan.problems)
        if not any(explained):
            self.problems += changed_lines(self._layout, good, last)

    def _check_pruned(self) -> None:
        if not self._start.pruned or self._before is not None or self._scan.failed:
            return
        last = self._start.pruned - 1
        on_record = self._pruned_on_record()
        if on_record < last and not self._excuses.explain(on_record + 1, last):
            what = "missing, and no log.pruned event under the checkpoint says that they were dropped"
            self.problems.append(Problem(what=what, file="segments", first_seq=0, last_seq=last))

    def _pruned_on_record(self) -> int:
        """The last event that an event under the checkpoint says was pruned; -1 for none."""
        told = [metadata.get("to") for seq, metadata in self._scan.pruned_events if seq < self.covered]
        return max((to for to in told if isinstance(to, int)), default=-1)

    # -- what is provable ------------------------------------------------------------------------------

    def _check_witnesses(self, keys: list[VerifierKey]) -> list[str]:
        """The witnesses that cosigned, each with its time; empty unless the policy's quorum is reached."""
        policy, latest = self._trust.policy, self._stored.latest
        if policy is None or latest is None or policy.quorum is None:
            return []
        try:
            verify_cosignatures(latest.note, policy.witnesses.values())
        except ProofError as error:
            self.problems.append(Problem(what=str(error), file=latest.file))
            return []
        try:
            cosigned = dataclasses.replace(policy, logs=[*policy.logs, *keys]).check(latest.note)
        except ProofError as error:
            self.missing.append(str(error))
            return []
        return [f"{one.key.name} at {datetime.fromtimestamp(one.time, timezone.utc).isoformat()}" for one in cosigned]

    def _say_what_is_missing(self, agreeing: list[KnownHead], cosigned: list[str]) -> None:
        on_record = self._pruned_on_record()
        for last, what in self._excuses.used:
            if last > on_record:
                self.missing.append(f"{what}, and nothing under a checkpoint of the log says so")
            else:
                self.remarks.append(what)
        if self._covering is None:
            unsigned = not self._stored.keys
            self.missing.append("the log is unsigned" if unsigned else "there is no checkpoint yet")
            return
        if self._stored.latest is None:
            self.missing.append("the log has no checkpoint of its own; `agent-audit-log seal` makes one")
        if not self._trusted:
            self.missing.append(
                "the key is known from the log itself only: bring one with --policy or --key, from somewhere else"
            )
        if agreeing or cosigned:
            return
        if self._ahead is not None:
            self.missing.append(
                f"the copy ends after {self._scan.lines:,} events, {self._ahead.source} says "
                f"{self._ahead.checkpoint.size:,}: it lags behind its log, or its end was taken away; verify it again "
                "when it was shipped"
            )
        elif self._outside:
            known = ", ".join(head.source for head in self._outside)
            self.missing.append(
                f"the log could not be shown to lead to the head that is known from outside it: {known}"
            )
        else:
            self.missing.append(
                "no head is known from outside the log: a checkpoint kept elsewhere (--since-checkpoint), the writer's "
                "own signed-head, or a quorum of witnesses (--policy)"
            )

    def _split_off_later(self) -> None:
        """What is wrong behind the covered events is told, and does not count."""
        found = self._scan.problems
        later = [one for one in found if one.first_seq is not None and one.first_seq >= self._through]
        self.problems = [one for one in self.problems if one not in later]
        self.remarks += [f"behind the checkpoint: {one}" for one in later]
        if self._scan.damaged_tiles:
            count, first = len(self._scan.damaged_tiles), self._scan.damaged_tiles[0]
            self.remarks.append(
                f"{plural(count, 'tile')} missing or damaged, the first is {first}; "
                "they are caches: `agent-audit-log rebuild` makes them anew"
            )
        if self._scan.torn:
            self.remarks.append(f"{self._scan.torn} bytes of a last line are still being written, or were torn")

    def _verdict(self) -> Verdict:
        if any(not problem.unreadable for problem in self.problems):
            return Verdict.TAMPERED
        if self.problems or self._scan.failed:
            return Verdict.INCOMPLETE
        return Verdict.NOT_PROVABLE if self.missing else Verdict.VALID

    def _result(self, signed_by: list[VerifierKey], agreeing: list[KnownHead], cosigned: list[str]) -> Verification:
        head = self._covering
        return Verification(
            verdict=self._verdict(),
            log=self._layout.name,
            origin=self._origin,
            size=self.covered,
            root=None if head is None else encode_base64(head.root),
            later=max(0, self._scan.lines - self.covered),
            pruned=self._start.pruned,
            hashed=self._scan.hashed,
            signed_by=tuple(f"{key.name} ({key.id.hex()})" for key in signed_by if self._trusted),
            heads=tuple(f"{known.source}: {known.checkpoint}" for known in agreeing),
            cosigned_by=tuple(cosigned),
            problems=tuple(self.problems),
            missing=tuple(self.missing),
            remarks=tuple(self.remarks),
            unpaired=None if self._intents is None else self._intents.count,
        )

    def _remember(self) -> None:
        edge, mark = self._scan.last_edge, self._scan.mark
        if edge is None or self._origin is None or edge.size == 0:
            return
        if mark is None:
            return  # nothing new: what is remembered still holds
        try:
            files = state.files_through(self._layout, mark[0])
        except OSError:
            return  # a segment was pruned meanwhile; the next verification reads everything
        keys = [*(self._before.keys if self._before else ()), *self._scan.key_events]
        state.save(self._layout, self._origin, state.Verified(edge, mark[0], mark[1], files, self._start.pruned, keys))


def _heads(found: Sequence[StoredHead] | Sequence[KnownHead]) -> list[Checkpoint]:
    return [one.checkpoint for one in found]
