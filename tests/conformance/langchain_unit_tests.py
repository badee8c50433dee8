"""LangChain's and LangGraph's own unit tests, with the audit handler installed for the whole process.

    python tests/conformance/langchain_unit_tests.py [langchain-core] [langgraph] [langchain]

Downloads the source distributions (their tests are in them), and runs each test suite twice: with a do-nothing handler
installed globally and with `agent_audit_langchain.enable()`. Nothing may fail with the second that passes with the
first, and every tool call that was recorded must have exactly one end. What fails as well with a do-nothing handler
that takes a millisecond is a race of the test's own; it is named, not counted.

It takes some minutes and needs a package index, so it is no part of the ordinary suite. Needs `uv`. Exit code 1: it
does not hold.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

Report = dict[str, Any]
"""As the plugin writes it."""

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent

SUITES = {
    "langchain-core": ["tests/unit_tests"],
    "langgraph": ["tests"],
    "langchain": ["tests/unit_tests"],
}

# What their test groups name, less what measures, lints or needs a server.
NEEDS = [
    "pytest>=9",
    "pytest-asyncio",
    "pytest-mock",
    "pytest-socket",
    "pytest-xdist",
    "pytest-timeout",
    "pytest-dotenv",
    "pytest-repeat",
    "pytest-benchmark",
    "pytest-codspeed",
    "syrupy>=5,<6",
    "freezegun",
    "responses",
    "grandalf",
    "blockbuster>=1.5.18,<1.6",
    "numpy",
    "fastmcp",
    "httpx",
    "jsonschema",
    "toml",
    "langchain-tests",
    "langchain-openai",
    "langgraph-checkpoint-sqlite",
    "langgraph-checkpoint-postgres",
    "psycopg[binary]",
    "pycryptodome",
    "redis",
    "uvloop",
    "langgraph-cli[inmem]",
]


def run(*command: str | Path, **options: object) -> None:
    subprocess.run([str(part) for part in command], check=True, **options)  # type: ignore[call-overload]


def environment(directory: Path, pins: list[str]) -> Path:
    """Make a virtual environment with the frameworks, their tests' needs and this project."""
    run("uv", "venv", "--quiet", "--seed", "--python", sys.executable, directory)
    python = directory / "bin" / "python"
    run("uv", "pip", "install", "--quiet", "--python", python, *pins, *NEEDS, "--editable", PROJECT)
    return python


def sources(python: Path, pin: str, directory: Path) -> Path:
    """Download and unpack a source distribution."""
    into = directory / pin
    run(python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", into, pin)
    (archive,) = into.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(into, filter="data")
    (unpacked,) = (path for path in into.iterdir() if path.is_dir())
    return unpacked


def outcomes(python: Path, suite: Path, tests: list[str], mode: str, report: Path) -> Report:
    """Run the tests with one handler; what the plugin has seen."""
    variables = {
        **os.environ,
        "PYTHONPATH": str(HERE),
        "CONFORMANCE_HANDLER": mode,
        "CONFORMANCE_REPORT": str(report),
        "LANGSMITH_TRACING": "false",
        "LANGSMITH_ENDPOINT": "http://127.0.0.1:9",
        "NO_DOCKER": "true",  # LangGraph's: no databases
    }
    command = [python, "-m", "pytest", *tests, "-p", "langchain_plugin", "-q", "--timeout", "300", "--no-header"]
    with (report.with_suffix(".out")).open("w") as output:
        command += ["-p", "no:cacheprovider", "--continue-on-collection-errors"]
        subprocess.run([*map(str, command)], check=False, cwd=suite, env=variables, stdout=output, stderr=output)
    if not report.exists():
        sys.exit(f"no report; see {report.with_suffix('.out')}")
    told: Report = json.loads(report.read_text())
    return told


def compare(name: str, nothing: Report, audit: Report, again: Callable[[list[str]], Report]) -> bool:
    """Whether the audit handler breaks nothing, in words on stdout.

    Args:
        name: of the suite.
        nothing, audit: what became of the tests with either handler.
        again: runs some tests with a slow do-nothing handler.
    """
    broken = sorted(set(nothing["passed"]) & set(audit["failed"]))
    races = set(again(broken)["failed"]) if broken else set()
    for title, seen in (("do-nothing handler", nothing), ("audit handler", audit)):
        print(f"{name}: {title}: {len(seen['passed'])} passed, {len(seen['failed'])} failed")
    print(f"{name}: {audit['tool_calls']} tool calls, {audit['model_calls']} model calls recorded")
    for test in broken:
        reason = "a race, fails with any handler that takes a millisecond" if test in races else "fails with audit only"
        print(f"{name}: {reason}: {test}")
    for fault in audit["faults"]:
        print(f"{name}: {fault}")
    return set(broken) <= races and not audit["faults"] and bool(nothing["passed"]) and bool(audit["events"])


def check(python: Path, name: str, work: Path) -> bool:
    """Whether the suite of one package comes out the same."""
    ask = f"import importlib.metadata as m; print(m.version({name!r}))"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    suite = sources(python, f"{name}=={found}", work)

    def seen(mode: str, tests: list[str]) -> Report:
        return outcomes(python, suite, tests, mode, work / f"{name}-{mode}.json")

    nothing, audit = seen("nothing", SUITES[name]), seen("audit", SUITES[name])
    return compare(f"{name} {found}", nothing, audit, functools.partial(seen, "slow"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=list(SUITES), metavar="package", help="which of them")
    parser.add_argument("--latest", action="store_true", help="the newest versions, not those installed here")
    parser.add_argument("--keep", type=Path, help="work in this directory and leave it")
    given = parser.parse_args()
    pins = list(SUITES) if given.latest else [f"{name}=={version(name)}" for name in SUITES]
    with tempfile.TemporaryDirectory() as temporary:
        work = (given.keep or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        python = work / "venv" / "bin" / "python"
        if not python.exists():
            environment(work / "venv", pins)
        good = [check(python, name, work) for name in given.packages]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
