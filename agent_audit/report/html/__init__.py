"""Results as one self-contained HTML file: opens from disk, offline, and asks nobody for anything.

Recorded text is an attacker's text. Every element is made as a node of a tree, never by joining strings, so text
cannot become markup; the data that the script reads is text in a script element that no browser runs; and a strict
Content-Security-Policy in the file names the hashes of the one style and the one script that may act.
"""

from agent_audit.report.html.dashboard import dashboard
from agent_audit.report.html.document import HtmlReporter

__all__ = ["HtmlReporter", "dashboard"]
