"""Is the record whole? Checks a log directory against heads that were signed, and says so in one of three ways."""

from agent_audit.verify.dropped import Dropped
from agent_audit.verify.host import AnyVerification, FleetVerification, HostLog, Liveness
from agent_audit.verify.trust import Trust
from agent_audit.verify.verdict import Problem, Verdict, Verification
from agent_audit.verify.verifier import verify

__all__ = [
    "AnyVerification",
    "Dropped",
    "FleetVerification",
    "HostLog",
    "Liveness",
    "Problem",
    "Trust",
    "Verdict",
    "Verification",
    "verify",
]
