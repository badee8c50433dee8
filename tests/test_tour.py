from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOUR = Path(__file__).parent.parent / "examples" / "tour.py"


def test_the_tour_records_real_agents_of_both_frameworks_and_leaves_no_intent_without_an_outcome(log_dir: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(TOUR), "--dir", str(log_dir)], capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "yes: every position taken once, every intent with its outcome" in result.stdout
    for framework in ("weather-clerk", "cashier", "bookkeeper"):
        assert framework in result.stdout
    assert "Traceback" not in result.stderr
