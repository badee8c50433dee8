"""What the guardrails of tools find, as they tell it.

The results of a run lack what was found about calls that waited for somebody, and do not say whose tool it was.
"""

from __future__ import annotations

from typing import Any

from agent_audit import Seam
from agent_audit_openai_agents.run import active
from agent_audit_openai_agents.verdicts import Verdict

_UNSEEN = "what a tool's guardrails find about a call that waited for approval is not seen"
VERDICTS = {
    "tool_input": Seam("agents:ToolInputGuardrail.run", _UNSEEN),
    "tool_output": Seam("agents:ToolOutputGuardrail.run", _UNSEEN),
}
"""By the stage that they belong to."""


def record_verdicts() -> None:
    """Have each verdict kept in the run that it is given in."""
    for stage, seam in VERDICTS.items():
        _listen(stage, seam)


def _listen(stage: str, seam: Seam) -> None:
    def wrap(original: Any) -> Any:
        async def judge(self: Any, data: Any) -> Any:
            run, output, problem = active.get(), None, None
            try:
                output = await original(self, data)
            except Exception as error:
                problem = error
                raise
            finally:
                if run is not None and (output is not None or problem is not None):
                    call = run.asked.get(data.context.tool_call_id)
                    run.verdicts.append(Verdict(stage, self, output, data.agent, call, problem))
            return output

        return judge

    seam.wrap(wrap)
