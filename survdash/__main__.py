"""Command line: the same things the pages do. ``python -m survdash <command> --help`` shows an example of each.

Exit status: 0 done; 2 the input is at fault, said in one line on stderr; 1 a fault of survdash.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash import compare_command, crossval_command
from survdash.console import Bar, Parser, answer_lines, places_in_words
from survdash.errors import Cancelled, InputError, SurvdashError
from survdash.progress import Report
from survdash.settings import settings

if TYPE_CHECKING:
    from survdash.slide.rules import TileRule, TissueRule

Answer = dict[str, Any] | list[Any]
KEEP_INK = "count thick pen strokes as tissue; they are excluded otherwise"
RULE_HELP = ("KEY=VALUE, repeat for several: how tissue is found, such as method=fixed, threshold=8, otsu_share=0.8, "
             "exclude_edges=no, exclude_folds=yes, min_tissue=0.3; a wrong key lists them all")  # fmt: skip
MASK_HELP = "GeoJSON of areas that correct the tissue: class Tissue adds; Ignore, Ink or Artefact take away"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    bar = Bar()
    try:
        options = _parser().parse_args(arguments)
        settings()  # a wrong one is said before any work
        with places_in_words(getattr(options, "out", None)):
            answer = options.run(options, bar.report)
    except (Cancelled, KeyboardInterrupt):
        bar.close()
        print("survdash: stopped; nothing half-written is left.", file=sys.stderr)
        return 130
    except SurvdashError as error:
        bar.close()
        print(f"survdash: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    bar.close()
    try:
        print(json.dumps(answer, allow_nan=False) if options.json else "\n".join(answer_lines(answer)), flush=True)
    except BrokenPipeError:  # the reader has seen enough; what was asked is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(options.status)


def _rules(options: argparse.Namespace) -> tuple[TissueRule, TileRule]:
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

    rule, tiles = _rules(options)
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
            "width": slide.width, "height": slide.height, "mpp": mpp, "tissue_fraction": tissue.fraction,
            "tiles": grid.size, "ink_tiles": grid.ink.thick, "ink_excluded": grid.ink.excluded,
            "edge_tiles": grid.artefacts.edges, "fold_tiles": grid.artefacts.folds,
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
    rule, tiles = _rules(options)
    if is_many(options.slide):
        if options.mask is not None:
            raise InputError("A mask belongs to one slide, and many are given.", hint="Embed that slide alone.")
        return _embed_many(options, rule, tiles, report)
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

    entries = list_slides(options.slide)
    who = f"the workers of {settings().dask}" if settings().dask else f"{options.jobs} process(es) here"
    print(f"Found {len(entries)} slide(s) in {options.slide}.", file=sys.stderr)
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
        return {"done": done, "failed": failed, "encoder": options.encoder}
    count = sum(one.embedding.tiles for one in outcomes if one.embedding is not None)
    return {"done": len(done), "tiles": count, "failed": failed}


def _import_cohort(options: argparse.Namespace, report: Report) -> Answer:
    from dataclasses import asdict

    from survdash import usecases

    made = usecases.import_cohort(
        options.table, name=options.name, folds=options.folds, features=options.features, clinical=options.clinical,
        dry_run=options.dry_run, report=report,
    )
    facts = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(made).items()}
    return facts | {"stored": not options.dry_run}


def _cohorts(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    _tell_problems()
    return {"cohorts": [
        {"name": one.name, "title": one.title, "simulated": one.simulated, "cases": one.cases, "events": one.events,
         "modalities": list(one.modalities), "runs": [run.name for run in usecases.list_runs(one.name)]}
        for one in usecases.list_cohorts()
    ]}  # fmt: skip


def _models(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    _tell_problems()
    kept = ("name", "cohort", "run", "title", "simulated", "cases", "events", "version", "cindex")
    trained = [{key: card[key] for key in kept} for card in usecases.list_models()]
    return {"models": trained, "methods": usecases.describe_methods()}


def _tell_problems() -> None:
    """Say on stderr what the lists leave out."""
    from survdash import usecases

    for words in usecases.list_problems():
        print(f"survdash: warning: {words}", file=sys.stderr)


def _predict(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases
    from survdash.store import write_json, write_text

    if options.out is not None and options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out} is a file.", hint="Name a folder for prediction.csv and prediction.json.")
    cohort, run = usecases.model_for_command(options.model)
    tissue, tiles = _rules(options)
    request = usecases.PredictRequest(
        cohort=cohort, run=run, slides=tuple(options.slide), genes=options.genes, mpp=_one_or_each(options.mpp),
        tissue=tissue, tiles=tiles, areas=_one_or_each(options.mask), age_years=options.age, sex=options.sex,
        stage=options.stage, even_if_unlike=options.even_if_unlike,
    )
    why: dict[str, Any] = {}
    if options.explain:
        made, explanation = usecases.predict_and_explain(request, report=report)
        why = usecases.explanation_to_json(explanation)
    else:
        made = usecases.predict(request, report=report)
    answer = usecases.prediction_to_json(made)
    curves = {name: answer.pop(name) for name in ("months", "low", "high")}
    answer["survival"] = {"months": curves["months"], "probability": answer.pop("survival"),
                          "low": curves["low"], "high": curves["high"]}  # fmt: skip
    if options.out is not None:
        export = usecases.export_prediction(made)
        write_text(options.out / "prediction.csv", export.csv)
        write_text(options.out / "prediction.json", export.sidecar())
        if why:
            write_json(options.out / "explanation.json", why)
    if why:  # the tables of the tiles are for the file
        answer["explanation"] = {name: value for name, value in why.items() if name != "tiles"}
    return answer


def _export(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases
    from survdash.store import write_text

    sidecar = options.out.with_name(f"{options.out.stem}.provenance.json")  # as the page names it; never the CSV itself
    for path in (options.out, sidecar):
        if path.is_dir():
            raise InputError(f"{path} is a folder.", hint="Name a file, for instance risks.csv.")
    export = usecases.export_cohort(options.cohort, options.model)
    write_text(options.out, export.csv)
    write_text(sidecar, export.sidecar())
    return {"path": str(options.out), "provenance": str(sidecar), "rows": export.provenance["rows"]}


def _references(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    cohort, run = usecases.model_for_command(options.model)
    made = usecases.add_references(usecases.open_run(cohort, run), usecases.open_cohort(cohort))
    return {"model": made.card.name, "version": made.card.version, "stored": sorted(made.references() or {})}


def _sample_case(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases

    slide, genes = usecases.write_sample_case(options.out, number=options.number)
    return {"slide": str(slide), "genes": str(genes), "simulated": True}


def _make_demo(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.demo import make_demo

    made = make_demo(options.out, report=report)
    return {"cohort": made.name, "cases": len(made.patients), "folder": str(options.out)}


def _worker(options: argparse.Namespace, report: Report) -> Answer:
    from survdash import usecases
    from survdash.jobs.worker import run_worker

    run_worker(usecases.HANDLERS)
    return {"worker": "stopped"}


def _doctor(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.doctor import examine

    return examine()


def _one_or_each(values: list[Any]) -> Any:
    """What an option that may be repeated says: nothing, one value, or one a slide."""
    return values[0] if len(values) == 1 else tuple(values) or None


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m survdash", description="Cancer survival from slide and genes. "
                     "For research use only. Not for use in diagnostic procedures.")  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace, Report], Answer], words: str, example: str,
                **positional: Any) -> argparse.ArgumentParser:  # fmt: skip
        made = commands.add_parser(name, help=words, description=words, epilog=f"example: python -m survdash {example}",
                                   formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        for argument, kind in positional.items():
            made.add_argument(argument, type=kind)
        made.add_argument("--json", action="store_true", help="print one JSON object")
        made.set_defaults(run=run, status=0)
        return made

    _add_slide_commands(command)
    _add_cohort_commands(command)
    made = command("predict", _predict, "predict one case", "predict --model demo-glg --slide a.svs --genes a.csv")
    made.add_argument("--model", default="default", help="a trained model, as 'models' lists them")
    made.add_argument("--slide", type=Path, action="append", default=[], help="a slide; repeat for several")
    made.add_argument("--genes", type=Path, help="gene table: CSV, TSV or XLSX")
    made.add_argument("--mpp", type=float, action="append", default=[],
                      help="um per pixel, for slides that do not say; once for all, or repeated, one a slide")
    made.add_argument("--mask", type=Path, action="append", default=[], metavar="GEOJSON",
                      help=f"{MASK_HELP}; with several slides repeated, one a slide")
    _add_rule_options(made)
    made.add_argument("--age", type=float, help="years")
    made.add_argument("--sex", choices=("female", "male"))
    made.add_argument("--stage", help="for instance II or 'Stage IIB'")
    made.add_argument("--explain", action="store_true",
                      help="say why: shares of slide, genes and each gene, tiles, like patients")
    made.add_argument("--even-if-unlike", action="store_true",
                      help="answer even where the case is nothing like the patients that the model learnt from")
    made.add_argument("--out", type=Path,
                      help="folder for prediction.csv and prediction.json, and explanation.json where it was asked for")
    made = command("sample-case", _sample_case, "write a simulated case to try", "sample-case --out sample")
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--number", type=int, default=0, help="which sample patient")
    made = command("make-demo", _make_demo, "make the shipped demo cohort and its models anew",
                   "make-demo --out models")  # fmt: skip
    made.add_argument("--out", type=Path, required=True)
    command("worker", _worker, "run jobs until stopped", "worker")
    command("doctor", _doctor, "say what works on this machine, and how to mend the rest", "doctor")
    return parser


def _add_slide_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
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
    _add_tissue_options(made)


def _add_tissue_options(made: argparse.ArgumentParser) -> None:
    """What may be said of one slide."""
    made.add_argument("--mpp", type=float, help="um per pixel, for a slide that does not say")
    made.add_argument("--mask", type=Path, metavar="GEOJSON", help=MASK_HELP)
    _add_rule_options(made)


def _add_rule_options(made: argparse.ArgumentParser) -> None:
    """How tissue is found, the same wherever a slide is read."""
    made.add_argument("--keep-ink", action="store_true", help=KEEP_INK)
    made.add_argument("--tissue-rule", action="append", default=[], metavar="KEY=VALUE", help=RULE_HELP)


def _add_cohort_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    made = command("import-cohort", _import_cohort, "import tables as a cohort",
                   "import-cohort blca.csv.zip --name blca --folds splits/blca", table=Path)  # fmt: skip
    made.add_argument("--name", required=True)
    made.add_argument("--folds", type=Path, help="folder with splits_0.csv, splits_1.csv, ...")
    made.add_argument("--features", type=Path, help="slide-level feature table, bag file, or folder of bag files")
    made.add_argument("--clinical", type=Path, help="clinical table to join by case id")
    made.add_argument("--dry-run", action="store_true", help="say what would be imported, and write nothing")
    command("cohorts", _cohorts, "list the cohorts of this machine", "cohorts --json")
    command("models", _models, "list trained models, and methods that can be trained", "models --json")
    crossval_command.add_arguments(command(
        "crossval", crossval_command.run, "train and evaluate a model, or all, on a cohort's folds",
        "crossval blca --model glg --modalities genes --jobs 2\n"
        "         python -m survdash crossval blca luad --all --jobs 2",
    ))  # fmt: skip
    command("references", _references, "store with a model trained earlier what a case is compared with: its patients' "
            "fused vectors, and what is usual among them", "references demo-glg", model=str)
    compare_command.add_arguments(command(
        "compare", compare_command.run, "compare the trained models of a cohort",
        "compare demo --csv methods.csv --latex methods.tex",
    ))  # fmt: skip
    made = command("export", _export, "write a cohort's out-of-fold risks as CSV",
                   "export demo --model glg --out risks.csv", cohort=str)  # fmt: skip
    made.add_argument("--model", default="default")
    made.add_argument("--out", type=Path, required=True)


if __name__ == "__main__":
    sys.exit(main())
