"""Spark over a bucket: what is ours of it, on real executors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_audit.analysis import AuditAnalyzer, Ruleset
from agent_audit.cli.main import main
from agent_audit.object_store.bucket import Bucket
from tests.analysis.questions import plain, something_of_everything
from tests.ship.conftest import Store
from tests.ship.s3_server import BUCKET
from tests.ship.test_analysis_of_copies import host, shipped
from tests.spark.test_spark import assert_same

pytestmark = [pytest.mark.timeout(600)]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def mounted(spark: Any, s3_store: Store, tmp_path: Path) -> Iterator[Path]:
    """A directory that executors find under the bucket's `s3a://`.

    Hadoop's connector for S3 is in no package that can be installed here: Hadoop's own view of file systems stands
    in its place, and has the directory where the bucket would be.
    """
    settings = {
        "fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        "fs.s3a.impl.disable.cache": "true",
        f"fs.viewfs.mounttable.{BUCKET}.link./{s3_store.url.rpartition('/')[2]}": (tmp_path / "mirror").as_uri(),
    }
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    for name, value in settings.items():
        hadoop.set(name, value)
    yield tmp_path / "mirror"
    for name in settings:
        hadoop.unset(name)


def test_a_question_and_a_detection_over_a_bucket_have_the_answers_of_duckdb(
    s3_store: Store, mounted: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        shipped(host(tmp_path / name, something_of_everything()), s3_store.url)
    bucket = Bucket(s3_store.url)
    for path in bucket.paths("events/"):
        target = mounted / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(bucket.get(path))
    stray = mounted / "events" / "origin=nobody" / "date=2026-03-01"
    stray.mkdir(parents=True)
    (stray / f"{0:020d}.parquet").write_bytes(target.read_bytes())  # of a log that is not in the store
    undated = target.parent.with_name("date=today")
    undated.mkdir()
    (undated / f"{7:020d}.parquet").write_bytes(target.read_bytes())  # nor under such a name
    (target.parent / "other.parquet").write_bytes(target.read_bytes())  # and a file that nobody shipped
    rules = Ruleset().only("denials")
    with AuditAnalyzer(s3_store.url, engine="spark") as there, AuditAnalyzer(s3_store.url) as here:
        ours, theirs = (
            plain([log.get_agent_activity(), log.detect_anomalies(rules=rules)], {}) for log in (there, here)
        )
    assert_same(ours, theirs, "the store")
    assert {found["rule"] for found in ours[1]["findings"]} == {"denials"}


def test_spark_without_a_connector_for_the_bucket_says_which_one_it_needs(
    spark: Any, s3_store: Store, tmp_path: Path, capsys: Captured
) -> None:
    shipped(host(tmp_path / "log", something_of_everything()), s3_store.url)
    assert main(["activity", "--source", s3_store.url, "--engine", "spark"]) == 2
    told = capsys.readouterr().err
    assert f"Spark cannot read {s3_store.url}, for which it needs Hadoop's connector" in told
    assert "org.apache.hadoop:hadoop-aws:3.4." in told
