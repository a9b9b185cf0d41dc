"""What ``tools/faults_page.py`` does, as a module: it tries the faults of the catalogue."""

import importlib.util
import sys
from pathlib import Path
from typing import Any


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


tool = _load(Path(__file__).parents[2] / "tools" / "faults_page.py")
