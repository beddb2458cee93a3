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

    from survdash.nets.baselines.fitted import Fitted

MODALITIES = ("genes", "slide", "clinical")
HEADS = 8  # of the attention layers; a token's width is a multiple of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A switch of a network, as it usually is: yes or no, a count from 1, or one of some ``words``."""

    usual: bool | int | str
    words: tuple[str, ...] = ()


def _width(usual: int) -> dict[str, Option]:
    """The option of every network: how wide it is."""
    return {"width": Option(usual=usual)}


GLG_OPTIONS: Mapping[str, Option] = MappingProxyType({
    **_width(256), "deals": Option(usual=8), "tokens": Option(usual="dealt", words=("dealt", "tiles")),
    "alignment": Option(usual=True), "cross_attention": Option(usual=True), "transport": Option(usual=True),
})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model: where its class is, what it can look at, what fits it.

    ``target`` is "module:name" below ``survdash.nets``, imported on first use, so listing models costs no torch.
    ``modalities`` are those it looks at; it needs all of them, or with ``either`` can do with ``at_least`` so many.
    ``with_clinical``: clinical facts come in unasked where they are known. ``fitter`` names the way it is fitted:
    "gradient" (a network, by the shared loop), or a closed statistical fit by what it results in (``FITTED``).
    ``with_paths``: Cox models of all it looks at stand beside the network, and held-out risks within the training fold
    weigh them (``baselines.linear_paths``); ``path_options`` are their switches. ``options`` are the switches of its
    class.
    """

    title: str
    target: str
    modalities: tuple[str, ...]
    fitter: Literal["gradient", "cox", "forest", "fusion"]
    source: str
    options: Mapping[str, Option] = field(default_factory=dict)
    path_options: Mapping[str, Option] = field(default_factory=dict)
    either: bool = False
    at_least: int = 1
    with_clinical: bool = False
    with_paths: bool = False

    @property
    def switches(self) -> Mapping[str, Option]:
        """Options of the network and of the paths beside it."""
        return {**self.options, **self.path_options}

    @property
    def needs(self) -> str:
        """What it cannot do without, in words."""
        if not self.either:
            return " and ".join(self.modalities)
        if self.at_least > 1:
            return f"at least {self.at_least} of {', '.join(self.modalities)}"
        return " or ".join([*self.modalities, "both" if len(self.modalities) == 2 else "several"])

    def load(self) -> Callable[..., Any]:
        """Import and return the class or function."""
        return _import(self.target)

    def load_fitted(self) -> type[Fitted]:
        """Import and return the class of what a closed fit results in."""
        made: type[Fitted] = _import(FITTED[self.fitter])
        return made


def _import(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(f"survdash.nets.{module}"), name)


FITTED: Mapping[str, str] = MappingProxyType({
    "cox": "baselines.cox_ridge:LinearCox", "forest": "baselines.rsf:Forest",
    "fusion": "baselines.late_fusion:LateFusion",
})

MODELS: Mapping[str, ModelSpec] = MappingProxyType({
    "glg": ModelSpec(
        title="GLG fusion (the paper's model)", target="fusion:GlobalLocalGlobal", modalities=MODALITIES,
        fitter="gradient", source="Zhang 2025, doi:10.14135/j.cnki.1006-3080.20241104002",
        options={**GLG_OPTIONS, "stand_ins": Option(usual=False)}, either=True,
    ),
    "glg_linear": ModelSpec(
        title="GLG fusion with Cox paths", target="fusion:GlobalLocalGlobal", modalities=MODALITIES,
        fitter="gradient", source="Zhang 2025, weighed against ridge Cox models as by Wolpert 1992 and Breiman 1996",
        path_options={"prior": Option(usual=True), "product": Option(usual=True)},
        # The paths do what is linear; on inner folds of real cohorts a narrow network beside them is no worse.
        options={**GLG_OPTIONS, **_width(64)}, either=True, with_clinical=True, with_paths=True,
    ),
    "snn": ModelSpec(
        title="SNN", target="baselines.snn:Snn", modalities=("genes",), fitter="gradient",
        source="Klambauer 2017; size as in Chen 2021", options=_width(256),
    ),
    "snntrans": ModelSpec(
        title="SNN + Transformer", target="baselines.snntrans:SnnTrans", modalities=("genes",), fitter="gradient",
        source="Klambauer 2017 and Vaswani 2017, as used by Zhou 2023", options=_width(256),
    ),
    "attnmil": ModelSpec(
        title="AttnMIL", target="baselines.attnmil:AttnMil", modalities=("slide",), fitter="gradient",
        source="Ilse 2018", options={**_width(512), "hidden_layer": Option(usual=False)},
    ),
    "clam": ModelSpec(
        title="CLAM-SB", target="baselines.clam:Clam", modalities=("slide",), fitter="gradient",
        source="Lu 2021, doi:10.1038/s41551-020-00682-w", options={**_width(512), "hidden": Option(usual=256)},
    ),
    "transmil": ModelSpec(
        title="TransMIL", target="baselines.transmil:TransMil", modalities=("slide",), fitter="gradient",
        source="Shao 2021, arXiv:2106.00908", options=_width(512),
    ),
    "porpoise": ModelSpec(
        title="Porpoise", target="baselines.porpoise:Porpoise", modalities=("genes", "slide"), fitter="gradient",
        source="Chen 2022, doi:10.1016/j.ccell.2022.07.004", options=_width(256),
    ),
    "hfbsurv": ModelSpec(
        title="HFBSurv", target="baselines.hfbsurv:HfbSurv", modalities=("genes", "slide"), fitter="gradient",
        source="Li 2022, doi:10.1093/bioinformatics/btac113", options=_width(256),
    ),
    "mcat": ModelSpec(
        title="MCAT", target="baselines.mcat:Mcat", modalities=("genes", "slide"), fitter="gradient",
        source="Chen 2021, ICCV", options=_width(256),
    ),
    "dualtrans": ModelSpec(
        title="DualTrans", target="baselines.dualtrans:DualTrans", modalities=("genes", "slide"), fitter="gradient",
        source="Two Transformers without interaction, as the baseline of Zhou 2023", options=_width(256),
    ),
    "motcat": ModelSpec(
        title="MOTCat", target="baselines.motcat:MotCat", modalities=("genes", "slide"), fitter="gradient",
        source="Xu and Chen 2023, ICCV", options={**_width(256), "micro_batch": Option(usual=256)},
    ),
    "survpath": ModelSpec(
        title="SurvPath", target="baselines.survpath:SurvPath", modalities=("genes", "slide"), fitter="gradient",
        source="Jaume 2024, CVPR", options=_width(256),
    ),
    "cox_ridge": ModelSpec(
        title="Ridge Cox", target="baselines.cox_ridge:fit", modalities=MODALITIES, fitter="cox",
        source="Cox 1972 with a ridge penalty; scikit-survival", either=True,
    ),
    "coxnet": ModelSpec(
        title="Elastic-net Cox", target="baselines.coxnet:fit", modalities=MODALITIES, fitter="cox",
        source="Simon 2011; scikit-survival", either=True,
    ),
    "cox_clinical": ModelSpec(
        title="Clinical Cox", target="baselines.cox_clinical:fit", modalities=("clinical",), fitter="cox",
        source="Cox 1972 on age, sex and stage; scikit-survival", with_clinical=True,
    ),
    "rsf": ModelSpec(
        title="Random survival forest", target="baselines.rsf:fit", modalities=MODALITIES, fitter="forest",
        source="Ishwaran 2008; scikit-survival", either=True,
    ),
    "late_fusion": ModelSpec(
        title="Late fusion", target="baselines.late_fusion:fit", modalities=MODALITIES, fitter="fusion",
        source="Standardised sum of the best ridge Cox model or forest of each modality", either=True, at_least=2,
        with_clinical=True,
    ),
})

DEFAULT_MODEL = "glg_linear"  # why: docs/evidence.md
PAPERS_MODEL = "glg"


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
    known = get(name).switches
    for option, value in options.items():
        if option not in known:
            allowed = ", ".join(known) or "none"
            raise InputError(f"{get(name).title} has no option {option!r}.", hint=f"Its options: {allowed}.")
        _check_value(f"Option {option} of {get(name).title}", value, known[option])
        if option == "width" and isinstance(value, int) and value % HEADS:
            raise InputError(f"A width of {value} is not a multiple of {HEADS}.", hint="Try 64, 128 or 256.")


def _check_value(words: str, value: object, option: Option) -> None:
    if option.words:
        if value not in option.words:
            raise InputError(f"{words} cannot be {value!r}.", hint=f"Choose from: {', '.join(option.words)}.")
    elif isinstance(option.usual, bool):
        if not isinstance(value, bool):
            raise InputError(f"{words} is yes or no, not {value!r}.")
    elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{words} cannot be {value!r}.", hint="Give a count from 1.")


def check_modalities(name: str, given: Iterable[str]) -> None:
    """Refuse what a model cannot look at, and to leave out what it cannot do without.

    Raises
    ------
    InputError
        Naming the model and what it needs.
    """
    spec, here = get(name), set(given)
    usable = here & set(spec.modalities)
    if here - usable or len(usable) < (spec.at_least if spec.either else len(spec.modalities)):
        raise InputError(
            f"{spec.title} needs {spec.needs}, and is given {' and '.join(sorted(here)) or 'nothing'}.",
            hint="Choose other modalities, or another model.",
        )


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
        Width C of the encoded clinical facts; 0 for a network without them.
    **options
        Switches of that network, see its class.

    Returns
    -------
    torch.nn.Module
        ``model(tiles, lengths, genes) -> Output`` with ``tiles`` (ΣM, D) float, ``lengths`` (N,) int (case i owns its
        slice, in order) and ``genes`` a list of (N, d_j) float; ``Output.logits`` is (N, bins). A model whose
        ``modalities`` name "clinical" takes a fourth argument, (N, C) float, of width 0 where it is built without.

    Raises
    ------
    UnknownNameError, InputError
        No such network; or it cannot work without the modality that is missing, or with what is given.
    """
    spec = get(name)
    if spec.fitter != "gradient":
        raise InputError(f"{spec.title} is not a network.", hint=f"Networks: {', '.join(names())}.")
    check_options(name, options)
    usual = {option: known.usual for option, known in spec.options.items()}
    options = usual | {key: value for key, value in options.items() if key not in spec.path_options}
    given = {"genes": bool(gene_dims), "slide": tile_dim is not None, "clinical": bool(clinical_dim)}
    check_modalities(name, [one for one in spec.modalities if given[one]])
    if "clinical" in spec.modalities:
        options = {**options, "clinical_dim": clinical_dim}
    elif clinical_dim:
        raise InputError(f"{spec.title} does not look at clinical facts.")
    model: nn.Module = spec.load()(tile_dim=tile_dim, gene_dims=tuple(gene_dims), bins=bins, **options)
    return model
