"""An embedded ClickHouse, of which a process has one, and a Spark cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.spark_cluster import SparkCluster, missing


@pytest.fixture(scope="session")
def chdb_session() -> Any:
    pytest.importorskip("chdb", reason="needs chdb")
    from tests.support.chdb_client import embedded

    return embedded()


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkCluster]:
    """A cluster of two workers; with $OBSKIT_SPARK the one at that address, which has no workers to kill."""
    if reason := missing():
        pytest.skip(reason)
    if url := os.environ.get("OBSKIT_SPARK"):
        yield SparkCluster(Path(), url=url)
        return
    cluster = SparkCluster(tmp_path_factory.mktemp("spark"))
    try:
        yield cluster.start()
    finally:
        cluster.close()
