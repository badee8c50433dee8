"""Exit codes of all commands."""

OK = 0
FINDING = 1
"""What the command looks for was found."""
USAGE = 2
"""Wrong arguments, no such log or event, an extra that is missing; or the log could not be read at all."""
NOT_PROVABLE = 3
"""Sound as far as it goes, but something is missing for a proof."""
INCOMPLETE = 4
"""Lines or files cannot be read, or a store or witness does not answer."""
INTERNAL = 70
"""A bug (EX_SOFTWARE of sysexits.h)."""
SIGNALLED = 128
"""Ended by a signal: this and its number, e.g. 130 for Ctrl-C, as shells have it."""

OF_VERDICT = {"valid": OK, "tampered": FINDING, "not provable": NOT_PROVABLE, "incomplete": INCOMPLETE}
"""What a verification comes to."""

EXPLAINED = """\
exit codes:
  0    success
  1    the command found what it looks for: tampering, anomalies, something to prune or to mask
  2    wrong usage, no such log or event, a missing extra, or the log cannot be read or is held
  3    nothing speaks against the log, but something needed for a proof is missing; it is named
  4    incomplete: lines or files cannot be read, or a store or witness does not answer; they are named
  70   internal error
  128 + n: ended by signal n, e.g. 130 for Ctrl-C
"""
