"""Values of migrations as databases write them."""

import pytest

from obskit.readers.markers.changes.migrations import flyway_row
from tests.support.change_markers import FLYWAY, FLYWAY_ROW, LIQUIBASE_ROW


@pytest.mark.parametrize(
    ("given", "success"),
    [("t", True), ("1", True), (0, False), ("FALSE", False), ("\\x01", True), ("maybe", None), (None, None)],
)
def test_success(given, success):
    assert flyway_row({**FLYWAY, "success": given}).get("database.migration.success") is success


def test_a_migration_that_was_taken_back():
    assert flyway_row({**FLYWAY, "type": "UNDO_SQL"})["database.migration.undone"] is True


def test_tables_with_upper_case_names_tabs_and_nulls(read):
    names = "INSTALLED_RANK\tVERSION\tDESCRIPTION\tTYPE\tSCRIPT\tINSTALLED_ON\tEXECUTION_TIME\tSUCCESS"
    row = "3\t2.4\tadd seats\tSQL\tV2.4__add_seats.sql\t2026-05-04 12:00:00\t41\t1"
    repeated = row.replace("3\t2.4", "4\t\\N")
    got = read(f"{names}\n{row}\n{repeated}\n4\tx\n".encode(), name="flyway.tsv")
    again = {name: value for name, value in FLYWAY_ROW.items() if name != "database.migration.version"}
    assert got.rows == [FLYWAY_ROW, again | {"database.migration.order": 4}]
    assert [reason for _, reason in got.reasons] == ["row does not have 8 fields"]


def test_a_table_of_liquibase(read):
    data = (
        "ID,AUTHOR,FILENAME,DATEEXECUTED,ORDEREXECUTED,EXECTYPE,MD5SUM,DESCRIPTION,COMMENTS,TAG,LIQUIBASE,"
        "CONTEXTS,LABELS,DEPLOYMENT_ID\n"
        'add-seats,ann,db/changelog.xml,2026-05-04 12:00:00,3,EXECUTED,8:d41d,"addColumn tableName=seats",,2.4.0,'
        "4.27.0,,,7896000000\nlater,ann,db/changelog.xml,soon,4,EXECUTED,,,,,,,,\n"
    )
    got = read(data.encode(), name="databasechangelog.csv")
    assert got.rows == [LIQUIBASE_ROW]
    assert [reason for _, reason in got.reasons] == ["dateexecuted is not a time"]
