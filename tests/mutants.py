"""Runs mutmut's changes of `agent_audit/redaction` quickly, and names those that no test of `tests/redaction` sees.

    pip install mutmut==3.8.1
    python tests/mutants.py            # all modules
    python tests/mutants.py walk scan
    mutmut show NAME                   # what one of them changes

mutmut makes the changed functions and notes which tests reach them (once, a minute). Then it would collect all tests
again for each change. Here each runs in a fork of one process that has collected them; the tests that saw the last
changes of the same function go first. Property tests are left out, and tests of cost, as `[tool.mutmut]` says. A
change that takes more than twenty seconds of the processor counts as seen.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

MADE = Path("mutants")
REDACTION = Path("agent_audit/redaction")
SECONDS = 20
# Called while a redactor is made, or when a word is first met, which happens once for many tests: they are not noted as
# reaching them.
AT_START = (
    *("Scannerǁ__init__", "x_encoded_finders", "Gateǁ__init__", "x__finder_with_gil", "x__forms_of", "x__stems"),
    *("x__any_of", "Finderǁ_is_harmless", "Finderǁ_named"),
)


class Mutants:
    """A pytest plugin: in the place of one run of the tests, one for each mutant."""

    def __init__(self, modules: dict[str, Path]) -> None:
        self.modules = modules
        self.redactor: Any = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {i.nodeid: i for i in session.items if not hasattr(getattr(i, "obj", None), "is_hypothesis_test")}
        stats = json.loads(Path("mutmut-stats.json").read_text())
        reaching, seconds = stats["tests_by_mangled_function_name"], stats["duration_by_test"]
        if self.forked("", list(items.values())) is not None:
            raise SystemExit("the tests fail without any change; see what pytest says")
        from agent_audit.redaction import DefaultRedactor

        DefaultRedactor()  # makes the automaton, which every fork has from here
        for module, path in self.modules.items():
            meta = json.loads(path.with_name(f"{path.name}.meta").read_text())
            seen_by: dict[str, list[str]] = defaultdict(list)
            survivors, start = [], time.time()
            for mutant in meta["exit_code_by_key"]:
                function = mutant.rpartition("__mutmut_")[0]
                tests = list(items) if any(name in function for name in AT_START) else reaching.get(function, ())
                last = seen_by[function]
                rest = sorted({t for t in tests if t in items} - set(last), key=lambda t: seconds.get(t, 0.0))
                told = self.forked(mutant, [items[test] for test in (*reversed(last), *rest)])
                if told is None:
                    survivors.append(mutant)
                elif told in items:
                    seen_by[function] = [*(test for test in last if test != told), told][-40:]
            for mutant in survivors:
                print(f"  {mutant}")
            count = len(meta["exit_code_by_key"])
            print(f"{module}: {count} mutants, {len(survivors)} survived, {time.time() - start:.0f} s", flush=True)
        return True

    def forked(self, mutant: str, tests: list[pytest.Item]) -> str | None:
        """The first test that fails with this change, in a process of its own; None when all pass."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1) if mutant else (-1, -1))
            os.environ["MUTANT_UNDER_TEST"] = mutant
            failed = next((test.nodeid for test in tests if not self.passes(test)), "")
            os.write(writing, failed.encode()[:4096])
            os._exit(1 if failed else 0)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            failed = told.read().decode(errors="replace")
        return (failed or "out of time") if os.waitpid(child, 0)[1] else None

    def passes(self, test: Any) -> bool:
        """Runs one test; without pytest, which costs more than most of them, where it needs no fixture but one."""
        given = dict(test.callspec.params) if hasattr(test, "callspec") else {}
        needs = set(test._fixtureinfo.argnames)
        if test.cls is None and needs - set(given) <= {"redactor"}:
            try:
                if "redactor" in needs:
                    from agent_audit.redaction import DefaultRedactor

                    self.redactor = self.redactor or DefaultRedactor()
                    given["redactor"] = self.redactor
                test.obj(**{name: given[name] for name in needs})
            except pytest.skip.Exception:
                return True
            except BaseException:
                return False
            return True
        from _pytest.runner import runtestprotocol

        other = test.session.items[0] if test is not test.session.items[0] else test.session.items[-1]
        return not any(report.failed for report in runtestprotocol(test, log=False, nextitem=other))


def selection() -> list[str]:
    """The tests, as `[tool.mutmut]` selects them."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    return list(settings["tool"]["mutmut"]["pytest_add_cli_args_test_selection"])


def main() -> None:
    known = {
        path.stem: path for path in REDACTION.rglob("*.py") if path.stem != "__init__" and "rules" not in path.parts
    }
    modules = sys.argv[1:] or sorted(known)
    for module in modules:
        if module not in known:
            raise SystemExit(
                f"{module} is no module of {REDACTION}; name some of {', '.join(sorted(known))}, or none for all"
            )
    # One mutant is run, so that all are made.
    subprocess.run(
        [Path(sys.executable).with_name("mutmut"), "run", "--max-children", "1", "agent_audit.redaction.interface*"],
        check=True,
    )
    tests = selection()
    os.chdir(MADE)
    state = Path("state").absolute()
    os.environ.update(XDG_STATE_HOME=str(state), XDG_CACHE_HOME=str(state), AGENT_AUDIT_DIR=str(state / "log"))
    sys.path[:0] = [str(Path.cwd()), str(Path("adapters").absolute())]
    sys.dont_write_bytecode = True
    plain = ("timeout", "xdist", "cacheprovider", "logging", "warnings", "faulthandler")
    arguments = ["-c", os.devnull, "--rootdir=.", "-s", "-q", "--tb=no", *tests]
    pytest.main(
        [*arguments, *(part for name in plain for part in ("-p", f"no:{name}"))],
        plugins=[Mutants({module: known[module] for module in modules})],
    )


if __name__ == "__main__":
    main()
