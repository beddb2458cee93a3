"""Do a slide's header texts say who the patient is? Told before anything is done with it, taken out where it can be.

Scanners write what an operator typed: names, dates of birth, accession numbers, barcodes, in TIFF tags
(``ImageDescription`` as ``key = value | ...`` or XML), in DICOM attributes, in a picture's comments; and beside the
tissue they keep pictures of the label and of the whole glass (``glass_pictures``). A check and no proof: it knows what
such fields are mostly called. No value is ever part of what is told, and no label picture is ever opened.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import openslide
from PIL import Image

from survdash.errors import SlideError
from survdash.slide.base import DAMAGED
from survdash.slide.companions import DicomFile
from survdash.slide.glass_pictures import HINT, glass_pictures, has_pixels, removals
from survdash.slide.tiff_file import WHAT_DAMAGED_TAGS_RAISE, open_tiff

# Whole words of a field's name. A file's name or a scan's date are none of them: every slide has those.
PERSON = re.compile(
    r"\b(patient|surname|last ?name|first ?name|given ?name|full ?name|birth ?date|date of birth|birthday|dob|"
    r"accession|mrn|medical record|ssn|social security|bar ?code\w*|label text|physician|address|phone|e ?mail|"
    r"nachname|vorname|geburtsdatum|姓名|出生日期|身份证|住院号|病历号)\b"
)
# Every repeat that could begin at each letter has an end: a header of a megabyte must not take minutes.
VALUE = re.compile(
    r"[^\s@=]{1,64}@[^\s@=]{1,64}\.[a-z]{2,}|\b[A-Z][A-Za-z'-]{1,63}\^[A-Z][A-Za-z'-]{1,63}", re.IGNORECASE
)
NAME = re.compile(r"[A-ZÄÖÜÉ][\w'-]+, ?[A-ZÄÖÜÉ][\w'. -]+")  # a whole value, as "Miller, Anna"
FIELD = re.compile(r"([A-Za-z一-鿿][\w .-]{0,60}?)\s{0,9}[=:]\s{0,9}([^|\r\n;]*)")
XML_FIELD = re.compile(
    r"<(?:\w{1,40}:)?([A-Za-z][\w.-]{0,60})(\s[^<>]*)?>([^<>]+)<|\b([A-Za-z][\w.-]{0,60})\s{0,9}=\s{0,9}\"([^\"]*)\""
)
OWN_NAME = re.compile(r"\bName\s?=\s?\"([^\"]*)\"")  # Philips: <Attribute Name="PIM_DP_UFS_BARCODE">
NOTHING = frozenset({"", "none", "unknown", "n/a", "na", "anonymous", "anonymized", "anonymised", "removed", "-"})
PICTURES = frozenset({"label", "macro"})
DICOM_TAGS = ("PatientName", "PatientID", "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers",
              "OtherPatientIDs", "AccessionNumber", "ReferringPhysicianName", "OperatorsName", "BarcodeValue",
              "LabelText")  # fmt: skip
REMOVED = "PatientIdentityRemoved"
ASCII, XMP = 2, 700
NDPI_FORMAT, NDPI_REFERENCE = 65420, 65427  # the second: what an operator typed, or what was read from the label
BLANK = b"x"
TEXT_LIMIT = 1 << 20  # bytes of one text that are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderHint:
    """Something in a slide that may say who the patient is: where it stands, and whether ``strip`` can take it out."""

    place: str
    can_strip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Bytes of a file that may name somebody; none where a text is too long to be looked at whole."""

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
        found = {span.place: span.size > 0 for span in _spans(path)} if is_tiff else {}
        known, pictures = _pictures_of_tiff(path, vendor) if is_tiff else (set(), [])
        if vendor == "dicom":
            found |= dict.fromkeys(_dicom_places(path), False)
        elif vendor:
            with openslide.OpenSlide(path) as slide:
                texts = {} if is_tiff else {key: slide.properties.get(key, "") for key in slide.properties}
                others = (PICTURES & set(slide.associated_images)) - known
            told = [key for key, value in texts.items() if _names_somebody(key, value)]
            found |= dict.fromkeys([*told, *(_picture(name) for name in sorted(others))], False)
        elif not is_tiff:
            found |= dict.fromkeys(_picture_places(path), False)
        found |= dict.fromkeys((_picture(name) for name in pictures), True)
    except (openslide.OpenSlideError, struct.error, SyntaxError, *WHAT_DAMAGED_TAGS_RAISE) as error:
        raise SlideError(f"{path.name} cannot be read ({type(error).__name__}).", hint=DAMAGED) from error
    return tuple(HeaderHint(place=place, can_strip=can) for place, can in found.items())


def strip(path: Path) -> None:
    """Overwrite, in place, what ``header_hints`` finds; pixels of the tissue are not touched.

    Raises
    ------
    SlideError
        If the file cannot be read or written, or if something would be left: then nothing is changed.
    """
    refuse_to_leave(path, header_hints(path))
    try:
        vendor = openslide.OpenSlide.detect_format(path) or ""
        writes: list[tuple[int, int, bytes]] = []
        if _is_tiff(path):
            writes += [(span.start, 0, BLANK * span.size) for span in _spans(path)]
            with open_tiff(path) as tiff:
                writes += removals(tiff, path, vendor)
        with path.open("r+b") as file:
            for start, zeros, data in writes:
                file.seek(start)
                for done in range(0, zeros, TEXT_LIMIT):
                    file.write(bytes(min(TEXT_LIMIT, zeros - done)))
                file.write(data)
    except SlideError:
        raise
    except (openslide.OpenSlideError, struct.error, *WHAT_DAMAGED_TAGS_RAISE) as error:
        raise SlideError(f"{path.name} cannot be changed ({type(error).__name__}).", hint=DAMAGED) from error
    refuse_to_leave(path, header_hints(path))


def refuse_to_leave(path: Path, hints: Sequence[HeaderHint]) -> None:
    """Raise where some of these cannot be taken out of the file, or could not: half of it is no de-identification.

    Raises
    ------
    SlideError
        If so.
    """
    if stuck := [hint.place for hint in hints if not hint.can_strip]:
        places = ", ".join(stuck[:5])
        raise SlideError(f"This cannot be taken out of {path.name}, so nothing of it was: {places}.", hint=HINT)


def names_somebody(hint: HeaderHint) -> bool:
    """Whether a text says it; a picture of the label only may, and nearly every slide has one."""
    return not hint.place.endswith(" picture")


def _picture(name: str) -> str:
    return f"{name} picture"


def _pictures_of_tiff(path: Path, vendor: str) -> tuple[set[str], list[str]]:
    """Names of the pictures that can be taken out, and of those that were not yet."""
    with open_tiff(path) as file:
        pictures = glass_pictures(file, vendor)
    return {one.name for one in pictures}, sorted({one.name for one in pictures if has_pixels(path, one)})


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _spans(path: Path) -> Iterator[_Span]:
    """Values in the text tags of a TIFF file that may name somebody."""
    with open_tiff(path) as file, path.open("rb") as raw:
        for number, page in enumerate(file.pages):
            tags = getattr(page, "tags", ())
            for tag in tags:
                if int(tag.dtype) != ASCII and tag.code != XMP:
                    continue
                raw.seek(tag.valueoffset)
                text = raw.read(min(int(tag.count), TEXT_LIMIT))
                is_reference = tag.code == NDPI_REFERENCE and NDPI_FORMAT in tags
                called = "Reference" if is_reference else tag.name
                where = called if number == 0 else f"{called} of page {number + 1}"
                if int(tag.count) > TEXT_LIMIT:
                    yield _Span(place=f"{where}: beyond its first {TEXT_LIMIT / 1e6:.0f} MB", start=0, size=0)
                if is_reference:
                    if _plain(text.decode("latin-1").rstrip("\0")).lower() not in NOTHING:
                        yield _Span(place=where, start=tag.valueoffset, size=len(text.rstrip(b"\0")))
                    continue
                for name, start, size in _fields(text.decode("latin-1")):
                    yield _Span(place=f"{where}: {name}" if name else where, start=tag.valueoffset + start, size=size)


def _fields(text: str) -> Iterator[tuple[str, int, int]]:
    """Name, start and length of each value in a text that may name somebody; latin-1, so that places are bytes."""
    seen: list[tuple[int, int]] = []
    is_xml = "<" in text and ">" in text
    for found in (XML_FIELD if is_xml else FIELD).finditer(text):
        own = OWN_NAME.search(found[2] or "") if is_xml and found[1] is not None else None
        group = 2 if not is_xml else 3 if found[1] is not None else 5
        called = own[1] if own is not None else found[1] if group != 5 else found[4]
        name, value = _as_utf8(called), found.group(group).rstrip("\0 ")
        if _names_somebody(name, _as_utf8(value)):
            seen.append((found.start(group), len(value)))
            yield " ".join(name.split()), found.start(group), len(value)
    starts = [start for start, _ in seen]
    for found in VALUE.finditer(text):
        before = bisect_right(starts, found.start()) - 1
        if before < 0 or found.start() >= sum(seen[before]):
            yield "", found.start(), found.end() - found.start()


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", errors="replace")


def _names_somebody(name: str, value: str) -> bool:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rpartition(".")[2])
    words = re.sub(r"[\W_]+", " ", parted).strip().lower()
    plain = _plain(value)
    names = PERSON.search(words) or VALUE.search(value) or NAME.fullmatch(plain)
    return plain.lower() not in NOTHING and names is not None


def _plain(value: str) -> str:
    """Without what was overwritten before, which names nobody."""
    return value.strip().strip("x")


def _dicom_places(path: Path) -> list[str]:
    from pydicom import dcmread

    with DicomFile(path) as file:
        head = dcmread(file, stop_before_pixels=True, specific_tags=[*DICOM_TAGS, REMOVED])
    if str(head.get(REMOVED, "")).strip() == "YES":  # as public collections say; study numbers are left in them
        return []
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

