"""A table in Parquet: for tables that are too large as text, such as 20,000 genes of 10,000 patients."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from survdash.errors import InputError
from survdash.sources.table_bytes import check_shape, size_limit, too_large

MAGIC = b"PAR1"
CELL_BYTES = 4  # of a number that is kept; what a packed file unpacks to is not seen from its size


def is_parquet(path: Path) -> bool:
    """Whether a file begins as Parquet does."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_parquet(path: Path, *, error: type[InputError]) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Header, trimmed, and cells; columns are named 0, 1, ....

    Parameters
    ----------
    path : Path
    error : type
        Which error to raise.

    Raises
    ------
    InputError
        As ``error``: the file is damaged, larger than ``SURVDASH_MAX_TABLE_MB`` when unpacked, or has a column that is
        neither numbers nor text.
    """
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            check_shape(len(file.schema_arrow), file.metadata.num_rows, path.name, error=error)
            cells = file.metadata.num_rows * len(file.schema_arrow)
            if cells * CELL_BYTES > size_limit():
                raise too_large(path.name, error)
            texts = [one.name for one in file.schema_arrow if _is_text(one.type)]
            odd = [one.name for one in file.schema_arrow if not _is_plain(one.type)]
            if odd:
                raise error(f"{path.name}: column {odd[0]!r} holds neither numbers nor text.",
                            hint="Store it as numbers or text, or leave it out.")
        # A text that is repeated by reference stays so until its length is known.
        with pq.ParquetFile(path, memory_map=True, read_dictionary=texts, metadata=file.metadata) as file:
            table = file.read()
            if sum(_letters(table.column(place)) for place in range(table.num_columns)) > size_limit():
                raise too_large(path.name, error)
            table = table.cast(pa.schema([one.with_type(_unpacked(one.type)) for one in table.schema]))
            columns = tuple(str(name).strip() for name in table.column_names)
            # One block a column: no copy is made of numbers, and each is let go of once it has been read.
            frame = table.rename_columns([str(place) for place in range(len(columns))]).to_pandas(
                split_blocks=True, self_destruct=True, ignore_metadata=True, strings_to_categorical=False,
            )
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as fault:
        why = str(fault)[:80]
        raise error(f"{path.name} is a damaged Parquet file: {why}.", hint="Copy or make it anew.") from fault
    frame.columns = pd.RangeIndex(len(columns))
    return columns, frame


def _unpacked(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _letters(column: pa.ChunkedArray) -> int:
    """Bytes that a column's repeated texts have when written out; 0 for other columns."""
    if not pa.types.is_dictionary(column.type) or not _is_text(column.type.value_type):
        return 0
    return sum(pc.sum(pc.binary_length(part.dictionary).cast(pa.int64()).take(part.indices)).as_py() or 0
               for part in column.chunks)  # fmt: skip


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string,
             pa.types.is_large_string, pa.types.is_null)  # fmt: skip
    return any(test(kind) for test in tests)
