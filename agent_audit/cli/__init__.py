"""The command `agent-audit-log`: parse, call, print, exit code. One file per command."""
