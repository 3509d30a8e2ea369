"""Runs a deployment's scoring script, one mini-batch a line; started as a program of its own by `batch_run`.

stdin: `{"files": [...], "result": path}` a line. The protocol's own answers go to the stdout that it was started with, one
JSON line for init and one for each mini-batch; whatever user code prints goes to stderr, which is the job's log.
"""

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def main(script: str) -> int:
    """Load the script, init() once, then run() for every line until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    try:
        sys.path.insert(0, str(Path(script).parent))
        spec = importlib.util.spec_from_file_location("entry_script", script)
        if spec is None or spec.loader is None:
            raise ImportError(f"{script} cannot be loaded")
        entry = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(entry)
        entry.init()
    except BaseException:  # noqa: BLE001 - user code may raise anything, SystemExit included
        traceback.print_exc()
        print("ERROR: the entry script's init() failed", file=sys.stderr)  # noqa: T201 - the log is where it belongs
        answers.write(json.dumps({"ready": False}) + "\n")
        return 1
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        task = json.loads(line)
        try:
            rows = _rows(entry.run(task["files"]))
            Path(task["result"]).write_text("".join(row + "\n" for row in rows))
            answers.write(json.dumps({"rows": len(rows)}) + "\n")
        except BaseException:  # noqa: BLE001 - user code may raise anything, SystemExit included
            traceback.print_exc()
            print(f"ERROR: run() failed on {len(task['files'])} files", file=sys.stderr)  # noqa: T201 - as above
            answers.write(json.dumps({"rows": None}) + "\n")
    return 0


def _rows(result: Any) -> list[str]:
    """Rows as the service appends them: a DataFrame's without header, separated by spaces; a list's items as text."""
    if result is None:
        return []
    if hasattr(result, "to_csv"):
        return str(result.to_csv(sep=" ", header=False, index=False)).splitlines()
    return [str(item) for item in result]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
