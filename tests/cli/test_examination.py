from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from agent_audit import AuditEvent, AuditEventType, AuditLogger, FileAuditBackend
from agent_audit.analysis import AuditAnalyzer, examination_event
from agent_audit.cli.main import main
from agent_audit.errors import ConfigurationError
from agent_audit.verify import verify


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A signed log of one agent that was refused seven times."""
    with AuditLogger(FileAuditBackend(tmp_path / "log")) as logger:
        for _ in range(7):
            logger.log(AuditEvent(event_type=AuditEventType.PERMISSION_DENIED, agent_id="a", action="pay"))
    return tmp_path / "log"


def examinations(log: Path) -> list[AuditEvent]:
    return list(FileAuditBackend(log).query(event_type="log.examined"))


def test_what_a_verification_found_is_on_record_and_the_log_stays_valid(log: Path) -> None:
    """The event comes after the head it names, and is covered by the next one."""
    before = verify(log)
    assert main(["verify", str(log), "--examined-by", "ann"]) == 0
    (event,) = examinations(log)
    assert (event.action, event.user_id, event.agent_id) == ("verify", "ann", None)
    metadata = dict(event.metadata or {})
    metadata.pop("fingerprints", None)  # of a root that begins like a path, as one of 64 does
    assert metadata == {"choice": {}, "verdict": "valid", "head": {"size": before.size, "root": before.root}}
    assert event.seq is not None
    assert event.seq >= before.size
    assert main(["verify", str(log)]) == 0


def test_each_report_puts_on_record_what_was_chosen_and_found_and_the_digest_of_its_file(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, bundle = tmp_path / "page.html", tmp_path / "evidence.zip"
    who = ["--examined-by", "ann", "--agent", "a"]
    assert main(["anomalies", str(log), *who]) == 1
    assert main(["compliance", str(log), "--since", "24h", *who]) == 0
    assert main(["report", str(log), "--html", str(page), "--no-verify", *who]) == 0
    assert main(["evidence", str(log), "-o", str(bundle), *who]) == 0
    found = {event.action: event.metadata or {} for event in examinations(log)}
    assert list(found) == ["anomalies", "compliance", "report", "evidence"]
    assert {facts["choice"]["agent"] for facts in found.values()} == {"a"}
    assert datetime.fromisoformat(found["compliance"]["choice"]["since"]).tzinfo is not None
    assert found["anomalies"]["findings"] == 1
    assert [found[name]["events"] for name in ("compliance", "report", "evidence")] == [7, 7, 7]
    assert found["compliance"]["verdict"] == found["evidence"]["verdict"] == "valid"
    assert "verdict" not in found["report"]
    for name, path in (("report", page), ("evidence", bundle)):
        data = path.read_bytes()
        expected = {"file": path.name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        assert found[name]["output"] == expected
    assert capsys.readouterr().err.count("recorded: ") == 4


def test_what_was_looked_for_alone_is_on_record_with_the_examination(log: Path) -> None:
    main(["anomalies", str(log), "--only", "long-silence", "--only", "clock-backwards", "--examined-by", "ann"])
    (event,) = examinations(log)
    assert event.metadata is not None
    assert event.metadata["choice"] == {"only": "long-silence, clock-backwards"}


def test_the_compliance_report_cites_examinations_and_anomalies_do_not_take_them_for_an_agents(log: Path) -> None:
    main(["verify", str(log), "--examined-by", "ann"])
    (event,) = examinations(log)
    with AuditAnalyzer(log) as analyzer:
        controls = {(one.framework, one.control): one for one in analyzer.generate_compliance_report().controls}
        hipaa = controls["HIPAA", "45 CFR 164.312(b)"]
        assert event.event_id in hipaa.event_ids
        assert any("1 examination of the log" in said for said in hipaa.shown)
        assert event.event_id not in {one for found in analyzer.detect_anomalies().findings for one in found.event_ids}


def test_without_the_option_nothing_is_written(log: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in sorted((log / "segments").iterdir())}
    for command in (["verify"], ["anomalies"], ["compliance"], ["evidence", "-o", str(tmp_path / "e.zip")]):
        main([command[0], str(log), *command[1:]])
    assert {path: path.read_bytes() for path in sorted((log / "segments").iterdir())} == before


def test_a_log_that_cannot_be_written_to_is_examined_all_the_same_and_it_is_said(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (log / "LOCK").unlink()
    (log / "LOCK").mkdir()  # in the way of every writer, root too
    assert main(["verify", str(log), "--examined-by", "ann"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("VALID: ")
    assert "the examination by ann was not recorded" in said.err
    assert not any(b"log.examined" in path.read_bytes() for path in (log / "segments").iterdir())


@pytest.mark.parametrize("who", ["", "  "])
def test_nobody_cannot_examine(log: Path, who: str) -> None:
    assert main(["verify", str(log), "--examined-by", who]) == 2
    with pytest.raises(ConfigurationError, match="who examined"):
        examination_event("verify", by=who)
