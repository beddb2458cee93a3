"""Texts that the depths write in English and a page tells in its reader's language, read from the syntax tree.

``python -m tests.told_texts`` brings the catalogues ``survdash/languages/messages/*.po`` up to date with them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.architecture_rules import BUILTIN_ERRORS, COMMANDS, Source, read_sources
from tests.conftest import REPOSITORY
from tests.interface_texts import MARKS, PLACE, PROSE, ROOMS

# What no page shows: commands, and what only they run; training's own arguments; tables of words that are looked for.
OUT_OF_SIGHT = {
    *(f"survdash/{name}.py" for name in (*COMMANDS, "console", "dask_client", "language", "retelling", "settings",
                                         "spread")),
    "survdash/nets/baselines/", "survdash/nets/explanation.py", "survdash/nets/fusion.py", "survdash/nets/presence.py",
    "survdash/simulation/", "survdash/figures/", "survdash/features/cluster.py",
    "survdash/features/many.py", "survdash/features/engine.py",
    "survdash/explanation/shapley.py", "survdash/hdf5_probe.py", "survdash/sources/clinical_words.py",
    *(f"survdash/training/{name}.py" for name in ("checkpoint", "crossval", "data", "discretise", "fold_model",
                                                  "gene_prior", "loop", "network", "recipe")),
    *(f"survdash/usecases/{name}.py" for name in ("backup", "doctor", "evidence", "evidence_run", "kept_training",
                                                  "many_runs", "prior", "reproduction", "tripod", "verify")),
}  # fmt: skip
SPEAKERS = (*ROOMS, "report")  # what they show they say by ``tr``, but for their errors
ERROR = re.compile(r"[A-Z]\w*Error|Cancelled")
QUIET = {"getLogger", "compile", "add_argument", "add_parser", "search", "match", "sub", "get", "encode", "replace"}
# Literals that are no words for people: code, patterns, fonts, months and missing values as tables spell them, the
# log's lines, citations.
CODE = re.compile(r"^\W*(?:<|https?:|python -m|pip install|[\w.-]+/[\w./-]+$)|\\n|\.\*|%[sd]|\(\?|sans-serif|DejaVu|"
                  r"^outside |"
                  r"offset points|^\[Not |^(?:jan|feb|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dec)\w* [a-zäéû]{3}|"
                  r"[;:]\d+[-:]\d+|BMJ Open 20|^Gene Symbol$|^gene symbol$|^locus id$|Gene Expression Quant|"
                  r"^Slide Image$|^Diagnostic Slide$|lymph nodes|^# |^not (?:reported|applicable|allowed to)|"
                  r"^Not Reported|^ and no $|^/|^held out$|^\\[bt]")
# Too few words of their own for the reader of sources to know them for texts: who is left out of an import, and why.
ALSO = ("{names} case: {why} ({name_some})", "{names} cases: {why} ({name_some})")


@dataclass(frozen=True, slots=True)
class Told:
    """One text with its places, ``{name}``; ``either`` are those that hold one of a few words of the code's."""

    path: str
    line: int
    text: str


def told_texts(sources: Sequence[Source]) -> list[Told]:
    """Every text of an error, note or warning that a page may show, in the order of the files."""
    found = []
    for source in sources:
        if in_the_dark(source.path):
            continue
        finder = _Finder(errors_only=source.room in SPEAKERS)
        finder.visit(source.tree)
        found += [Told(source.path, line, text) for line, text in finder.found]
    return found


def all_told(sources: Sequence[Source]) -> list[Told]:
    """What ``told_texts`` finds, and what it cannot."""
    return [*told_texts(sources), *(Told("tests/told_texts.py", 0, text) for text in ALSO)]


def in_the_dark(path: str) -> bool:
    """Whether a file's texts are never on a page."""
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in OUT_OF_SIGHT)


def template_of(node: ast.AST) -> str | None:
    """A literal or f-string as a template; places are named as their values are."""
    parts = list(_parts(node))
    if not parts or not any(isinstance(one, str) for one in parts):
        return None
    text, used = "", {}
    for one in parts:
        if isinstance(one, str):
            text += one.replace("{", "{{").replace("}", "}}")
        else:
            name = _name(one)
            used[name] = used.get(name, 0) + 1
            text += "{" + (name if used[name] == 1 else f"{name}_{used[name]}") + "}"
    return text.replace("{{", "{").replace("}}", "}") if not used else text


def _parts(node: ast.AST) -> Iterator[str | ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from (part.value for part in node.values)  # type: ignore[attr-defined,misc]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for side in (node.left, node.right):
            inner = list(_parts(side))
            yield from inner if inner else [side]


def _name(node: ast.AST) -> str:
    """What a place is called: by the last name of its value, ``either`` for one of a few words."""
    if _words(node):
        return "either"
    if isinstance(node, ast.Attribute):
        return node.attr.strip("_").lower()
    inner = [one for one in ast.walk(node) if isinstance(one, (ast.Name, ast.Attribute))]
    names = [one.attr if isinstance(one, ast.Attribute) else one.id for one in inner]
    return next((name.strip("_").lower() for name in names if name not in ("join", "len", "str", "sorted")), "value")


def _words(node: ast.AST) -> list[str]:
    """The words between which a value chooses."""
    if isinstance(node, ast.IfExp):
        both = [node.body, node.orelse]
        if all((isinstance(one, ast.Constant) and isinstance(one.value, str)) or _words(one) for one in both):
            return [word for one in both for word in (_words(one) or [one.value])]  # type: ignore[attr-defined]
    return []


class _Finder(ast.NodeVisitor):
    def __init__(self, *, errors_only: bool) -> None:
        self.found: list[tuple[int, str]] = []
        self.errors_only = errors_only

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in (*QUIET, *MARKS) or (isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "LOG"):
            return
        if name in BUILTIN_ERRORS:  # tells programmers, not people
            return
        if ERROR.fullmatch(name):
            for said in [*node.args[:1], *(word.value for word in node.keywords if word.arg == "hint")]:
                self._error(said)
            return
        self.generic_visit(node)

    def _error(self, node: ast.AST) -> None:
        text = template_of(node)
        if text is not None:
            self._keep(node, text)
        elif isinstance(node, ast.IfExp):
            self._error(node.body)
            self._error(node.orelse)
        else:
            self.visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        return

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._literal(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if template_of(node) is None:
            self.generic_visit(node)
        else:
            self._literal(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._literal(node)

    def _literal(self, node: ast.AST) -> None:
        text = template_of(node)
        if text is None or self.errors_only or CODE.search(text):
            return
        bare = PLACE.sub(" ", text)
        spread = isinstance(node, ast.JoinedStr) and len(re.findall(r"(?<![\w.-])[a-z]{2,}(?![\w=(-])", bare)) > 1
        if spread or PROSE.search(bare) or PROSE.search(text):
            self._keep(node, text)
        elif isinstance(node, ast.JoinedStr):
            self._inner(node)

    def _keep(self, node: ast.AST, text: str) -> None:
        if re.search("[A-Za-z]{2}", re.sub(r"\{\w*\}", "", text)):
            self.found.append((node.lineno, text))  # type: ignore[attr-defined]
        self._inner(node)

    def _inner(self, node: ast.AST) -> None:
        for part in _parts(node):
            if isinstance(part, str):
                continue
            for word in (one.strip(" ;,") for one in _words(part)):
                if re.search("[A-Za-z]{2}", word):
                    self.found.append((part.lineno, word))  # type: ignore[attr-defined]
            if not _words(part):
                self.visit(part)


def _update(name: str) -> None:
    """Give the catalogue every text that is said, and take from it what nobody says any more."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po, write_po

    path = REPOSITORY / "survdash" / "languages" / "messages" / f"{name}.po"
    old = {}
    if path.exists():
        with path.open("rb") as file:
            old = {one.id: one.string for one in read_po(file) if one.id}
    new = Catalog(locale=name)
    for one in all_told(read_sources(REPOSITORY)):
        new.add(one.text, old.get(one.text, ""))
    with path.open("wb") as file:
        write_po(file, new, width=116, omit_header=True)


if __name__ == "__main__":
    for language in sys.argv[1:] or ["zh"]:
        _update(language)
