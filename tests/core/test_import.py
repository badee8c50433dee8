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


def test_importing_the_facade_loads_few_modules_of_ours_and_no_library_but_the_core_s() -> None:
    # What the standard library loads differs from one Python to the next, so it is not counted.
    code = "import sys, agent_audit; print(*set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = [name for name in loaded if name.partition(".")[0] == "agent_audit"]
    assert 0 < len(ours) <= 123
    libraries = {name.partition(".")[0] for name in loaded} & set(packages_distributions())
    assert libraries <= CORE


def test_the_facade_exports_what_it_says_in_order() -> None:
    assert agent_audit.__all__ == sorted(agent_audit.__all__)
    assert all(hasattr(agent_audit, name) for name in agent_audit.__all__)
    public = [getattr(agent_audit, name) for name in agent_audit.__all__]
    # Names of types (ContextReader) carry their docstring in the source only.
    aliases = [thing for thing in public if hasattr(thing, "__origin__") or not hasattr(thing, "__name__")]
    assert all(thing.__doc__ for thing in public if thing not in aliases)
