"""For tests of code that is audited, of third-party backends and of adapters.

with capture() as backend:
    run_my_agent()
assert [event.event_type for event in backend.events()] == [...]

`check_backend` holds a backend to its contract; `SITUATIONS` is what every adapter must record, see
docs/writing-an-adapter.md.
"""

from agent_audit.testing.backends import FailingBackend, assert_paired, check_backend
from agent_audit.testing.capturing import capture, fake_clock, fake_ids
from agent_audit.testing.script import AdapterDriver, Script, ScriptedCall, ScriptedTool
from agent_audit.testing.situations import SITUATIONS, Situation

__all__ = [
    "SITUATIONS",
    "AdapterDriver",
    "FailingBackend",
    "Script",
    "ScriptedCall",
    "ScriptedTool",
    "Situation",
    "assert_paired",
    "capture",
    "check_backend",
    "fake_clock",
    "fake_ids",
]
