"""Texts of the interface, read from the syntax tree: which are translated, and which are not even offered for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from tests.architecture_rules import Source

MARKS = ("tr", "later")
ROOMS = ("pages", "ui", "figures")  # what they show to a reader goes through ``tr``
# Calls whose literal words a reader sees, whatever they are called on: ``st``, a column, a figure, an axis.
SHOWS = {
    "title", "header", "subheader", "markdown", "caption", "text", "write", "info", "success", "warning", "error",
    "toast", "badge", "metric", "button", "download_button", "link_button", "page_link", "form_submit_button",
    "checkbox", "toggle", "radio", "selectbox", "multiselect", "segmented_control", "pills", "slider", "select_slider",
    "number_input", "text_input", "text_area", "date_input", "file_uploader", "data_editor", "dataframe", "table",
    "expander", "popover", "tabs", "status", "spinner", "progress", "plotly_chart", "image", "Page", "dialog",
    "feedback",
    "Column", "TextColumn", "NumberColumn", "ProgressColumn", "CheckboxColumn", "SelectboxColumn", "LinkColumn",
    "facts", "show_error", "pick", "show_line", "number_card", "offer",
    "add_scatter", "add_bar", "add_hline", "add_vline", "add_annotation", "add_trace", "add_histogram", "add_shape",
    "Scatter", "Bar", "Heatmap", "Histogram", "update_layout", "update_xaxes", "update_yaxes", "update_traces",
}  # fmt: skip
# Their arguments that no reader reads.
SILENT = {
    "key", "icon", "type", "color", "width", "height", "language", "mime", "file_name", "on_click", "format",
    "label_visibility", "vertical_alignment", "horizontal_alignment", "page", "parameter", "mode", "line", "marker",
    "line_shape", "fill", "fillcolor", "legendgroup", "hoverinfo", "orientation", "textposition", "xaxis_type",
    "tickformat", "gap", "border", "colorscale", "selection_mode", "on_select", "accept_multiple_files", "visibility",
    "query_params", "url_path", "args", "theme", "bind", "xref", "yref", "xanchor", "yanchor", "side", "dash", "symbol",
    "tickmode", "rangemode", "scaleanchor", "autorange", "layer", "barmode", "hovermode", "drops", "config", "stroke",
    "dragmode", "anchor", "annotation_position", "ticksuffix", "locale", "dtick", "legend", "font", "ticks",
    "showticklabels", "place",
}  # fmt: skip
PROSE = re.compile(r"[A-Za-z][a-z]+,? [a-zA-Z]{2,}")  # two words after another are for people
WORD = re.compile(r"[A-Za-z]{2,}")
PLACE = re.compile(r"%?\{[^{}]*\}")
# What stands between words and is none: Markdown's icons and colours, HTML's tags, Plotly's places.
MARKUP = re.compile(r":material/[\w{}]+:|:[\w{}]+(?:-badge)?\[|</?\w+[^>]*>|%?\{[^{}]*\}|https?://\S+|`[^`]*`|&\w+;")
NAMES = {"survdash", "CSV", "JSON", "SVG", "PNG", "PDF", "HTML", "GDC", "cBioPortal", "TCGA", "QuPath", "GeoJSON", "c"}


# Parts of an error's message, which is English: (file, text).
IN_AN_ERROR = {("survdash/ui/arrival.py", "a picture of another kind"), ("survdash/ui/arrival.py", "no slide")}


@dataclass(frozen=True, slots=True)
class Text:
    """One text offered for translation; ``values`` are the names it is given, None where it is only marked."""

    path: str
    line: int
    text: str
    values: frozenset[str] | None

    def places(self) -> frozenset[str]:
        """Names of the values that the text has room for."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.text) if name is not None)


def offered(sources: Sequence[Source]) -> Iterator[Text]:
    """Every literal handed to ``tr`` or ``later``."""
    for source in sources:
        for node in ast.walk(source.tree):
            if not (isinstance(node, ast.Call) and _called(node) in MARKS and node.args):
                continue
            values = frozenset(word.arg or "**" for word in node.keywords) if _called(node) == "tr" else None
            for text in _literals(node.args[0]):
                yield Text(source.path, node.lineno, text, values)


def wrongly_offered(sources: Sequence[Source]) -> Iterator[str]:
    """Texts glued together before the look-up: no catalogue can hold them."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _called(node) in MARKS and node.args:
                first = node.args[0]
                formatted = isinstance(first, ast.Call) and _called(first) in ("format", "join")
                if formatted or isinstance(first, (ast.JoinedStr, ast.BinOp)):
                    yield f"{source.path}:{node.lineno}: {_called(node)} takes a literal and values by name"


def not_offered(sources: Sequence[Source]) -> Iterator[str]:
    """Literal words that a reader would see in English whatever the language."""
    for source in sources:
        if source.room in ROOMS and not re.search(r"_routes?\.py$", source.path):  # what answers programs, not readers
            finder = _Finder()
            finder.visit(source.tree)
            for line, text in finder.found:
                if (source.path, text) in IN_AN_ERROR:
                    continue
                yield f"{source.path}:{line}: {text!r} does not go through tr"


def same_places(text: str, translation: str) -> bool:
    """Whether a translation has room for the same values, written the same way, as its text."""
    return set(PLACE.findall(text)) == set(PLACE.findall(translation))


def untranslated(texts: Sequence[Text], catalogue: Mapping[str, str]) -> Iterator[str]:
    """Offered texts that the catalogue lacks or gives with other values."""
    for one in texts:
        translation = catalogue.get(one.text)
        if translation is None:
            yield f"{one.path}:{one.line}: no translation of {one.text!r}"
        elif not same_places(one.text, translation):
            yield f"{one.path}:{one.line}: other values in {translation!r} than in {one.text!r}"


class _Finder(ast.NodeVisitor):
    """Walks one module and stops where words are translated, raised, logged or a docstring."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []
        self.shown = False

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        if name in MARKS or _is_logging(node) or name in ("compile", "getLogger", "strftime", "note"):
            return
        if name == "DataFrame":  # its columns are named to the reader by column_config
            for value in (value for node in node.args if isinstance(node, ast.Dict) for value in node.values):
                self.visit(value)
            return
        before, self.shown = self.shown, name in SHOWS
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for word in node.keywords:
            if word.arg not in SILENT:
                self.visit(word.value)
        self.shown = before

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            silent = isinstance(key, ast.Constant) and key.value in SILENT
            is_column = isinstance(value, ast.Call) and _called(value).endswith("Column")
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and not is_column:
                self._judge_name(key)
            if not silent:
                self.visit(value)

    def visit_Raise(self, node: ast.Raise) -> None:
        return

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        if isinstance(node.ctx, ast.Store) and isinstance(node.slice, ast.Constant):
            self._judge_name(node.slice)

    def visit_Compare(self, node: ast.Compare) -> None:
        return

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arguments(self, node: ast.arguments) -> None:
        for default in [*node.defaults, *node.kw_defaults]:
            if default is not None:
                self.visit(default)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        self._judge(node.lineno, text)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                before, self.shown = self.shown, False
                self.visit(part.value)
                self.shown = before

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._judge(node.lineno, node.value)

    def _judge_name(self, node: ast.Constant) -> None:
        """A row's or column's name begins with a capital letter; a name of the program's own does not."""
        if re.fullmatch(r"[A-Z][a-z]+(?:[ ,-][\w,-]+)*", str(node.value)) and not re.search("-[A-Z]", str(node.value)):
            self.found.append((node.lineno, str(node.value)))

    def _judge(self, line: int, text: str) -> None:
        bare = MARKUP.sub(" ", text)
        words = [word for word in WORD.findall(bare) if word not in NAMES]
        is_code = text.startswith(("python -m", "st-", "rgba(", "document.")) or re.fullmatch(r"[\w./:#{}+-]*", text)
        if is_code and not (self.shown and re.fullmatch(r"[A-Z][a-z]+\.?", text)):
            return
        if (words and self.shown) or (len(words) > 1 and PROSE.search(bare)):
            self.found.append((line, text))


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_logging(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "LOG"


def _literals(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
