"""The paper's experiments by its own protocol, for those who hold the slides' features: its tables and its figure.

Features of ResNet50 of every tile, the published folds, 20 epochs, ten methods, three ablations (Zhang 2025). What is
finished is kept with the cohort, and a run that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from survdash import __version__
from survdash.artefact import Artefact
from survdash.cohort import Cohort
from survdash.errors import BagError, InputError, NotEnoughDataError, UnknownNameError
from survdash.export import write_csv
from survdash.figure_file import figure_file
from survdash.figures.survival import plot_groups
from survdash.figures.words import p_text
from survdash.progress import Cancel, Progress, Report, check_cancel, silent
from survdash.statistics.plain_values import to_plain
from survdash.store import new_file, write_json, write_text
from survdash.training.recipe import Recipe
from survdash.usecases.analysis import analyse_cohort
from survdash.usecases.importing import import_cohort
from survdash.usecases.library import open_cohort, run_title
from survdash.usecases.many_runs import finished_run
from survdash.usecases.published import Published, published_beside, published_numbers
from survdash.usecases.studies import STUDIES, TABLES, Study
from survdash.usecases.training import crossval, make_recipe

EPOCHS = 20
TABLE_1 = ("snn", "snntrans", "attnmil", "clam", "transmil", "porpoise", "hfbsurv", "mcat", "dualtrans", "glg")
TABLE_2 = ("alignment", "cross_attention", "transport")  # what the paper's model does without
PAPER = "Zhang 2025, doi:10.14135/j.cnki.1006-3080.20241104002"
HEADS = ("Method", "Reads", "C-index here, mean ± sd of folds", "95 % of the mean", "Published", "Here less published")
NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What is run.

    Parameters
    ----------
    cancer : str
        "BLCA", "LUAD" or "UCEC".
    bags : Path
        Folder with a bag a slide, 1,024 features wide.
    out : Path
        Folder of the tables, the figure and the record.
    tables : Path
        Folder with the cohort's table and its published folds.
    epochs : int
    methods, ablations : tuple of str
    device : str
    jobs : int
        Processes that share the folds.
    """

    cancer: str
    bags: Path
    out: Path
    tables: Path = TABLES
    epochs: int = EPOCHS
    methods: tuple[str, ...] = TABLE_1
    ablations: tuple[str, ...] = TABLE_2
    device: str = "cpu"
    jobs: int = 1


def reproduce(protocol: Protocol, *, report: Report = silent, cancel: Cancel | None = None) -> dict[str, Any]:
    """Import the bags, train what is not trained, write the tables after each run, and the figure.

    Returns
    -------
    dict
        What ``reproduction.json`` holds: rows of both tables, the figure's numbers, versions.

    Raises
    ------
    InputError, UnknownNameError
        If there is no such cancer, table, method, or bag folder.
    Cancelled
        If ``cancel`` is set; what is finished stays.
    """
    cohort = paper_cohort(protocol, report=report, cancel=cancel)
    recipes = recipes_of(cohort, protocol)
    numbers = tuple(one for one in published_numbers() if one.cancer == protocol.cancer.upper())
    done: list[Artefact] = []
    record: dict[str, Any] = {}
    for number, recipe in enumerate(recipes):
        check_cancel(cancel, step=f"{number} of {len(recipes)} methods")
        name = recipe.run_name(cohort.modalities)

        def tell(progress: Progress, name: str = name, number: int = number) -> None:
            report(replace(progress, step=f"{name} ({number + 1} of {len(recipes)}): {progress.step}"))

        done.append(finished_run(cohort, recipe) or crossval(
            cohort, recipe, jobs=protocol.jobs, device=protocol.device, references=False, report=tell, cancel=cancel
        ))  # fmt: skip
        record = write_tables(protocol, cohort, done, numbers)
    return record


def paper_cohort(protocol: Protocol, *, report: Report = silent, cancel: Cancel | None = None) -> Cohort:
    """The cohort of these tables and bags, imported if it is not here; bags are linked, not copied.

    Raises
    ------
    UnknownNameError, InputError, BagError
        If the cancer is none of the paper's, something is not there, or the features are not the paper's.
    """
    study = _study(protocol.cancer)
    name = f"{study.name}-paper"
    try:
        cohort = open_cohort(name)
    except UnknownNameError:
        for path in (protocol.tables / study.table, protocol.tables / study.folds, protocol.bags):
            if not path.exists():
                raise InputError(f"{path} is not there.", hint="Name the folder of the public tables: --tables; and "
                                 "that of the slides' features: --bags.") from None  # fmt: skip
        import_cohort(
            protocol.tables / study.table, name=name, folds=protocol.tables / study.folds, features=protocol.bags,
            encoder="resnet50", link=True, report=report, cancel=cancel,
        )
        cohort = open_cohort(name)
    if cohort.bag_origin is None or cohort.bag_origin.dim != 1024:
        raise BagError(f"Cohort {name} has no features 1,024 wide, as ResNet50's third block gives them.",
                       hint="Delete the cohort and give the folder of such bags.")  # fmt: skip
    return cohort


def recipes_of(cohort: Cohort, protocol: Protocol) -> list[Recipe]:
    """The ten methods of Table 1 and the three ablations of Table 2, with the paper's training.

    Raises
    ------
    UnknownNameError
        If a method or part is none of them.
    """
    for asked, known in ((protocol.methods, TABLE_1), (protocol.ablations, TABLE_2)):
        if strange := [name for name in asked if name not in known]:
            raise UnknownNameError(f"The paper has no {strange[0]!r}.", hint=f"It has: {', '.join(known)}.")
    wholes = [make_recipe(cohort, model=name, epochs=protocol.epochs, modalities=_reads(name))
              for name in protocol.methods]  # fmt: skip
    parts = [make_recipe(cohort, model="glg", epochs=protocol.epochs, modalities=("genes", "slide"),
                         options={name: False}) for name in protocol.ablations]  # fmt: skip
    return [*wholes, *parts]


def write_tables(
    protocol: Protocol, cohort: Cohort, done: Sequence[Artefact], numbers: Sequence[Published]
) -> dict[str, Any]:
    """Write what is finished so far beside what the paper reports; returns the record."""
    rows = [_row(one, numbers) for one in done]
    whole = [row for row in rows if not row["without"]]
    base = [row for row in whole if row["model"] == "glg"]
    record: dict[str, Any] = {
        "cancer": protocol.cancer.upper(), "paper": PAPER, "software": f"survdash {__version__}",
        "epochs": protocol.epochs, "patients": done[0].card.cases, "deaths": done[0].card.events,
        "cohort_digest": cohort.digest, "sources": dict(cohort.source), "table_1": whole,
        "table_2": [*[row for row in rows if row["without"]], *base],
        "finished": len(done), "of": len(protocol.methods) + len(protocol.ablations),
    }  # fmt: skip
    glg = next((one for one in done if one.card.recipe.model == "glg" and not one.card.recipe.left_out()), None)
    record["figure_4"] = {} if glg is None else _figure(protocol, cohort, glg)
    for name in ("table_1", "table_2"):
        cells = [list(_cells(row).values()) for row in record[name]]
        write_text(protocol.out / f"{name}.csv", write_csv(HEADS, cells))
    write_text(protocol.out / "reproduction.md", _words(record))
    write_json(protocol.out / "reproduction.json", record)
    return record


def _study(cancer: str) -> Study:
    found = next((study for study in STUDIES if study.name == cancer.lower()), None)
    if found is None:
        known = ", ".join(study.name.upper() for study in STUDIES)
        raise UnknownNameError(f"The paper has no cohort {cancer!r}.", hint=f"It has: {known}.")
    return found


def _reads(model: str) -> tuple[str, ...]:
    known = next(one for one in published_numbers() if one.model == model and not one.without)
    return known.modalities


def _row(artefact: Artefact, numbers: Sequence[Published]) -> dict[str, Any]:
    card, cindex = artefact.card, artefact.evaluation()["cindex"]
    found = published_beside(replace(card.recipe, epochs=EPOCHS), numbers)
    row: dict[str, Any] = to_plain({
        "model": card.recipe.model, "without": ", ".join(card.recipe.left_out()), "title": run_title(card),
        "reads": " + ".join(card.modalities), "patients": card.cases, "deaths": card.events,
        "mean": cindex["mean"], "sd": cindex["sd"], "low": cindex["low"], "high": cindex["high"],
        "folds": cindex["folds"], "published": None if found is None else found.cindex,
        "seconds": card.seconds, "parameters": card.parameters, "version": card.version,
    })  # fmt: skip
    return row


def _figure(protocol: Protocol, cohort: Cohort, artefact: Artefact) -> dict[str, Any]:
    """Figure 4: Kaplan-Meier of the groups of the best cut, with the three p-values; the paper's own are not known."""
    try:
        found = analyse_cohort(cohort.name, artefact.card.run)
        naive, scan = found.naive, found.maxstat
    except NotEnoughDataError as error:
        return {"note": error.message}
    numbers: dict[str, Any] = to_plain({
        "cutpoint": found.cutpoint, "low": found.n_low, "high": found.n_high,
        "p_not_corrected": None if naive is None else naive.p_value,
        "p_corrected": None if scan is None else scan.p_exact_gauss, "p_held_out": found.held_out_p,
        "hazard_ratio": None if found.hazard_ratio is None else found.hazard_ratio.ratio,
        "published_p": NOT_KNOWN, "published_cutpoint": NOT_KNOWN,
    })  # fmt: skip
    longest = 12 * max(1, int(min(10, found.longest_months / 12)))
    figure = plot_groups(found.curves, horizon_months=longest, at_risk_times=range(0, longest + 1, 12))
    p_values = {name: p_text(numbers[f"p_{name}"]) for name in ("not_corrected", "corrected", "held_out")}
    stamp = (f"{protocol.cancer.upper()}, {found.cases} patients, model {artefact.card.version}; p at the best cut "
             f"{p_values['not_corrected']}, corrected for the search {p_values['corrected']}, held out "
             f"{p_values['held_out']}.")  # fmt: skip
    made = figure_file(figure, "html", title=f"Figure 4, {protocol.cancer.upper()}, GLG fusion", stamp=stamp)
    with new_file(protocol.out / "figure_4.html") as temporary:
        temporary.write_bytes(made)
    return numbers


def _cells(row: dict[str, Any]) -> dict[str, str]:
    gap = "" if row["published"] is None else f"{row['mean'] - row['published']:+.3f}"
    return dict(zip(HEADS, (
        row["title"], row["reads"], f"{row['mean']:.3f} ± {row['sd']:.3f}", f"{row['low']:.3f} to {row['high']:.3f}",
        NOT_KNOWN if row["published"] is None else f"{row['published']:.3f}", gap,
    ), strict=True))  # fmt: skip


def _words(record: dict[str, Any]) -> str:
    lines = [
        f"# {record['cancer']} by the protocol of {record['paper']}", "",
        f"{record['patients']} patients with features, {record['deaths']} deaths; {record['epochs']} epochs; "
        f"{record['finished']} of {record['of']} runs finished. Made by {record['software']}. Published numbers are "
        "the paper's; what it does not print is said to be not known. Research use only.", "",
    ]  # fmt: skip
    for title, name in (("Table 1: methods", "table_1"), ("Table 2: the paper's model without a part", "table_2")):
        if rows := record[name]:
            lines += [f"## {title}", "", f"| {' | '.join(HEADS)} |", "|---" * len(HEADS) + "|"]
            lines += [f"| {' | '.join(_cells(row).values())} |" for row in rows]
            lines.append("")
    if found := record["figure_4"]:
        lines += ["## Figure 4: Kaplan–Meier at the best cut", "", "| | here | published |", "|---|---|---|"]
        lines += [f"| {name.replace('_', ' ')} | {value if value is not None else '–'} | {NOT_KNOWN} |"
                  for name, value in found.items() if not name.startswith("published")]  # fmt: skip
    return "\n".join(lines) + "\n"
