"""How long an import takes and how much memory: BLCA as it is published, and a made cohort of any size.

    python benchmarks/import_cohort.py ../shared/tcga/blca_rnaseq_cnv.csv.zip
    SURVDASH_MAX_TABLE_MB=1000 python benchmarks/import_cohort.py --made 10000 20000

The made table is Parquet: as text it would be 1.5 GB. Each import runs in a process of its own, whose largest resident
memory is told by the operating system.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from survdash.genes import functional_groups

IMPORT = """
import json, os, resource, sys, time
from pathlib import Path
os.environ["SURVDASH_DATA_DIR"] = sys.argv[2]
from survdash import usecases
wall, cpu = time.perf_counter(), time.process_time()
told = usecases.import_cohort(Path(sys.argv[1]), name="made")
print(json.dumps({
    "cases": told.cases, "genes": told.genes, "seconds": round(time.perf_counter() - wall, 1),
    "cpu_seconds": round(time.process_time() - cpu, 1),
    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
}))
"""


def make_table(path: Path, *, patients: int, genes: int) -> None:
    rng = np.random.default_rng(0)
    known = sorted(set().union(*functional_groups().values()))[:genes]
    names = known + [f"MADE{number}" for number in range(genes - len(known))]
    columns = {
        "case_id": pa.array([f"P{number:06d}" for number in range(patients)]),
        "survival_months": pa.array(rng.exponential(40, patients) + 0.1),
        "censorship": pa.array(rng.integers(0, 2, patients)),
        "age": pa.array(rng.integers(30, 90, patients)),
    }
    columns |= {f"{name}_rnaseq": pa.array(rng.standard_normal(patients, np.float32)) for name in names}
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False, write_statistics=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, nargs="?")
    parser.add_argument("--made", type=int, nargs=2, metavar=("PATIENTS", "GENES"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = options.table
        if options.made:
            table = Path(folder) / "made.parquet"
            make_table(table, patients=options.made[0], genes=options.made[1])
        done = subprocess.run([sys.executable, "-c", IMPORT, table, str(Path(folder) / "data")], check=True,
                              capture_output=True, text=True, cwd=Path(__file__).resolve().parents[1])  # fmt: skip
        facts = json.loads(done.stdout) | {"table": table.name, "table_mb": round(table.stat().st_size / 1e6, 1)}
        print(json.dumps(facts))


if __name__ == "__main__":
    main()
