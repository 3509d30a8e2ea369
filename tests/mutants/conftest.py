"""The mutation check is a program of its own; its tests import its files as it does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
