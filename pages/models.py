"""Models & data page: what made the predictions, what is stored here, how to add to it."""

from __future__ import annotations

import shutil
from typing import Any

import streamlit as st

from survdash.figures.learning import plot_learning_curves
from survdash.language import tr
from survdash.retelling import retell
from survdash.settings import settings
from survdash.store import folder_bytes
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.drawn import drawn
from survdash.ui.error_box import error_box, show_problems
from survdash.ui.figure_view import NO_TOOLS
from survdash.ui.model_about import show_about
from survdash.ui.piece import facts
from survdash.ui.prose import MODALITIES, data_size, duration, escape, listed
from survdash.ui.training_form import show_methods
from survdash.ui.upkeep_view import show_upkeep

IMPORT = """python -m survdash import-cohort patients.csv --name mine --folds folds/ --features bags/
python -m survdash crossval mine --model default"""
FORMATS = (
    tr("**Patients**: the research CSV of MCAT and its successors, also zipped: one line a slide or a patient with "
       "`case_id`, follow-up and outcome as `survival_months` and `censorship` (1: death not observed) or as "
       "`time_months` and `event` (1: died), and genes in columns named `SYMBOL_rnaseq`, `SYMBOL_cnv`, `SYMBOL_mut`. "
       "Other column names are not guessed."),
    tr("**Folds**: one CSV a fold, `splits_0.csv` and so on (`train`, `val`), or none: then five are drawn, stratified "
       "by outcome."),
    tr("**Clinical table**: stage, age and others by case number, to fill what the first table lacks."),
    tr("**Slide features**: HDF5 bags of this program or others (`features` or `feats`, `coords`), or a table with one "
       "line of features a slide."),
    tr("**Slides** of a new patient: what OpenSlide reads (SVS, NDPI, TIFF, SCN, …), or a PNG, JPEG or TIFF picture "
       "with its resolution."),
)  # fmt: skip


def describe_training(recipe: dict[str, Any], *, by_epochs: bool) -> str:
    """How a recipe trains, in words; a closed fit has no epochs."""
    parts = []
    if recipe["made_folds"]:
        parts.append(tr("{count} folds made anew, by hospital", count=recipe["made_folds"]) if recipe["by_site"]
                     else tr("{count} folds made anew", count=recipe["made_folds"]))  # fmt: skip
    if not by_epochs:
        return "; ".join([*parts, tr("fitted at once, penalty {penalty:g}", penalty=recipe["penalty"])])
    parts.append(tr("up to {count} epochs, chosen on a fifth of the training patients", count=recipe["epochs"])
                 if recipe["stop"] == "inner" else tr("{count} epochs", count=recipe["epochs"]))  # fmt: skip
    parts.append(tr("Cox's partial likelihood") if recipe["loss"] == "cox"
                 else tr("{count} time bins", count=recipe["bins"]))  # fmt: skip
    parts.append(tr("{count} networks a fold", count=recipe["seeds"]) if recipe["seeds"] > 1
                 else tr("one network a fold"))  # fmt: skip
    if recipe["max_tiles"]:
        parts.append(tr("at most {count:,} tiles of a case an epoch", count=recipe["max_tiles"]))
    return "; ".join(parts)


def show_card(card: dict[str, Any], *, here: set[str]) -> None:
    """One trained model: what it reads, what it was trained on, how it did, which files it is."""
    cindex, origin, panel = card["cindex"], card["bag_origin"], card["panel"]
    trained = {"cohort": card["cohort"], "patients": card["cases"], "deaths": card["events"]}
    if "opened" in card["about"]:  # its patients were brought to it, not trained on
        trained = {**card["about"]["population"], "cohort": card["about"]["opened"]["cohort"]}
    reads = listed([tr(MODALITIES.get(name, name)) for name in card["recipe"]["modalities"]])
    title = tr("**{run_title}**; reads {reads}; trained on {cohort}",
               run_title=escape(retell(card["run_title"])), reads=reads, cohort=escape(trained["cohort"]))
    with st.expander(title, icon=":material/neurology:"):
        show_simulated(simulated=card["simulated"])
        rows = {
            tr("Name"): tr("`{name}`, version `{version}`", name=card["name"], version=card["version"]),
            tr("Meant for"): tr(card["intended_use"]),
            tr("Trained on"): tr("{cases:,} patients, {events:,} deaths; outcome: {endpoint}",
                                 cases=trained["patients"], events=trained["deaths"],
                                 endpoint=escape(retell(card["endpoint"]))),
            tr("C-index"): tr("{mean:.3f} ± {sd:.3f} over {count} held-out folds",
                              mean=cindex["mean"], sd=cindex["sd"], count=len(card["folds"])),
            tr("Says something up to"): tr("{count} months", count=card["months"]),
            tr("Numbers set by training"): tr("{count:,}, in {time}", count=card["parameters"],
                                              time=duration(card["seconds"])),
        }  # fmt: skip
        if panel is not None:
            rows[tr("Genes")] = tr("{values:,} values in {groups} groups",
                                   values=len(panel["columns"]), groups=len(panel["groups"]))
        if origin is not None:
            rows[tr("Tile features")] = tr("{encoder}, {dim:,} wide, weights `{weights}`", dim=origin["dim"],
                                           encoder=escape(origin["encoder"]), weights=origin["weights"][:12])
        if card["clinical"]:
            rows[tr("Clinical facts")] = escape(tr("; ").join(map(retell, card["clinical"])))
        rows[tr("Training")] = escape(describe_training(card["recipe"], by_epochs=any(card["history"])))
        rows[tr("Made by")] = f"survdash {escape(card['software'])}"
        facts(rows)
        if any(card["history"]):
            losses = drawn(plot_learning_curves, card["history"], card["inner"])
            st.plotly_chart(losses, key=f"models.loss.{card['name']}", config=NO_TOOLS,
                            alt=tr("Mean loss of each epoch, a line for each network."))
        show_about(card, patients_here=card["cohort"] in here, page="models")
        st.caption(tr("Checksums (SHA-256) of its files; a file that differs is refused."))
        facts({f"`{name}`": f"`{value[:32]}…`" for name, value in card["files"].items()})


st.title(tr("Models & data"), anchor=False)
st.header(tr("Models"), anchor=False)
with error_box():
    show_problems(caching.problems())
    here = {entry.name for entry in caching.cohorts() if entry.patients_here}
    for card in caching.models():
        show_card(card, here=here)

st.header(tr("Methods"), anchor=False)
with error_box():
    show_methods(page="models")

st.header(tr("Cohorts on this machine"), anchor=False)
with error_box():
    for entry in caching.cohorts():
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{escape(retell(entry.title))}**", width="content")
                show_simulated(simulated=entry.simulated)
            facts({
                tr("Name"): f"`{entry.name}`",
                tr("Patients"): tr("{cases:,}, of whom {events:,} died", cases=entry.cases, events=entry.events),
                tr("Data"): listed([tr(MODALITIES.get(name, name)) for name in entry.modalities]),
                tr("Models"): "; ".join(escape(retell(run.title)) for run in caching.runs(entry.name))
                or tr("none trained yet"),
            })  # fmt: skip
            st.page_link("contents.py", label=tr("What is in it; take back, carry, delete"),
                         icon=":material/fact_check:", query_params={"cohort": entry.name})

st.header(tr("Import a cohort"), anchor=False)
st.page_link("import_cohort.py", label=tr("Import one here, and see what the files say first"),
             icon=":material/upload_file:")
st.code(IMPORT, language="shell")
with st.expander(tr("Which formats are read")):
    st.markdown("\n".join(f"- {line}" for line in FORMATS))

st.header(tr("Disk"), anchor=False)
with error_box():
    folder = settings().data_dir
    rows = {child.name: data_size(folder_bytes(child)) for child in sorted(folder.iterdir()) if child.is_dir()} \
        if folder.is_dir() else {}
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
    facts({**{escape(name): size for name, size in rows.items()}, tr("Free"): data_size(free)})
    st.caption(tr("Uploaded files are deleted {hours:g} hours after they came. Features of slides are kept by content: "
                  "deleting the folder bags only costs time.", hours=settings().keep_upload_hours))

st.header(tr("This server"), anchor=False)
with error_box():
    show_upkeep()
