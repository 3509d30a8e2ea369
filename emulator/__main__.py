"""`python -m emulator`: Azure on one machine, until it is stopped."""

import argparse
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from emulator.execution.warm.warm_start import SETTING

try:
    from emulator.server import Emulator
except ModuleNotFoundError as error:  # a worker in the cloud has the product's libraries alone
    sys.exit(f"The emulator cannot start without {error.name}: install signalbox[emulator].")


def main() -> int:
    """Run until SIGTERM or Ctrl-C. 0: stopped; 2: could not start."""
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="Answers as Azure (ARM, Entra, blobs, Azure ML) on 127.0.0.1, for unmodified Azure SDKs.",
    )
    parser.add_argument("--port", type=_port, default=8400, help="of the proxy; 0 takes any free one (default: 8400)")
    parser.add_argument(
        "--state", type=Path, default=Path(".emulator"), help="folder of all it keeps (default: .emulator)"
    )
    parser.add_argument(
        "--no-warm-start",
        action="store_true",
        help="start jobs' Python code in interpreters of their own, which costs each job its imports; "
        f"{SETTING}=off in the environment does the same",
    )
    arguments = parser.parse_args()
    os.umask(0o077)  # blobs, logs, keys and what jobs write are of nobody else's business
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Emulator(arguments.state, arguments.port, warm=not arguments.no_warm_start) as emulator:
            lines = [f"export {name}={shlex.quote(value)}" for name, value in emulator.environment().items()]
            sys.stdout.write(f"# The emulator answers at {emulator.url}. In the shell of a client:\n")
            sys.stdout.write("\n".join([*lines, "# Ctrl-C stops it."]) + "\n")
            sys.stdout.flush()
            stop.wait()
    except OSError as error:
        sys.stderr.write(f"The emulator cannot start: {error.strerror or error}.\n")
        sys.stderr.write("Stop what is in the way, or choose another --port or --state.\n")
        return 2
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port (0 to 65535)")
    return port


if __name__ == "__main__":
    sys.exit(main())
