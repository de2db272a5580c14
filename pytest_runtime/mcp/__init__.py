"""The MCP server: what a baseline holds, and what a change does to it, for coding assistants.

It needs the extra `mcp` (`pip install 'pytest-runtime[mcp]'`); nothing outside this package imports it but the command.
"""
