"""What a verification found."""

from __future__ import annotations

from enum import Enum

from pydantic import BaseModel, ConfigDict, Field


class Verdict(str, Enum):
    """The answer."""

    VALID = "valid"
    """Every line is under a checkpoint that is signed by a trusted key and not behind a head kept outside the log."""
    TAMPERED = "tampered"
    """Something that was signed is not there any more as it was; the problems say what."""
    NOT_PROVABLE = "not provable"
    """Sound as far as it goes; what is missing for a proof is said."""
    INCOMPLETE = "incomplete"
    """A file could not be read, so nothing can be said."""

    __str__ = str.__str__


class Problem(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(description="In words.")
    file: str = Field(description="Path within the log directory.")
    first_seq: int | None = Field(None, description="First position that is concerned; absent when it is no line.")
    last_seq: int | None = Field(None, description="Last position that is concerned.")
    unreadable: bool = Field(False, description="The file could not be read; that is no tampering.")

    def __str__(self) -> str:
        if self.first_seq is None:
            return f"{self.file}: {self.what}"
        last = "" if self.last_seq in (None, self.first_seq) else f"-{self.last_seq}"
        return f"{self.file}: seq {self.first_seq}{last}: {self.what}"


class Verification(BaseModel):
    """The verdict on a log, which covers the events under the checkpoint that was read first."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    log: str = Field(description="Directory.")
    origin: str | None = Field(description="Which log it is, as its checkpoint or header says.")
    size: int = Field(description="Events under the checkpoint, the pruned ones included.")
    root: str | None = Field(description="Root of its tree, base64; absent without a checkpoint.")
    later: int = Field(description="Events after it, not covered by the verdict.")
    pruned: int = Field(0, description="Events at the beginning that were dropped on record.")
    hashed: int = Field(description="Lines that were hashed for this verdict.")
    signed_by: tuple[str, ...] = Field((), description="Trusted keys that signed the checkpoint: name (key id).")
    heads: tuple[str, ...] = Field((), description="Heads outside the log that it agrees with.")
    cosigned_by: tuple[str, ...] = Field((), description="Witnesses of the policy, each with its time.")
    problems: tuple[Problem, ...] = Field((), description="What was tampered with, or cannot be read.")
    missing: tuple[str, ...] = Field((), description="What is missing for a proof.")
    remarks: tuple[str, ...] = Field((), description="Worth knowing, without influence on the verdict.")
    unpaired: int | None = Field(None, description="Intents without an outcome; absent when they were not counted.")
