from __future__ import annotations

import subprocess
import sys

import agent_audit

HEAVY = (
    "duckdb",
    "ibis",
    "rich",
    "cryptography",
    "pandas",
    "pyarrow",
    "numpy",
    "langchain_core",
    "langgraph",
    "agents",
)


def test_importing_the_facade_loads_nothing_heavy() -> None:
    code = "import sys, agent_audit; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "agent_audit" in loaded
    assert not set(HEAVY) & set(loaded)


def test_importing_the_facade_stays_within_its_number_of_modules() -> None:
    # pydantic alone brings about 150; whatever adds many more is felt at every start of an agent.
    code = (
        "import sys; import pydantic, orjson, uuid_utils, asyncio, platformdirs; before = set(sys.modules)\n"
        "import agent_audit; print(len(set(sys.modules) - before))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(result.stdout) <= 155


def test_the_facade_exports_what_it_says_in_order() -> None:
    assert agent_audit.__all__ == sorted(agent_audit.__all__)
    assert all(hasattr(agent_audit, name) for name in agent_audit.__all__)
    public = [getattr(agent_audit, name) for name in agent_audit.__all__]
    # Names of types (ContextReader) carry their docstring in the source only.
    aliases = [thing for thing in public if hasattr(thing, "__origin__") or not hasattr(thing, "__name__")]
    assert all(thing.__doc__ for thing in public if thing not in aliases)
