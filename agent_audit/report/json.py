"""Results as JSON: the whole model, nothing shortened."""

from __future__ import annotations

from agent_audit.analysis.printable import printable_json
from agent_audit.analysis.result import Result


class JsonReporter:
    """One JSON object, indented. Control characters stay escaped, so that it can be shown in a terminal."""

    def render(self, result: Result) -> str:
        """See `Reporter.render`."""
        return printable_json(result.model_dump_json(indent=2)) + "\n"
