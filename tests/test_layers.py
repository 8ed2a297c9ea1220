"""The layers of the project: imports only point to lower layers, and no modules import each other."""

import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

PACKAGE = Path(__file__).parents[1] / "calsync"


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no checkout")
def test_imports_only_point_to_lower_layers():
    command = [str(Path(sys.executable).parent / "lint-imports")]
    ran = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.skipif(not PACKAGE.is_dir(), reason="no checkout")
def test_no_modules_import_each_other_in_a_circle_not_even_for_types():
    # Imports below TYPE_CHECKING and in functions are part of the graph.
    graph = grimp.build_graph("calsync", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(imports) > 250
    list(TopologicalSorter(imports).static_order())  # raises CycleError, which names the modules
