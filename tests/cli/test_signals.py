"""A signal ends a command, wherever it strikes, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.logs import event, write_log

LOST = {
    "a finalizer": "class Lost:\n    def __del__(self): strike()\nlose = Lost",
    "a weak reference's callback": "class Lost: pass\ndef lose():\n    one = Lost(); weakref.finalize(one, strike)",
    "a collection": "def lose():\n    gc.callbacks.append(strike); gc.collect(); gc.callbacks.remove(strike)",
    "a library": "def lose():\n    try: strike()\n    except BaseException: pass",
}
_LOSING = """
import gc, os, signal, sys, weakref
def strike(*_):
    if not struck:
        struck.append(True)
        os.kill(os.getpid(), number)
        sum(range(10))
number, struck = int(sys.argv.pop(1)), []
{lose}
class Loading:
    def find_spec(self, name, *_):
        if name == "agent_audit.analysis" and not struck: lose()
sys.meta_path.insert(0, Loading())
from agent_audit.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("where", LOST)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_a_signal_whose_exception_gets_lost_ends_the_command_all_the_same(
    tmp_path: Path, number: signal.Signals, where: str
) -> None:
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    code = _LOSING.replace("{lose}", LOST[where])
    command = ["export", "--format", "parquet", "--from", "-", "-o", str(out / "events")]
    with subprocess.Popen(
        [sys.executable, "-c", code, str(int(number)), *command],
        stdin=subprocess.PIPE,  # from which no event comes
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
    ) as process:
        try:
            assert process.wait(200) == 128 + number
        finally:
            process.kill()
    assert [*out.iterdir(), *scratch.iterdir()] == []


_TIDYING = """
import os, signal, sys, time
from agent_audit.cli import signals
signals._AGAIN, signals._PATIENCE = 0.01, float(sys.argv[1])
with signals.ending_in_order():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    finally:
        for _ in range(10):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.02)
        print("tidied up", flush=True)
"""


def test_the_same_signal_twice_does_not_cut_short_what_tidies_up() -> None:
    done = subprocess.run([sys.executable, "-c", _TIDYING, "600"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGTERM, "tidied up\n", "")


def test_another_signal_ends_at_once_what_takes_too_long_to_end() -> None:
    done = subprocess.run([sys.executable, "-c", _TIDYING, "-1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")


_FOLLOWING = """
import os, signal, sys, time
from agent_audit.cli import main, signals, tail
signals._AGAIN = 0.01
write, exit_code = tail._Tail.write, tail._Tail.exit_code
tail._Tail.write = lambda *args: (write(*args), os.kill(os.getpid(), signal.SIGINT))
tail._Tail.exit_code = lambda *args: [time.sleep(0.02) for _ in range(10)] and exit_code(*args)
sys.exit(main.main())
"""


def test_following_has_ended_well_with_ctrl_c_as_soon_as_something_is_shown_and_is_not_ended_again(
    tmp_path: Path,
) -> None:
    log = write_log(tmp_path / "log", [event("tool.call", action="tool.y")])
    command = [sys.executable, "-c", _FOLLOWING, "tail", "-f", str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, f"agent-audit-log: reading {log}\n")
    assert "tool.y" in done.stdout
