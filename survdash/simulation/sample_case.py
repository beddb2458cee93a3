"""A whole new patient to try the upload with: a slide file and a gene table."""

from __future__ import annotations

from pathlib import Path

from survdash.errors import InputError
from survdash.simulation.drawing import MPP, draw_slide
from survdash.simulation.patients import DEMO_SEED, simulate_patients
from survdash.simulation.pyramid import write_pyramid
from survdash.store import new_file

# Far above any demo cohort, so a sample patient is never one a model was trained on; from 9005 because this makes
# number 0 a patient of low true risk and number 1 one of high.
FIRST_NUMBER = 9005
SLIDE_NAME, GENES_NAME = "slide.tiff", "genes.csv"


def sample_case(out: Path, *, number: int = 0) -> tuple[Path, Path]:
    """Write one simulated patient of the demo cohort's kind who is not in the demo cohort.

    Parameters
    ----------
    out : Path
        A folder, made if need be; ``slide.tiff`` and ``genes.csv`` in it are replaced.
    number : int, optional
        Which sample patient, 0 to 994.

    Returns
    -------
    tuple of Path
        The slide (pyramidal TIFF, 0.5 um per pixel) and the genes (``gene,value``, one row a gene).

    Raises
    ------
    InputError
        If the number is out of range.
    """
    if not 0 <= number <= 9999 - FIRST_NUMBER:
        raise InputError(f"There is no sample patient {number}.", hint=f"Choose 0 to {9999 - FIRST_NUMBER}.")
    patient = simulate_patients((FIRST_NUMBER + number,), seed=DEMO_SEED)
    slide, genes = out / SLIDE_NAME, out / GENES_NAME
    write_pyramid(draw_slide(patient.slides[0], seed=DEMO_SEED), slide, mpp=MPP)
    row = patient.genes.iloc[0].rename("value").rename_axis("gene")
    with new_file(genes) as temporary:
        row.to_csv(temporary, float_format="%.4g")
    return slide, genes
