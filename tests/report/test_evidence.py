from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.analysis import AuditAnalyzer
from agent_audit.backends.file.layout import Layout
from agent_audit.cli.main import main
from agent_audit.errors import ProofError
from agent_audit.integrity.cosignature import cosign
from agent_audit.integrity.note import MLDSA44, Note, Signer, VerifierKey
from agent_audit.integrity.policy import Policy
from agent_audit.report.evidence import write_bundle
from agent_audit.verify import Trust
from tests.analysis.logs import write_log
from tests.integrity.keys import WitnessKey

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


def _log(root: Path, count: int = 12, **fields: object) -> Path:
    with AuditLogger(FileAuditBackend(root)) as logger:
        for number in range(count):
            logger.log(AuditEvent(event_type=AuditEventType.TOOL_CALL, session_id=f"s{number % 3}", **fields))
    return root


def _bundle(root: Path, folder: Path, *options: str, code: int = 0) -> Path:
    assert main(["evidence", str(root), "-o", str(folder / "bundle.zip"), *options]) == code
    return _unpacked(folder / "bundle.zip", folder)


def _unpacked(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder / "bundle")
    return folder / "bundle"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two packed bundles, for tests that change something in one: `bundle.zip` and, with a witness, `b.zip`."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        _bundle(_log(folder / "one"), folder)
        _witnessed(folder, "quorum a", "a")
    return folder


@pytest.fixture
def bundle(made_once: Path, tmp_path: Path) -> Path:
    """A bundle of twelve events."""
    return _unpacked(made_once / "bundle.zip", tmp_path)


@pytest.fixture
def witnessed(made_once: Path, tmp_path: Path) -> Path:
    """A bundle whose policy asks for a cosignature of the witness `a`, who has given it."""
    return _unpacked(made_once / "b.zip", tmp_path)


def _check(bundle: Path) -> tuple[int, str]:
    """What the bundle's own script says, run without any package of this project or another's."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(bundle / "check_bundle.py")], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


def _replace(bundle: Path, name: str, old: bytes, new: bytes) -> None:
    """Change a file together with its digest: what somebody would do who forges a bundle."""
    path = bundle / name
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    sums = (bundle / "SHA256SUMS").read_text()
    (bundle / "SHA256SUMS").write_text(sums.replace(before, hashlib.sha256(path.read_bytes()).hexdigest()))


def _manifest(bundle: Path) -> dict[str, object]:
    return dict(json.loads((bundle / "manifest.json").read_bytes()))


@needs_openssl
def test_the_bundle_proves_every_event_without_this_software(bundle: Path) -> None:
    manifest = _manifest(bundle)
    code, text = _check(bundle)
    assert code == 0, text
    assert f"{manifest['events']} of {manifest['events']} events proved" in text
    assert manifest["contiguous"] is True
    assert manifest["unproved"] == []


class _Meanwhile(list[int]):
    """Positions of events; when they have been gone through, the log has gone on and has another checkpoint."""

    def __init__(self, backend: FileAuditBackend, seqs: list[int]) -> None:
        super().__init__(seqs)
        self._backend = backend

    def __iter__(self) -> Iterator[int]:
        yield from super().__iter__()
        self._backend.append([AuditEvent(event_type=AuditEventType.TOOL_CALL).to_json().encode()])
        self._backend.seal()


@needs_openssl
def test_a_bundle_of_a_log_that_goes_on_meanwhile_has_the_checkpoint_that_its_proofs_lead_to(tmp_path: Path) -> None:
    root = _log(tmp_path / "log")
    with contextlib.closing(FileAuditBackend(root, auto_seal=False)) as backend, AuditAnalyzer(root) as analyzer:
        seqs = _Meanwhile(backend, analyzer.positions())
        written = write_bundle(
            tmp_path / "bundle.zip",
            Layout(root),
            seqs,
            analyzer.overview(),
            trust=Trust(),
            choice={},
            made_at=datetime(2026, 3, 1, tzinfo=timezone.utc),
        )
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    assert not written.unproved
    code, text = _check(tmp_path / "bundle")
    assert code == 0, text


@needs_openssl
def test_a_policy_from_before_the_key_was_changed_is_said_to_prove_nothing_in_a_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = _log(tmp_path / "log")
    old = json.loads(Layout(root).header.read_bytes())["vkey"]
    with contextlib.closing(FileAuditBackend(root)) as log:
        new = log.rotate_key()
    for number, (key, code) in enumerate([(old, 3), (str(new), 0)]):
        (folder := tmp_path / str(number)).mkdir()
        (folder / "policy").write_text(f"log {key}\nquorum none\n")
        bundle = _bundle(root, folder, "--policy", str(folder / "policy"), code=code)
        assert ("no key in the bundle's policy has signed" in capsys.readouterr().err) == (code == 3)
        assert (_check(bundle)[0] == 0) == (code == 0)


def test_a_policy_that_can_be_read_once_alone_is_the_one_in_the_bundle(tmp_path: Path) -> None:
    root = _log(tmp_path / "log")
    policy = f"# ours\nlog {json.loads(Layout(root).header.read_bytes())['vkey']}\nquorum none\n"
    reader, writer = os.pipe()  # what a shell makes of `--policy <(...)`
    os.write(writer, policy.encode())
    os.close(writer)
    bundle = _bundle(root, tmp_path, "--policy", f"/dev/fd/{reader}")
    os.close(reader)
    assert (bundle / "policy").read_text() == policy


@needs_openssl
@pytest.mark.parametrize("name", ["events.jsonl", "checkpoint", "policy", "proofs/3.tlog-proof", "report.html"])
def test_a_changed_file_is_noticed_by_the_script(bundle: Path, name: str) -> None:
    path = bundle / name
    data = path.read_bytes()
    path.write_bytes(data.replace(b"A", b"B", 1) if b"A" in data else data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    code, text = _check(bundle)
    assert code == 1
    assert name in text


@needs_openssl
@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS", "events.jsonl", "checkpoint", "policy"])
@pytest.mark.parametrize("data", [None, b"", b"[1]", b"\xff" * 9])
def test_a_file_that_is_missing_or_none_of_its_kind_is_named_and_proves_nothing(
    bundle: Path, name: str, data: bytes | None
) -> None:
    (bundle / name).unlink() if data is None else (bundle / name).write_bytes(data)
    code, text = _check(bundle)
    assert code == 1
    assert "NOT PROVED" in text
    if data is None:
        assert name in text


@needs_openssl
def test_an_event_that_is_in_the_bundle_twice_is_not_two_events(bundle: Path) -> None:
    lines = (bundle / "events.jsonl").read_bytes().splitlines(keepends=True)
    _replace(bundle, "events.jsonl", lines[-1], lines[0])
    code, text = _check(bundle)
    assert code == 1
    assert "event 0 is there already" in text


@needs_openssl
def test_a_name_in_a_bundle_does_nothing_to_the_terminal_of_whoever_checks_it(bundle: Path) -> None:
    _replace(bundle, "manifest.json", str(_manifest(bundle)["origin"]).encode(), rb"\u001b]0;proved\u0007\u202e")
    code, text = _check(bundle)
    assert code == 0, text
    assert r"\x1b]0;proved\x07\u202e" in text
    assert text.replace("\n", "").isprintable()


@needs_openssl
def test_an_event_changed_with_its_digest_is_still_named(bundle: Path) -> None:
    _replace(bundle, "events.jsonl", b'"s1"', b'"s2"')
    code, text = _check(bundle)
    assert code == 1
    assert "events.jsonl:3: event 2 is not what the checkpoint covers" in text


class PostQuantumWitness:
    """A key that cosigns with ML-DSA-44."""

    def __init__(self, name: str) -> None:
        mldsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.mldsa", reason="cryptography is too old")
        self._key = mldsa.MLDSA44PrivateKey.generate()
        self.vkey = VerifierKey(name, MLDSA44, self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self._key.sign(message)
        return signature


WITNESSES: dict[str, Signer] = {
    name: WitnessKey(f"{name}.example", bytes([number]) * 32) for number, name in enumerate("abc", start=1)
}


def _witnessed(
    folder: Path, quorum: str, *cosigners: str, time: int = 1_700_000_000, witnesses: Mapping[str, Signer] = WITNESSES
) -> Path:
    """A bundle with a policy of these witnesses, whose checkpoint some of them have cosigned."""
    root = _log(folder / "log")
    layout = Layout(root)
    (key,) = {signature.name: signature for signature in Note.parse(layout.checkpoint.read_bytes()).signatures}
    vkey = next(line for line in json.loads(layout.header.read_bytes()).values() if str(line).startswith(f"{key}+"))
    text = Note.parse(layout.checkpoint.read_bytes()).text
    cosigned = "".join(str(cosign(text, witnesses[name], time)) for name in cosigners)
    layout.checkpoint.write_bytes(layout.checkpoint.read_bytes() + cosigned.encode())
    lines = "".join(f"witness {name} {one.vkey}\n" for name, one in witnesses.items())
    policy = f"# ours\nlog {vkey}\n{lines}{quorum}\n"
    (folder / "policy.txt").write_text(policy)
    assert main(["evidence", str(root), "-o", str(folder / "b.zip"), "--policy", str(folder / "policy.txt")]) in {0, 3}
    return _unpacked(folder / "b.zip", folder)


@needs_openssl
@pytest.mark.parametrize(
    ("quorum", "cosigners"),
    [
        ("quorum none", ""),
        ("quorum a", "a"),
        ("group two 2 a b c\nquorum two", "bc"),
        ("group one any a b\ngroup both all one c\nquorum both", "bc"),
    ],
)
def test_witnesses_that_cosigned_are_named_and_a_quorum_that_is_there_is_enough(
    tmp_path: Path, quorum: str, cosigners: str
) -> None:
    code, text = _check(_witnessed(tmp_path, quorum, *cosigners))
    assert code == 0, text
    assert text.count("cosigned by the witness") == len(cosigners)
    assert all(f"{name}.example at 2023-11-14 22:13:20Z" in text for name in cosigners)


@needs_openssl
@pytest.mark.parametrize(
    ("quorum", "cosigners"),
    [
        ("quorum a", "bc"),
        ("group two 2 a b c\nquorum two", "c"),
        ("group one any a b\ngroup both all one c\nquorum both", "ab"),
    ],
)
def test_a_quorum_that_is_not_there_is_a_problem(tmp_path: Path, quorum: str, cosigners: str) -> None:
    code, text = _check(_witnessed(tmp_path, quorum, *cosigners))
    assert code == 1
    assert f"the quorum of witnesses {quorum.rsplit(maxsplit=1)[-1]} of the policy has not cosigned" in text


@needs_openssl
def test_a_post_quantum_cosignature_is_named_as_not_checked_and_not_counted(tmp_path: Path) -> None:
    witnesses = {**WITNESSES, "d": PostQuantumWitness("d.example")}
    code, text = _check(_witnessed(tmp_path / "one", "quorum a", "a", "d", witnesses=witnesses))
    assert code == 0, text
    assert "not checked here, and not counted: the cosignature of d.example, which is ML-DSA-44" in text
    code, text = _check(_witnessed(tmp_path / "other", "quorum d", "d", witnesses=witnesses))
    assert code == 1
    assert "the quorum of witnesses d of the policy has not cosigned the checkpoint" in text


@needs_openssl
def test_a_cosignature_of_another_head_is_named_even_where_no_witness_is_asked_for(tmp_path: Path) -> None:
    bundle = _witnessed(tmp_path, "quorum none", "a")
    ours = Note.parse((bundle / "checkpoint").read_bytes())
    forged = str(cosign(ours.text.replace("\n", "x\n", 1), WITNESSES["a"], 1_700_000_000))
    _replace(bundle, "checkpoint", str(ours.signatures[-1]).encode(), forged.encode())
    code, text = _check(bundle)
    assert code == 1
    assert "the cosignature of the witness a.example is wrong" in text


@needs_openssl
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("quorum a", ""),
        ("quorum a", "quorum d"),
        ("quorum a", "quorum a\nquorum b"),
        ("quorum a", "group g 3 a b\nquorum g"),
        ("quorum a", "group g all a\ngroup h all a\nquorum h"),
        ("quorum a", "group g 2 a a\nquorum g"),
        ("quorum a", f"witness again {WITNESSES['a'].vkey}\nquorum a"),
        ("witness a a.example+", "witness a b.example+"),
        ("quorum a", "trust me"),
    ],
)
def test_a_malformed_policy_proves_nothing(witnessed: Path, old: str, new: str) -> None:
    """And what this software reads as one is what the script reads as one."""
    _replace(witnessed, "policy", old.encode(), new.encode())
    code, text = _check(witnessed)
    assert code == 1
    assert "policy or checkpoint is malformed" in text
    with pytest.raises(ProofError):
        Policy.parse((witnessed / "policy").read_text())


def test_the_bundle_has_the_chosen_lines_byte_for_byte_and_says_what_was_chosen(tmp_path: Path) -> None:
    root = _log(tmp_path / "log")
    bundle = _bundle(root, tmp_path, "--session", "s1")
    recorded = b"".join(path.read_bytes() for path in sorted((root / "segments").iterdir())).splitlines(keepends=True)
    lines = (bundle / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    assert set(lines) <= set(recorded)
    manifest = _manifest(bundle)
    assert manifest["choice"] == {"session": "s1"}
    assert manifest["contiguous"] is False
    assert "supports" in (bundle / "compliance.md").read_text()
    assert json.loads((bundle / "compliance.json").read_bytes())["verification"]["verdict"] == "valid"


def test_a_long_payload_travels_along(tmp_path: Path) -> None:
    root = _log(tmp_path / "log", 1, parameters={"text": "long " * 20_000})
    bundle = _bundle(root, tmp_path)
    blobs = [path for path in (bundle / "blobs").rglob("*") if path.is_file()]
    assert len(blobs) == 1
    assert b"long long" in blobs[0].read_bytes()


@needs_openssl
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_payload_that_is_not_the_one_that_its_event_names_is_not_proved(tmp_path: Path, how: str) -> None:
    bundle = _bundle(_log(tmp_path / "log", 1, parameters={"text": "long " * 20_000}), tmp_path)
    assert _check(bundle)[0] == 0
    (blob,) = (path for path in (bundle / "blobs").rglob("*") if path.is_file())
    name = blob.relative_to(bundle).as_posix()
    if how == "changed":
        _replace(bundle, name, b"long long", b"short one")
    else:
        blob.unlink()
        sums = (bundle / "SHA256SUMS").read_text().splitlines(keepends=True)
        (bundle / "SHA256SUMS").write_text("".join(line for line in sums if name not in line))
    code, text = _check(bundle)
    assert code == 1
    assert f"events.jsonl:2: event 1: its parameters, {name}, " in text
    assert f"2 of {_manifest(bundle)['events']} events proved" in text


@needs_openssl
@pytest.mark.parametrize("told", [b'"events": 13', b'"events": 14'])
def test_an_event_that_was_taken_out_with_its_proof_is_missed_even_where_the_manifest_was_changed_too(
    bundle: Path, told: bytes
) -> None:
    lines = (bundle / "events.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 14
    _replace(bundle, "events.jsonl", lines[5], b"")
    _replace(bundle, "manifest.json", b'"events": 14', told)
    if told == b'"events": 14':
        _replace(bundle, "manifest.json", b'"unproved": []', b'"unproved": [5]')
    code, text = _check(bundle)
    assert code == 1
    assert "manifest.json says contiguous: true, in events.jsonl it is false" in text


def test_a_file_that_is_no_payload_does_not_travel_along_because_a_line_names_it(tmp_path: Path) -> None:
    root = _log(tmp_path / "log", 1)
    (tmp_path / "secret").write_text("of the auditor")
    path = f"../{'../' * 30}{(tmp_path / 'secret').relative_to('/')}"
    segment = Layout(root).segment(0)
    lines = segment.read_bytes().splitlines(keepends=True)
    lines[1] = b'{"seq":1,"blobs":[{"sha256":"%s"}],%s' % (path.encode(), lines[1].partition(b",")[2])
    segment.write_bytes(b"".join(lines))
    assert main(["evidence", str(root), "-o", str(tmp_path / "bundle.zip")]) == 1
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        assert not [name for name in bundle.namelist() if "blobs" in name or ".." in name]
        assert not any(b"of the auditor" in bundle.read(name) for name in bundle.namelist())


def test_a_log_without_a_checkpoint_gives_a_bundle_that_says_it_proves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [AuditEvent(event_type="tool.call", session_id="s") for _ in range(3)]
    bundle = _bundle(write_log(tmp_path / "log", events), tmp_path, code=3)
    assert _manifest(bundle)["unproved"] == [0, 1, 2]
    assert "3 events in it not proved" in capsys.readouterr().err
    assert not (bundle / "checkpoint").exists()
    assert _check(bundle)[0] == 1


def test_nothing_chosen_and_too_much_chosen_are_refused_and_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, target = _log(tmp_path / "log"), tmp_path / "bundle.zip"
    assert main(["evidence", str(root), "-o", str(target), "--agent", "nobody"]) == 2
    assert main(["evidence", str(root), "-o", str(target), "--max-events", "3"]) == 2
    said = capsys.readouterr().err
    assert "no event of the log matches" in said
    assert "--max-events" in said
    assert not list(tmp_path.glob("*bundle.zip*"))


def test_report_and_compliance_commands_write_their_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = _log(tmp_path / "log")
    target = tmp_path / "report.html"
    assert main(["report", str(root), "--since", "24h", "--html", str(target)]) == 0
    text = target.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "The record is whole" in text
    assert main(["report", str(root), "--no-verify", "--html", str(target)]) == 0
    assert "Not verified" in target.read_text()
    capsys.readouterr()
    assert main(["compliance", str(root), "--format", "html"]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")
    assert main(["compliance", str(root), "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Compliance report")
