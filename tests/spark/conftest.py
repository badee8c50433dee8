"""A Spark cluster of this machine: a master and executors in processes of their own."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ship.conftest import s3_port, s3_store  # noqa: F401 - fixtures

MASTER = "local-cluster[2,1,1024]"
"""Two executors with a core and 1,024 MiB each."""


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A running session; the tests that want it are skipped where Spark cannot run."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("no pyspark: it is in no requirements.lock (docs/dependencies.md)")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("no Java for Spark")
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        # Of events by the dozen, compiling a query takes longer than running it.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    builder = SparkSession.builder.master(MASTER)
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
