"""A new case whose tiles another program has embedded: its bag files in place of its slides."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from survdash.case import Bag, BagOrigin
from survdash.errors import InputError
from survdash.prediction import check_origin
from survdash.sources.bag_folder import read_bag_file
from survdash.store import file_sha256

UNKNOWN = "unknown encoder"


def read_case_bags(
    paths: tuple[Path, ...], *, expected: BagOrigin, model: str, encoder: str | None = None
) -> tuple[Bag, list[dict[str, object]], list[str]]:
    """Read all bag files of one case as one bag.

    Parameters
    ----------
    paths : tuple of Path
        Each of one slide; our own (``embed``) or another program's.
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
        If a file cannot be read, holds no tile, or is given twice.
    """
    bags, hashes = [], [file_sha256(path) if path.is_file() else "" for path in paths]
    if len(set(hashes)) < len(hashes):
        raise InputError("The same bag was given twice.", hint="Give each once: tiles would count double.")
    for path in paths:
        bag = read_bag_file(path, encoder=encoder)
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
