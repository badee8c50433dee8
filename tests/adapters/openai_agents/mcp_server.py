"""A small MCP server on stdio, for test_openai_mcp.py. Says its process id in the file that it is given."""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path

from mcp.server import MCPServer

MOST_SECONDS = 120

server = MCPServer("accounts")


@server.tool()
def balance(account: str) -> str:
    """Look up a balance."""
    if account == "none":
        raise ValueError("no such account")
    return "42"


if __name__ == "__main__":
    # Needs neither a client that closes the pipe nor a loop that turns.
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    Path(sys.argv[1]).write_text(str(os.getpid()))
    server.run("stdio")
