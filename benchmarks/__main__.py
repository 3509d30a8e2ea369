"""`make bench`: every benchmark, one after the other."""

import sys

from benchmarks import demo, emulator, orchestration


def main() -> None:
    """Run them all."""
    print("emulator against a bare server")
    sys.argv = sys.argv[:1]
    emulator.main()
    orchestration.main()
    demo.main()


if __name__ == "__main__":
    main()
