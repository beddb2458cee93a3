"""Reading and encoding of a slide's tiles, block by block, and the finished blocks of an embedding that was killed.

With an engine every thread reads a few tiles and encodes them itself: the cores never wait for each other, and the
pixels stay in the cache of the core that decoded them. Without one the threads read ahead and torch, which spreads
over the cores or the GPU by itself, encodes whole blocks.
"""

from __future__ import annotations

import json
import queue
import shutil
import zipfile
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from survdash.errors import SlideError
from survdash.features.encoders import Encoder, cores
from survdash.slide.focus import measure_focus
from survdash.slide.reader import Slide
from survdash.slide.stain import Stain
from survdash.slide.tiles import TileGrid
from survdash.store import new_file, write_json

BLOCK_TILES = 64  # the step of resuming; 12 MB of pixels where torch encodes
PIECE_TILES = 8  # what a thread reads at once
MAX_HANDLES = 8  # open files of one slide; each keeps decoded tiles of its own


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileBlock:
    """The tiles of one block that could be read.

    Parameters
    ----------
    features : ndarray, shape (m, dim)
        float32 as encoded, float16 as kept.
    kept : ndarray, shape (n,)
        bool over the block's n places in the grid; m of them are True, the others could not be read.
    focus : ndarray, shape (m,)
        float32, ``measure_focus`` of each tile as it was read.
    """

    features: np.ndarray
    kept: np.ndarray
    focus: np.ndarray


def block_starts(grid: TileGrid) -> range:
    """Where the blocks of a grid start."""
    return range(0, grid.size, BLOCK_TILES)


def encode_blocks(
    slide: Slide,
    grid: TileGrid,
    encoder: Encoder,
    *,
    starts: Iterable[int],
    stain: Stain | None = None,
    skip_unreadable: bool = False,
) -> Generator[tuple[int, TileBlock]]:
    """Read and encode the blocks at ``starts``, in that order, some of them ahead; close it to stop.

    Parameters
    ----------
    slide : Slide
        Open; of formats other than plain pictures more handles are opened, one for each thread that reads.
    stain : Stain, optional
        What brings each tile to the reference's colours before it is encoded.
    skip_unreadable : bool
        Leave out tiles that cannot be read, instead of failing at the first.

    Yields
    ------
    int, TileBlock

    Raises
    ------
    SlideError
        If a tile cannot be read and is not to be skipped.
    """
    threads = cores()
    ahead = 1 + -(-threads * PIECE_TILES // BLOCK_TILES)
    with ExitStack() as stack:
        handles = _open_handles(slide, threads, stack)
        pool = stack.enter_context(ThreadPoolExecutor(threads, "tiles"))

        def work(first: int, end: int) -> TileBlock:
            own = handles.get()
            try:
                tiles, kept = _read(own, grid, range(first, end), skip_unreadable=skip_unreadable)
            finally:
                handles.put(own)
            focus = np.array([measure_focus(tile) for tile in tiles], np.float32)
            if stain is not None:
                for i in range(len(tiles)):
                    tiles[i] = stain.apply(tiles[i])
            tiles = encoder.prepare(tiles)
            # Without an engine the tiles themselves travel to the thread that encodes.
            found = encoder.engine.encode(tiles) if encoder.engine is not None else tiles
            return TileBlock(features=found, kept=kept, focus=focus)

        def submit(start: int) -> tuple[int, list[Future[TileBlock]]]:
            end = min(start + BLOCK_TILES, grid.size)
            size = PIECE_TILES if end < grid.size else 1  # of the last block singly: no thread waits long for another
            return start, [pool.submit(work, first, min(first + size, end)) for first in range(start, end, size)]

        left = iter(starts)
        waiting = deque(submit(start) for _, start in zip(range(ahead), left, strict=False))
        try:
            while waiting:
                start, pieces = waiting[0]
                done = [piece.result() for piece in pieces]
                waiting.popleft()
                if (following := next(left, None)) is not None:
                    waiting.append(submit(following))
                found = np.concatenate([piece.features for piece in done])
                features = found if encoder.engine is not None else encoder.encode(found)
                kept, focus = (np.concatenate([getattr(piece, name) for piece in done]) for name in ("kept", "focus"))
                yield start, TileBlock(features=features, kept=kept, focus=focus)
        finally:
            for _, pieces in waiting:
                for piece in pieces:
                    piece.cancel()


class BlockFolder:
    """Finished blocks of one embedding on disk, each written whole or not at all.

    Blocks that another encoder width, engine or device made are thrown away when it is opened: what is resumed must be
    what one run would have given.
    """

    def __init__(self, path: Path, *, dim: int, made_by: dict[str, str]) -> None:
        self.path, self._dim = path, dim
        card = {"dim": dim, "block_tiles": BLOCK_TILES, **made_by}
        try:
            same = json.loads((path / "card.json").read_text(encoding="utf-8")) == card
        except (OSError, ValueError):
            same = False
        if not same:
            self.remove()
            write_json(path / "card.json", card)
        for half in path.glob(".*.part"):  # of a process that was killed while it wrote
            half.unlink(missing_ok=True)

    def put(self, start: int, block: TileBlock) -> None:
        """Keep a block; the features as float16, in which the bag keeps them."""
        with np.errstate(over="ignore"):  # the bag refuses what is too large
            features = block.features.astype(np.float16)
        with new_file(self._file(start)) as temporary, temporary.open("wb") as file:
            np.savez(file, features=features, kept=block.kept, focus=block.focus)

    def get(self, start: int, size: int) -> TileBlock | None:
        """The block of ``size`` places at ``start``; None where there is none, or a damaged one."""
        try:
            with np.load(self._file(start), allow_pickle=False) as file:
                block = TileBlock(features=file["features"], kept=file["kept"], focus=file["focus"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        read = int(block.kept.sum())
        fits = block.kept.shape == (size,) and block.features.shape == (read, self._dim) and len(block.focus) == read
        return block if fits and block.kept.dtype == bool and block.features.dtype == np.float16 else None

    def remove(self) -> None:
        """Delete the folder and all blocks."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _file(self, start: int) -> Path:
        return self.path / f"{start:09d}.npz"


def _open_handles(slide: Slide, threads: int, stack: ExitStack) -> queue.SimpleQueue[Slide]:
    """A slide is read by several threads, each with its own handle."""
    handles: queue.SimpleQueue[Slide] = queue.SimpleQueue()
    handles.put(slide)
    for _ in range(min(threads, MAX_HANDLES) - 1):
        handles.put(stack.enter_context(slide.another()))
    return handles


def _read(slide: Slide, grid: TileGrid, places: range, *, skip_unreadable: bool) -> tuple[np.ndarray, np.ndarray]:
    """Tiles (m, px, px, 3) of the grid's ``places`` that can be read, and which they are (n,)."""
    tiles = np.empty((len(places), grid.tile_px, grid.tile_px, 3), np.uint8)
    kept = np.ones(len(places), bool)
    for i, place in enumerate(places):
        x, y = (int(value) for value in grid.coords[place])
        try:
            tiles[i] = slide.read_tile(x, y, level0_px=grid.level0_px, tile_px=grid.tile_px)
        except SlideError:
            if not skip_unreadable:
                raise
            kept[i] = False
    return tiles[kept], kept
