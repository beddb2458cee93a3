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
from typing import Any

from survdash import (
    batch_command,
    compare_command,
    crossval_command,
    evidence_commands,
    fetch_command,
    import_commands,
    report_command,
    slide_commands,
    upkeep_commands,
)
from survdash.console import Bar, Parser, answer_lines, places_in_words
from survdash.data_folder import prepare_data_folder
from survdash.errors import Cancelled, InputError, SurvdashError
from survdash.progress import Report
from survdash.settings import settings

Answer = dict[str, Any] | list[Any]

def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    bar = Bar()
    try:
        options = _parser().parse_args(arguments)
        settings()  # a wrong one is said before any work
        with places_in_words(getattr(options, "out", None)):
            if options.needs_data:
                prepare_data_folder()
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

    if options.manifest_template is not None:
        write_text(options.manifest_template, usecases.MANIFEST_TEMPLATE)
        return {"path": str(options.manifest_template)}
    if options.manifest is not None:
        return batch_command.run(options, report)
    if options.out is not None and options.out.exists() and not options.out.is_dir():
        raise InputError(f"{options.out} is a file.", hint="Name a folder for prediction.csv and prediction.json.")
    if options.report and options.out is None:
        raise InputError("A report needs a place.", hint="Name a folder with --out.")
    cohort, run = usecases.model_for_command(options.model)
    tissue, tiles = slide_commands.rules_of(options)
    request = usecases.PredictRequest(
        cohort=cohort, run=run, slides=tuple(options.slide), bags=tuple(options.bag),
        encoder=options.encoder, genes=options.genes, mpp=_one_or_each(options.mpp),
        tissue=tissue, tiles=tiles, areas=_one_or_each(options.mask), age_years=options.age, sex=options.sex,
        stage=options.stage, even_if_unlike=options.even_if_unlike,
    )
    slide_commands.check_headers(request.slides, options)
    why: dict[str, Any] = {}
    explanation = None
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
        if options.report:
            sheet = usecases.case_report(made, explanation=explanation)
            for name in ("report.pdf", "report.html"):
                report_command.write_report(sheet, options.out / name)
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
    export = usecases.export_cohort(options.cohort, options.model, with_ids=options.with_ids)
    write_text(options.out, export.csv)
    write_text(sidecar, export.sidecar())
    answer: dict[str, Any] = {"path": str(options.out), "provenance": str(sidecar), "rows": export.provenance["rows"]}
    return answer | _beside_risks(options)


def _beside_risks(options: argparse.Namespace) -> dict[str, Any]:
    """Figures and methods paragraph of the same analysis, where they are asked for."""
    from survdash import usecases
    from survdash.store import new_file, write_text

    if options.figures is None and options.methods is None:
        return {}
    analysis, written = usecases.analyse_cohort(options.cohort, options.model), []
    if options.figures is not None:
        from survdash.usecases.figure_set import figure_set

        for name, content in figure_set(analysis, kinds=tuple(dict.fromkeys(options.format))).items():
            with new_file(options.figures / name) as temporary:
                temporary.write_bytes(content)
            written.append(str(options.figures / name))
    if options.methods is not None:
        write_text(options.methods, usecases.methods_text(analysis))
    return {"figures": written, "methods": None if options.methods is None else str(options.methods)}


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


def _make_gene_prior(options: argparse.Namespace, report: Report) -> Answer:
    from survdash.usecases.prior import make_prior

    return {"patients": make_prior(options.tables, target=options.out), "folder": str(options.out)}


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
        made.set_defaults(run=run, status=0, needs_data=True)
        return made

    slide_commands.add_commands(command)
    _add_cohort_commands(command)
    made = command("predict", _predict, "predict one case", "predict --model demo-glg --slide a.svs --genes a.csv")
    made.add_argument("--model", default="default", help="a trained model, as 'models' lists them")
    batch_command.add_arguments(made)
    made.add_argument("--slide", type=Path, action="append", default=[], help="a slide; repeat for several")
    made.add_argument("--bag", type=Path, action="append", default=[],
                      help="in place of slides: tile features of one slide (.h5, .pt, .npy, .npz); repeat for several; "
                           "of a model of a slide-level table: such a table of this case")
    made.add_argument("--encoder", help="what made the features of --bag, where the file does not say")
    made.add_argument("--genes", type=Path, help="gene table: CSV, TSV or XLSX")
    made.add_argument("--mpp", type=float, action="append", default=[],
                      help="um per pixel, for slides that do not say; once for all, or repeated, one a slide")
    made.add_argument("--mask", type=Path, action="append", default=[], metavar="GEOJSON",
                      help=f"{slide_commands.MASK_HELP}; with several slides repeated, one a slide")
    slide_commands.add_rule_options(made)
    slide_commands.add_header_option(made)
    made.add_argument("--age", type=float, help="years")
    made.add_argument("--sex", choices=("female", "male"))
    made.add_argument("--stage", help="for instance II or 'Stage IIB'")
    made.add_argument("--explain", action="store_true",
                      help="say why: shares of slide, genes and each gene, tiles, like patients")
    made.add_argument("--even-if-unlike", action="store_true",
                      help="answer even where the case is nothing like the patients that the model learnt from")
    made.add_argument("--out", type=Path,
                      help="folder for prediction.csv and prediction.json, and explanation.json where it was asked for")
    made.add_argument("--report", action="store_true", help="also write report.pdf and report.html to --out")
    made = command("sample-case", _sample_case, "write a simulated case to try", "sample-case --out sample")
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--number", type=int, default=0, help="which sample patient")
    made = command("make-demo", _make_demo, "make the shipped demo cohort and its models anew",
                   "make-demo --out models")  # fmt: skip
    made.add_argument("--out", type=Path, required=True)
    made = command("make-gene-prior", _make_gene_prior, "make the shipped table of what each gene says anew",
                   "make-gene-prior tcga/*_mutsig.csv.zip --out models/gene_prior")  # fmt: skip
    made.add_argument("tables", type=Path, nargs="+", help="research CSVs, one a cohort")
    made.add_argument("--out", type=Path, required=True)
    evidence_commands.add_commands(command)
    upkeep_commands.add_commands(command)
    return parser


def _add_cohort_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    import_commands.add_commands(command)
    fetch_command.add_arguments(command(
        "fetch-cohort", fetch_command.run, "download a TCGA cohort (open data) and import it",
        "fetch-cohort BLCA --dry-run\n"
        "         python -m survdash fetch-cohort BLCA --cases 20 --what clinical,genes,slides",
    ))  # fmt: skip
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
    report_command.add_arguments(command(
        "report", report_command.run, "write the one-page report of a cohort's patient, as PDF or HTML",
        "report demo --case SIM-0004 --model glg --out report.pdf",
    ))  # fmt: skip
    made = command("export", _export, "write a cohort's out-of-fold risks as CSV",
                   "export demo --model glg --out risks.csv", cohort=str)  # fmt: skip
    made.add_argument("--model", default="default")
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--with-ids", action="store_true",
                      help="keep case ids that look like names or dates of birth; pseudonyms stand for them otherwise")
    made.add_argument("--figures", type=Path, metavar="DIR", help="also write the figures of the cohort's page")
    made.add_argument("--format", nargs="+", choices=("svg", "png", "html"), default=["svg"], help="of the figures")
    made.add_argument("--methods", type=Path, metavar="FILE", help="also write the methods paragraph with its sources")


if __name__ == "__main__":
    sys.exit(main())
