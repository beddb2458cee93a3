"""Do a slide's header texts say who the patient is? Told before anything is done with it, taken out where it can be.

Scanners write what an operator typed: names, dates of birth, accession numbers, barcodes, in TIFF tags
(``ImageDescription`` as ``key = value | ...`` or XML), in DICOM attributes, in a picture's comments; and beside the
tissue they keep pictures of the label and of the whole glass. A check and no proof: it knows what such fields are
mostly called. No value is ever part of what is told, and label pictures are found by their names, never opened.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import openslide
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.base import DAMAGED
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE

# Whole words of a field's name. A file's name or a scan's date are none of them: every slide has those.
PERSON = re.compile(
    r"\b(patient|surname|last ?name|first ?name|given ?name|full ?name|birth ?date|date of birth|birthday|dob|"
    r"accession|mrn|medical record|ssn|social security|bar ?code\w*|label text|physician|address|phone|e ?mail|"
    r"nachname|vorname|geburtsdatum|姓名|出生日期|身份证|住院号|病历号)\b"
)
VALUE = re.compile(r"[^\s@=]+@[^\s@=]+\.[a-z]{2,}|\b[A-Z][A-Za-z'-]+\^[A-Z][A-Za-z'-]+", re.IGNORECASE)
NAME = re.compile(r"[A-ZÄÖÜÉ][\w'-]+, ?[A-ZÄÖÜÉ][\w'. -]+")  # a whole value, as "Miller, Anna"
FIELD = re.compile(r"([A-Za-z一-鿿][\w .-]{0,60}?)\s*[=:]\s*([^|\r\n;]*)")
XML_FIELD = re.compile(r"<(?:\w+:)?([A-Za-z][\w.-]*)(?:\s[^<>]*)?>([^<>]+)<|\b([A-Za-z][\w.-]*)\s*=\s*\"([^\"]*)\"")
NOTHING = frozenset({"", "none", "unknown", "n/a", "na", "anonymous", "anonymized", "anonymised", "removed", "-"})
PICTURES = frozenset({"label", "macro"})
DICOM_TAGS = ("PatientName", "PatientID", "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers",
              "OtherPatientIDs", "AccessionNumber", "ReferringPhysicianName", "OperatorsName", "BarcodeValue",
              "LabelText")  # fmt: skip
ASCII, XMP = 2, 700
BLANK = b"x"
TEXT_LIMIT = 1 << 20  # bytes of one text that are looked at
STRIPPED_FROM = frozenset({"aperio"})  # whose label pictures are pages of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderHint:
    """Something in a slide that may say who the patient is: where it stands, and whether ``strip`` can take it out."""

    place: str
    can_strip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Bytes of a file that may name somebody."""

    place: str
    start: int
    size: int


def header_hints(path: Path) -> tuple[HeaderHint, ...]:
    """What in a slide's header may say who the patient is.

    Raises
    ------
    SlideError
        If the file cannot be read.
    """
    try:
        vendor, is_tiff = openslide.OpenSlide.detect_format(path) or "", _is_tiff(path)
        found = {span.place: True for span in _spans(path)} if is_tiff else {}
        if vendor == "dicom":
            found |= dict.fromkeys(_dicom_places(path), False)
        elif vendor:
            with openslide.OpenSlide(path) as slide:
                texts = {} if is_tiff else {key: slide.properties.get(key, "") for key in slide.properties}
                told = [key for key, value in texts.items() if _names_somebody(key, value)]
                pictures = PICTURES & set(slide.associated_images)
            found |= dict.fromkeys(told, False)
            found |= dict.fromkeys((f"{name} picture" for name in sorted(pictures)), vendor in STRIPPED_FROM)
        elif not is_tiff:
            found |= dict.fromkeys(_picture_places(path), False)
    except (openslide.OpenSlideError, struct.error, SyntaxError, *WHAT_DAMAGED_TAGS_RAISE) as error:
        raise SlideError(f"{path.name} cannot be read ({type(error).__name__}).", hint=DAMAGED) from error
    return tuple(HeaderHint(place=place, can_strip=can) for place, can in found.items())


def strip(path: Path) -> None:
    """Overwrite, in place, what ``header_hints`` found and can take out; pixels of the tissue are not touched.

    Raises
    ------
    SlideError
        If the file cannot be read or written.
    """
    try:
        vendor = openslide.OpenSlide.detect_format(path) or ""
        spans = list(_spans(path)) if _is_tiff(path) else []
        with path.open("r+b") as file:
            for span in spans:
                file.seek(span.start)
                file.write(BLANK * span.size)
            for start, data in _picture_writes(path) if vendor in STRIPPED_FROM else ():
                file.seek(start)
                file.write(data)
    except (openslide.OpenSlideError, struct.error, *WHAT_DAMAGED_TAGS_RAISE) as error:
        raise SlideError(f"{path.name} cannot be changed ({type(error).__name__}).", hint=DAMAGED) from error


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _spans(path: Path) -> Iterator[_Span]:
    """Values in the text tags of a TIFF file that may name somebody."""
    import tifffile  # slow to import

    with tifffile.TiffFile(path) as file, path.open("rb") as raw:
        for number, page in enumerate(file.pages):
            for tag in getattr(page, "tags", ()):
                if int(tag.dtype) != ASCII and tag.code != XMP:
                    continue
                raw.seek(tag.valueoffset)
                text = raw.read(min(int(tag.count), TEXT_LIMIT))
                where = tag.name if number == 0 else f"{tag.name} of page {number + 1}"
                for name, start, size in _fields(text.decode("latin-1")):
                    yield _Span(place=f"{where}: {name}" if name else where, start=tag.valueoffset + start, size=size)


def _fields(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, start and length of each value in a text that may name somebody; latin-1, so that places are bytes."""
    seen: set[tuple[int, int]] = set()
    is_xml = "<" in text and ">" in text
    for found in (XML_FIELD if is_xml else FIELD).finditer(text):
        group = 2 if found.group(1) is not None else 4
        name, value = _as_utf8(found.group(group - 1)), found.group(group).rstrip("\0 ")
        if _names_somebody(name, _as_utf8(value)):
            seen.add((found.start(group), len(value)))
            yield " ".join(name.split()), found.start(group), len(value)
    for found in VALUE.finditer(text):
        if not any(start <= found.start() < start + size for start, size in seen):
            yield "", found.start(), found.end() - found.start()


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", errors="replace")


def _names_somebody(name: str, value: str) -> bool:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rpartition(".")[2])
    words = re.sub(r"[\W_]+", " ", parted).strip().lower()
    plain = value.strip().strip("x")  # what was overwritten before names nobody
    names = PERSON.search(words) or VALUE.search(value) or NAME.fullmatch(plain)
    return plain.lower() not in NOTHING and names is not None


def _dicom_places(path: Path) -> list[str]:
    from pydicom import dcmread

    head = dcmread(path, stop_before_pixels=True, specific_tags=list(DICOM_TAGS))
    return [name for name in DICOM_TAGS if str(head.get(name, "") or "").strip().lower() not in NOTHING]


def _picture_places(path: Path) -> list[str]:
    """Texts of a PNG or JPEG picture."""
    with Image.open(path, formats=("PNG", "JPEG")) as image:
        texts: Mapping[str, object] = {str(key): value for key, value in image.info.items()} | {
            f"EXIF {code}": value for code, value in image.getexif().items()
        }
        plain = {key: value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
                 for key, value in texts.items() if key not in ("icc_profile", "exif")}  # fmt: skip
    return [key for key, value in plain.items()
            if isinstance(value, str) and (_names_somebody(key, value) or any(_fields_of(value)))]  # fmt: skip


def _fields_of(text: str) -> Iterator[tuple[str, int, int]]:
    return _fields(text.encode("utf-8", errors="replace").decode("latin-1"))


def _picture_writes(path: Path) -> Iterator[tuple[int, bytes]]:
    """What to write where, so that pages of label and macro are taken out of the chain and their pixels are gone."""
    import tifffile  # slow to import

    with tifffile.TiffFile(path) as file:
        width, order = (8 if file.is_bigtiff else 4), _order(file.byteorder)
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
        ends = [_end_of_tags(path, page.offset, order=order, big=file.is_bigtiff) for page in pages]
        kept = [number for number, page in enumerate(pages) if not _is_label(page)]
        for number, page in enumerate(pages):
            if number not in kept:
                for start, size in zip(page.dataoffsets, page.databytecounts, strict=True):
                    yield start, bytes(min(size, path.stat().st_size))
        for one, after in zip(kept, [*kept[1:], None], strict=True):
            target = 0 if after is None else pages[after].offset
            if after != one + 1:
                yield ends[one], target.to_bytes(width, order)


def _order(mark: str) -> Literal["little", "big"]:
    return "little" if mark == "<" else "big"


def _end_of_tags(path: Path, start: int, *, order: Literal["little", "big"], big: bool) -> int:
    """Where the pointer to the next page stands."""
    head, entry = (8, 20) if big else (2, 12)
    with path.open("rb") as file:
        file.seek(start)
        return start + head + entry * int.from_bytes(file.read(head), order)


def _is_label(page: object) -> bool:
    """As Aperio marks them: a page of strips whose description says so, or whose kind is that of a label or macro."""
    words = str(getattr(page, "description", "")).lower()
    strips = not getattr(page, "is_tiled", True)
    named = any(f"\n{name} " in words for name in PICTURES)
    return strips and (named or int(getattr(page, "subfiletype", 0)) in (1, 9))
