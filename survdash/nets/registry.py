"""Every model survdash knows, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from survdash.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from torch import nn

MODALITIES = ("genes", "slide", "clinical")
HEADS = 8  # of the attention layers; a token's width is a multiple of it
Choice = type | tuple[str, ...]  # what an option may be: bool, int for a count, or one of some words
WIDTH: Mapping[str, Choice] = MappingProxyType({"width": int})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model: where its class is, what it can look at, what fits it.

    ``target`` is "module:name" below ``survdash.nets``, imported on first use, so listing models costs no torch.
    ``modalities`` are those it can use. ``fitter`` names the way it
    is fitted: "gradient" (a network, by the shared loop) or "cox" (a closed statistical fit). ``options`` are the
    switches of its class: bool, int for a count, or the words to choose from.
    """

    title: str
    target: str
    modalities: tuple[str, ...]
    fitter: Literal["gradient", "cox"]
    source: str
    options: Mapping[str, Choice] = field(default_factory=dict)

    def load(self) -> Callable[..., Any]:
        """Import and return the class or function."""
        module, _, name = self.target.partition(":")
        loaded: Callable[..., Any] = getattr(import_module(f"survdash.nets.{module}"), name)
        return loaded


MODELS: Mapping[str, ModelSpec] = MappingProxyType({
    "glg": ModelSpec(
        title="GLG fusion (the paper's model)", target="fusion:GlobalLocalGlobal", modalities=MODALITIES,
        fitter="gradient", source="Zhang 2025, doi:10.14135/j.cnki.1006-3080.20241104002",
        options={
            **WIDTH, "deals": int, "tokens": ("dealt", "tiles"), "alignment": bool, "cross_attention": bool,
            "transport": bool, "stand_ins": bool,
        },
    ),
    "snn": ModelSpec(
        title="SNN", target="baselines.snn:Snn", modalities=("genes",), fitter="gradient",
        source="Klambauer 2017; size as in Chen 2021", options=WIDTH,
    ),
    "attnmil": ModelSpec(
        title="AttnMIL", target="baselines.attnmil:AttnMil", modalities=("slide",), fitter="gradient",
        source="Ilse 2018", options=WIDTH,
    ),
    "cox_ridge": ModelSpec(
        title="Ridge Cox", target="baselines.cox_ridge:fit_cox_ridge", modalities=MODALITIES, fitter="cox",
        source="Cox 1972 with a ridge penalty; scikit-survival",
    ),
})

DEFAULT_MODEL = "glg"


def get(name: str) -> ModelSpec:
    """The model called ``name``; "default" is the one we recommend.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    try:
        return MODELS[DEFAULT_MODEL if name == "default" else name]
    except KeyError:
        raise UnknownNameError(f"No model is called {name!r}.", hint=f"Known: {', '.join(MODELS)}, default.") from None


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Refuse an option that the network does not have, or a value that it cannot have.

    Raises
    ------
    InputError
        Naming the option and what is allowed.
    """
    known = get(name).options
    for option, value in options.items():
        if option not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(f"{get(name).title} has no option {option!r}.", hint=f"Its options: {allowed}.")
        _check_value(f"Option {option} of {get(name).title}", value, known[option])
        if option == "width" and isinstance(value, int) and value % HEADS:
            raise InputError(f"A width of {value} is not a multiple of {HEADS}.", hint="Try 64, 128 or 256.")


def _check_value(words: str, value: object, choice: Choice) -> None:
    if isinstance(choice, tuple):
        if value not in choice:
            raise InputError(f"{words} cannot be {value!r}.", hint=f"Choose from: {', '.join(choice)}.")
    elif choice is bool:
        if not isinstance(value, bool):
            raise InputError(f"{words} is yes or no, not {value!r}.")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{words} cannot be {value!r}.", hint="Give a count from 1.")


def names() -> tuple[str, ...]:
    """Names of the models that ``build`` can make: every one that is a network."""
    return tuple(name for name, spec in MODELS.items() if spec.fitter == "gradient")


def build(
    name: str, *, tile_dim: int | None, gene_dims: Sequence[int], bins: int = 4, clinical_dim: int = 0,
    **options: object,
) -> nn.Module:
    """Make an untrained network.

    Parameters
    ----------
    name : str
        One of ``names()``.
    tile_dim : int or None
        Width D of the tile features; None for a network without slides.
    gene_dims : sequence of int
        Width of each gene group; empty for a network without genes.
    bins : int
        Time bins B.
    clinical_dim : int
        Number of clinical columns; 0 for none.
    **options
        Switches of that network, see its class.

    Returns
    -------
    torch.nn.Module
        ``model(tiles, lengths, genes) -> Output`` with ``tiles`` (ΣM, D) float, ``lengths`` (N,) int (case i owns its
        slice, in order) and ``genes`` a list of (N, d_j) float; ``Output.logits`` is (N, bins). A network built with
        ``clinical_dim`` takes ``clinical`` (N, clinical_dim) float as its fourth argument: scaled, without NaN.

    Raises
    ------
    UnknownNameError, InputError
        No such network; or it cannot work without the modality that is missing, or with what is given.
    """
    spec = get(name)
    if spec.fitter != "gradient":
        raise InputError(f"{spec.title} is not a network.", hint=f"Networks: {', '.join(names())}.")
    check_options(name, options)
    if len(spec.modalities) == 1:
        given = {"genes": bool(gene_dims), "slide": tile_dim is not None}
        if not given[spec.modalities[0]]:
            raise InputError(f"{spec.title} needs {spec.modalities[0]}, and there are none.")
    if "clinical" in spec.modalities:
        options = {**options, "clinical_dim": clinical_dim}
    elif clinical_dim:
        raise InputError(f"{spec.title} does not look at clinical facts.")
    model: nn.Module = spec.load()(tile_dim=tile_dim, gene_dims=tuple(gene_dims), bins=bins, **options)
    return model
