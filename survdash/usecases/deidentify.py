"""Slides whose headers say who the patient is: what is told of them at every door, and a copy without."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from survdash.errors import InputError, SlideError
from survdash.slide.header_texts import HeaderHint, header_hints, names_somebody, refuse_to_leave, strip
from survdash.store import new_file

OF_PAGE = re.compile(r"\sof\spage\s\d+")
TOLD, PLACES = 5, 8  # slides and places that are named; the others are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderLook:
    """What the headers of slides say of their patients: of each slide that says something, and those not looked at."""

    hints: tuple[tuple[Path, tuple[HeaderHint, ...]], ...]
    unread: tuple[Path, ...] = ()

    def accept(self, *, even_if_named: bool) -> tuple[str, ...]:
        """What to warn of, in words; texts that name somebody are refused where nobody said to go on.

        Raises
        ------
        InputError
            If a text may name somebody and ``even_if_named`` is not set.
        """
        named = [(path, [hint for hint in hints if names_somebody(hint)]) for path, hints in self.hints]
        words = [f"{path.name} ({', '.join(told_places(texts))})" for path, texts in named if texts]
        pictured = [path for path, hints in self.hints if not all(map(names_somebody, hints))]
        told = f"Slides whose header may say who the patient is: {_some(words)}."
        if words and not even_if_named:
            raise InputError(
                told, hint="Write copies without by `python -m survdash deidentify`, or go on with --even-if-named: "
                "no text of a header is stored or shown.",
            )  # fmt: skip
        warnings = [told] if words else []
        if pictured:
            names = _some([path.name for path in pictured])
            warnings.append(f"Slides with a picture of the label or the whole glass, never opened here: {names}.")
        if self.unread:
            names = _some([path.name for path in self.unread])
            warnings.append(f"Slides whose header could not be looked at for names: {names}.")
        return tuple(warnings)


def look_at_headers(slides: Iterable[Path]) -> HeaderLook:
    """Look at what headers say; one that is not there is passed over, and told of by what opens it."""
    found: list[tuple[Path, tuple[HeaderHint, ...]]] = []
    unread: list[Path] = []
    for path in slides:
        try:
            if hints := header_hints(path):
                found.append((path, hints))
        except SlideError:
            if path.is_file():
                unread.append(path)
    return HeaderLook(hints=tuple(found), unread=tuple(unread))


def told_places(hints: Sequence[HeaderHint]) -> list[str]:
    """Where it stands, for people: pictures first, and what several pages say once."""
    ordered = sorted(hints, key=lambda hint: names_somebody(hint))
    return [*dict.fromkeys(OF_PAGE.sub("", hint.place)[:60] for hint in ordered)][:PLACES]


def _some(words: list[str]) -> str:
    more = len(words) - TOLD
    return ", ".join(words[:TOLD]) + (f" and {more:,} more" if more > 0 else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """What was found in a slide's header, and what of it is still in the copy; ``left`` is ``found`` without one."""

    found: tuple[HeaderHint, ...]
    left: tuple[HeaderHint, ...]


def deidentify(slide: Path, out: Path | None = None) -> Deidentified:
    """Look at a slide's header; write a copy without what can be taken out.

    Parameters
    ----------
    slide : Path
        Stays as it is.
    out : Path, optional
        The copy, whole or not at all; none is written without.

    Raises
    ------
    SlideError
        If the slide cannot be read, or something of what was found cannot be taken out: then no copy is written.
    InputError
        If ``out`` is there already: it may be somebody's slide.
    """
    found = header_hints(slide)
    if out is None:
        return Deidentified(found=found, left=found)
    if out.exists():
        raise InputError(f"{out} is there already.", hint="Name a new file.")
    refuse_to_leave(slide, found)
    with new_file(out, mode=0o600) as copy:
        named = copy.with_name(copy.name + slide.suffix)  # OpenSlide looks at names too
        try:
            shutil.copyfile(slide, named)
            strip(named)
            named.replace(copy)
        finally:
            named.unlink(missing_ok=True)
    return Deidentified(found=found, left=())
