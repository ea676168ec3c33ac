"""Every statement of the main job can be read as DuckDB's dialect and written in Spark's.

The Spark engine is not there yet; this keeps the seam open. What DuckDB alone understands, such as reading files,
setting it up and copying to a file, belongs to the engine itself and is left out.
"""

from __future__ import annotations

import pytest
import sqlglot

from amends import pipeline
from amends.custody import Tags, open_case, take_in
from amends.kernel.case import Case
from amends.kernel.engine.duck import DuckEngine

_OWN = ("SET ", "COPY ", "CREATE VIEW", "DROP ", "ALTER ", "PRAGMA ")


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("seam")
    data = folder / "people.csv"
    data.write_text(
        "first_name,last_name,dob,ssn,street,city,state,zip,account\n"
        "ANN,LEE,1980-02-03,531-52-8317,1 OAK ST,RENO,NV,89501,700123\n"
        "BEN,ROE,1981-02-03,531-52-8318,2 OAK ST,RENO,NV,89501,700124\n"
    )
    Case.create(folder / "case", {("case", "entity"): "Acme"}).close()
    said: list[str] = []
    patch = pytest.MonkeyPatch()
    run, batches = DuckEngine._run, DuckEngine.batches
    patch.setattr(
        DuckEngine, "_run", lambda self, sql, values=(): said.append(sql) or run(self, sql, values)
    )
    patch.setattr(
        DuckEngine,
        "batches",
        lambda self, sql, *rest, **more: said.append(sql) or batches(self, sql, *rest, **more),
    )
    with open_case(folder / "case") as case:
        take_in(case, [data], Tags())
        pipeline.run(case)
    patch.undo()
    return said


def test_the_main_job_asks_the_engine_often(statements: list[str]) -> None:
    assert len(statements) > 40


def test_every_statement_can_be_written_for_spark(statements: list[str]) -> None:
    wrong = []
    for sql in dict.fromkeys(statements):
        if sql.lstrip().upper().startswith(_OWN):
            continue
        try:
            assert sqlglot.transpile(
                sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
            )
        except sqlglot.errors.SqlglotError as error:
            wrong.append(f"{str(error)[:300]}\n{sql[:400]}")
    assert not wrong, "\n\n".join(wrong)
