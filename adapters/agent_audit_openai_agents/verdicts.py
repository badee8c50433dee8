"""What the guardrails of tools have found, as they tell it.

The results of a run lack what was found about calls that waited for somebody, and do not say whose tool it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent_audit import Seam
from agent_audit_openai_agents.recording import active

_UNSEEN = "what a tool's guardrails find about a call that waited for approval is not seen"
VERDICTS = {
    "tool_input": Seam("agents:ToolInputGuardrail.run", _UNSEEN),
    "tool_output": Seam("agents:ToolOutputGuardrail.run", _UNSEEN),
}
"""By the stage that they belong to."""


@dataclass(frozen=True)
class Verdict:
    """Of one guardrail on one call; looks like the SDK's own results."""

    stage: str
    guardrail: Any
    output: Any
    agent: Any
    """Whose tool it is."""


def record_verdicts() -> None:
    """Have each verdict kept in the run that it is given in."""
    for stage, seam in VERDICTS.items():
        _listen(stage, seam)


def _listen(stage: str, seam: Seam) -> None:
    def wrap(original: Any) -> Any:
        async def judge(self: Any, data: Any) -> Any:
            output = await original(self, data)
            run = active.get()
            if run is not None:
                run.verdicts.append(Verdict(stage, self, output, data.agent))
            return output

        return judge

    seam.wrap(wrap)
