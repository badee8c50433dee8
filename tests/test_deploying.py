"""What docs/deploying.md shows is run as it stands there, in processes of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube.codecs import from_dict

from agent_audit.cli.main import _parser, main
from agent_audit.ship import open_copies
from tests.ship.stores import lines_of, write
from tests.ship.test_shipper import origin_of

TEXT = (Path(__file__).parent.parent / "docs" / "deploying.md").read_text()
TIMEOUT = 200.0


def snippet(language: str, holding: str) -> str:
    """The one block of that language that holds a text."""
    (found,) = (block for block in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if holding in block)
    return str(found)


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that must come."""
    deadline = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextlib.contextmanager
def running(command: list[str], folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the log `folder/log`; it and those that it has forked are killed at the end."""
    environment = {**os.environ, "AGENT_AUDIT_DIR": str(folder / "log"), "HOME": str(folder), **variables}
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):  # they have all ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(TIMEOUT)


def end(process: subprocess.Popen[bytes]) -> None:
    """Have it end in good order."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(TIMEOUT) == 0


def events(folder: Path, event_type: str = "tool.call") -> list[dict[str, Any]]:
    return [one for one in map(json.loads, lines_of(folder / "log")) if one["event_type"] == event_type]


def test_the_manifest_is_what_kubernetes_publishes_and_every_mount_has_its_volume() -> None:
    given = yaml.safe_load(snippet("yaml", "StatefulSet"))
    for claim in given["spec"]["volumeClaimTemplates"]:  # what need not be said of them
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")
    assert from_dict(given).to_dict() == given  # a field of the wrong type is an error, and an unknown one gets lost
    spec = given["spec"]["template"]["spec"]
    volumes = {one["name"] for one in spec["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in given["spec"]["volumeClaimTemplates"]}
    agent, shipper = spec["containers"]
    for container in (agent, shipper):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        assert container["securityContext"]["readOnlyRootFilesystem"]
    mounted = {mount["mountPath"] for mount in agent["volumeMounts"]}
    assert {one["value"] for one in agent["env"]} == mounted
    assert given["spec"]["selector"]["matchLabels"] == given["spec"]["template"]["metadata"]["labels"]


def test_the_side_car_ships_with_its_arguments_and_writes_to_its_mounts_alone(tmp_path: Path) -> None:
    shipper = yaml.safe_load(snippet("yaml", "StatefulSet"))["spec"]["template"]["spec"]["containers"][1]
    _parser().parse_args(shipper["args"])
    places = {mount["mountPath"]: tmp_path / mount["name"] for mount in shipper["volumeMounts"]}
    write(tmp_path / "log", 20)
    for place in places.values():
        place.mkdir(exist_ok=True)

    def here(text: str) -> str:
        inside = next((place for place in places if text.startswith(place)), None)
        return str(places[inside]) + text[len(inside) :] if inside else text.replace(bucket, f"file://{tmp_path}/store")

    bucket = "s3://audit-bucket/prod"
    assert bucket in shipper["args"]
    variables = {one["name"]: here(one["value"]) for one in shipper["env"]}
    variables |= {"XDG_STATE_HOME": "/proc/nowhere", "HOME": "/proc/nowhere", "TMPDIR": str(places["/tmp"])}
    command = ["agent_audit.cli.main", *map(here, shipper["args"])]
    with running(command, tmp_path, **variables) as process:
        until(lambda: any((tmp_path / "store").rglob("checkpoints/*")) and any((tmp_path / "metrics").iterdir()))
        end(process)
    assert main(["fleet", "verify", f"file://{tmp_path}/store"]) == 0


APP = """
import os
from agent_audit import get_logger

get_logger().record("agent.start", agent_id="preloaded")

def app(environ, start_response):
    get_logger().record("tool.call", action="tool.t", parameters={"n": environ["PATH_INFO"], "pid": os.getpid()})
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
"""


class _Unix(http.client.HTTPConnection):
    """A connection to a socket with a path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.host)


@pytest.mark.parametrize("kind", ["sync", "gevent"])
def test_gunicorn_s_preloaded_workers_log_and_the_hook_gets_out_what_was_buffered(tmp_path: Path, kind: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "gunicorn.conf.py").write_text(snippet("python", "worker_exit"))
    listen = tmp_path / "web"
    command = ["gunicorn", "--preload", "--worker-class", kind, "--workers", "2", "--bind", f"unix:{listen}", "app:app"]
    asked = 0

    def ask() -> int:
        nonlocal asked
        connection = _Unix(str(listen))
        connection.request("GET", f"/{asked}")
        assert connection.getresponse().status == 200
        asked += 1
        return asked

    with running(command, tmp_path, AGENT_AUDIT_DURABILITY="buffered") as process:
        until(listen.exists)
        until(lambda: ask() >= 30 and len({one["parameters"]["pid"] for one in events(tmp_path)}) == 2)
        end(process)
    found = events(tmp_path)
    assert sorted(int(one["parameters"]["n"][1:]) for one in found) == list(range(asked))
    assert len({one["writer"] for one in found}) == 2
    assert events(tmp_path, "log.gap") == []


ASGI = """
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from agent_audit import AuditEventType, RunTracker, get_logger

async def begin(request):
    tracker = RunTracker.shared(get_logger(), "tests", "1")
    tracker.start(AuditEventType.TOOL_CALL, object(), action="tool.begun")
    return Response()

app = Starlette(routes=[Route("/", begin)], lifespan=lifespan)
"""


def test_uvicorn_ends_by_its_signal_and_the_lifespan_has_closed_the_log_before(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(snippet("python", "lifespan") + ASGI)
    listen = tmp_path / "web"
    with running(["uvicorn", "--uds", str(listen), "app:app"], tmp_path) as process:
        until(listen.exists)
        connection = _Unix(str(listen))
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == -signal.SIGTERM
    (ended,) = events(tmp_path, "tool.response")
    assert ended["outcome"] == "unknown"
    assert len(events(tmp_path, "log.closed")) == 1


TASKS = """
import os, time
from celery import Celery
from agent_audit import get_logger

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {"data_folder_in": "queue", "data_folder_out": "queue", "processed_folder": "done"}

@app.task
def work(number):
    get_logger().record("tool.call", action="tool.work", parameters={"n": number, "pid": os.getpid()})

@app.task(time_limit=1)
def hang():
    get_logger().record("tool.call", action="tool.hang", parameters={"n": -1, "pid": os.getpid()})
    time.sleep(600)

if __name__ == "__main__":
    hang.delay()
    for number in range(20):
        work.delay(number)
"""


def worker(folder: Path, code: str) -> list[str]:
    """The command of celery's worker, whose tasks wait for it."""
    (folder / "tasks.py").write_text(code)
    for name in ("queue", "done"):
        (folder / name).mkdir()
    subprocess.run([sys.executable, "tasks.py"], cwd=folder, check=True, timeout=TIMEOUT)
    command = ["celery", "--app", "tasks", "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR"]
    return [*command, "--without-gossip", "--without-mingle"]


def test_celery_s_prefork_pool_loses_no_event_by_a_hard_time_out(tmp_path: Path) -> None:
    with running(worker(tmp_path, TASKS), tmp_path):
        until(lambda: (tmp_path / "log").exists() and len(events(tmp_path)) == 21)
        killed = next(one["parameters"]["pid"] for one in events(tmp_path) if one["action"] == "tool.hang")
        until(lambda: not Path(f"/proc/{killed}").exists())
    # All that is left of it was killed, too.
    assert sorted(one["parameters"]["n"] for one in events(tmp_path)) == [-1, *range(20)]
    assert events(tmp_path, "log.gap") == []
    assert main(["seal", str(tmp_path / "log")]) == 0
    assert main(["verify", str(tmp_path / "log")]) == 0


BEGINS = """
from agent_audit import AuditEventType, RunTracker

@app.task
def begin():
    tracker = RunTracker.shared(get_logger(), "tests", "1")
    tracker.start(AuditEventType.TOOL_CALL, object(), action="tool.begun")

if __name__ == "__main__":
    for _ in range(5):
        begin.delay()
"""


def test_celery_s_signal_has_closed_the_log_of_each_child_before_it_ends(tmp_path: Path) -> None:
    code = TASKS.partition("if __name__")[0] + BEGINS + snippet("python", "worker_process_shutdown")
    with running(worker(tmp_path, code), tmp_path) as process:
        until(lambda: (tmp_path / "log").exists() and len(events(tmp_path)) == 5)
        end(process)
    assert [one["outcome"] for one in events(tmp_path, "tool.response")] == ["unknown"] * 5
    assert len(events(tmp_path, "log.closed")) == len(events(tmp_path, "log.opened"))


FUNCTION = """
import sys
from agent_audit import get_logger

def run_agent(event):
    get_logger().record("tool.call", action="tool.t", parameters=event)
    return len(event)

{snippet}
for number in range(3):
    assert handler({{"n": number}}, None) == 1
    print(sum(1 for _ in get_logger().backend.query()), flush=True)
"""


@pytest.mark.parametrize("works", [True, False], ids=["there", "not there"])
def test_a_function_has_shipped_everything_before_it_is_frozen_or_fails(tmp_path: Path, works: bool) -> None:
    code = snippet("python", "def handler").replace("/tmp/agent-audit-log", str(tmp_path / "log"))
    code = code.replace("s3://audit-bucket/functions", f"file://{tmp_path}/store")
    if not works:
        (tmp_path / "store").write_text("no directory")
        code = code.replace("give_up_after=20", "give_up_after=0.5")
    (tmp_path / "function.py").write_text(FUNCTION.format(snippet=code))
    command = [sys.executable, "function.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if not works:
        assert "StoreUnavailableError" in done.stderr
        return
    assert (done.returncode, done.stderr) == (0, "")
    shipped = [
        len(batch.lines) for batch in open_copies(f"file://{tmp_path}/store").batches(origin_of(tmp_path / "log"))
    ]
    assert len(shipped) == 3  # one a call
    assert sum(shipped) == int(done.stdout.split()[-1])
