"""Measures figures of code style, of calsync and other projects.

`python -m benchmarks.style_figures [NAME=FOLDER ...]`

Prints a table: files, lines, lines of a function (median, 95th percentile, maximum), the share of functions
with a one-word name, the share of private functions, and comment lines per hundred lines. Tests are left out.
The figures are a comparison and not limits.
"""

import ast
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median, quantiles

EXCLUDED_FOLDERS = {"tests", "test", "fuzz", "node_modules", "_vendor", ".venv", "__pycache__"}


@dataclass(frozen=True)
class ModuleFigures:
    """The counts of one file."""

    lines: int
    comments: int
    functions: tuple[tuple[str, int], ...]
    """The name and the number of lines of each function and method, decorators not included."""


def main() -> None:
    """Print one row for calsync and for each NAME=FOLDER."""
    projects = [argument.partition("=")[::2] for argument in sys.argv[1:]]
    print(
        "| code | files | lines | function median / p95 / max | one-word names | private | comments per 100 |"
    )
    print("|---|---|---|---|---|---|---|")
    for code, folder in (("calsync", str(Path(__file__).parents[1] / "calsync")), *projects):
        print(format_row(code, Path(folder)))


def format_row(code: str, folder: Path) -> str:
    """Measure the modules below a folder and return a row of the table."""
    modules = list(read_modules(folder))
    functions = list(chain.from_iterable(module.functions for module in modules))
    sizes = [size for _, size in functions]
    lines = sum(module.lines for module in modules)
    names = [name for name, _ in functions]
    one_word = sum("_" not in name.strip("_") for name in names) / len(names)
    private = sum(name.startswith("_") and not name.endswith("__") for name in names) / len(names)
    comments = sum(module.comments for module in modules) / lines * 100
    spread = f"{median(sizes):.0f} / {quantiles(sizes, n=20)[-1]:.0f} / {max(sizes)}"
    counts = f"{len(modules)} | {lines / 1000:.1f}k"
    return f"| {code} | {counts} | {spread} | {one_word:.0%} | {private:.0%} | {comments:.1f} |"


def read_modules(folder: Path) -> Iterator[ModuleFigures]:
    """Yield the figures of each module below a folder."""
    for file in sorted(folder.rglob("*.py")):
        if EXCLUDED_FOLDERS.isdisjoint(file.relative_to(folder).parts):
            text = file.read_text(encoding="utf-8")
            nodes = ast.walk(ast.parse(text))
            functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
            with file.open("rb") as source:
                tokens = [t for t in tokenize.tokenize(source.readline) if t.type == tokenize.COMMENT]
            yield ModuleFigures(
                lines=len(text.splitlines()),
                # Comments behind code are mostly `noqa` and are not counted.
                comments=sum(token.line.lstrip().startswith("#") for token in tokens),
                functions=tuple((node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions),
            )


if __name__ == "__main__":
    main()
