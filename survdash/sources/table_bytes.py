"""The bytes of a table on disk: within the size limit, out of their archive, and in which encoding.

What a file claims to be is not believed: its first bytes decide. Size limits hold for what is unpacked, so an archive
that unpacks to much more than it weighs is stopped at the limit.

The rule of encodings. A byte-order mark decides. Without one the bytes must be UTF-8, or, where the caller allows it,
plainly Western European (Windows-1252, which holds every letter of Latin-1): letters with accents, at most two in a
row, and two only beside a plain letter, as in "Größe". Chinese, Cyrillic and other old encodings break that rule, and
none of them can be told from another for sure: the user is asked.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path

from survdash.errors import InputError
from survdash.settings import settings

# The marks that Excel and others put before text; that of UTF-16 begins that of UTF-32.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)
WESTERN = "cp1252"
# Letters and signs of Western European languages in Windows-1252; bytes beside these are another encoding's.
_WESTERN_SIGNS = "ÄÖÜßäöüàâáãåæçèéêëìíîïñòóôõøùúûýÿÀÂÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØÙÚÛÝœŒ°µ§²³–—’‘“”„…\xa0€±·"
_WESTERN_RUN = re.compile(rb"[\x80-\xff]+")
_PLAIN_LETTER = re.compile(rb"[A-Za-z]")
ARCHIVE_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError, struct.error,
    ValueError, OverflowError, IndexError,
)

# Three values of each of 60,660 genes are 182,000 columns; the largest cohorts have some ten thousand slides.
MOST_COLUMNS, MOST_LINES = 250_000, 2_000_000
TOO_LARGE = "Keep the columns you need, or ask whoever runs the server to raise SURVDASH_MAX_TABLE_MB."


def read_packed(path: Path, *, error: type[InputError]) -> tuple[bytes, str]:
    """The bytes of a file and their SHA-256; one above the limit is refused before it is read.

    Raises
    ------
    InputError
        As ``error``: the file is absent, cannot be read, or is larger than ``SURVDASH_MAX_TABLE_MB``.
    """
    if not path.is_file():
        raise error(f"There is no file {path.name!r}.", hint="Check the path.")
    if path.stat().st_size > size_limit():
        raise error(
            f"{path.name} has {path.stat().st_size / 1e6:,.0f} MB and is larger than {settings().max_table_mb:g} MB, "
            "the most that a table may have.", hint=TOO_LARGE,
        )  # fmt: skip
    try:
        packed = path.read_bytes()
    except OSError as fault:
        raise error(f"{path.name} cannot be read: {fault.strerror}.", hint="Check its permissions.") from fault
    return packed, hashlib.sha256(packed).hexdigest()


def size_limit() -> int:
    """Bytes that a table may have when unpacked."""
    return int(settings().max_table_mb * 1e6)


def too_large(name: str, error: type[InputError]) -> InputError:
    """What is said of a table above the limit."""
    return error(
        f"{name} is larger than {settings().max_table_mb:g} MB when unpacked.",
        hint=TOO_LARGE,
    )


def check_shape(columns: int, lines: int, name: str, *, error: type[InputError]) -> None:
    """Refuse a table whose cells alone would fill the memory, though its bytes are few: a line of commas, say.

    Raises
    ------
    InputError
        As ``error``: it has more than ``MOST_COLUMNS`` or ``MOST_LINES``.
    """
    for count, most, what in ((columns, MOST_COLUMNS, "columns"), (lines, MOST_LINES, "lines")):
        if count > most:
            raise error(f"{name} has {count:,} {what}; a table may have {most:,}.",
                        hint="Is it the right file, and the right delimiter?")


def is_workbook(packed: bytes) -> bool:
    """Whether these are the bytes of an Excel workbook (XLSX), whatever the file is called."""
    if not packed.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except ARCHIVE_FAULTS:
        return False


def unpack(packed: bytes, name: str, *, error: type[InputError]) -> bytes:
    """The one table in a zip or gz archive; other bytes as they are.

    Raises
    ------
    InputError
        As ``error``: the archive is damaged, protected, of several files, or unpacks to more than the limit.
    """
    if not packed.startswith((b"PK", b"\x1f\x8b")):
        return packed
    limit = size_limit()
    try:
        if packed.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(packed)) as file:
                content = file.read(limit + 1)
        else:
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX")]
                if len(members) != 1:
                    raise error(f"{name} holds {len(members)} files; one table is expected.", hint="Unpack it first.")
                with archive.open(members[0]) as member:
                    content = member.read(limit + 1)
    except InputError:
        raise
    except ARCHIVE_FAULTS as fault:
        raise error(f"{name} is a damaged or protected archive: {str(fault)[:80]}.", hint="Unpack it first.") from fault
    if len(content) > limit:
        raise too_large(name, error)
    return content


def decode(
    content: bytes, name: str, *, error: type[InputError], encoding: str | None = None, western: bool = False
) -> tuple[str, str]:
    """The text of a table, with plain line ends, and the encoding it was in.

    Parameters
    ----------
    content : bytes
    name : str
        The file's name, for messages.
    error : type
    encoding : str, optional
        What the user says; by default the rule at the head of this module.
    western : bool
        Whether Windows-1252 may be taken where the rule allows it.

    Returns
    -------
    text, encoding : str

    Raises
    ------
    InputError
        As ``error``: a Git-LFS pointer, an empty or binary file, an encoding that cannot be told or does not fit.
    """
    if content.startswith(b"version https://git-lfs"):
        raise error(f"{name} is a Git-LFS pointer, not the table itself.", hint="Fetch it with 'git lfs pull'.")
    marked = next((kind for mark, kind in MARKS if content.startswith(mark)), None)
    chosen = marked or _known(encoding, name, error) or "utf-8"
    try:
        decoded = content.decode(chosen)
    except UnicodeDecodeError as fault:
        if encoding is None and western and marked is None and is_western(content):
            decoded, chosen = content.decode(WESTERN), WESTERN
        else:
            raise _undecoded(content, name, chosen, line=content.count(b"\n", 0, fault.start) + 1,
                             error=error, western=western) from fault  # fmt: skip
    if not decoded.strip():
        raise error(f"{name} is empty.", hint="Choose the file that holds the table.")
    if "\0" in decoded:
        raise _binary(name, error)
    return decoded.replace("\r\n", "\n").replace("\r", "\n"), chosen.removesuffix("-sig")


def is_western(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 are plainly Western European text (the rule at the head of this module)."""
    if b"\0" in content:
        return False
    signs = frozenset(_WESTERN_SIGNS.encode(WESTERN))
    for run in _WESTERN_RUN.finditer(content):
        if len(run[0]) > 2 or not signs.issuperset(run[0]):
            return False
        beside = content[max(run.start() - 1, 0):run.start()] + content[run.end():run.end() + 1]
        if len(run[0]) == 2 and not _PLAIN_LETTER.search(beside):
            return False
    return True


def _known(encoding: str | None, name: str, error: type[InputError]) -> str | None:
    if encoding is None:
        return None
    try:
        found = codecs.lookup(encoding)
        b"a".decode(encoding, errors="ignore")  # a codec that is no text encoding (base64) is refused here
    except (LookupError, ValueError) as fault:
        raise error(
            f"{name}: there is no text encoding {encoding[:40]!r}.", hint="Use for instance utf-8, cp1252 or gb18030."
        ) from fault
    return found.name


def _undecoded(
    content: bytes, name: str, encoding: str, *, line: int, error: type[InputError], western: bool
) -> InputError:
    kind = encoding.removesuffix("-sig").upper()
    if b"\0" in content and kind == "UTF-8":
        return _binary(name, error)
    stated = "State encoding in the mapping (for instance cp1252, gb18030, cp1251, shift_jis), or save it as UTF-8."
    return error(
        f"{name} is not {kind}: line {line} is in another encoding.", hint=stated if western else "Save it as UTF-8."
    )


def _binary(name: str, error: type[InputError]) -> InputError:
    return error(
        f"{name} is not a text table: it holds binary data, or text in another encoding.",
        hint="Give XLSX, or CSV or TSV; save it as UTF-8.",
    )
