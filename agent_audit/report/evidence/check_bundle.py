#!/usr/bin/env python3
"""Check this evidence bundle. Needs Python 3.8 or newer and the command `openssl` (3.0 or newer), nothing else.

    python3 check_bundle.py [DIRECTORY]

Exit code 0: every event is proved by the signed checkpoint. 1: something is not. 2: it cannot be checked here.

What it does, by public standards: SHA-256 of every file against SHA256SUMS; the signature of the checkpoint
(C2SP signed-note, Ed25519 of RFC 8032) by a log key of `policy`, the cosignatures of its witnesses and their quorum
(C2SP tlog-policy, tlog-cosignature); for every line of events.jsonl the inclusion proof (C2SP tlog-proof, RFC 6962) and
the SHA-256 of the payloads that it names; and that the manifest counts the events that are there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of a public key in its DER form (RFC 8410)."""
LOG, WITNESS, MLDSA_WITNESS = 0x01, 0x04, 0x06
"""Types of keys in a vkey (C2SP signed-note): Ed25519, Ed25519, and ML-DSA-44, which is not checked here."""
YEAR_10000 = 253_402_300_800
"""Seconds since 1970."""


class Key(NamedTuple):
    """A vkey."""

    name: str
    id: bytes
    public: bytes
    kind: int


class Policy(NamedTuple):
    """A C2SP tlog-policy."""

    logs: list[Key]
    witnesses: dict[str, Key]
    groups: dict[str, tuple[int, list[str]]]
    """Name -> how many of these members are needed."""
    quorum: str
    """Name of a witness or group, or `none`."""


def main(root: Path) -> int:
    """Check everything; returns the exit code."""
    try:
        return check(root)
    except Exception as error:  # whatever somebody has put there proves nothing
        say(f"NOT PROVED: a file of the bundle is missing or malformed: {error}")
        return 1


def check(root: Path) -> int:
    """Check everything in a bundle that has all that belongs to one."""
    manifest = json.loads((root / "manifest.json").read_bytes())
    problems = wrong_files(root)
    if not (root / "checkpoint").exists():
        problems.append("there is no checkpoint in this bundle: nothing in it can be proved")
        return tell(problems, 0, manifest)
    if shutil.which("openssl") is None:
        print("cannot check the signature: the command openssl is not here", file=sys.stderr)
        return 2
    note = (root / "checkpoint").read_bytes()
    try:
        problems += wrong_signatures(read_policy((root / "policy").read_text(encoding="utf-8")), note)
    except (ValueError, IndexError):
        problems.append("policy or checkpoint is malformed: no signature can be checked")
    proved: set[int] = set()
    seqs: list[int] = []
    for number, line in enumerate((root / "events.jsonl").read_bytes().split(b"\n")[:-1], start=1):
        seq = position_of(line)
        path = root / "proofs" / f"{seq}.tlog-proof"
        if seq is None:
            problems.append(f"events.jsonl:{number}: this line is no event")
            continue
        seqs.append(seq)
        if seq in manifest["unproved"]:
            problems.append(f"events.jsonl:{number}: event {seq} came after the checkpoint and is proved by nothing")
        elif not path.exists() or not included(line, seq, path.read_bytes(), note):
            problems.append(f"events.jsonl:{number}: event {seq} is not what the checkpoint covers")
        elif seq in proved:
            problems.append(f"events.jsonl:{number}: event {seq} is there already, and happened once")
        elif wrong := wrong_payloads(root, line):
            problems += [f"events.jsonl:{number}: event {seq}: {what}" for what in wrong]
        else:
            proved.add(seq)
    problems += untrue(manifest, seqs)
    return tell(problems, len(proved), manifest)


def position_of(line: bytes) -> int | None:
    """The position that an event names; None when the line is none."""
    try:
        seq = json.loads(line)["seq"]
    except (ValueError, KeyError, TypeError):
        return None
    return seq if type(seq) is int else None


def wrong_payloads(root: Path, line: bytes) -> list[str]:
    """The payloads beside an event's line that are not those that it names by their SHA-256."""
    problems = []
    for blob in json.loads(line).get("blobs", []):
        digest, size = blob["sha256"], blob["bytes"]
        path = root / "blobs" / "sha256" / digest[:2] / digest[2:]
        data = path.read_bytes() if path.is_file() else None
        if data is None or hashlib.sha256(data).hexdigest() != digest or len(data) != size:
            state = "is missing" if data is None else "was changed"
            problems.append(f"its {blob['field']}, {path.relative_to(root)}, {state}")
    return problems


def untrue(manifest: dict[str, Any], seqs: list[int]) -> list[str]:
    """What the manifest says of the events, and is not so: an event may have been taken out together with its proof."""
    found = {
        "events": len(seqs),
        "first_seq": min(seqs, default=None),
        "last_seq": max(seqs, default=None),
        "contiguous": bool(seqs) and max(seqs) - min(seqs) + 1 == len(seqs),
    }
    return [
        f"manifest.json says {name}: {json.dumps(manifest[name])}, in events.jsonl it is {json.dumps(value)}"
        for name, value in found.items()
        if manifest[name] != value
    ]


def tell(problems: list[str], proved: int, manifest: dict[str, Any]) -> int:
    """Print what was found."""
    for problem in problems:
        say(f"NOT PROVED: {problem}")
    say(f"{proved} of {manifest['events']} events proved to be in the log {manifest['origin']}")
    if not problems:
        say("Compare the key in `policy` with one that you got another way: whoever made the bundle chose this one.")
    return 1 if problems else 0


def say(text: str) -> None:
    """Print a line; what a terminal would obey of the names in it, which a stranger chose, shows as escapes."""
    print("".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text))


def wrong_files(root: Path) -> list[str]:
    """Files that are not what SHA256SUMS says."""
    listed = dict(line.split("  ", 1)[::-1] for line in (root / "SHA256SUMS").read_text().splitlines())
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    problems = [f"{name} is not listed in SHA256SUMS" for name in sorted(found - set(listed))]
    for name, digest in listed.items():
        if name not in found or hashlib.sha256((root / name).read_bytes()).hexdigest() != digest:
            problems.append(f"{name} is missing or is not what SHA256SUMS says")
    return problems


def read_policy(text: str) -> Policy:
    """The policy; ValueError or IndexError when it is none."""
    policy, quorums = Policy([], {}, {}, "none"), []
    grouped: set[str] = set()
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            policy.logs.append(read_key(words[1], {LOG: 32}))
        elif words[0] == "witness":
            policy.witnesses[free(policy, words[1])] = read_key(words[2], {WITNESS: 32, MLDSA_WITNESS: 1312})
        elif words[0] == "group":
            members = [known(policy, name) for name in words[3:]]
            if grouped & set(members) or len(set(members)) < len(members):
                raise ValueError("no member may be in two groups, or twice in one")
            grouped |= set(members)
            needed = {"any": 1, "all": len(members)}.get(words[2]) or int(words[2])
            if not 1 <= needed <= len(members):
                raise ValueError(f"a group of {len(members)} cannot need {needed}")
            policy.groups[free(policy, words[1])] = (needed, members)
        elif words[0] == "quorum" and len(words) == 2:
            quorums.append(words[1] if words[1] == "none" else known(policy, words[1]))
        else:
            raise ValueError(f"{words[0]} is no line of a policy")
    (quorum,) = quorums
    keys = [*policy.logs, *policy.witnesses.values()]
    if len({key.public for key in keys}) < len(keys):
        raise ValueError("one key under two names would count twice")
    return policy._replace(quorum=quorum)


def free(policy: Policy, name: str) -> str:
    """A name that is not taken yet."""
    if name == "none" or name in policy.witnesses or name in policy.groups:
        raise ValueError(f"the name {name} is taken")
    return name


def known(policy: Policy, name: str) -> str:
    """A name that stands above."""
    if name not in policy.witnesses and name not in policy.groups:
        raise ValueError(f"{name} is not defined above")
    return name


def read_key(vkey: str, kinds: dict[int, int]) -> Key:
    """A vkey line: name, key id and key; of one of these types, each with the bytes that its keys have."""
    name, hex_id, encoded = vkey.split("+", 2)
    data = base64.b64decode(encoded)
    digest = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
    if len(data) - 1 != kinds.get(data[0]) or digest.hex() != hex_id:
        raise ValueError(f"{name} has no key of type {' or '.join(map(str, kinds))}")
    return Key(name, digest, data[1:], data[0])


def wrong_signatures(policy: Policy, note: bytes) -> list[str]:
    """Empty when a log of the policy has signed the checkpoint, and its quorum of witnesses has cosigned it."""
    text, _, lines = note.rpartition(b"\n\n")
    text += b"\n"
    signed, seen, problems = False, set(), []
    for line in lines.decode().splitlines():
        _, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        for key in policy.logs:
            if (key.name, key.id) == (signer, raw[:4]) and text.startswith(key.name.encode() + b"\n"):
                signed = signed or openssl_verifies(key.public, text, raw[4:])
        for name, key in policy.witnesses.items():
            if (key.name, key.id) == (signer, raw[:4]) and key.kind == MLDSA_WITNESS:
                say(f"not checked here, and not counted: the cosignature of {signer}, which is ML-DSA-44")
            elif (key.name, key.id) == (signer, raw[:4]):
                time = cosigned_at(key, text, raw[4:])
                if time is None:
                    problems.append(f"the cosignature of the witness {signer} is wrong")
                else:
                    seen.add(name)
                    at = datetime.fromtimestamp(time, timezone.utc)
                    say(f"cosigned by the witness {signer} at {at:%Y-%m-%d %H:%M:%SZ}")
    if not signed:
        problems.append("no key of the policy has signed the checkpoint")
    if policy.quorum != "none" and not satisfied(policy, policy.quorum, seen):
        problems.append(f"the quorum of witnesses {policy.quorum} of the policy has not cosigned the checkpoint")
    return problems


def cosigned_at(key: Key, text: bytes, value: bytes) -> int | None:
    """When the witness saw the checkpoint, in seconds since 1970; None when the cosignature is wrong."""
    time = int.from_bytes(value[:8], "big")
    message = f"cosignature/v1\ntime {time}\n".encode() + text
    right = len(value) == 72 and 0 < time < YEAR_10000 and openssl_verifies(key.public, message, value[8:])
    return time if right else None


def satisfied(policy: Policy, name: str, seen: set[str]) -> bool:
    """Whether this witness, or as many members of this group as it needs, are among those seen."""
    if name in policy.witnesses:
        return name in seen
    needed, members = policy.groups[name]
    return sum(satisfied(policy, member, seen) for member in members) >= needed


def openssl_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this is an Ed25519 signature (RFC 8032)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "key").write_bytes(ED25519_SPKI + public)
        (folder / "message").write_bytes(message)
        (folder / "signature").write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin"]
        command += ["-in", "message", "-sigfile", "signature"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


def included(line: bytes, seq: int, proof: bytes, note: bytes) -> bool:
    """Whether the proof leads from the line to the checkpoint; a malformed one does not."""
    try:
        return leads_to_root(line, seq, proof, note)
    except (ValueError, IndexError):
        return False


def leads_to_root(line: bytes, seq: int, proof: bytes, note: bytes) -> bool:
    """The verification of an inclusion proof (RFC 9162, 2.1.3.2)."""
    head, _, proved_note = proof.partition(b"\n\n")
    lines = head.decode().split("\n")
    if lines[0] != "c2sp.org/tlog-proof@v1" or proved_note != note or lines[1] != f"index {seq}":
        return False
    size, root = int(note.split(b"\n")[1]), base64.b64decode(note.split(b"\n")[2])
    digest = hashlib.sha256(b"\x00" + line).digest()
    first, last = seq, size - 1
    if first > last:
        return False
    for sibling in map(base64.b64decode, lines[2:]):
        if last == 0:
            return False
        if first % 2 or first == last:
            digest = hashlib.sha256(b"\x01" + sibling + digest).digest()
            while first % 2 == 0 and first:
                first, last = first // 2, last // 2
        else:
            digest = hashlib.sha256(b"\x01" + digest + sibling).digest()
        first, last = first // 2, last // 2
    return last == 0 and digest == root


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent))
