"""`make bench`: every benchmark, one after the other, each in a process of its own."""

import subprocess
import sys

BENCHMARKS = ("emulator", "gates", "orchestration", "service", "first_answer", "requests", "fleet", "demo")


def main() -> int:
    """Run them all; the exit code of the first that fails."""
    for name in BENCHMARKS:
        print(f"== {name}", flush=True)
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
