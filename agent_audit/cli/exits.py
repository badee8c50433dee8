"""Exit codes of all commands."""

OK = 0
FINDING = 1
"""What the command looks for was found."""
USAGE = 2
"""Wrong arguments, no such log or event, an extra that is missing."""
INCOMPLETE = 4
"""Lines that cannot be read were skipped."""
INTERNAL = 70
"""A bug (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT)."""

EXPLAINED = """\
exit codes:
  0    done
  1    the command's finding: there are anomalies, or something would be pruned
  2    wrong usage, no such log or event, an extra is missing, or the log is held
  4    done, but lines that cannot be read were skipped; they are named on stderr
  70   internal error
"""
