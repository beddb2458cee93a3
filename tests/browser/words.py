"""Everything that a page says: with its expanders open, behind each tab, in its figures, tables and names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Locator, Page

SETTLE_MS = 60_000
READ = """() => {
  const main = document.querySelector('[data-testid=stApp]');
  const words = [main.innerText];
  main.querySelectorAll('[data-testid=stJson], code').forEach(e => { words[0] = words[0].replace(e.innerText, ''); });
  main.querySelectorAll('svg text, [role=columnheader]').forEach(e => words.push(e.textContent));
  // A table is a canvas; beside it stands a table of its values for screen readers, which says a tick as true.
  main.querySelectorAll('[role=gridcell]').forEach(e => {
    words.push(/^(true|false)$/.test(e.textContent) ? '' : e.textContent);
  });
  main.querySelectorAll('[aria-label], [title], [alt], [placeholder]').forEach(e => {
    for (const name of ['aria-label', 'title', 'alt', 'placeholder']) words.push(e.getAttribute(name) || '');
  });
  return words.join('\\n');
}"""

UNFOLD = """() => {
  const closed = [...document.querySelectorAll('[data-testid=stExpander] details:not([open]) > summary')]
    .filter(e => e.checkVisibility());
  closed.forEach(e => e.click());
  return closed.length;
}"""


def settle(page: Page) -> None:
    """Wait until the script has run and every figure has its lines."""
    page.get_by_role("heading", level=1).first.wait_for(timeout=SETTLE_MS)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=SETTLE_MS)
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=SETTLE_MS)
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))",
        timeout=SETTLE_MS,
    )


def open_expanders(page: Page) -> None:
    """Open all that is folded, also what was folded inside of that."""
    for _ in range(10):
        if not page.evaluate(UNFOLD):
            return
        settle(page)


def each_tab(page: Page) -> Iterator[Locator]:
    """Choose one tab after another."""
    tabs = page.get_by_role("tab")
    for place in range(tabs.count()):
        tab = tabs.nth(place)
        if tab.is_visible():
            tab.click()
            settle(page)
            yield tab


def all_words(page: Page) -> str:
    """What the page says in every state that a reader can unfold without giving it anything."""
    settle(page)
    open_expanders(page)
    words = [page.evaluate(READ)]
    for _ in each_tab(page):
        open_expanders(page)
        words.append(page.evaluate(READ))
    return "\n".join(words)


FAULTS = {
    "not a number": re.compile(r"(?<![\w-])(nan|NaN|NaT|-?inf|-?Infinity|None(?! of )|null|undefined)(?![\w-])"),
    "a traceback": re.compile(r"Traceback \(most recent|File \"[^\"]+\", line \d+|\w+Error: "),
    "a path of the server": re.compile(r"(?<![\w.:/])/(?:home|root|tmp|usr|var|work|opt|srv|Users|mnt)/\S+"),
    "an unformatted number": re.compile(r"(?<![\w.,/:-])-?\d+\.\d{5,}(?![\w./])|\b\d\.\d+e[+-]?\d+\b"),
    "a value of the program": re.compile(r"<[\w.]+ object at 0x|\bdtype\b|np\.(?:float|int|bool)|\bTrue\b|\bFalse\b"),
    "a place for a value": re.compile(r"(?<![%\w])\{\w+(?:[.:!][^{}]*)?\}"),
}


def faults(words: str) -> list[str]:
    """What no reader should see, with some of what stands around it."""
    found = []
    for what, pattern in FAULTS.items():
        for hit in pattern.finditer(words):
            around = words[max(0, hit.start() - 50) : hit.end() + 30].replace("\n", " ⏎ ")
            found.append(f"{what}: {hit.group()!r} in {around!r}")
    return found
