"""A witness over real HTTP on this machine, as C2SP tlog-witness asks of it."""

from __future__ import annotations

import itertools
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType, FileAuditBackend
from agent_audit.cli.main import main
from agent_audit.errors import ProofError, WitnessError
from agent_audit.event import encode_record
from agent_audit.integrity.checkpoint import Checkpoint, parse_checkpoint
from agent_audit.integrity.cosignature import cosign, verify_cosignatures
from agent_audit.integrity.merkle import verify_consistency
from agent_audit.integrity.note import COSIGNATURE, Ed25519Signer, Note, VerifierKey, decode_base64
from agent_audit.integrity.policy import Policy
from agent_audit.integrity.witness import Witness


class WitnessSigner(Ed25519Signer):
    """Signs as a witness does: its key is of the type for cosignatures."""

    @property
    def vkey(self) -> VerifierKey:
        key = super().vkey
        return VerifierKey(key.name, COSIGNATURE, key.public)


class WitnessServer:
    """Keeps the last checkpoint of each log it is told of, and cosigns what continues it.

    Args:
        logs: keys of the logs it knows.
        failures: answers to give first, in place of its own.
    """

    def __init__(self, logs: list[VerifierKey], failures: list[int] | None = None) -> None:
        self.signer = WitnessSigner("witness.example", bytes(range(32)))
        self.logs = logs
        self.failures = list(failures or ())
        self.seen: dict[str, Checkpoint] = {}
        self.requests = 0

    def answer(self, body: bytes) -> tuple[int, bytes]:  # noqa: PLR0911  # one for each row of the standard's table
        self.requests += 1
        if self.failures:
            return self.failures.pop(0), b"not now\n"
        head, _, data = body.partition(b"\n\n")
        first, *hashes = head.decode().split("\n")
        old = int(first.removeprefix("old "))
        note, checkpoint = parse_checkpoint(data)
        keys = [key for key in self.logs if key.name == checkpoint.origin]
        if not keys:
            return 404, b"unknown log\n"
        try:
            note.verify(keys)
        except ProofError as error:
            return 403, str(error).encode()
        last = self.seen.get(checkpoint.origin)
        if old != (last.size if last else 0):
            return 409, b"%d\n" % (last.size if last else 0)
        proof = [decode_base64(line, "a hash") for line in hashes if line]
        try:
            if last is not None:
                verify_consistency(last.size, checkpoint.size, proof, last.root, checkpoint.root)
            elif proof:
                return 422, b"a proof from nothing\n"
        except ProofError as error:
            return 422, str(error).encode()
        self.seen[checkpoint.origin] = checkpoint
        return 200, str(cosign(note.text, self.signer, self.now())).encode()

    def now(self) -> int:
        """The time of a cosignature."""
        return int(time.time())


@contextmanager
def serving(witness: WitnessServer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/prefix/add-checkpoint"
            status, body = witness.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == 409 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the client has waited long enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/prefix/"
    finally:
        server.shutdown()
        server.server_close()


def grown(log: FileAuditBackend, count: int) -> None:
    log.append([encode_record(AuditEvent(event_type=AuditEventType.TOOL_CALL).to_record())] * count)
    assert log.seal() is not None


@pytest.fixture
def log(log_dir: Path) -> Iterator[FileAuditBackend]:
    log = FileAuditBackend(log_dir, auto_seal=False)
    grown(log, 300)
    yield log
    log.close()


def key_of(log: FileAuditBackend) -> VerifierKey:
    checkpointer = log.checkpointer()
    assert checkpointer is not None
    return checkpointer.signer.vkey


def cosigned(log: FileAuditBackend, witness: Witness) -> Checkpoint:
    checkpointer = log.checkpointer()
    assert checkpointer is not None
    return checkpointer.cosign(witness)


def test_a_witness_cosigns_and_its_cosignature_is_kept_with_the_checkpoint(log: FileAuditBackend) -> None:
    server = WitnessServer([key_of(log)])
    with serving(server) as url:
        for _ in range(3):  # the second time it has seen a smaller tree, and says so: it is sent the proof from there
            head = cosigned(log, Witness(server.signer.vkey, url))
            for path in (log.layout.checkpoint, log.layout.kept_checkpoint(head.size)):
                note = Note.parse(path.read_bytes())
                assert [one.key for one in verify_cosignatures(note, [server.signer.vkey])] == [server.signer.vkey]
                assert note.verify([key_of(log)])
            grown(log, 400)
    assert server.seen[head.origin] == head


def test_a_witness_that_is_asked_about_one_head_again_and_again_has_one_cosignature_on_it_the_latest(
    log: FileAuditBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, moment = WitnessServer([key_of(log)]), itertools.count(1_700_000_000)
    monkeypatch.setattr(WitnessServer, "now", lambda self: next(moment))
    with serving(server) as url:
        for _ in range(3):
            head = cosigned(log, Witness(server.signer.vkey, url))
    for path in (log.layout.checkpoint, log.layout.kept_checkpoint(head.size)):
        note = Note.parse(path.read_bytes())
        assert [one.name for one in note.signatures] == [head.origin, "witness.example"]
        assert [one.time for one in verify_cosignatures(note, [server.signer.vkey])] == [1_700_000_002]


def test_a_rewritten_history_is_not_cosigned(log: FileAuditBackend, tmp_path: Path) -> None:
    server = WitnessServer([key_of(log)])
    with serving(server) as url:
        head = cosigned(log, Witness(server.signer.vkey, url))
        server.seen[head.origin] = head._replace(size=200, root=bytes(32))
        with pytest.raises(WitnessError, match="422"):
            cosigned(log, Witness(server.signer.vkey, url))


def test_a_witness_that_fails_for_a_while_is_asked_again_with_growing_pauses(log: FileAuditBackend) -> None:
    server = WitnessServer([key_of(log)], failures=[503, 429])
    waits: list[float] = []
    note = Note.parse(log.layout.checkpoint.read_bytes())
    with serving(server) as url:
        lines = Witness(server.signer.vkey, url).add_checkpoint(note, 0, lambda old: [], sleep=waits.append)
    assert lines
    assert waits == [1.0, 2.0]
    assert server.requests == 3


@pytest.mark.parametrize(("failures", "match"), [([403], "403"), ([503] * 4, "503"), ([404], "404")])
def test_a_witness_that_refuses_or_stays_away_is_named_and_the_log_is_as_it_was(
    log: FileAuditBackend, failures: list[int], match: str
) -> None:
    before = log.layout.checkpoint.read_bytes()
    server = WitnessServer([key_of(log)], failures=failures)
    with serving(server) as url, pytest.raises(WitnessError, match=f"witness.example.*{match}"):
        cosigned(log, Witness(server.signer.vkey, url, pause=0.01))
    assert log.layout.checkpoint.read_bytes() == before


def test_a_witness_that_does_not_answer_costs_no_more_than_its_time_out(log: FileAuditBackend) -> None:
    server = WitnessServer([key_of(log)])
    server.answer = lambda body: (time.sleep(2), (200, b""))[1]  # type: ignore[method-assign]
    with serving(server) as url, pytest.raises(WitnessError, match="cannot be reached"):
        cosigned(log, Witness(server.signer.vkey, url, timeout=0.1, tries=2, pause=0.01))


@contextmanager
def talking(*pieces: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that says the same to everybody, whatever it is asked, some bytes at a time."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client, suppress(OSError):
                    while not client.recv(1 << 16).endswith(b"\n"):
                        pass  # the checkpoint ends so
                    for piece in pieces:
                        client.sendall(piece)
                        time.sleep(pause)

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def http(status: str, body: bytes, *headers: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return "\r\n".join([f"HTTP/1.1 {status}", length, *headers, "", ""]).encode() + body


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\x00\xff no HTTP\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf", "cannot be reached"),
        (b"HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf", "cannot be reached"),
        (http("200 OK", b"\xe2\x80\x94 witness.example AAAA\n" * 9999), "bad cosignature"),
        (http("200 OK", b"\xff" * 100), "bad cosignature"),
        (http("409 Conflict", b"9" * 5000), "answers 409: 999"),
        (http("409 Conflict", b"0\n"), "refuses the size 0 that it says it has"),
        (http("409 Conflict", b"9000\n"), "has seen 9,000 events of .* this checkpoint has 301.* the log was set back"),
        (http("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere"), "answers 302"),
    ],
    ids=[
        "no HTTP", "nothing", "half of an answer", "half of a refusal", "thousands of signatures", "no text",
        "a number of 5,000 digits", "the size it was asked with", "a larger size", "elsewhere",
    ],
)  # fmt: skip
def test_a_witness_that_means_harm_is_told_of_and_the_log_is_as_it_was(
    log: FileAuditBackend, answer: bytes, told: str
) -> None:
    before = log.layout.checkpoint.read_bytes()
    with talking(answer) as url, pytest.raises(WitnessError, match=f"witness.example.*{told}"):
        cosigned(log, Witness(WitnessServer([]).signer.vkey, url, timeout=5, tries=2, pause=0.01))
    assert log.layout.checkpoint.read_bytes() == before


def test_an_answer_that_comes_a_byte_at_a_time_is_not_waited_for_beyond_the_time_out(log: FileAuditBackend) -> None:
    drops = [bytes([byte]) for byte in http("200 OK", b"x" * 5000)]
    with talking(*drops, pause=0.05) as url, pytest.raises(WitnessError, match=r"no whole answer within 0\.3 s"):
        cosigned(log, Witness(WitnessServer([]).signer.vkey, url, timeout=0.3, tries=1))


def test_a_witness_that_names_another_size_each_time_is_asked_no_more_than_its_tries(log: FileAuditBackend) -> None:
    server, sizes = WitnessServer([key_of(log)]), itertools.count(1)
    server.answer = lambda body: (409, b"%d\n" % next(sizes))  # type: ignore[method-assign]
    with serving(server) as url, pytest.raises(WitnessError, match="another size, now 4"):
        cosigned(log, Witness(server.signer.vkey, url, pause=0.01))


def test_of_two_histories_under_one_key_a_witness_cosigns_only_the_one_that_it_has_seen_first(
    log: FileAuditBackend, tmp_path: Path
) -> None:
    log.close()
    fork = FileAuditBackend(shutil.copytree(log.path, tmp_path / "fork"), auto_seal=False)
    state = tmp_path / "state"
    before = shutil.copytree(state, tmp_path / "state before")
    one = FileAuditBackend(log.path, auto_seal=False)
    grown(one, 40)
    server = WitnessServer([key_of(one)])
    with serving(server) as url:
        witness = Witness(server.signer.vkey, url, pause=0.01)
        head = cosigned(one, witness)
        for count, told in ((60, "422"), (5, "this checkpoint has .* the log was set back")):
            shutil.rmtree(state)
            shutil.copytree(before, state)  # the writer's own head is set back, too, so that it signs another history
            theirs = FileAuditBackend(shutil.copytree(fork.path, tmp_path / f"fork {count}"), auto_seal=False)
            grown(theirs, count)
            with pytest.raises(WitnessError, match=told):
                cosigned(theirs, witness)
            theirs.close()
    assert server.seen[head.origin] == head
    one.close()


def test_an_answer_with_another_signature_is_refused(log: FileAuditBackend) -> None:
    server = WitnessServer([key_of(log)])
    other = WitnessSigner("witness.example", bytes(32))
    with serving(server) as url, pytest.raises(WitnessError, match="bad cosignature"):
        cosigned(log, Witness(other.vkey, url))


def test_the_command_has_a_checkpoint_cosigned_so_that_the_policy_is_satisfied(
    log: FileAuditBackend, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = WitnessServer([key_of(log)])
    with serving(server) as url:
        policy = tmp_path / "policy.txt"
        policy.write_text(f"log {key_of(log)}\nwitness w {server.signer.vkey} {url}\nquorum w\n")
        assert main(["checkpoint", str(log.path), "--witness", str(policy), "--line"]) == 0
    captured = capsys.readouterr()
    assert "witness w has cosigned" in captured.err
    assert captured.out.startswith(f"{key_of(log).name} 301 ")
    assert Policy.parse(policy.read_text()).check(Note.parse(log.layout.checkpoint.read_bytes()))
    assert main(["verify", str(log.path), "--policy", str(policy)]) == 0
    capsys.readouterr()
    assert main(["checkpoint", str(log.path), "--witness", str(tmp_path / "nothing")]) == 2
    assert f"cannot read the policy {tmp_path}/nothing" in capsys.readouterr().err
