"""The OpenAI Agents SDK's own tests, bare and with everything recorded: recording must not make one of them fail.

    python tests/conformance/openai_agents_sdk.py                     # all of them; takes a quarter of an hour
    python tests/conformance/openai_agents_sdk.py -k "guardrail or approval"
    python tests/conformance/openai_agents_sdk.py tests/test_run_hooks.py

Downloads the SDK's source distribution from PyPI, which ships its tests, and makes an environment beside it. Not part
of the ordinary suite. Exit code 1 when a test fails only with recording, or a function span is not one call and one
response on record.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXTRA = (
    *("pytest-mock", "inline-snapshot", "aiosqlite", "numpy", "websockets", "eval-type-backport"),
    *("litellm", "fastapi"),
)
"""What the SDK's tests need beyond this project's own environment."""
ELSEWHERE = ("sandbox", "extensions", "docs", "fastapi", "fixtures")
"""Parts of its tests that run no agent, or need services."""


def run(*command: Any, check: bool = True, **options: Any) -> None:
    subprocess.run([str(part) for part in command], check=check, **options)


def prepare(work: Path, version: str) -> tuple[Path, Path]:
    """The SDK's source tree, and a Python that has it, this project and what both need."""
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")  # made by ./dev
    python = work / "venv" / "bin" / "python"
    if not python.exists():
        run(uv, "venv", "--quiet", "--seed", "--python", sys.executable, work / "venv")
        install = (uv, "pip", "install", "--quiet", "--python", python)
        run(*install, "--require-hashes", "--requirements", ROOT / "requirements.lock")
        run(*install, "--no-deps", "--editable", ROOT)
        run(*install, *EXTRA, f"openai-agents=={version}")
    source = work / f"openai_agents-{version}"
    if not source.exists():
        only_source = ("--no-deps", "--no-binary", "openai-agents", f"openai-agents=={version}")
        run(python, "-m", "pip", "download", "--quiet", *only_source, "--dest", work)
        with tarfile.open(work / f"openai_agents-{version}.tar.gz") as archive:
            archive.extractall(work, filter="data")
    return source, python


def test(source: Path, python: Path, *, recording: bool, arguments: list[str]) -> dict[str, Any]:
    """Run the SDK's tests; outcomes by test, and what was wrong with the record of each."""
    report = source / f"audit-{'on' if recording else 'off'}.json"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "AGENT_AUDIT"))},
        "AUDIT_CONFORMANCE": "on" if recording else "off",
        "AUDIT_CONFORMANCE_REPORT": str(report),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    ignored = [f"--ignore=tests/{part}" for part in ELSEWHERE]
    options = ["-q", "-p", "openai_plugin", "-p", "no:cacheprovider", "--continue-on-collection-errors", "--tb=short"]
    if not any(argument.startswith("tests/") for argument in arguments):
        arguments = ["tests", *ignored, *arguments]
    report.unlink(missing_ok=True)
    log = report.with_suffix(".txt")
    with log.open("w") as output:
        run(
            python,
            "-m",
            "pytest",
            *options,
            *arguments,
            cwd=source,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
        )
    print(f"{'with' if recording else 'without'} recording: {log.read_text().splitlines()[-1]}   ({log})", flush=True)
    if not report.exists():
        raise SystemExit(f"the tests did not come to their end; see {log}")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def failed_only_with_recording(bare: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    return [
        name
        for name, outcome in recorded["outcomes"].items()
        if outcome == "failed" and bare["outcomes"].get(name) == "passed"
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--version", default=metadata.version("openai-agents"), help="of the SDK")
    parser.add_argument("--work", type=Path, help="a directory to keep; else a temporary one")
    options, arguments = parser.parse_known_args()
    work = (options.work or Path(tempfile.mkdtemp(prefix="openai-agents-"))).resolve()
    work.mkdir(parents=True, exist_ok=True)
    source, python = prepare(work, options.version)
    bare = test(source, python, recording=False, arguments=arguments)
    recorded = test(source, python, recording=True, arguments=arguments)
    suspects = failed_only_with_recording(bare, recorded)
    if suspects:  # some of them fail now and then by themselves
        again = [test(source, python, recording=state, arguments=suspects) for state in (False, True)]
        suspects = failed_only_with_recording(*again)
    print("on record:", json.dumps(recorded["totals"]))
    for name in suspects:
        print("fails only with recording:", name)
    for name, lines in recorded["problems"].items():
        print(f"record of {name}:", *lines, sep="\n    ")
    if not recorded["totals"].get("function spans"):
        print("nothing was compared: no function span was seen")
        return 1
    return 1 if suspects or recorded["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
