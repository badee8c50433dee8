"""A small MCP server on stdio, for test_openai_mcp.py."""

from mcp.server import MCPServer

server = MCPServer("accounts")


@server.tool()
def balance(account: str) -> str:
    """Look up a balance."""
    if account == "none":
        raise ValueError("no such account")
    return "42"


if __name__ == "__main__":
    server.run("stdio")
