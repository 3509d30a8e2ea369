"""What is trained and served. In a job, what a step's component includes (`additional_includes`) lies beside the step's own
package; so that the same imports hold here, its folder is looked through last of all."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "included"))
