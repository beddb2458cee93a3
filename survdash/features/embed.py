"""From a slide to a bag: find tissue, cut tiles, encode them, keep the result under what made it.

The bag of a slide lies at ``<data>/bags/<digest>.h5``; the digest covers the slide's bytes, its resolution, the rules,
the encoder with its weights, and ``VERSION``. Inside, the slide goes by the first digits of its own hash, because file
names can hold a patient's name and one slide can come under several names; ``save_bag`` gives it a name.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np

from survdash.bag_file import BagFile, Block, new_bag_file
from survdash.errors import BagError
from survdash.features.encoders import DEFAULT_ENCODER, Encoder, find_encoder, load_encoder, origin, weights_file
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.slide.reader import Slide, open_slide, require_mpp
from survdash.slide.tiles import DEFAULT_TILES, TileGrid, TileRule, lay_grid
from survdash.slide.tissue import DEFAULT_TISSUE, TissueRule, find_tissue
from survdash.store import digest, new_file

VERSION = 1  # raise it when the same slide and settings would give other numbers
BLOCK_TILES = 64  # 12 MB of pixels; two blocks are in memory, one being read and one being encoded
ID_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """A slide's bag and what made it.

    Parameters
    ----------
    bag_path : Path
        Bag file with this one slide.
    slide_id : str
        Its name inside the bag file.
    slide_sha256 : str
    tiles, dim : int
        Shape of the features.
    encoder, weights : str
        Name in the registry, SHA-256 of the weights file.
    mpp : float
        Resolution at level 0 in um per pixel.
    mpp_source : str
        Who stated it: "file" or "user".
    device : str
        What the encoder ran on when the bag was made: "cpu" or "cuda".
    seconds : float
        Wall time of this call.
    cached : bool
        Whether the bag was there already.
    warnings : tuple of str
        What the user should know before trusting the features.
    """

    bag_path: Path
    slide_id: str
    slide_sha256: str
    tiles: int
    dim: int
    encoder: str
    weights: str
    mpp: float
    mpp_source: str
    device: str
    seconds: float
    cached: bool
    warnings: tuple[str, ...] = ()


def embed_slide(
    path: Path,
    *,
    encoder: str = DEFAULT_ENCODER,
    mpp: float | None = None,
    tissue_rule: TissueRule = DEFAULT_TISSUE,
    tile_rule: TileRule = DEFAULT_TILES,
    report: Report = silent,
    cancel: Cancel | None = None,
) -> Embedding:
    """Embed a slide, or find that it was embedded before.

    Parameters
    ----------
    path : Path
        Slide or plain picture.
    encoder : str
        Name in ``ENCODERS``.
    mpp : float, optional
        Resolution at level 0 in um per pixel as the user states it; goes before the file's own.
    tissue_rule, tile_rule
        How tissue is found and tiles are cut.
    report : callable
        Steps "Reading", "Finding tissue", "Embedding" (and "Downloading" where weights are fetched).
    cancel : Cancel, optional
        Looked at between blocks; nothing is left behind.

    Raises
    ------
    SlideError
        If the slide cannot be read, a tile of it is damaged, or its resolution is not known.
    NotEnoughDataError
        If it has no tissue.
    UnknownNameError, DownloadError, InputError
        If the encoder is not known, its weights cannot be had, or the device asked for is not there.
    Cancelled
        If ``cancel`` is set.
    """
    started = time.perf_counter()
    find_encoder(encoder)
    check_cancel(cancel, step="Reading")
    report(Progress(step="Reading", done=0, total=1, message=path.name))
    with open_slide(path, mpp=mpp) as slide:
        resolution = require_mpp(slide)
        _, weights = weights_file(encoder, report=report, cancel=cancel)
        key = digest({
            "kind": "bag", "version": VERSION, "slide": slide.sha256, "mpp": resolution, "mpp_source": slide.mpp_source,
            "tissue": asdict(tissue_rule), "tiles": asdict(tile_rule), "encoder": encoder, "weights": weights,
        })  # fmt: skip
        report(Progress(step="Reading", done=1, total=1, message=path.name))
        target = settings().data_dir / "bags" / f"{key}.h5"
        cached = _is_whole(target)
        if not cached:
            tissue = find_tissue(slide, tissue_rule, report=report, cancel=cancel)
            grid = lay_grid(slide, tissue, tile_rule)
            check_cancel(cancel, step="Embedding")
            report(Progress(step="Embedding", done=0, total=grid.size))
            network = load_encoder(encoder, device=settings().device, report=report, cancel=cancel)
            facts = _facts(slide, grid, tile_rule=tile_rule, tissue_rule=tissue_rule, fraction=tissue.fraction)
            blocks = _encode(slide, grid, encoder=network, report=report, cancel=cancel)
            with new_bag_file(target, origin(network)) as writer, closing(blocks):
                writer.add_slide(slide.sha256[:ID_DIGITS], blocks, {**facts, "device": network.device})
        return _describe(target, slide, resolution, cached=cached, seconds=time.perf_counter() - started)


def save_bag(embedding: Embedding, target: Path, *, slide_id: str) -> None:
    """Copy a bag to ``target``, whole or not at all, under a name that people and cohorts know the slide by.

    Raises
    ------
    BagError
        If the name cannot be used.
    """
    if not slide_id or "/" in slide_id or slide_id in (".", ".."):
        raise BagError(f"A slide cannot be called {slide_id!r}.", hint="Use letters, digits, dots and dashes.")
    with new_file(target) as temporary:
        shutil.copyfile(embedding.bag_path, temporary)
        if slide_id != embedding.slide_id:
            with h5py.File(temporary, "r+") as file:
                file["slides"].move(embedding.slide_id, slide_id)


def _is_whole(path: Path) -> bool:
    """Whether a bag that can be read lies at ``path``; a damaged one is made anew."""
    if not path.exists():
        return False
    try:
        with BagFile(path) as bag:
            return len(bag.slide_ids) == 1
    except BagError:
        return False


def _facts(
    slide: Slide, grid: TileGrid, *, tile_rule: TileRule, tissue_rule: TissueRule, fraction: float
) -> dict[str, str | float]:
    """What the bag file says about how its tiles were made."""
    facts: dict[str, str | float] = {
        "slide_sha256": slide.sha256, "mpp": float(slide.mpp or 0), "mpp_source": slide.mpp_source,
        "width": slide.width, "height": slide.height, "level0_px": grid.level0_px, "tissue_fraction": fraction,
        "version": VERSION,
    }  # fmt: skip
    for name, rule in (("tile", tile_rule), ("tissue", tissue_rule)):
        facts |= {f"{name}.{key}": value for key, value in asdict(rule).items()}
    return facts


def _encode(
    slide: Slide, grid: TileGrid, *, encoder: Encoder, report: Report, cancel: Cancel | None
) -> Generator[Block]:
    """Blocks of features and coordinates; one thread reads the next block while this one is encoded."""
    starts = range(0, grid.size, BLOCK_TILES)
    with open_slide(slide.path, mpp=slide.mpp) as own, ThreadPoolExecutor(1, "tiles") as reader:
        ahead = reader.submit(_read_block, own, grid, 0)
        for start in starts:
            check_cancel(cancel, step=f"Embedding, {start} of {grid.size}")
            tiles = ahead.result()
            if start + BLOCK_TILES < grid.size:
                ahead = reader.submit(_read_block, own, grid, start + BLOCK_TILES)
            yield encoder.encode(tiles), grid.coords[start : start + BLOCK_TILES]
            report(Progress(step="Embedding", done=start + len(tiles), total=grid.size))


def _read_block(slide: Slide, grid: TileGrid, start: int) -> np.ndarray:
    corners = grid.coords[start : start + BLOCK_TILES].tolist()
    tiles = [slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=grid.tile_px) for x, y in corners]
    return np.stack(tiles)


def _describe(target: Path, slide: Slide, mpp: float, *, cached: bool, seconds: float) -> Embedding:
    with BagFile(target) as bag:
        (slide_id,) = bag.slide_ids
        facts = bag.attributes(slide_id)
        made_by, tiles = bag.origin, bag.tile_count(slide_id)
    warnings: tuple[str, ...] = ()
    if float(facts["level0_px"]) < float(facts["tile.tile_px"]):
        warnings = (f"The slide has {mpp:g} um per pixel: its tiles were enlarged and are blurred.",)
    return Embedding(
        bag_path=target, slide_id=slide_id, slide_sha256=slide.sha256, tiles=tiles, dim=made_by.dim,
        encoder=made_by.encoder, weights=made_by.weights, mpp=mpp, mpp_source=slide.mpp_source,
        device=str(facts["device"]), seconds=seconds, cached=cached, warnings=warnings,
    )  # fmt: skip
