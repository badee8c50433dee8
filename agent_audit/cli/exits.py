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
  0    done
  1    the command's finding: tampering, anomalies, something that would be pruned
  2    wrong usage, no such log or event, an extra is missing, or the log cannot be read or is held
  3    nothing speaks against the log, but something is missing for a proof; it is named
  4    not all of it: lines or files that cannot be read, a store or witness that does not answer; they are named
  70   internal error
  128 and its number: ended by a signal, as 130 by Ctrl-C
"""
