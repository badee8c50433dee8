"""Exit codes of all commands."""

OK = 0
FINDING = 1
"""What the command looks for was found."""
USAGE = 2
"""Wrong arguments, no such log or event, an extra that is missing; or the log could not be read at all."""
NOT_PROVABLE = 3
"""Sound as far as it goes, but something is missing for a proof."""
INCOMPLETE = 4
"""Lines or files cannot be read."""
INTERNAL = 70
"""A bug (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT)."""

OF_VERDICT = {"valid": OK, "tampered": FINDING, "not provable": NOT_PROVABLE, "incomplete": INCOMPLETE}
"""What a verification comes to."""

EXPLAINED = """\
exit codes:
  0    done
  1    the command's finding: tampering, anomalies, something that would be pruned
  2    wrong usage, no such log or event, an extra is missing, or the log cannot be read or is held
  3    nothing speaks against the log, but something is missing for a proof; it is named
  4    lines or files that cannot be read were skipped; they are named
  70   internal error
"""
