"""Asking a witness to cosign a checkpoint (C2SP tlog-witness, add-checkpoint). The one module here with a network.

Only ever called by a command or a thread of its own: recording never waits for a witness.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from agent_audit.errors import ProofError, WitnessError
from agent_audit.integrity.cosignature import verify_cosignatures
from agent_audit.integrity.note import Note, Signature, VerifierKey, encode_base64

_MOST_ANSWER = 64 * 1024
_SIZE_TYPE = "text/x.tlog.size"


def add_checkpoint_body(old: int, proof: list[bytes], note: Note) -> bytes:
    """The request: what the witness is thought to have, the consistency proof from there, the checkpoint."""
    hashes = "".join(f"{encode_base64(one)}\n" for one in proof)
    return f"old {old}\n{hashes}\n".encode() + note.encode()


class Witness:
    """One witness.

    Args:
        key: its key, of the type for cosignatures.
        url: its submission prefix; `/add-checkpoint` is put behind it. https, or http to this machine.
        timeout: seconds for one request.
        tries: how often a request is made that failed in a way that may pass.
        pause: seconds before the second try; doubled each time.
    """

    def __init__(
        self, key: VerifierKey, url: str, *, timeout: float = 10.0, tries: int = 4, pause: float = 1.0
    ) -> None:
        if not url.startswith(("https://", "http://")):
            raise ProofError(f"the address of witness {key.name} must begin with https:// or http://")
        self.key = key
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._timeout, self._tries, self._pause = timeout, tries, pause

    def add_checkpoint(
        self, note: Note, old: int, prove: Callable[[int], list[bytes]], *, sleep: Callable[[float], None] = time.sleep
    ) -> list[Signature]:
        """Have a checkpoint cosigned.

        Args:
            note: the checkpoint.
            old: size that the witness has last seen; 0 when that is not known, it says then.
            prove: consistency proof from a size (above 0) to that of the checkpoint.
            sleep: waits; for tests.

        Returns:
            The cosignatures, verified.

        Raises:
            WitnessError: it would not, or could not be reached.
        """
        pause, problem = self._pause, ""
        for attempt in range(self._tries):
            if attempt:
                sleep(pause)
                pause *= 2
            try:
                status, answer = self._post(add_checkpoint_body(old, prove(old) if old else [], note))
            except OSError as error:
                problem = f"cannot be reached: {error}"
                continue
            if status == 200:
                return self._cosignatures(note, answer)
            if status == 409 and answer.strip().isdigit():
                seen = int(answer)
                if seen == old:
                    raise WitnessError(f"witness {self.key.name} refuses the size {old} that it says it has")
                old = seen  # it knows another size: once more from there
                continue
            problem = f"answers {status}: {answer[:200].decode(errors='replace').strip()}"
            if status < 500 and status != 429:
                break
        raise WitnessError(f"witness {self.key.name} {problem}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        # Late: an HTTP client is a tenth of a second that a process which only records need not spend.
        import urllib.error
        import urllib.request

        request = urllib.request.Request(self._url, data=body, method="POST")  # checked above
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return answer.status, answer.read(_MOST_ANSWER)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(_MOST_ANSWER)

    def _cosignatures(self, note: Note, answer: bytes) -> list[Signature]:
        try:
            lines = tuple(Signature.parse(line) for line in answer.decode().rstrip("\n").split("\n"))
            mine = tuple(line for line in lines if (line.name, line.id) == (self.key.name, self.key.id))
            if not verify_cosignatures(Note(note.text, mine), [self.key]):
                raise ProofError("its own signature is not among them")
        except (ProofError, UnicodeDecodeError) as error:
            raise WitnessError(f"witness {self.key.name} answers with a bad cosignature: {error}") from None
        return list(mine)
