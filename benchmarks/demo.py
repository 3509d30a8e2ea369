"""Wall time of two demos, one after the other, split by step: the first ever on a machine, and a later release."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

CUTOFFS = ("2014-06-30", "2014-12-31")


def main() -> None:
    """Print the steps' seconds as the demo itself measured them."""
    with tempfile.TemporaryDirectory() as home:
        for position, cutoff in enumerate(CUTOFFS, start=1):
            command = [str(Path(sys.executable).parent / "signalbox"), "demo", "--cutoff", cutoff, "--home", home]
            started = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
            if done.returncode != 0:
                sys.exit(f"the demo failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
            print(f"demo {position}, data up to {cutoff}: {time.perf_counter() - started:.1f} s")
            for line in done.stdout.splitlines():
                if line.startswith("✓ "):
                    print(f"  {line.removeprefix('✓ ')}")


if __name__ == "__main__":
    main()
