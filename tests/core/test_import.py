from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions

import agent_audit

# pydantic's own parts, and what else the core needs.
CORE = {
    "agent_audit",
    "annotated_types",
    "orjson",
    "platformdirs",
    "pydantic",
    "pydantic_core",
    "typing_extensions",
    "typing_inspection",
    "uuid_utils",
}


def _loaded_by(code: str) -> list[str]:
    code = f"import sys; {code}; print(*set(sys.modules), file=sys.stderr)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()


def _ours(loaded: list[str]) -> list[str]:
    return [name for name in loaded if name.partition(".")[0] == "agent_audit"]


def _libraries(loaded: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in loaded} & set(packages_distributions())


# What the standard library loads differs from one Python to the next, so it is not counted.


def test_a_name_of_the_facade_loads_few_modules_of_ours_and_no_library_but_the_core_s() -> None:
    loaded = _loaded_by("from agent_audit import AuditLogger")
    assert 0 < len(_ours(loaded)) <= 138
    assert _libraries(loaded) <= CORE


def test_the_facade_alone_loads_nothing() -> None:
    loaded = _loaded_by("import agent_audit")
    assert _ours(loaded) == ["agent_audit"]
    assert _libraries(loaded) <= {"agent_audit"}


def test_the_command_s_help_loads_neither_the_logger_nor_any_library() -> None:
    loaded = _loaded_by("from agent_audit.cli.main import main; main(['--help'])")
    assert len([name for name in _ours(loaded) if not name.startswith("agent_audit.cli")]) <= 5
    assert _libraries(loaded) <= {"agent_audit"}


def test_the_facade_exports_what_it_says_in_order() -> None:
    assert agent_audit.__all__ == sorted(agent_audit.__all__)
    assert all(hasattr(agent_audit, name) for name in agent_audit.__all__)
    public = [getattr(agent_audit, name) for name in agent_audit.__all__]
    # Names of types (ContextReader) carry their docstring in the source only.
    aliases = [thing for thing in public if hasattr(thing, "__origin__") or not hasattr(thing, "__name__")]
    assert all(thing.__doc__ for thing in public if thing not in aliases)
