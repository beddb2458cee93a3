"""The sheet itself: HTML that prints to one page of A4, and the same as PDF by Typst, which needs no browser."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from survdash.language import ENGLISH, language
from survdash.report.facts import ReportFacts

HERE = Path(__file__).parent
# Fonts with the letters of a language that the one of the curve has not; the sheet's layout names them too.
LETTERS = {"zh": {"Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "WenQuanYi Micro Hei"}}
SIZES_PT = (9.4, 8.6, 7.8, 7.0)  # the largest at which all stands on one page; below, nobody could read it


def report_html(facts: ReportFacts) -> str:
    """The sheet as one HTML file without scripts and without anything from elsewhere."""
    # the drawings are ours; every other text is escaped by the template
    drawings = {"curve": Markup(facts.curve), "people": Markup(facts.people)}  # noqa: S704
    return _template().render(asdict(facts) | {"horizons": facts.horizons} | drawings)


def report_pdf(facts: ReportFacts) -> bytes:
    """The sheet as PDF, one page of A4; letters grow smaller where a patient has many warnings.

    A patient with more than one page holds at the smallest size gets a second one: nothing is left out.
    """
    import typst

    compiler = typst.Compiler(font_paths=[str(_fonts())], ignore_system_fonts=False)
    source = (HERE / "sheet.typ").read_bytes()
    values = json.dumps(asdict(facts), ensure_ascii=True)
    for size in SIZES_PT:
        inputs = {"facts": values, "size": f"{size:g}"}
        pages = compiler.compile(source, format="svg", sys_inputs=inputs)
        if not isinstance(pages, list) or len(pages) == 1:
            break
    return cast("bytes", compiler.compile(source, format="pdf", sys_inputs=inputs))


def language_of_pdf() -> str:
    """The reader's language where this machine has its letters, else English: a PDF holds the letters that it shows."""
    needed = LETTERS.get(language())
    return language() if needed is None or needed & _families() else ENGLISH


@cache
def _families() -> frozenset[str]:
    import typst

    return frozenset(typst.Fonts(include_system_fonts=True).families())


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, lstrip_blocks=True)  # fmt: skip
    return environment.get_template("sheet.html")


@cache
def _fonts() -> Path:
    """Where matplotlib keeps the letters that the curve is drawn with: on every machine the same."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"
