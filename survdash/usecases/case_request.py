"""What is asked of a new case: the model, the patient's files, and what is said of each slide; as a job carries it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from survdash.errors import InputError
from survdash.slide.rules import DEFAULT_TILES, DEFAULT_TISSUE, TileRule, TissueRule
from survdash.usecases.library import DEMO

OTHER_VERSION = "Give the case again: the job was filed by another version of survdash."


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideStatement:
    """One slide of a case and what is said of it; see ``PredictRequest``."""

    path: Path
    mpp: float | None
    tissue: TissueRule
    tiles: TileRule
    areas: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """One new case for one trained model.

    Parameters
    ----------
    cohort, run : str
        The trained model.
    slides : tuple of Path
        All slides of the patient, each once.
    bags : tuple of Path
        In place of slides: files of tile features, one a slide (``survdash.foreign_bag``).
    encoder : str or None
        What made these features, where the files do not say.
    genes : Path or None
    mpp : float or None, or a tuple of one a slide
        Resolution in um per pixel as the user states it, for slides that do not say.
    tissue : TissueRule, or a tuple of one a slide
    tiles : TileRule, or a tuple of one a slide
        How the slides' tissue is found and cut.
    areas : Path or None, or a tuple of one a slide
        GeoJSON of what the user drew on a slide to correct its tissue; a lone one needs a lone slide.
    age_years, sex, stage
        Read by models that look at clinical facts; carried into the case for the others.
    case_id : str
    even_if_unlike : bool
        Answer even where the case is nothing like the patients that the model learnt from.
    """

    cohort: str = DEMO
    run: str = "default"
    slides: tuple[Path, ...] = ()
    bags: tuple[Path, ...] = ()
    encoder: str | None = None
    genes: Path | None = None
    mpp: float | tuple[float | None, ...] | None = None
    tissue: TissueRule | tuple[TissueRule, ...] = DEFAULT_TISSUE
    tiles: TileRule | tuple[TileRule, ...] = DEFAULT_TILES
    areas: Path | tuple[Path | None, ...] | None = None
    age_years: float | None = None
    sex: str | None = None
    stage: str | None = None
    case_id: str = "new-case"
    even_if_unlike: bool = False

    def statements(self) -> list[SlideStatement]:
        """Each slide with what is said of it.

        Raises
        ------
        InputError
            If what is said is not one a slide, or one mask is given for several slides.
        """
        count = len(self.slides)
        if isinstance(self.areas, Path) and count > 1:
            raise InputError(
                f"One mask is given for {count} slides; it belongs to one of them.",
                hint="Give each slide its own, or that slide alone.",
            )
        said = {}
        for name, what in (("mpp", "resolutions"), ("tissue", "rules"), ("tiles", "rules"), ("areas", "masks")):
            value = getattr(self, name)
            said[name] = value if isinstance(value, tuple) else (value,) * count
            if len(said[name]) != count:
                raise InputError(
                    f"{len(said[name])} {what} are stated for {count} slides.", hint="State one, or one for each slide."
                )
        return [
            SlideStatement(path=path, **{name: values[number] for name, values in said.items()})
            for number, path in enumerate(self.slides)
        ]


def request_to_json(request: PredictRequest) -> dict[str, Any]:
    """What a job carries: plain values, paths as text."""
    return {name: _plain(value) for name, value in asdict(request).items()}


def request_from_json(payload: dict[str, Any]) -> PredictRequest:
    """The request of a job; one that was filed with the older ``keep_ink`` in place of rules is understood too.

    Raises
    ------
    InputError
        If it was filed by a version of survdash whose words are not known here.
    """
    values = dict(payload)
    if "keep_ink" in values:
        values["tissue"] = _each(values.pop("keep_ink"), lambda keep: {"exclude_ink": not keep})
    if unknown := values.keys() - {field.name for field in fields(PredictRequest)}:
        raise InputError(f"This job says {', '.join(sorted(unknown))}, which is not known.", hint=OTHER_VERSION)
    try:
        for name in ("slides", "bags"):
            values[name] = tuple(Path(path) for path in values.get(name, ()))
        for name, kind in (
            ("genes", Path), ("areas", Path), ("mpp", float), ("tissue", _tissue), ("tiles", _tiles),
        ):  # fmt: skip
            if name in values:
                values[name] = _each(values[name], kind)
        return PredictRequest(**values)
    except (TypeError, ValueError) as error:
        raise InputError(f"This job's rules are not known: {error}.", hint=OTHER_VERSION) from error


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def _each(value: Any, kind: Any) -> Any:
    """``kind`` of a value or of each of a list, as JSON gives tuples; None stays."""
    if isinstance(value, (list, tuple)):
        return tuple(_each(one, kind) for one in value)
    return None if value is None else kind(value)


def _tissue(values: dict[str, Any]) -> TissueRule:
    return TissueRule(**values)


def _tiles(values: dict[str, Any]) -> TileRule:
    return TileRule(**values)
