"""Simulated patients: what the slide shows, what the genes say, and when they die, all from known factors.

The hazard has three parts. The slide part is seen by a slide model, the gene part by a gene model, and the interaction
(lymphocytes protect only where the cytokine genes are high) by neither alone: only fusion can learn it.
A patient's draw depends on the seed and on the patient's number, on nothing else, so a patient can be remade alone and
cohorts of different sizes share their patients.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from survdash.errors import InputError
from survdash.genes import functional_groups

DEMO_SEED = 20250
LAYOUTS = ("nests", "sheets", "cords")
SITES = ("Aldermoor", "Birkfeld", "Corvale", "Dunhaven", "Eastmere", "Fjordby")  # made up: no such hospitals
STAGES = ("I", "II", "III", "IV")

# Ranges of what is drawn. From mean efficientnet-lite0 features a ridge recovers each with R2 above .9 (200 patients).
NUCLEI_PER_TILE = (25.0, 110.0)
NUCLEAR_RADIUS_PX = (5.0, 11.0)
PLEOMORPHISM = (0.05, 0.5)
LYMPHOCYTES_PER_TILE = (0.0, 60.0)
STROMA_SHARE = (0.1, 0.7)

# Log hazard per standard deviation of each factor: strong on purpose. The true risk ranks patients with a concordance
# near .93, the true part of the slide near .71, of the genes near .75, and both without the interaction near .84, so
# that 200 patients suffice to show what a model with both modalities gains over its own one-modality versions.
HAZARD_GRADE, HAZARD_STROMA, HAZARD_LYMPHOCYTES = 1.82, 1.105, -1.3
HAZARD_ONCOGENES, HAZARD_SUPPRESSORS = 2.48, -2.0
HAZARD_INTERACTION = -2.48
ONCOGENES, SUPPRESSORS, CYTOKINES = "Oncogenes", "Tumor Suppressor Genes", "Cytokines and Growth Factors"

WEIBULL_SHAPE = 1.7  # a rising hazard keeps the spread of survival times human despite strong factors
WEIBULL_SCALE_MONTHS = 52.0  # with the censoring below: deaths of 50 to 60 % of patients
ADMINISTRATIVE_MONTHS = (24.0, 120.0)  # eight years of recruitment, closed two years after the last patient
LOSS_MEAN_MONTHS = 180.0  # exponential loss to follow-up
SHORTEST_MONTHS = 0.1  # three days: nobody is enrolled dead

GENES_PER_GROUP = 50
CNV_PER_GROUP, MUTATIONS_PER_GROUP = 4, 3
LOADING = (0.6, 0.85)  # |correlation| of a gene with its group's factor
SECOND_LOADING = 0.3  # standard deviation of the loading on the group's nuisance factor
REVERSED_SHARE = 0.2  # genes that fall where their group rises
CNV_STEP = 1.1  # z beyond which one copy is lost or won, twice that for two
MUTATION_SHARE = (0.05, 0.3)
FACTOR_WEIGHT = 0.9  # share of a patient's grade in each of the three nuclear features; the rest is their own

PANEL_STREAM, PATIENT_STREAM = 0, 1  # 2 is the slide's, in drawing.py
ROOT_3 = float(np.sqrt(3.0))  # a uniform on -root3..root3 has standard deviation one


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideParameters:
    """What one drawn slide shows.

    Parameters
    ----------
    number : int
        The patient's number; with the seed it decides where every nucleus lies.
    nuclei_per_tile : float
        Tumour nuclei per 256 px tile of solid tumour.
    nuclear_radius_px : float
        Median radius at 0.5 um per pixel.
    pleomorphism : float
        Standard deviation of the log radius.
    lymphocytes_per_tile : float
        Mean over the tissue; four times denser in the immune-rich region than outside it.
    stroma_share : float
        Share of the tissue outside the immune-rich region.
    layout : str
        One of ``LAYOUTS``: how tumour and stroma lie; without meaning for the outcome.
    haematoxylin, eosin, hue : float
        The hospital's stain: strengths around 1 and a turn of colour around 0; without meaning for the outcome.
    """

    number: int
    nuclei_per_tile: float
    nuclear_radius_px: float
    pleomorphism: float
    lymphocytes_per_tile: float
    stroma_share: float
    layout: str
    haematoxylin: float
    eosin: float
    hue: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedCohort:
    """N patients and the truth about them.

    Parameters
    ----------
    seed : int
    patients : DataFrame
        Index ``case_id`` (``SIM-0001``, ...); columns as ``cohort.PATIENT_COLUMNS``.
    genes : DataFrame
        Same index; float32 columns ``SYMBOL_rna`` (z-scores), ``SYMBOL_cnv`` (-2..2), ``SYMBOL_mut`` (0 or 1).
    slides : tuple of SlideParameters
        One a patient, in the order of ``patients``.
    true_risk : ndarray, shape (N,)
        Log hazard: the sum of the three parts.
    slide_part, gene_part, interaction : ndarray, shape (N,)
    """

    seed: int
    patients: pd.DataFrame
    genes: pd.DataFrame
    slides: tuple[SlideParameters, ...]
    true_risk: np.ndarray
    slide_part: np.ndarray
    gene_part: np.ndarray
    interaction: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _World:
    """What all patients of a seed share: the genes with their loadings, and the hospitals' stains."""

    titles: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: np.ndarray  # (G,) rna, cnv, mut
    group: np.ndarray  # (G,) index of titles
    loading: np.ndarray  # (G, 2) on the group's factor and on its nuisance factor
    noise: np.ndarray  # (G,) completes each gene's variance to one
    threshold: np.ndarray  # (G,) z above which a gene is mutated
    stains: np.ndarray  # (sites, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Patient:
    row: dict[str, object]
    genes: np.ndarray
    slide: SlideParameters
    parts: tuple[float, float, float]


def simulate_cohort(n: int, *, seed: int) -> SimulatedCohort:
    """Patients number 1 to ``n``.

    Parameters
    ----------
    n : int
        At least 1.
    seed : int
        Not negative; patients of one seed share genes, loadings and hospitals.

    Returns
    -------
    SimulatedCohort

    Raises
    ------
    InputError
        If ``n`` is below 1 or a number is above 9999.
    """
    return simulate_patients(tuple(range(1, n + 1)), seed=seed)


def simulate_patients(numbers: tuple[int, ...], *, seed: int) -> SimulatedCohort:
    """The patients of these numbers (1..9999), each the same in whatever company.

    Raises
    ------
    InputError
        If there is no number, one is out of range, or they are not rising.
    """
    if not numbers or numbers[0] < 1 or numbers[-1] > 9999 or list(numbers) != sorted(set(numbers)):
        raise InputError(
            f"Patients are numbered 1 to 9999, each once and rising; got {len(numbers)} numbers.",
            hint="Ask for at least one patient.",
        )
    world = _make_world(seed)
    people = [_simulate_patient(number, world, seed=seed) for number in numbers]
    index = pd.Index([case_id(number) for number in numbers], name="case_id")
    parts = np.array([patient.parts for patient in people])
    return SimulatedCohort(
        seed=seed,
        patients=pd.DataFrame([patient.row for patient in people], index=index),
        genes=pd.DataFrame(np.stack([patient.genes for patient in people]), index=index, columns=list(world.columns)),
        slides=tuple(patient.slide for patient in people),
        true_risk=parts.sum(axis=1),
        slide_part=parts[:, 0],
        gene_part=parts[:, 1],
        interaction=parts[:, 2],
    )


def case_id(number: int) -> str:
    """The name of a simulated patient, for instance ``SIM-0001``."""
    return f"SIM-{number:04d}"


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _make_world(seed: int) -> _World:
    random = _stream(seed, PANEL_STREAM)
    groups = functional_groups()
    listed = Counter(symbol for members in groups.values() for symbol in members)
    names: list[tuple[str, str, int]] = []
    for number, members in enumerate(groups.values()):
        own = sorted(symbol for symbol in members if listed[symbol] == 1)  # a shared symbol would mix two factors
        chosen = sorted(random.choice(own, size=GENES_PER_GROUP, replace=False).tolist())
        names += [(symbol, "rna", number) for symbol in chosen]
        names += [(symbol, "cnv", number) for symbol in chosen[:CNV_PER_GROUP]]
        names += [(symbol, "mut", number) for symbol in chosen[-MUTATIONS_PER_GROUP:]]
    size = len(names)
    sign = np.where(random.random(size) < REVERSED_SHARE, -1.0, 1.0)
    first = sign * random.uniform(*LOADING, size)
    second = np.clip(random.normal(0.0, SECOND_LOADING, size), -0.5, 0.5)
    stains = np.column_stack([random.normal(1.0, 0.1, (len(SITES), 2)), random.normal(0.0, 0.5, len(SITES))])
    share = random.uniform(*MUTATION_SHARE, size)
    return _World(
        titles=tuple(groups),
        columns=tuple(f"{symbol}_{kind}" for symbol, kind, _ in names),
        kinds=np.array([kind for _, kind, _ in names]),
        group=np.array([number for *_, number in names]),
        loading=np.column_stack([first, second]),
        noise=np.sqrt(np.maximum(1.0 - first**2 - second**2, 0.05)),
        threshold=_normal_quantile(1.0 - share),
        stains=stains,
    )


def _normal_quantile(probability: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return np.asarray(ndtri(probability))


def _simulate_patient(number: int, world: _World, *, seed: int) -> _Patient:
    random = _stream(seed, PATIENT_STREAM, number)
    grade, stroma, lymphocytes = random.uniform(-ROOT_3, ROOT_3, 3)
    factors = random.normal(size=(len(world.titles), 2))
    by_title = dict(zip(world.titles, factors[:, 0], strict=True))
    slide_part = HAZARD_GRADE * grade + HAZARD_STROMA * stroma + HAZARD_LYMPHOCYTES * lymphocytes
    gene_part = HAZARD_ONCOGENES * by_title[ONCOGENES] + HAZARD_SUPPRESSORS * by_title[SUPPRESSORS]
    interaction = HAZARD_INTERACTION * lymphocytes * by_title[CYTOKINES]
    site = int(random.integers(len(SITES)))
    slide = _draw_parameters(number, (grade, stroma, lymphocytes), stain=world.stains[site], random=random)
    genes = _express(world, factors, random)
    months, event = _follow(slide_part + gene_part + interaction, random)
    row: dict[str, object] = {
        "time_months": months,
        "event": event,
        "age": float(np.clip(np.round(random.normal(64.0, 10.0)), 28, 92)),
        "sex": "female" if random.random() < 0.5 else "male",
        "stage": _stage(grade, by_title[ONCOGENES], random),
        "site": SITES[site],
    }
    return _Patient(row=row, genes=genes, slide=slide, parts=(slide_part, gene_part, interaction))


def _draw_parameters(
    number: int, factors: tuple[float, float, float], *, stain: np.ndarray, random: np.random.Generator
) -> SlideParameters:
    """Turn the slide's factors (uniform, standard deviation one) into what is drawn."""
    grade, stroma, lymphocytes = factors
    own = random.uniform(-ROOT_3, ROOT_3, 3)
    nuclear = FACTOR_WEIGHT * grade + (1.0 - FACTOR_WEIGHT) * own
    haematoxylin, eosin, hue = stain + random.normal(0.0, (0.03, 0.03, 0.15))
    return SlideParameters(
        number=number,
        nuclei_per_tile=_spread(nuclear[0], NUCLEI_PER_TILE),
        nuclear_radius_px=_spread(nuclear[1], NUCLEAR_RADIUS_PX),
        pleomorphism=_spread(nuclear[2], PLEOMORPHISM),
        lymphocytes_per_tile=_spread(lymphocytes, LYMPHOCYTES_PER_TILE),
        stroma_share=_spread(stroma, STROMA_SHARE),
        layout=LAYOUTS[int(random.integers(len(LAYOUTS)))],
        haematoxylin=float(haematoxylin),
        eosin=float(eosin),
        hue=float(hue),
    )


def _spread(factor: float, bounds: tuple[float, float]) -> float:
    """A uniform factor of standard deviation one, laid over ``bounds``."""
    low, high = bounds
    return float(low + (high - low) * (factor + ROOT_3) / (2.0 * ROOT_3))


def _express(world: _World, factors: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One gene row, float32: z-scores, and for copy numbers and mutations their thresholds."""
    own = random.normal(size=len(world.columns))
    value = (world.loading * factors[world.group]).sum(axis=1) + world.noise * own
    copies = np.clip(np.trunc(value / CNV_STEP), -2, 2) + 0.0  # + 0.0 turns a minus zero into zero
    mutated = (value > world.threshold).astype(float)
    return np.select([world.kinds == "cnv", world.kinds == "mut"], [copies, mutated], np.round(value, 4)).astype("f4")


def _follow(log_hazard: float, random: np.random.Generator) -> tuple[float, bool]:
    """Follow-up in months, and whether it ended by death."""
    death = WEIBULL_SCALE_MONTHS * (random.exponential() * np.exp(-log_hazard)) ** (1.0 / WEIBULL_SHAPE)
    end = min(random.uniform(*ADMINISTRATIVE_MONTHS), random.exponential(LOSS_MEAN_MONTHS))
    return float(max(round(min(death, end), 2), SHORTEST_MONTHS)), bool(death <= end)


def _stage(grade: float, oncogenes: float, random: np.random.Generator) -> str:
    """A stage that follows the disease loosely; it does not enter the hazard."""
    score = 0.5 * grade + 0.5 * oncogenes + random.normal(0.0, 0.7)
    return STAGES[int(np.digitize(score, (-0.6, 0.3, 1.1)))]
