"""An MCP server on stdin and stdout, with two tools."""

from __future__ import annotations

import sys
from typing import Any

SERVER = "orders-server"


def main() -> None:
    try:
        from mcp.server.mcpserver import MCPServer as Server  # mcp 2
    except ImportError:
        from mcp.server.fastmcp import FastMCP as Server

    server: Any = Server(SERVER)

    @server.tool()
    def stock(article: str) -> str:
        """How many are left."""
        return f"{len(article)} of {article}"

    @server.tool()
    def reserve(article: str) -> str:
        """Set some apart; always fails."""
        raise ValueError(f"no {article} left")

    server.run("stdio")


if __name__ == "__main__":
    main()
    sys.exit(0)
