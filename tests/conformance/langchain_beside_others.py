"""`enable()` at the same time as LangSmith's tracing, OpenInference and OpenLLMetry (Traceloop), installed for real.

    python tests/conformance/langchain_beside_others.py

In each order of switching on, an agent with a tool, an approval and an async run must leave the same audit record as
alone, and the others must get as many spans and runs as they get without it. Needs `uv` and a package index. Exit code
1: it does not hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from itertools import permutations
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
OTHERS = ["openinference-instrumentation-langchain", "opentelemetry-instrumentation-langchain", "opentelemetry-sdk"]

PROGRAM = r"""
import asyncio, json, os, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

order = sys.argv[1].split(",")
posted = []

class Sink(BaseHTTPRequestHandler):
    def do_POST(self):
        posted.append(self.rfile.read(int(self.headers["content-length"])))
        self.reply()
    def do_GET(self):
        self.reply()
    def reply(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *a):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["TRACELOOP_TELEMETRY"] = "false"
if "langsmith" in order:
    os.environ.update(LANGSMITH_TRACING="true", LANGSMITH_API_KEY="x", LANGSMITH_TRACING_SAMPLING_RATE="1",
                      LANGSMITH_ENDPOINT=f"http://127.0.0.1:{server.server_port}")
    order.remove("langsmith")

sys.path.insert(0, sys.argv[2])
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_record import Record, call
from langchain_stories import QUESTION, clerk, send
from langgraph.types import Command
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
import agent_audit_langchain

record, exporters = Record(), {}

def provider(name):
    exporters[name] = InMemorySpanExporter()
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporters[name]))
    return made

for name in order:
    if name == "audit":
        agent_audit_langchain.enable(record.logger)
    elif name == "openinference":
        from openinference.instrumentation.langchain import LangChainInstrumentor
        LangChainInstrumentor().instrument(tracer_provider=provider(name))
    elif name == "traceloop":
        from opentelemetry.instrumentation.langchain import LangchainInstrumentor
        LangchainInstrumentor().instrument(tracer_provider=provider(name))

def config(thread):
    return {"configurable": {"thread_id": thread}, "metadata": {"user_id": "ann"}}

clerk(call("search", "c1", query="x")).invoke(QUESTION, config("t1"))
clerk(call("nope", "c1")).invoke(QUESTION, config("t2"))
asyncio.run(clerk(call("search_async", "c1", query="x")).ainvoke(QUESTION, config("t3")))
guarded = clerk(call("send", "c1", to="ann"), tools=[send], middleware=[HumanInTheLoopMiddleware({"send": True})])
guarded.invoke(QUESTION, config("t4"))
guarded.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config("t4"))

if "LANGSMITH_TRACING" in os.environ:
    from langchain_core.tracers.langchain import wait_for_all_tracers
    wait_for_all_tracers()
runs = b"".join(posted)
if "audit" in order:
    record.check()
print("TOLD", json.dumps({
    "audit": record.story(),
    "langsmith": runs.count(b'name="post.'),
    **{name: len(exporter.get_finished_spans()) for name, exporter in exporters.items()},
}))
"""


def told(python: Path, order: tuple[str, ...]) -> dict[str, object]:
    stories = PROJECT / "tests" / "adapters" / "langchain"
    command = [str(python), "-W", "ignore", "-c", PROGRAM, ",".join(order), str(stories)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")]
    if not lines:
        sys.exit(f"{', '.join(order)}:\n{done.stderr}")
    result: dict[str, object] = json.loads(lines[0][5:])
    return result


def environment(directory: Path) -> Path:
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, directory], check=True)
    python = directory / "bin" / "python"
    pins = [f"{name}=={version(name)}" for name in ("langchain-core", "langchain", "langgraph")]
    install = ["uv", "pip", "install", "--quiet", "--python", python, *pins, *OTHERS, "pytest", "--editable", PROJECT]
    subprocess.run(list(map(str, install)), check=True)
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        python = environment(Path(directory) / "venv")
        alone = told(python, ("audit",))["audit"]
        print(f"alone: {len(alone)} audit events")  # type: ignore[arg-type]
        good = bool(alone)
        for order in permutations(("audit", "openinference", "traceloop")):
            seen = told(python, ("langsmith", *order))
            without = told(python, ("langsmith", *(name for name in order if name != "audit")))
            same = seen.pop("audit") == alone
            without.pop("audit")
            print(f"{', '.join(order)}: the audit record is {'the same' if same else 'ANOTHER'}")
            print(f"  others: {seen}, without audit: {without}")
            good &= same and seen == without and all(without.values())
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
