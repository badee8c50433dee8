#!/usr/bin/env python3
"""Check this evidence bundle. Needs Python 3.8 or newer and the command `openssl` (3.0 or newer), nothing else.

    python3 check_bundle.py [DIRECTORY]

Exit code 0: every event is proved by the signed checkpoint. 1: something is not. 2: it cannot be checked here.

What it does, by public standards: SHA-256 of every file against SHA256SUMS; the signature of the checkpoint
(C2SP signed-note, Ed25519 of RFC 8032) by a key of `policy`; for every line of events.jsonl the inclusion proof
(C2SP tlog-proof, RFC 6962 tree). It does not check cosignatures of witnesses.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of a public key in its DER form (RFC 8410)."""


def main(root: Path) -> int:
    """Check everything; returns the exit code."""
    manifest = json.loads((root / "manifest.json").read_bytes())
    problems = wrong_files(root)
    if not (root / "checkpoint").exists():
        problems.append("there is no checkpoint in this bundle: nothing in it can be proved")
        return tell(problems, 0, manifest)
    note = (root / "checkpoint").read_bytes()
    try:
        problems += wrong_signature(root, note)
    except (ValueError, IndexError):
        problems.append("policy or checkpoint is malformed: no signature can be checked")
    except FileNotFoundError:
        print("cannot check the signature: the command openssl is not here", file=sys.stderr)
        return 2
    proved = 0
    for number, line in enumerate((root / "events.jsonl").read_bytes().split(b"\n")[:-1], start=1):
        seq = position_of(line)
        path = root / "proofs" / f"{seq}.tlog-proof"
        if seq is None:
            problems.append(f"events.jsonl:{number}: this line is no event")
        elif seq in manifest["unproved"]:
            problems.append(f"events.jsonl:{number}: event {seq} came after the checkpoint and is proved by nothing")
        elif not path.exists() or not included(line, seq, path.read_bytes(), note):
            problems.append(f"events.jsonl:{number}: event {seq} is not what the checkpoint covers")
        else:
            proved += 1
    if proved + len(manifest["unproved"]) != manifest["events"]:
        problems.append(f"events.jsonl does not have the {manifest['events']} events of the manifest")
    return tell(problems, proved, manifest)


def position_of(line: bytes) -> int | None:
    """The position that an event names; None when the line is none."""
    try:
        return int(json.loads(line)["seq"])
    except (ValueError, KeyError, TypeError):
        return None


def tell(problems: list[str], proved: int, manifest: dict[str, Any]) -> int:
    """Print what was found."""
    for problem in problems:
        print(f"NOT PROVED: {problem}")
    print(f"{proved} of {manifest['events']} event(s) proved to be in the log {manifest['origin']}")
    if not problems:
        print("Compare the key in `policy` with one that you got another way: whoever made the bundle chose this one.")
    return 1 if problems else 0


def wrong_files(root: Path) -> list[str]:
    """Files that are not what SHA256SUMS says."""
    listed = dict(line.split("  ", 1)[::-1] for line in (root / "SHA256SUMS").read_text().splitlines())
    found = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - {"SHA256SUMS"}
    problems = [f"{name} is not listed in SHA256SUMS" for name in sorted(found - set(listed))]
    for name, digest in listed.items():
        if name not in found or hashlib.sha256((root / name).read_bytes()).hexdigest() != digest:
            problems.append(f"{name} is missing or is not what SHA256SUMS says")
    return problems


def wrong_signature(root: Path, note: bytes) -> list[str]:
    """Empty when a log key of the policy has signed the checkpoint."""
    text, _, lines = note.rpartition(b"\n\n")
    text += b"\n"
    keys = [line.split()[1] for line in (root / "policy").read_text().splitlines() if line.startswith("log ")]
    for vkey in keys:
        name, hex_id, encoded = vkey.split("+", 2)
        public = base64.b64decode(encoded)[1:]
        for line in lines.decode().splitlines():
            _, signer, signature = line.split(" ")
            raw = base64.b64decode(signature)
            named = signer == name and raw[:4].hex() == hex_id and text.startswith(name.encode() + b"\n")
            if named and openssl_verifies(public, text, raw[4:]):
                return []
    return ["no key of the policy has signed the checkpoint"]


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
