"""Models & data page: what made the predictions, what is stored here, how to add to it."""

from __future__ import annotations

import shutil
from typing import Any

import streamlit as st

from survdash.figures.learning import plot_learning_curves
from survdash.settings import settings
from survdash.store import folder_bytes
from survdash.ui import caching
from survdash.ui.banner import show_simulated
from survdash.ui.error_box import error_box, show_problems
from survdash.ui.piece import facts
from survdash.ui.prose import data_size, duration, escape
from survdash.ui.training_form import show_methods

IMPORT = """python -m survdash import-cohort patients.csv --name mine --folds folds/ --features bags/
python -m survdash crossval mine --model default"""
FORMATS = """
- **Patients**: the research CSV of MCAT and its successors, also zipped: one line a slide or a patient with `case_id`,
  follow-up and outcome as `survival_months` and `censorship` (1: death not observed) or as `time_months` and `event`
  (1: died), and genes in columns named `SYMBOL_rnaseq`, `SYMBOL_cnv`, `SYMBOL_mut`. Other column names are not guessed.
- **Folds**: one CSV a fold, `splits_0.csv` and so on (`train`, `val`), or none: then five are drawn, stratified by
  outcome.
- **Clinical table**: stage, age and others by case number, to fill what the first table lacks.
- **Slide features**: HDF5 bags of this program or others (`features` or `feats`, `coords`), or a table with one line of
  features a slide.
- **Slides** of a new patient: what OpenSlide reads (SVS, NDPI, TIFF, SCN, …), or a PNG, JPEG or TIFF picture with its
  resolution.
"""


def describe_training(recipe: dict[str, Any], *, by_epochs: bool) -> str:
    """How a recipe trains, in words; a closed fit has no epochs."""
    folds = f"{recipe['made_folds']} folds made anew{', by hospital' if recipe['by_site'] else ''}; " \
        if recipe["made_folds"] else ""
    if not by_epochs:
        return f"{folds}fitted at once, penalty {recipe['penalty']:g}"
    stop = f"up to {recipe['epochs']} epochs, chosen on a fifth of the training patients" \
        if recipe["stop"] == "inner" else f"{recipe['epochs']} epochs"
    loss = "Cox's partial likelihood" if recipe["loss"] == "cox" else f"{recipe['bins']} time bins"
    tiles = f"; at most {recipe['max_tiles']:,} tiles of a case an epoch" if recipe["max_tiles"] else ""
    return f"{folds}{stop}; {loss}; {recipe['seeds']} network{'s' * (recipe['seeds'] > 1)} a fold{tiles}"


def show_card(card: dict[str, Any]) -> None:
    """One trained model: what it reads, what it was trained on, how it did, which files it is."""
    cindex, origin, panel = card["cindex"], card["bag_origin"], card["panel"]
    reads = " and ".join(card["recipe"]["modalities"])
    title = f"**{escape(card['run_title'])}**; reads {reads}; trained on {escape(card['cohort'])}"
    with st.expander(title, icon=":material/neurology:"):
        show_simulated(simulated=card["simulated"])
        rows = {
            "Name": f"`{card['name']}`, version `{card['version']}`",
            "Meant for": card["intended_use"],
            "Trained on": f"{card['cases']:,} patients, {card['events']:,} deaths; outcome: {escape(card['endpoint'])}",
            "C-index": f"{cindex['mean']:.3f} ± {cindex['sd']:.3f} over {len(card['folds'])} held-out folds",
            "Says something up to": f"{card['months']} months",
            "Numbers set by training": f"{card['parameters']:,}, in {duration(card['seconds'])}",
        }
        if panel is not None:
            rows["Genes"] = f"{len(panel['columns']):,} values in {len(panel['groups'])} groups"
        if origin is not None:
            weights = origin["weights"][:12]
            rows["Tile features"] = f"{escape(origin['encoder'])}, {origin['dim']:,} wide, weights `{weights}`"
        if card["clinical"]:
            rows["Clinical facts"] = escape("; ".join(card["clinical"]))
        rows["Training"] = escape(describe_training(card["recipe"], by_epochs=any(card["history"])))
        rows["Made by"] = f"survdash {escape(card['software'])}"
        facts(rows)
        if any(card["history"]):
            st.plotly_chart(plot_learning_curves(card["history"], card["inner"]), key=f"models.loss.{card['name']}",
                            alt="Mean loss of each epoch, a line for each network.")
        st.caption("Checksums (SHA-256) of its files; a file that differs is refused.")
        facts({f"`{name}`": f"`{value[:32]}…`" for name, value in card["files"].items()})


st.title("Models & data", anchor=False)
st.header("Models", anchor=False)
with error_box():
    show_problems(caching.problems())
    for card in caching.models():
        show_card(card)

st.header("Methods", anchor=False)
with error_box():
    show_methods(page="models")

st.header("Cohorts on this machine", anchor=False)
with error_box():
    for entry in caching.cohorts():
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{escape(entry.title)}**", width="content")
                show_simulated(simulated=entry.simulated)
            facts({
                "Name": f"`{entry.name}`",
                "Patients": f"{entry.cases:,}, of whom {entry.events:,} died",
                "Data": " and ".join(entry.modalities),
                "Models": "; ".join(escape(run.title) for run in caching.runs(entry.name)) or "none trained yet",
            })
            st.page_link("contents.py", label="What is in it; take back, carry, delete", icon=":material/fact_check:",
                         query_params={"cohort": entry.name})

st.header("Import a cohort", anchor=False)
st.page_link("import_cohort.py", label="Import one here, and see what the files say first",
             icon=":material/upload_file:")
st.code(IMPORT, language="shell")
with st.expander("Which formats are read"):
    st.markdown(FORMATS)

st.header("Disk", anchor=False)
with error_box():
    folder = settings().data_dir
    rows = {child.name: data_size(folder_bytes(child)) for child in sorted(folder.iterdir()) if child.is_dir()} \
        if folder.is_dir() else {}
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
    facts({**{escape(name): size for name, size in rows.items()}, "Free": data_size(free)})
    st.caption(f"Uploaded files are deleted {settings().keep_upload_hours:g} hours after they came. Features of slides "
               "are kept by content: deleting the folder bags only costs time.")
