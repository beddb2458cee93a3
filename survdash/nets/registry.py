"""Every model survdash knows, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from survdash.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from torch import nn

MODALITIES = ("genes", "slide")
HEADS = 8  # of the attention layers; a token's width is a multiple of it
WIDTH: Mapping[str, type] = MappingProxyType({"width": int})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model: where its class is, what it can look at, what fits it.

    ``target`` is "module:name" below ``survdash.nets``, imported on first use, so listing models costs no torch.
    ``modalities`` are those it looks at; it needs all of them, or with ``either`` can do with one. ``fitter`` names the
    way it is fitted: "gradient" (a network, by the shared loop) or "cox" (a closed statistical fit). ``options`` are
    the switches of its class: bool, or int for a count.
    """

    title: str
    target: str
    modalities: tuple[str, ...]
    fitter: Literal["gradient", "cox"]
    source: str
    options: Mapping[str, type] = field(default_factory=dict)
    either: bool = False

    def load(self) -> Callable[..., Any]:
        """Import and return the class or function."""
        module, _, name = self.target.partition(":")
        loaded: Callable[..., Any] = getattr(import_module(f"survdash.nets.{module}"), name)
        return loaded


MODELS: Mapping[str, ModelSpec] = MappingProxyType({
    "glg": ModelSpec(
        title="GLG fusion (the paper's model)", target="fusion:GlobalLocalGlobal", modalities=MODALITIES,
        fitter="gradient", source="Zhang 2025, doi:10.14135/j.cnki.1006-3080.20241104002",
        options={**WIDTH, "deals": int, "alignment": bool, "cross_attention": bool, "transport": bool}, either=True,
    ),
    "snn": ModelSpec(
        title="SNN", target="baselines.snn:Snn", modalities=("genes",), fitter="gradient",
        source="Klambauer 2017; size as in Chen 2021", options=WIDTH,
    ),
    "snntrans": ModelSpec(
        title="SNN + Transformer", target="baselines.snntrans:SnnTrans", modalities=("genes",), fitter="gradient",
        source="Klambauer 2017 and Vaswani 2017, as used by Zhou 2023", options=WIDTH,
    ),
    "attnmil": ModelSpec(
        title="AttnMIL", target="baselines.attnmil:AttnMil", modalities=("slide",), fitter="gradient",
        source="Ilse 2018", options={**WIDTH, "hidden_layer": bool},
    ),
    "clam": ModelSpec(
        title="CLAM-SB", target="baselines.clam:Clam", modalities=("slide",), fitter="gradient",
        source="Lu 2021, doi:10.1038/s41551-020-00682-w", options={**WIDTH, "hidden": int},
    ),
    "transmil": ModelSpec(
        title="TransMIL", target="baselines.transmil:TransMil", modalities=("slide",), fitter="gradient",
        source="Shao 2021, arXiv:2106.00908", options=WIDTH,
    ),
    "porpoise": ModelSpec(
        title="Porpoise", target="baselines.porpoise:Porpoise", modalities=MODALITIES, fitter="gradient",
        source="Chen 2022, doi:10.1016/j.ccell.2022.07.004", options=WIDTH,
    ),
    "cox_ridge": ModelSpec(
        title="Ridge Cox", target="baselines.cox_ridge:fit_cox_ridge", modalities=MODALITIES, fitter="cox",
        source="Cox 1972 with a ridge penalty; scikit-survival", either=True,
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
        if known[option] is bool:
            if not isinstance(value, bool):
                raise InputError(f"Option {option} of {get(name).title} is yes or no, not {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError(f"Option {option} of {get(name).title} cannot be {value!r}.", hint="Give a count from 1.")
        elif option == "width" and value % HEADS:
            raise InputError(f"A width of {value} is not a multiple of {HEADS}.", hint="Try 64, 128 or 256.")


def check_modalities(name: str, given: Iterable[str]) -> None:
    """Refuse what a model cannot look at, and to leave out what it cannot do without.

    Raises
    ------
    InputError
        Naming the model and what it needs.
    """
    spec, here = get(name), set(given)
    usable = here & set(spec.modalities)
    if here - usable or not usable or (len(usable) < len(spec.modalities) and not spec.either):
        words = " or ".join([*spec.modalities, "both"] if len(spec.modalities) > 1 else spec.modalities)
        needs = words if spec.either else " and ".join(spec.modalities)
        raise InputError(
            f"{spec.title} needs {needs}, and is given {' and '.join(sorted(here)) or 'nothing'}.",
            hint="Choose other modalities, or another model.",
        )


def names() -> tuple[str, ...]:
    """Names of the models that ``build`` can make: every one that is a network."""
    return tuple(name for name, spec in MODELS.items() if spec.fitter == "gradient")


def build(name: str, *, tile_dim: int | None, gene_dims: Sequence[int], bins: int = 4, **options: object) -> nn.Module:
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
    **options
        Switches of that network, see its class.

    Returns
    -------
    torch.nn.Module
        ``model(tiles, lengths, genes) -> Output`` with ``tiles`` (ΣM, D) float, ``lengths`` (N,) int (case i owns its
        slice, in order) and ``genes`` a list of (N, d_j) float; ``Output.logits`` is (N, bins).

    Raises
    ------
    UnknownNameError, InputError
        No such network; or it cannot work without the modality that is missing.
    """
    spec = get(name)
    if spec.fitter != "gradient":
        raise InputError(f"{spec.title} is not a network.", hint=f"Networks: {', '.join(names())}.")
    check_options(name, options)
    given = {"genes": bool(gene_dims), "slide": tile_dim is not None}
    check_modalities(name, [one for one in spec.modalities if given[one]])
    model: nn.Module = spec.load()(tile_dim=tile_dim, gene_dims=tuple(gene_dims), bins=bins, **options)
    return model
