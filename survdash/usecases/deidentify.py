"""A slide whose header says who the patient is: what is told of it, and a copy without."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from survdash.errors import InputError
from survdash.slide.header_texts import HeaderHint, header_hints, strip
from survdash.store import new_file


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
        If the slide cannot be read.
    InputError
        If ``out`` is there already: it may be somebody's slide.
    """
    found = header_hints(slide)
    if out is None:
        return Deidentified(found=found, left=found)
    if out.exists():
        raise InputError(f"{out} is there already.", hint="Name a new file.")
    with new_file(out, mode=0o600) as copy:
        named = copy.with_name(copy.name + slide.suffix)  # OpenSlide looks at names too
        try:
            shutil.copyfile(slide, named)
            strip(named)
            left = header_hints(named)
            named.replace(copy)
        finally:
            named.unlink(missing_ok=True)
    return Deidentified(found=found, left=left)
