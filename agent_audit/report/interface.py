"""What a reporter is: any result as text in one format."""

from __future__ import annotations

from typing import Protocol

from agent_audit.analysis.result import Result


class Reporter(Protocol):
    """Renders results. One file per format; it works from `Result.document()` or from the model itself."""

    def render(self, result: Result) -> str:
        """The whole result as text that ends with a line feed.

        Recorded text in it can do nothing to whoever shows it: a reporter escapes for its own medium.
        """
        ...
