"""The rules of the house, read from the syntax tree: each takes sources and yields ``file:line: what is wrong``.

``test_architecture.py`` holds the code to them, and holds each rule to a guilty example.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Left to right; a module imports only from its own step or from one to the left.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "language", "retelling", "settings", "progress", "console", "dask_client", "spread"),
    ("access", "audit", "logs"),
    ("case", "cohort", "genes"),
    ("store", "session_token", "bag_file", "foreign_bag", "numpy_stream", "hdf5_probe", "file_hash", "data_folder",
     "erase"),
    ("sources", "slide", "simulation"),
    ("features",),
    ("nets",),
    ("statistics",),
    ("training",),
    ("artefact", "prediction"),
    ("explanation",),
    ("jobs", "figures", "figure_file", "report", "export", "stamp"),
    ("usecases",),
    ("ui",),
    ("pages", "app", "__main__", "batch_command", "compare_command", "crossval_command", "evidence_commands",
     "fetch_command",
     "import_commands", "report_command", "slide_commands", "upkeep_commands"),
)
COMMANDS = ("__main__", "batch_command", "compare_command", "crossval_command", "evidence_commands", "fetch_command",
            "import_commands", "report_command", "slide_commands", "upkeep_commands")
STEP = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}

MAX_MODULE_LINES, MAX_PAGE_LINES, MAX_FUNCTION_LINES = 400, 200, 60
NETWORK = ("httpx", "stamina", "requests", "socket", "http.client", "urllib.request", "urllib3", "aiohttp", "ftplib")
PICKLES = ("pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve")
SLOW_TO_IMPORT = ("torch", "torchvision", "timm", "lifelines", "sksurv", "sklearn")
CATCH_ALL = ("survdash/ui/error_box.py", "survdash/jobs/worker.py")
VAGUE_NAMES = ("utils", "util", "helpers", "helper", "common", "misc")
BUILTIN_ERRORS = {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, (StopIteration, Warning))
} - {"NotImplementedError"}

# What must not be imported where: (rooms or files it is for, forbidden packages, why).
FORBIDDEN: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("statistics", "figures"), ("torch", "torchvision", "timm"), "statistics and figures work without torch"),
    (("nets",), ("pandas", "h5py", "plotly"), "networks see tensors only"),
    (("pages", "app", "ui"), ("torch", "torchvision", "timm"), "pages show what is stored"),
)
# What may be imported only by some: (packages, rooms that may, why).
RESERVED: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (("streamlit",), ("ui", "pages", "app"), "only ui/, pages/ and app.py see streamlit"),
    (NETWORK, ("sources",), "only sources/ opens sockets"),
    (("safetensors",), ("artefact", "training", "features"), "only they read safetensors"),
    (PICKLES, (), "no pickle: it runs code when read"),
)


@dataclass(frozen=True)
class Import:
    """One imported name; ``lazy`` inside a function, ``typing`` under TYPE_CHECKING."""

    name: str
    line: int
    lazy: bool
    typing: bool


@dataclass(frozen=True)
class Source:
    """One file of the repository, ``path`` relative to its root and with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @property
    def module(self) -> str:
        name = self.path.removesuffix(".py").replace("/", ".")
        return name.removesuffix(".__init__")

    @property
    def room(self) -> str:
        """Where it sits among ``LAYERS``; "" for the package's own ``__init__``."""
        parts = self.module.split(".")
        if parts[0] == "survdash":
            return parts[1] if len(parts) > 1 else ""
        return parts[0]

    @property
    def is_page(self) -> bool:
        return self.room in ("pages", "app")

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, lazy=False, typing=False))


def read_sources(root: Path) -> list[Source]:
    """Every Python file of the package, the pages and the app."""
    files = [*sorted((root / "survdash").rglob("*.py")), *sorted((root / "pages").glob("*.py")), root / "app.py"]
    return [Source(f.relative_to(root).as_posix(), f.read_text(encoding="utf-8")) for f in files if f.exists()]


def layers(sources: Sequence[Source]) -> Iterator[str]:
    """Imports go to the left, also inside functions; every module has a place."""
    for source in sources:
        if source.room and source.room not in STEP:
            yield f"{source.path}:1: {source.room} has no place in LAYERS"
            continue
        for found in source.imports:
            parts = found.name.split(".")
            if parts[0] != "survdash" or len(parts) < 2 or not source.room or parts[1] not in STEP:
                continue
            if STEP[parts[1]] > STEP[source.room]:
                yield f"{source.path}:{found.line}: {source.room} must not import {found.name}, which lies to its right"


def no_cycles(sources: Sequence[Source]) -> Iterator[str]:
    """No module imports itself by a detour; an import inside a function counts too."""
    graph = _graph(sources, lazy=True)
    state: dict[str, str] = {}

    def visit(name: str, way: tuple[str, ...]) -> Iterator[str]:
        state[name] = "open"
        for other in sorted(graph[name]):
            if state.get(other) == "open":
                circle = (*way, name)
                yield f"{_path(sources, name)}:1: circle {' -> '.join((*circle[circle.index(other) :], other))}"
            elif other not in state:
                yield from visit(other, (*way, name))
        state[name] = "closed"

    for name in graph:
        if name not in state:
            yield from visit(name, ())


def forbidden_imports(sources: Sequence[Source]) -> Iterator[str]:
    """Some packages stay out of some rooms, and some belong to one room."""
    for source in sources:
        for found in source.imports:
            if found.typing:
                continue
            for rooms, packages, why in FORBIDDEN:
                if source.room in rooms and _is_of(found.name, packages):
                    yield f"{source.path}:{found.line}: imports {found.name}: {why}"
            for packages, rooms, why in RESERVED:
                if source.room not in rooms and _is_of(found.name, packages):
                    yield f"{source.path}:{found.line}: imports {found.name}: {why}"
            if source.room == "sources" and _is_of(found.name, ("torch",)) and not found.lazy:
                yield f"{source.path}:{found.line}: imports torch at the top: .pt bags alone, in its function"


def pages_start_light(sources: Sequence[Source]) -> Iterator[str]:
    """What a page imports on the way must not pull in the packages that take seconds."""
    graph = _graph(sources, lazy=False)
    slow = {
        source.module: found
        for source in sources
        for found in source.imports
        if not found.lazy and not found.typing and _is_of(found.name, SLOW_TO_IMPORT)
    }
    for page in (source for source in sources if source.is_page):
        ways = {page.module: (page.module,)}
        waiting = [page.module]
        while waiting:
            name = waiting.pop(0)
            if name in slow:
                way = " -> ".join(ways[name])
                yield f"{_path(sources, name)}:{slow[name].line}: {slow[name].name} is imported with the page: {way}"
            for other in sorted(graph.get(name, ())):
                if other not in ways:
                    ways[other] = (*ways[name], other)
                    waiting.append(other)


def sizes(sources: Sequence[Source]) -> Iterator[str]:
    """Files and functions stay small enough to be read at once; a docstring does not count against its function."""
    for source in sources:
        limit = MAX_PAGE_LINES if source.room == "pages" else MAX_MODULE_LINES
        if (lines := len(source.text.splitlines())) > limit:
            yield f"{source.path}:1: {lines} lines, more than {limit}"
        for function in _functions(source.tree):
            lines = (function.end_lineno or 0) - function.lineno + 1 - _docstring_lines(function)
            if lines > MAX_FUNCTION_LINES:
                where = f"{source.path}:{function.lineno}: {function.name}"
                yield f"{where} has {lines} lines, more than {MAX_FUNCTION_LINES}"


def public_is_annotated_and_documented(sources: Sequence[Source]) -> Iterator[str]:
    """Public functions and methods say their types and what they do; public classes what they are."""
    for source in sources:
        if source.module != "survdash" and not ast.get_docstring(source.tree) and source.text.strip():
            yield f"{source.path}:1: the module has no docstring"
        for node in _public(source.tree):
            where = f"{source.path}:{node.lineno}: {node.name}"
            if not ast.get_docstring(node) and not _is_overload(node):
                yield f"{where} has no docstring"
            if isinstance(node, ast.ClassDef):
                continue
            if node.returns is None and node.name != "__init__":
                yield f"{where} does not say what it returns"
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            for argument in filter(None, [*arguments, node.args.vararg, node.args.kwarg]):
                if argument.annotation is None and argument.arg not in ("self", "cls"):
                    yield f"{where}: argument {argument.arg} has no type"


def errors_are_not_swallowed(sources: Sequence[Source]) -> Iterator[str]:
    """No bare except anywhere; everything is caught only where it is shown or logged."""
    for source in sources:
        for node in (node for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)):
            if node.type is None:
                yield f"{source.path}:{node.lineno}: bare except"
                continue
            caught = {_last_name(part) for part in getattr(node.type, "elts", [node.type])}
            if caught & {"Exception", "BaseException"} and source.path not in CATCH_ALL:
                where = f"{source.path}:{node.lineno}"
                yield f"{where}: except {', '.join(sorted(caught))}: only {' and '.join(CATCH_ALL)} may"


def no_dangerous_calls(sources: Sequence[Source]) -> Iterator[str]:
    """No assert for input, no eval, no pickle by another door, and print only on the command line."""
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Assert):
                yield f"{source.path}:{node.lineno}: assert: raise an error of survdash.errors instead"
            if not isinstance(node, ast.Call):
                continue
            called, words = ast.unparse(node.func), {word.arg: word.value for word in node.keywords}
            where = f"{source.path}:{node.lineno}: {called}"
            if called in ("eval", "exec"):
                yield f"{where}: runs text as code"
            elif called == "print" and source.room not in COMMANDS:
                yield f"{where}: only the command line prints"
            elif called == "torch.load" and not _is_true(words.get("weights_only")):
                yield f"{where} without weights_only=True: runs code from the file"
            elif _is_true(words.get("allow_pickle")) or called.endswith((".read_pickle", ".to_pickle", "joblib.load")):
                yield f"{where}: reads or writes a pickle"


def doors_raise_our_errors(sources: Sequence[Source]) -> Iterator[str]:
    """What comes in from outside is refused with an error that has a hint."""
    for source in sources:
        if source.room not in ("sources", "slide", "features"):
            continue
        for node in (node for node in ast.walk(source.tree) if isinstance(node, ast.Raise) and node.exc):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(raised, ast.Name) and raised.id in BUILTIN_ERRORS:
                yield f"{source.path}:{node.lineno}: raises {raised.id}: use the family in survdash/errors.py"


def booleans_have_names(sources: Sequence[Source]) -> Iterator[str]:
    """A bare True in a call tells the reader nothing: booleans are passed by keyword only."""
    for source in sources:
        for function in _functions(source.tree):
            for argument in [*function.args.posonlyargs, *function.args.args]:
                if argument.annotation is not None and ast.unparse(argument.annotation) == "bool":
                    yield f"{source.path}:{function.lineno}: {function.name}: {argument.arg} must be keyword-only"


def names_say_something(sources: Sequence[Source]) -> Iterator[str]:
    """No drawer for everything."""
    for source in sources:
        if vague := set(source.module.split(".")) & set(VAGUE_NAMES):
            yield f"{source.path}:1: a module called {vague.pop()} says nothing"


RULES: tuple[Callable[[Sequence[Source]], Iterator[str]], ...] = (
    layers,
    no_cycles,
    forbidden_imports,
    pages_start_light,
    sizes,
    public_is_annotated_and_documented,
    errors_are_not_swallowed,
    no_dangerous_calls,
    doors_raise_our_errors,
    booleans_have_names,
    names_say_something,
)


def modules_have_tests(sources: Sequence[Source], root: Path, untested: Mapping[str, str]) -> Iterator[str]:
    """Every module has its test file in the mirrored place, or a reason in ``untested``."""
    for source in sources:
        path = Path(source.path.removeprefix("survdash/"))
        test = Path("tests") / path.parent / f"test_{path.stem.strip('_')}.py"
        if path.name == "__init__.py":
            continue
        if source.path not in untested and not (root / test).exists():
            yield f"{source.path}:1: has no {test.as_posix()}"
        if source.path in untested and (root / test).exists():
            yield f"{source.path}:1: has a test now: take it off the list of the untested"
    for path in untested.keys() - {source.path for source in sources}:
        yield f"{path}:1: is on the list of the untested but does not exist"


def _imports(node: ast.AST, *, lazy: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, lazy, typing) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            # "from a import b" may import the module a.b, so both are named.
            for alias in child.names:
                yield Import(f"{child.module}.{alias.name}", child.lineno, lazy, typing)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for part in child.body:
                yield from _imports(ast.Module([part], []), lazy=lazy, typing=True)
            for part in child.orelse:
                yield from _imports(ast.Module([part], []), lazy=lazy, typing=typing)
        else:
            is_function = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from _imports(child, lazy=lazy or is_function, typing=typing)


def _graph(sources: Sequence[Source], *, lazy: bool) -> dict[str, set[str]]:
    """Which of our modules imports which, without type-checking imports."""
    known = {source.module for source in sources}
    graph: dict[str, set[str]] = {name: set() for name in known}
    for source in sources:
        for found in source.imports:
            if found.typing or (found.lazy and not lazy):
                continue
            target = found.name if found.name in known else found.name.rpartition(".")[0]
            if target in known and target != source.module:
                graph[source.module].add(target)
                package = target.rpartition(".")[0]
                # Importing a.b runs a/__init__.py first; inside a itself it has run already.
                if package in known and package != "survdash" and not source.module.startswith(package):
                    graph[source.module].add(package)
    return graph


def _path(sources: Sequence[Source], module: str) -> str:
    return next(source.path for source in sources if source.module == module)


def _is_of(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def _public(node: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for child in node.body:
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or child.name.startswith("_"):
            continue
        yield child
        if isinstance(child, ast.ClassDef):
            yield from _public(child)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    return any(_last_name(decorator) == "overload" for decorator in node.decorator_list)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if not ast.get_docstring(node):
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
