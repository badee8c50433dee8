"""Asking a witness to cosign a checkpoint (C2SP tlog-witness, add-checkpoint). The one module here with a network.

Only ever called by a command or a thread of its own: recording never waits for a witness.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from agent_audit.errors import ProofError, WitnessError
from agent_audit.integrity.checkpoint import Checkpoint
from agent_audit.integrity.cosignature import verify_cosignatures
from agent_audit.integrity.note import Note, Signature, VerifierKey, encode_base64

_MOST_ANSWER = 64 * 1024
_MOST_DIGITS = 19
"""Of a size: more events than 63 bits count are in no log."""


def add_checkpoint_body(old: int, proof: list[bytes], note: Note) -> bytes:
    """The request: what the witness is thought to have, the consistency proof from there, the checkpoint."""
    hashes = "".join(f"{encode_base64(one)}\n" for one in proof)
    return f"old {old}\n{hashes}\n".encode() + note.encode()


class Witness:
    """One witness.

    Args:
        key: its key, of the type for cosignatures.
        url: its submission prefix; `/add-checkpoint` is put behind it. https, or http: nothing that is sent is secret,
            and what comes back is signed.
        timeout: seconds for one request, from the first byte that is sent to the last one of the answer.
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
            if status == 409 and (seen := _size_of(answer)) is not None:
                self._check_seen(seen, old, Checkpoint.of(note))
                problem = f"says each time that it has seen another size, now {seen:,}"
                old = seen  # once more from there
                continue
            problem = f"answers {status}: {answer[:200].decode(errors='replace').strip()}"
            if status < 500 and status != 429:
                break
        raise WitnessError(f"witness {self.key.name} {problem}")

    def _check_seen(self, seen: int, old: int, head: Checkpoint) -> None:
        """What the witness says that it has seen last may be another history than this one."""
        if seen == old:
            raise WitnessError(f"witness {self.key.name} refuses the size {old} that it says it has")
        if seen > head.size:
            raise WitnessError(
                f"witness {self.key.name} has seen {seen:,} events of {head.origin}, and this checkpoint has "
                f"{head.size:,}. Unless another process has just had a later one cosigned, the log was set back, or "
                "the witness was shown another history under its key: keep the log, and ask for what the witness has"
            )

    def _post(self, body: bytes) -> tuple[int, bytes]:
        """Status and content of the answer.

        Raises:
            OSError: there is none within the time, or it is no HTTP.
        """
        answers: list[tuple[int, bytes] | Exception] = []
        # A time-out of sockets counts from byte to byte: whoever sends one now and then would be waited for endlessly.
        asking = threading.Thread(target=lambda: answers.append(_asked(self._url, body, self._timeout)), daemon=True)
        asking.start()
        asking.join(self._timeout)
        if not answers:
            raise TimeoutError(f"no whole answer within {self._timeout:g} s")
        if isinstance(answer := answers[0], Exception):
            raise OSError(str(answer) or type(answer).__name__) from answer
        return answer

    def _cosignatures(self, note: Note, answer: bytes) -> list[Signature]:
        try:
            lines = tuple(Signature.parse(line) for line in answer.decode().rstrip("\n").split("\n"))
            mine = tuple(line for line in lines if (line.name, line.id) == (self.key.name, self.key.id))
            if not verify_cosignatures(Note(note.text, mine), [self.key]):
                raise ProofError("its own signature is not among them")
        except (ProofError, UnicodeDecodeError) as error:
            raise WitnessError(f"witness {self.key.name} answers with a bad cosignature: {error}") from None
        return list(mine)


def _asked(url: str, body: bytes, timeout: float) -> tuple[int, bytes] | Exception:
    """What a server answers to a POST, whatever its status is; or why it does not."""
    # Late: an HTTP client is a tenth of a second that a process which only records need not spend.
    import urllib.request
    from http.client import HTTPException

    class AsItIs(urllib.request.HTTPErrorProcessor):
        """Follows no redirection: it would make a GET of the request, to wherever the server says."""

        def http_response(self, request: object, response: Any) -> Any:
            return response

        https_response = http_response

    try:
        request = urllib.request.Request(url, data=body, method="POST")
        with urllib.request.build_opener(AsItIs).open(request, timeout=timeout) as answer:
            return answer.status, answer.read(_MOST_ANSWER)
    except (OSError, HTTPException, ValueError) as error:  # ValueError: what is no address
        return error


def _size_of(answer: bytes) -> int | None:
    """The size that a witness has seen last (`text/x.tlog.size`); None where it says something else."""
    digits = answer.strip()
    return int(digits) if digits.isdigit() and len(digits) <= _MOST_DIGITS else None
