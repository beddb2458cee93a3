"""The pictures of label and whole glass inside of a TIFF slide: where their pixels lie, and how they are taken out.

Every scanner marks them in its own way: Aperio and plain TIFF by a page's description or kind, Hamamatsu by a lens of
-1, Ventana by a description, Leica and OME-TIFF in the XML of the first page. Other kinds are not known here and
nothing is taken out of them. No picture is ever decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survdash.errors import SlideError

if TYPE_CHECKING:
    import tifffile

TEXT_LIMIT = 1 << 20  # letters of XML that are looked at
CHUNK = 1 << 20
WORDS = re.compile(r"\b(label|macro|overview)\b", re.IGNORECASE)
TAG = re.compile(r"<(?:\w{1,40}:)?(\w{1,40})(\s[^<>]*)?>")
ATTRIBUTE = re.compile(r"\b(\w{1,40})\s?=\s?(?:\"([^\"]*)\"|'([^']*)')")
NDPI_FORMAT, NDPI_LENS, MACRO_LENS = 65420, 65421, -1.0
REDUCED_MASK = 9  # NewSubfileType of Aperio's macro
HINT = "Have the scanner's program export it without them, or keep the slide where it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassPicture:
    """A picture of the label or the whole glass: its page, and start and size of each piece of its pixels."""

    name: str
    page: int
    pieces: tuple[tuple[int, int], ...]


def glass_pictures(file: tifffile.TiffFile, vendor: str) -> list[GlassPicture]:
    """Those of a TIFF file; ``vendor`` as OpenSlide names it, "" where it knows none."""
    pages = list(file.pages)
    found = _named_pages(pages, vendor)
    return [
        GlassPicture(name=name, page=number, pieces=tuple(_pieces(pages[number])))
        for number, name in sorted(found.items())
        if 0 <= number < len(pages)
    ]


def has_pixels(path: Path, picture: GlassPicture) -> bool:
    """Whether something is left of it: what was taken out is all zeros."""
    with path.open("rb") as raw:
        for start, size in picture.pieces:
            raw.seek(start)
            while size > 0 and (chunk := raw.read(min(CHUNK, size))):
                if chunk.strip(b"\0"):
                    return True
                size -= len(chunk)
    return False


def removals(file: tifffile.TiffFile, path: Path, vendor: str) -> Iterator[tuple[int, int, bytes]]:
    """What to write so that they are gone: where, how many zeros, and bytes where they are others.

    The pages of most kinds leave the chain of pages too; where a text counts pages (Leica, Ventana, OME-TIFF) they stay
    in it, without pixels.

    Raises
    ------
    SlideError
        If pixels lie beyond the file, or belong to the tissue too.
    """
    pages, pictures = list(file.pages), glass_pictures(file, vendor)
    doomed = {picture.page for picture in pictures}
    pieces = [piece for picture in pictures for piece in picture.pieces]
    kept = {start for number, page in enumerate(pages) if number not in doomed for start, _ in _pieces(page)}
    file_bytes = path.stat().st_size
    if any(start + size > file_bytes or start in kept for start, size in pieces):
        raise SlideError(f"{path.name}: its label picture lies beyond the file, or within the tissue.", hint=HINT)
    for start, size in pieces:
        yield start, size, b""
    if not _pages_are_counted(pages[0], vendor):
        yield from _without(file, path, [number for number in range(len(pages)) if number not in doomed])


def _named_pages(pages: list[Any], vendor: str) -> dict[int, str]:
    """Number and name of each page that shows label or glass."""
    first = str(getattr(pages[0], "description", ""))[:TEXT_LIMIT] if pages else ""
    if first.rstrip().endswith("OME>"):
        return dict(_of_ome(first))
    match vendor:
        case "leica":
            return dict(_of_leica(first))
        case "ventana":
            return {number: "macro" for number, page in enumerate(pages)
                    if page.description.strip() in ("Label Image", "Label_Image")}  # fmt: skip
        case "hamamatsu":
            return {number: "macro" for number, page in enumerate(pages) if _lens(page) == MACRO_LENS}
        case "aperio":
            return {number: name for number, page in enumerate(pages) if (name := _of_aperio(page))}
        case "" | "generic-tiff":
            return {number: name for number, page in enumerate(pages) if number and (name := _of_plain(page))}
    return {}


def _of_aperio(page: Any) -> str:
    """As Aperio marks them: a page of strips whose description says so, or whose kind is that of a label or macro."""
    if page.is_tiled:
        return ""
    words = page.description.lower()
    named = next((name for name in ("label", "macro") if f"\n{name} " in words), "")
    return named or {1: "label", REDUCED_MASK: "macro"}.get(int(page.subfiletype), "")


def _of_plain(page: Any) -> str:
    named = WORDS.search(page.description[:200].partition("\n")[0])
    if named is not None:
        return _name(named[0])
    return "macro" if int(page.subfiletype) == REDUCED_MASK else ""


def _name(words: str) -> str:
    return "label" if "label" in words.lower() else "macro"


def _lens(page: Any) -> float:
    tags = page.tags
    return float(tags[NDPI_LENS].value) if NDPI_FORMAT in tags and NDPI_LENS in tags else 0.0


def _of_ome(text: str) -> Iterator[tuple[int, str]]:
    """Pages of images that are called so; one that does not say which pages are its own is not found."""
    name = ""
    for tag, facts in _tags(text):
        if tag == "Image":
            called = WORDS.search(facts.get("Name", ""))
            name = _name(called[0]) if called is not None else ""
        elif tag == "TiffData" and name and facts.get("IFD", "").isdigit():
            start, count = int(facts["IFD"]), facts.get("PlaneCount", "1")
            for number in range(start, start + min(int(count) if count.isdigit() else 1, 64)):
                yield number, name


def _of_leica(text: str) -> Iterator[tuple[int, str]]:
    """Pages of the image that shows the whole glass, as OpenSlide takes it, and of what is said to be beside."""
    whole: dict[str, str] = {}
    numbers: list[str] = []
    for tag, facts in _tags(text):
        if tag == "collection":
            whole = facts
        elif tag == "image":
            numbers = []
        elif tag == "dimension":
            numbers.append(facts.get("ifd", ""))
        elif tag == "view":
            sides = all(facts.get(side) == whole.get(side) is not None for side in ("sizeX", "sizeY"))
            if sides and {facts.get("offsetX"), facts.get("offsetY")} == {"0"}:
                yield from ((int(number), "macro") for number in numbers if number.isdigit())
        elif tag == "supplementalImage" and facts.get("ifd", "").isdigit():
            yield int(facts["ifd"]), _name(facts.get("type", ""))


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for tag in TAG.finditer(text):
        yield tag[1], {name: one or other for name, one, other in ATTRIBUTE.findall(tag[2] or "")}


def _pieces(page: Any) -> Iterator[tuple[int, int]]:
    """Start and size of what holds a page's pixels, and those of the smaller copies below it."""
    yield from ((start, size) for start, size in zip(page.dataoffsets, page.databytecounts, strict=True) if size)
    for below in page.pages or () if page.subifds else ():
        yield from zip(below.dataoffsets, below.databytecounts, strict=True)


def _pages_are_counted(first: Any, vendor: str) -> bool:
    return vendor in ("leica", "ventana") or first.description.rstrip().endswith("OME>")


def _without(file: tifffile.TiffFile, path: Path, kept: list[int]) -> Iterator[tuple[int, int, bytes]]:
    """Let the chain of pages pass over those that are not kept; the first always is."""
    order, kind = "little" if file.byteorder == "<" else "big", file.tiff
    for one, after in zip(kept, [*kept[1:], None], strict=True):
        if after != one + 1:
            start = file.pages[one].offset
            with path.open("rb") as raw:
                raw.seek(start)
                entries = int.from_bytes(raw.read(kind.tagnosize), order)  # type: ignore[arg-type]
            target = 0 if after is None else file.pages[after].offset
            pointer = target.to_bytes(kind.offsetsize, order)  # type: ignore[arg-type]
            yield start + kind.tagnosize + kind.tagsize * entries, 0, pointer
