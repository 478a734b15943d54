"""The MCP server at /mcp. It needs the package `mcp`: import bot.mcp.server only where it is switched on."""
