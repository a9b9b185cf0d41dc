"""The benchmarks stand beside the package and are imported from the repository."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))
