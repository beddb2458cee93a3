"""From a slide to a bag: find tissue, cut tiles, encode them, keep the result under what made it.

The bag of a slide lies at ``<data>/bags/<digest>.h5``; the digest covers the slide's bytes, its resolution, the rules,
the encoder with its weights, and ``VERSION``. Inside, the slide goes by the first digits of its own hash, because file
names can hold a patient's name and one slide can come under several names; ``save_bag`` gives it a name. While it is
made its finished blocks lie in ``<digest>.part/`` beside it, and a run that was killed goes on there; a lock lets one
process work at a slide while others wait for its bag.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import h5py
import numpy as np

from survdash.bag_file import BagFile, Block, new_bag_file
from survdash.errors import BagError, SlideError
from survdash.features.bag_place import check_room, disk_faults, nothing_left, only_one, sweep
from survdash.features.blocks import BlockFolder, block_starts, encode_blocks
from survdash.features.encoders import Encoder, effective_precision, load_encoder, origin
from survdash.features.facts import VERSION, focus_facts, slide_facts, warnings_from
from survdash.features.registry import DEFAULT_ENCODER, check_encoder, config_digest, weights_file
from survdash.file_hash import is_quick
from survdash.progress import Cancel, HeldReport, Progress, Report, check_cancel, silent
from survdash.settings import settings
from survdash.slide.areas import Areas
from survdash.slide.reader import Slide, open_slide, require_mpp
from survdash.slide.stain import Stain, check_stain, fit_stain, sample_pixels
from survdash.slide.tiles import DEFAULT_TILES, TileGrid, TileRule, lay_grid
from survdash.slide.tissue import DEFAULT_TISSUE, Tissue, TissueRule, find_tissue
from survdash.store import digest, new_file

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
    engine : str
        What computed the features, with its version; "" in bags older than engines.
    tiles_lost : int
        Tiles left out because they could not be read.
    stain : str
        Stain normalisation of the tiles; "none" without.
    seconds : float
        Wall time of this call.
    cached : bool
        Whether the bag was there already, or another process made it while this one waited.
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
    engine: str = ""
    tiles_lost: int = 0
    stain: str = "none"
    warnings: tuple[str, ...] = ()


def embed_slide(
    path: Path,
    *,
    encoder: str = DEFAULT_ENCODER,
    mpp: float | None = None,
    tissue_rule: TissueRule = DEFAULT_TISSUE,
    tile_rule: TileRule = DEFAULT_TILES,
    areas: Areas | None = None,
    stain: str = "none",
    skip_unreadable: bool = False,
    report: Report = silent,
    cancel: Cancel | None = None,
) -> Embedding:
    """Embed a slide, or find that it was embedded before.

    Parameters
    ----------
    path : Path
        Slide or plain picture.
    encoder : str
        Name in ``ENCODERS``, or of a model on the hub: ``timm:<name>`` or ``hf-hub:<owner>/<name>``.
    mpp : float, optional
        Resolution at level 0 in um per pixel as the user states it; goes before the file's own.
    tissue_rule, tile_rule
        How tissue is found and tiles are cut.
    areas : Areas, optional
        What the user drew to correct the tissue.
    stain : {"none", "macenko", "reinhard"}
        Stain normalisation of each tile, estimated once from the slide; see ``survdash.slide.stain``.
    skip_unreadable : bool
        Leave out tiles that cannot be read, count them, and warn; else the first one is an error.
    report : callable
        Steps "Reading", "Finding tissue", "Embedding" (and "Downloading" where weights are fetched).
    cancel : Cancel, optional
        Looked at between blocks; nothing is left behind. What is killed instead goes on at its last finished block.

    Raises
    ------
    SlideError
        If the slide cannot be read, a tile of it is damaged, or its resolution is not known.
    NotEnoughDataError
        If it has no tissue, or too little of it is stained for the normalisation asked for.
    UnknownNameError, DownloadError, InputError
        If the encoder is not known, its weights cannot be had, the device asked for is not there, or the disk is full.
    Cancelled
        If ``cancel`` is set.
    """
    started = time.perf_counter()
    check_encoder(encoder)
    check_stain(stain)
    check_cancel(cancel, step="Reading")
    report(Progress(step="Reading", done=0, total=1, message=path.name))
    with open_slide(path, mpp=mpp) as slide, disk_faults():
        resolution = require_mpp(slide)
        _, weights = weights_file(encoder, report=report, cancel=cancel)
        precision = effective_precision()
        # Named only where they are not as ever, so that bags made before there was a choice are found again.
        special: dict[str, object] = {"skip_unreadable": True} if skip_unreadable else {}
        special |= {"stain": stain} if stain != "none" else {}
        special |= {"precision": precision} if precision != "fp32" else {}
        special |= {"config": config} if (config := config_digest(encoder)) else {}
        special |= {"areas": areas.sha256} if areas is not None else {}
        prepare = _Preparation(
            slide=slide, encoder=encoder, tissue_rule=tissue_rule, tile_px=tile_rule.tile_px, areas=areas,
            report=report, cancel=cancel,
        )  # fmt: skip
        # A large slide that nobody hashed yet is most likely new: what it takes time to hash is used.
        ready = None if is_quick(path) else prepare.run()
        key = digest({
            "kind": "bag", "version": VERSION, "slide": slide.sha256, "mpp": resolution, "mpp_source": slide.mpp_source,
            "tissue": asdict(tissue_rule), "tiles": asdict(tile_rule), "encoder": encoder, "weights": weights,
            **special,
        })  # fmt: skip
        report(Progress(step="Reading", done=1, total=1, message=path.name))
        target = settings().data_dir / "bags" / f"{key}.h5"
        cached = _is_whole(target)
        if not cached:
            sweep(target.parent)
            with only_one(key, report=report, cancel=cancel):
                cached = _is_whole(target)
                if not cached:
                    work = _Work(
                        slide=slide, tissue_rule=tissue_rule, tile_rule=tile_rule, areas=areas, stain=stain,
                        skip_unreadable=skip_unreadable, target=target, report=report, cancel=cancel,
                    )  # fmt: skip
                    work.run(*(ready or prepare.run()))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Preparation:
    """What can be done at the same time before the first tile is encoded."""

    slide: Slide
    encoder: str
    tissue_rule: TissueRule
    tile_px: int
    areas: Areas | None
    report: Report
    cancel: Cancel | None

    def run(self) -> tuple[Tissue, Encoder]:
        """Find the tissue while another thread hashes the slide and loads the encoder."""
        told = HeldReport(self.report)
        with ThreadPoolExecutor(1, "beside") as pool:
            hashing = pool.submit(lambda: self.slide.sha256)
            loading = pool.submit(
                load_encoder, self.encoder, device=settings().device, tile_px=self.tile_px, report=told,
                cancel=self.cancel,
            )  # fmt: skip
            tissue = find_tissue(
                self.slide, self.tissue_rule, areas=self.areas, report=self.report, cancel=self.cancel
            )
            hashing.result()
            told.let_go()
            return tissue, loading.result()


def _is_whole(path: Path) -> bool:
    """Whether a bag that can be read lies at ``path``; a damaged one is made anew."""
    if not path.exists():
        return False
    try:
        with BagFile(path) as bag:
            return len(bag.slide_ids) == 1
    except BagError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The making of one bag."""

    slide: Slide
    tissue_rule: TissueRule
    tile_rule: TileRule
    areas: Areas | None
    stain: str
    skip_unreadable: bool
    target: Path
    report: Report
    cancel: Cancel | None

    def run(self, tissue: Tissue, network: Encoder) -> None:
        grid = lay_grid(self.slide, tissue, self.tile_rule)
        check_cancel(self.cancel, step="Embedding")
        self.report(Progress(step="Embedding", done=0, total=grid.size))
        made_by = {"device": network.device, "engine": network.engine_name}
        folder = BlockFolder(self.target.with_suffix(".part"), dim=network.dim, made_by=made_by)
        with nothing_left(folder):
            stain = self._fit(grid)
            focus = self._encode(grid, network, folder, stain=stain)
        check_room(folder.path)
        with nothing_left(folder):
            facts = made_by | focus_facts(focus) | slide_facts(
                self.slide, grid, tissue_fraction=tissue.fraction, tissue_rule=self.tissue_rule,
                tile_rule=self.tile_rule, areas=self.areas,
            )  # fmt: skip
            facts |= {"tiles_lost": grid.size - len(focus), "notes": "\n".join(network.warnings), **network.facts}
            if stain is not None:
                facts |= {"stain": self.stain, "stain.fit": json.dumps(asdict(stain))}
            whole = folder.path / self.target.name  # a kill in the middle leaves everything in one folder
            with new_bag_file(whole, replace(origin(network), stain=self.stain)) as writer:
                writer.add_slide(self.slide.sha256[:ID_DIGITS], _stored(grid, folder), facts)
            self.slide.check_unchanged()  # else another slide's tiles would stand under this one's hash for ever
            os.replace(whole, self.target)
        folder.remove()

    def _fit(self, grid: TileGrid) -> Stain | None:
        if self.stain == "none":
            return None
        self.report(Progress(step="Embedding", done=0, total=grid.size, message="estimating the stain"))
        return fit_stain(sample_pixels(self.slide, grid, skip_unreadable=self.skip_unreadable), self.stain)

    def _encode(self, grid: TileGrid, network: Encoder, folder: BlockFolder, *, stain: Stain | None) -> np.ndarray:
        """Make the blocks that are not there yet; how sharp each tile is that could be read."""
        missing, done, focus = [], 0, []
        for start, size in _blocks(grid):
            block = folder.get(start, size)
            if block is None:
                missing.append(start)
            else:
                done += size
                focus.append(block.focus)
        blocks = encode_blocks(
            self.slide, grid, network, starts=missing, stain=stain, skip_unreadable=self.skip_unreadable
        )
        with closing(blocks):
            check_cancel(self.cancel, step=f"Embedding, {done} of {grid.size}")
            if done:
                words = "going on where an earlier run stopped"
                self.report(Progress(step="Embedding", done=done, total=grid.size, message=words))
            for start, block in blocks:
                folder.put(start, block)
                focus.append(block.focus)
                done += len(block.kept)
                self.report(Progress(step="Embedding", done=done, total=grid.size))
                if done < grid.size:
                    check_cancel(self.cancel, step=f"Embedding, {done} of {grid.size}")
        found = np.concatenate(focus)
        if not len(found):
            raise SlideError(f"{self.slide.path.name}: none of its {grid.size} tiles can be read.")
        return found


def _blocks(grid: TileGrid) -> list[tuple[int, int]]:
    """Start and size of each block."""
    starts = block_starts(grid)
    return [(start, min(starts.step, grid.size - start)) for start in starts]


def _stored(grid: TileGrid, folder: BlockFolder) -> Generator[Block]:
    """Features and coordinates of all blocks, in the grid's order."""
    for start, size in _blocks(grid):
        block = folder.get(start, size)
        if block is None:
            raise BagError(f"A finished block at tile {start} cannot be read any more.", hint="Start again.")
        yield block.features, grid.coords[start : start + size][block.kept]


def _describe(target: Path, slide: Slide, mpp: float, *, cached: bool, seconds: float) -> Embedding:
    with BagFile(target) as bag:
        (slide_id,) = bag.slide_ids
        facts = bag.attributes(slide_id)
        made_by, tiles = bag.origin, bag.tile_count(slide_id)
    return Embedding(
        bag_path=target, slide_id=slide_id, slide_sha256=slide.sha256, tiles=tiles, dim=made_by.dim,
        encoder=made_by.encoder, weights=made_by.weights, mpp=mpp, mpp_source=slide.mpp_source,
        device=str(facts["device"]), seconds=seconds, cached=cached, engine=str(facts.get("engine", "")),
        tiles_lost=int(facts.get("tiles_lost", 0)), stain=made_by.stain,
        warnings=warnings_from(facts, tiles=tiles, name=target.name),
    )  # fmt: skip
