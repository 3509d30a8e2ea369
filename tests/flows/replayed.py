"""A model whose answers can be shifted, and a replay that sees it."""

SCORE = """
import csv
def init():
    pass
def run(files):
    return [f"{row['name']} {float(row['value']) + SHIFT}" for file in files for row in csv.DictReader(open(file))]
"""
REPLAY = {
    "data": "azureml://datastores/workspaceblobstore/paths/replay/{plant}/{circuit}/",
    "columns": ["name", "value"],
    "prediction": "value",
    "rows_at_least": 50,
    "timeout_minutes": 1,
    "limits": {
        "mean_shift": {"pass": 0.05, "fail": 0.5},
        "p95_shift": {"pass": 0.05, "fail": 0.5},
        "moved": {"by": 0.2, "pass": 0.0, "fail": 0.5},
    },
}
"""In spreads of the champion, which is 90 over the rows below."""
