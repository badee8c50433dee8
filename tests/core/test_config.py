from __future__ import annotations

import errno
import gzip
import json
import os
import pwd
import re
from pathlib import Path
from typing import NoReturn

import pytest

import agent_audit
from agent_audit import (
    AuditConfig,
    AuditedAgent,
    AuditEvent,
    AuditEventType,
    AuditLogger,
    ConfigurationError,
    FileAuditBackend,
    MemoryAuditBackend,
    get_logger,
    keys,
    set_logger,
)
from agent_audit.keys import fingerprint_key
from agent_audit.verify import Verdict, verify


def test_settings_are_read_from_the_environment(tmp_path: Path) -> None:
    config = AuditConfig.from_env(
        {"AGENT_AUDIT_DIR": "/x", "AGENT_AUDIT_ON_FAILURE": "raise", "AGENT_AUDIT_USER_ID": "u", "OTHER": "y"}
    )
    assert (config.dir, config.on_failure, config.user_id) == (Path("/x"), "raise", "u")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AGENT_AUDIT_ON_FAILURE", "ignore", "AGENT_AUDIT_ON_FAILURE: it should be 'warn' or 'raise'"),
        ("AGENT_AUDIT_DURABILTY", "synced", r"AGENT_AUDIT_DURABILTY.*known settings: AGENT_AUDIT_DIR"),
        (
            "AGENT_AUDIT_DURABILITY",
            "always",
            "AGENT_AUDIT_DURABILITY: durability is 'always'; use one of: buffered",
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_name(variable: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        AuditConfig.from_env({variable: value})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AGENT_AUDIT_MEMORY_BYTES", "1000000000"),
        ("AGENT_AUDIT_CACHE_BYTES", "1000000000"),
        ("AGENT_AUDIT_INSTANCE_CREDENTIALS", "1"),
    ],
)
def test_a_variable_of_an_analysis_or_a_store_does_not_keep_the_default_logger_from_recording(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "log"))
    AuditedAgent("billing").log_tool_call("search", {}, "x")
    get_logger().close()
    assert "tool.search" in next((tmp_path / "log" / "segments").iterdir()).read_text()


def test_every_variable_that_the_package_or_its_documents_name_is_known() -> None:
    package = Path(agent_audit.__file__).parent
    documents = [package.parent / "README.md", package.parent / "SECURITY.md", *package.parent.glob("docs/*.md")]
    sources = [path.read_text() for path in (*package.rglob("*.py"), *documents)]
    named = {name for text in sources for name in re.findall(r"AGENT_AUDIT_[A-Z_]*[A-Z]", text)}
    with pytest.raises(ConfigurationError) as refused:
        AuditConfig.from_env({"AGENT_AUDIT_NO_SUCH_THING": "1"})
    assert named <= set(re.findall(r"AGENT_AUDIT_\w+", str(refused.value).split("known settings: ")[1]))


def test_a_logger_that_is_built_in_code_reads_of_the_variables_the_directory_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('[redaction]\nallow_values = ["ann@example.com"]\n')
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "log"))
    monkeypatch.setenv("AGENT_AUDIT_SETTINGS", str(tmp_path / "settings.toml"))
    monkeypatch.setenv("AGENT_AUDIT_USER_ID", "ann")
    for logger, allowed in ((AuditLogger(), False), (AuditConfig.from_env().open(tmp_path / "log"), True)):
        event = AuditedAgent("billing", logger=logger).log_data_access(
            "customers", "read", parameters="ann@example.com"
        )
        logger.close()
        (line,) = FileAuditBackend(tmp_path / "log").query(event_id=event.event_id)
        assert (line.parameters == "ann@example.com") is allowed
        assert line.user_id == ("ann" if allowed else None)


def test_a_fingerprint_key_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^fingerprint_key \(AGENT_AUDIT_FINGERPRINT_KEY\) .* 64 hex digits"):
        fingerprint_key("origin", "abcd")


def test_the_default_logger_is_opened_once_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "here"))
    logger = get_logger()
    assert get_logger() is logger
    assert isinstance(logger.backend, FileAuditBackend)
    assert logger.backend.path == tmp_path / "here"
    assert capsys.readouterr().err == f"agent-audit-log: recording to a new audit log in {tmp_path / 'here'}\n"


def test_where_the_working_directory_cannot_be_written_to_the_state_directory_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AGENT_AUDIT_DIR")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent-audit-log").write_text("a file is in the way")
    logger = get_logger()
    assert isinstance(logger.backend, FileAuditBackend)
    assert logger.backend.path == tmp_path / "state" / "agent-audit-log" / "log"
    assert "cannot write to agent-audit-log" in capsys.readouterr().err


def test_a_logger_without_a_backend_writes_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(tmp_path / "here"))
    with AuditLogger() as logger:
        assert isinstance(logger.backend, FileAuditBackend)
        assert logger.backend.path == tmp_path / "here"


def test_the_default_logger_can_be_set_and_put_back() -> None:
    mine = AuditLogger(MemoryAuditBackend())
    assert set_logger(mine) is None
    assert get_logger() is mine
    assert set_logger(None) is mine


def test_the_fingerprint_key_is_made_once_outside_the_log_and_private(tmp_path: Path, log_dir: Path) -> None:
    backend = FileAuditBackend(log_dir)
    key = backend.fingerprint_key
    assert key is not None and len(key) == 32
    assert FileAuditBackend(log_dir).fingerprint_key == key
    (path,) = (tmp_path / "state").rglob("fingerprint.key")
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(log_dir.rglob("*.key"))
    assert FileAuditBackend(tmp_path / "other").fingerprint_key != key


def test_keys_and_what_stands_beside_them_are_their_owners_alone_whatever_the_umask(
    tmp_path: Path, log_dir: Path
) -> None:
    before = os.umask(0)
    try:
        backend = FileAuditBackend(log_dir)
        assert backend.fingerprint_key is not None
        with AuditLogger(backend):
            backend.rotate_key()
        assert verify(log_dir).verdict is Verdict.VALID
    finally:
        os.umask(before)
    ours = tmp_path / "state" / "agent-audit-log"
    paths = [ours, *ours.rglob("*")]
    assert {"vkeys", "signing.key", "signed-head", "verified"} < {path.name for path in paths}
    assert not [path for path in paths if path.stat().st_mode & 0o077]


def test_a_user_without_a_home_has_the_root_for_one_and_can_still_log(
    log_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def nobody(uid: int) -> NoReturn:
        raise KeyError(uid)

    def refused(folder: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert keys.state_directory() == Path("/.local/state/agent-audit-log")
    assert keys.cache_directory() == Path("/.cache/agent-audit-log")
    monkeypatch.setattr(keys, "make_private_folder", refused)  # as whoever runs the tests may be allowed to
    monkeypatch.setenv("AGENT_AUDIT_DIR", str(log_dir))
    with AuditConfig.from_env().open(log_dir) as logger:
        logger.record(AuditEventType.TOOL_CALL)
    assert "stays unsigned" in capsys.readouterr().err
    assert verify(log_dir).missing == ("the log is unsigned",)


def test_settings_that_are_packed_are_said_to_be_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_bytes(gzip.compress(b"[redaction]\n"))
    monkeypatch.setenv("AGENT_AUDIT_SETTINGS", str(tmp_path / "settings.toml"))
    with pytest.raises(ConfigurationError, match=r"cannot be read: it is no text in UTF-8, from byte 1 on"):
        get_logger()


@pytest.mark.parametrize("origin", ["", ".", "..", "../..", "a\0b"])
def test_whatever_a_log_says_its_origin_is_its_keys_have_a_folder_of_their_own(origin: str, log_dir: Path) -> None:
    (log_dir / "segments").mkdir(parents=True)
    (log_dir / "log.json").write_text(json.dumps({"format": 1, "origin": origin}))
    with AuditLogger(FileAuditBackend(log_dir)) as logger:
        logger.log(AuditEvent(event_type="tool.call"))
    verify(log_dir)
    state = keys.state_directory()
    assert list(state.parent.iterdir()) == [state]
    assert [path.is_dir() for path in state.iterdir()] == [True]
