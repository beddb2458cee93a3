"""The commands on slides: ``tissue``, ``embed``, ``deidentify``, and what may be said of a slide where one is read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash.errors import InputError
from survdash.progress import Report
from survdash.settings import settings

if TYPE_CHECKING:
    from survdash.slide.rules import TileRule, TissueRule

Answer = dict[str, Any]
KEEP_INK = "count thick pen strokes as tissue; they are excluded otherwise"
RULE_HELP = ("KEY=VALUE, repeat for several: how tissue is found, such as method=fixed, threshold=8, otsu_share=0.8, "
             "exclude_edges=no, exclude_folds=no, min_tissue=0.3; a wrong key lists them all")  # fmt: skip
MASK_HELP = "GeoJSON of areas that correct the tissue: class Tissue adds; Ignore, Ink or Artefact take away"


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add ``tissue``, ``embed`` and ``deidentify``."""
    made = command("tissue", _tissue, "find tissue and lay the tile grid", "tissue a.svs --out found", slide=Path)
    _add_tissue_options(made)
    made.add_argument("--out", type=Path, help="folder for overlay.png, tiles.csv and tissue.geojson")
    made.add_argument("--focus", action="store_true", help="measure how sharp each tile is; reads all tiles")
    made = command("embed", _embed, "turn the tiles of a slide, of a folder of slides or of a list into features",
                   "embed a.svs --out a.h5\n         python -m survdash embed slides/ --out bags --jobs 4", slide=Path)
    made.add_argument("--out", type=Path, required=True, help="bag file to write; of several slides, their folder")
    made.add_argument("--jobs", type=int, default=1,
                      help="processes that share the slides of a folder or list; with SURVDASH_DASK its workers do")
    made.add_argument("--skip-unreadable", action="store_true", help="leave out tiles that cannot be read, counted")
    made.add_argument("--encoder", default="efficientnet-lite0", help="efficientnet-lite0 (default), resnet50, "
                      "timm:NAME or hf-hub:OWNER/NAME of the Hugging Face Hub")
    made.add_argument("--stain", default="none", help="normalise the stain: none (default), macenko or reinhard")
    made.add_argument("--threads", type=int, help="threads that read and encode; default: one for each core")
    add_header_option(made)
    _add_tissue_options(made)
    made = command("deidentify", _deidentify, "say whether a slide's header names the patient; write a copy without",
                   "deidentify a.svs --out b.svs", slide=Path)
    made.add_argument("--out", type=Path, help="the copy, without any of it or not at all; none is written without")


def _deidentify(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.deidentify import deidentify

    seen = deidentify(options.slide, options.out)
    return {"found": [hint.place for hint in seen.found], "left": [hint.place for hint in seen.left],
            "out": None if options.out is None else str(options.out)}  # fmt: skip


def _add_tissue_options(made: argparse.ArgumentParser) -> None:
    """What may be said of one slide."""
    made.add_argument("--mpp", type=float, help="um per pixel, for a slide that does not say")
    made.add_argument("--mask", type=Path, metavar="GEOJSON", help=MASK_HELP)
    add_rule_options(made)


def add_rule_options(made: argparse.ArgumentParser) -> None:
    """How tissue is found, the same wherever a slide is read."""
    made.add_argument("--keep-ink", action="store_true", help=KEEP_INK)
    made.add_argument("--tissue-rule", action="append", default=[], metavar="KEY=VALUE", help=RULE_HELP)


def add_header_option(made: argparse.ArgumentParser) -> None:
    """What somebody says who knows that headers name patients."""
    made.add_argument("--even-if-named", action="store_true", help="go on though a text in a slide's header may say "
                      "who the patient is; no such text is stored")


def check_headers(slides: Iterable[Path], options: argparse.Namespace) -> None:
    """Refuse slides whose headers name somebody, unless told to go on; warn of what else may.

    Raises
    ------
    InputError
        If a header does.
    """
    from survdash import usecases

    for words in usecases.look_at_headers(slides).accept(even_if_named=options.even_if_named):
        print(f"survdash: warning: {words}", file=sys.stderr)


def rules_of(options: argparse.Namespace) -> tuple[TissueRule, TileRule]:
    """The rules that a command asks for; ``--keep-ink`` is short for ``--tissue-rule exclude_ink=no``."""
    from survdash.slide.rules import parse_rules

    return parse_rules([*options.tissue_rule, *(["exclude_ink=no"] if options.keep_ink else [])])


def _tissue(options: argparse.Namespace, report: Report) -> Answer:
    from PIL import Image

    from survdash.slide.areas import read_areas
    from survdash.slide.focus import blurred_share, measure_grid_focus
    from survdash.slide.geojson import write_tissue_geojson
    from survdash.slide.overlay import draw_overlay
    from survdash.slide.reader import open_slide, require_mpp
    from survdash.slide.rules import rule_changes
    from survdash.slide.tiles import lay_grid, write_tiles_csv
    from survdash.slide.tissue import judge_tissue, take_view

    rule, tiles = rules_of(options)
    areas = None if options.mask is None else read_areas(options.mask)
    with open_slide(options.slide, mpp=options.mpp) as slide:
        mpp = require_mpp(slide)
        view = take_view(slide, rule.view_px, report=report)
        tissue = judge_tissue(view, rule, areas=areas)
        if options.out is not None:  # before the grid: where that finds nothing, the picture says why
            options.out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw_overlay(view, tissue)).save(options.out / "overlay.png")
            write_tissue_geojson(tissue, slide, options.out / "tissue.geojson")
        grid = lay_grid(slide, tissue, tiles)
        focus = measure_grid_focus(slide, grid, report=report) if options.focus else None
        if options.out is not None:
            Image.fromarray(draw_overlay(view, tissue, grid)).save(options.out / "overlay.png")
            write_tiles_csv(grid, options.out / "tiles.csv", focus=focus)
        answer: dict[str, Any] = {
            "width": slide.width, "height": slide.height, "left": slide.left, "top": slide.top, "mpp": mpp,
            "tissue_fraction": tissue.fraction,
            "tiles": grid.size, "ink_tiles": grid.ink.thick, "ink_excluded": grid.ink.excluded,
            "edge_tiles": grid.artefacts.edges, "fold_tiles": grid.artefacts.folded,
            "fold_excluded": grid.artefacts.folded_excluded, "possible_fold_tiles": grid.artefacts.folds,
            "tissue_rule": rule_changes(rule, tiles), "warnings": list(grid.warnings),
        }
        if focus is not None:
            middle = sorted(focus.tolist())[focus.size // 2]
            answer |= {"focus_median": middle, "blurred_share": blurred_share(focus)}
        return answer


def _embed(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.features.embed import embed_slide, save_bag
    from survdash.features.many import is_many
    from survdash.slide.areas import read_areas

    if options.threads is not None:
        os.environ["SURVDASH_THREADS"] = str(options.threads)  # the processes of --jobs read it too
        settings.cache_clear()
        settings()
    rule, tiles = rules_of(options)
    if is_many(options.slide):
        if options.mask is not None:
            raise InputError("A mask belongs to one slide, and many are given.", hint="Embed that slide alone.")
        return _embed_many(options, rule, tiles, report)
    check_headers([options.slide], options)
    made = embed_slide(
        options.slide, encoder=options.encoder, mpp=options.mpp, tissue_rule=rule, tile_rule=tiles,
        areas=None if options.mask is None else read_areas(options.mask), stain=options.stain,
        skip_unreadable=options.skip_unreadable, report=report,
    )  # fmt: skip
    save_bag(made, options.out, slide_id=options.slide.stem)
    for warning in made.warnings:
        print(f"survdash: warning: {warning}", file=sys.stderr)
    return {
        "tiles": made.tiles, "dim": made.dim, "encoder": made.encoder, "weights": made.weights,
        "stain": made.stain, "seconds": round(made.seconds, 3), "cached": made.cached, "device": made.device,
        "path": str(options.out),
    }


def _embed_many(options: argparse.Namespace, rule: TissueRule, tiles: TileRule, report: Report) -> Answer:
    """One line on stderr for each stage and each slide when it is done; the failures at the end, and status 2."""
    from survdash.features.many import embed_many, list_slides

    found = list_slides(options.slide)
    entries = found.entries
    check_headers([entry.path for entry in entries], options)
    who = f"the workers of {settings().dask}" if settings().dask else f"{options.jobs} process(es) here"
    print(f"Found {len(entries)} slide(s) in {options.slide}. {found.words}".rstrip(), file=sys.stderr)
    print(f"Embedding with {options.encoder} by {who}:", file=sys.stderr, flush=True)
    place = {entry.name: number for number, entry in enumerate(entries)}
    outcomes = []
    for one in embed_many(
        entries, options.out, encoder=options.encoder, mpp=options.mpp, jobs=options.jobs,
        tissue_rule=rule, tile_rule=tiles, stain=options.stain, skip_unreadable=options.skip_unreadable, report=report,
    ):  # fmt: skip
        outcomes.append(one)
        made, words = one.embedding, f"failed: {one.error}"
        if made is not None:
            words = f"{made.tiles} tiles" + (", was there" if made.cached else f", {made.seconds:.1f} s")
            words += f"; the same slide as {one.same_as}" if one.same_as else ""
            words += "".join(f"; warning: {warning}" for warning in made.warnings)
        print(f"[{len(outcomes)}/{len(entries)}] {one.entry.name}: {words}", file=sys.stderr, flush=True)
    outcomes.sort(key=lambda one: place[one.entry.name])
    failed = [{"slide": one.entry.name, "file": str(one.entry.path), "error": one.error, "hint": one.hint}
              for one in outcomes if one.embedding is None]  # fmt: skip
    options.status = 2 if failed else 0
    done = [
        {"slide": one.entry.name, "tiles": made.tiles, "dim": made.dim, "seconds": round(made.seconds, 3),
         "cached": made.cached, "same_as": one.same_as, "tiles_lost": made.tiles_lost,
         "warnings": list(made.warnings), "path": str(one.bag_path)}
        for one in outcomes if (made := one.embedding) is not None
    ]  # fmt: skip
    if options.json:
        parts = [str(path) for path in found.parts]
        return {"done": done, "failed": failed, "encoder": options.encoder, "parts_of_slides": parts}
    count = sum(one.embedding.tiles for one in outcomes if one.embedding is not None)
    return {"done": len(done), "tiles": count, "failed": failed}
