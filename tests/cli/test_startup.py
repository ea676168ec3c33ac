"""Commands do not import what they have no use for."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from amends.cli.startup import without_pandas
without_pandas()
import pyarrow as pa
from amends.timeline import detecting
assert pa.array(["a"]).to_pylist() == ["a"]
left = [f for f in sys.meta_path if type(f).__name__ == "_NoPandas"]
print("pandas" in sys.modules, left)
"""


def test_pandas_stays_out_of_commands_and_no_finder_stays_behind() -> None:
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False []"
