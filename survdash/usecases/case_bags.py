"""A new case whose tiles another program has embedded: its bag files in place of its slides."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from survdash.case import Bag, BagOrigin
from survdash.errors import BagError, InputError
from survdash.prediction import check_origin
from survdash.sources.bag_folder import BAG_ENDINGS, read_bag_file
from survdash.sources.feature_table import ENCODER as TABLE
from survdash.sources.feature_table import read_feature_table
from survdash.sources.table_file import name_some
from survdash.store import file_sha256

UNKNOWN = "unknown encoder"


def read_case_bags(
    paths: tuple[Path, ...], *, expected: BagOrigin, model: str, encoder: str | None = None
) -> tuple[Bag, list[dict[str, object]], list[str]]:
    """Read all bag files of one case as one bag.

    Parameters
    ----------
    paths : tuple of Path
        Each of one slide; our own (``embed``) or another program's. For a model of a slide-level table, such a table
        of this case alone, with the same columns.
    expected : BagOrigin
        What made the features that the model learnt from.
    model : str
        For messages.
    encoder : str, optional
        What made the features, where the files do not say.

    Returns
    -------
    bag : Bag
    facts : list of dict
        For the provenance, one a file: number, SHA-256, tiles, share.
    warnings : list of str

    Raises
    ------
    ArtefactError
        If another encoder made a bag than the model's; both are named.
    BagError
        If a file cannot be read, holds no tile or several cases, or is given twice.
    """
    bags, hashes = [], [file_sha256(path) if path.is_file() else "" for path in paths]
    if len(set(hashes)) < len(hashes):
        raise InputError("The same bag was given twice.", hint="Give each once: tiles would count double.")
    for path in paths:
        is_table = expected.encoder == TABLE and path.suffix.lower() not in BAG_ENDINGS
        bag = _read_row(path) if is_table else read_bag_file(path, encoder=encoder)
        check_origin(expected, bag.origin, model=model)
        bags.append(bag)
    tiles = sum(len(bag.features) for bag in bags)
    facts: list[dict[str, object]] = [
        {"slide": number, "bag_sha256": sha256, "tiles": len(bag.features), "share": len(bag.features) / tiles}
        for number, (bag, sha256) in enumerate(zip(bags, hashes, strict=True), start=1)
    ]
    warnings = []
    if expected.encoder.startswith(UNKNOWN):
        warnings.append("Which encoder made these features is not known, nor of those the model learnt from: only "
                        "their width was compared.")  # fmt: skip
    joined = Bag(
        features=np.concatenate([bag.features for bag in bags]), coords=np.concatenate([bag.coords for bag in bags]),
        slide_index=np.repeat(np.arange(len(bags), dtype=np.int32), [len(bag.features) for bag in bags]),
        slide_ids=tuple(f"slide {number}" for number in range(1, len(bags) + 1)), origin=expected,
    )
    return joined, facts, warnings


def _read_row(path: Path) -> Bag:
    """The slides of one case in a slide-level table, each a tile; gaps stay, and the model's median stands in."""
    table = read_feature_table(path)
    cases = sorted(set(table.slides))
    if len(cases) > 1:
        raise BagError(f"{path.name} holds {len(cases)} cases ({name_some(cases)}); one is expected.",
                       hint="Keep the lines of one patient.")
    count = len(table.values)
    return Bag(
        features=table.values.to_numpy(np.float32), coords=np.zeros((count, 2), np.int32),
        slide_index=np.arange(count, dtype=np.int32), slide_ids=tuple(map(str, table.values.index)),
        origin=table.origin,
    )
