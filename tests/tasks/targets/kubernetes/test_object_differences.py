"""Which lines of what kubectl compared a person wrote, and which the cluster itself; no cluster is asked."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.targets.kubernetes.objects import DIFF, differences

OBJECT: dict[str, Any] = {
    "metadata": {
        "annotations": {"deployment.kubernetes.io/revision": "3"},
        "generation": 3,
        "name": "page",
        "resourceVersion": "700",
    },
    "spec": {"replicas": 2, "template": {"status": "hidden"}},
    "status": {"availableReplicas": 1, "conditions": [{"lastUpdateTime": "19:47:11"}], "readyReplicas": 1},
}


def told(folder: Path, before: Any, after: Any) -> str:
    """By the program that kubectl asks, of a folder for each side."""
    for name, what in (("LIVE", before), ("MERGED", after)):
        (folder / name).mkdir()
        if what is not None:
            text = what if isinstance(what, str) else yaml.safe_dump(what)
            (folder / name / "apps.v1.Deployment.here.page").write_text(text)
    command = [*DIFF.split(), "LIVE", "MERGED"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 1, done.stderr
    return done.stdout


def changed(**parts: Any) -> dict[str, Any]:
    return {name: {**OBJECT[name], **parts.get(name, {})} for name in OBJECT}


@pytest.mark.parametrize(
    "by_the_cluster",
    [
        changed(status={"availableReplicas": 2, "conditions": [{"lastUpdateTime": "19:47:13"}], "readyReplicas": 2}),
        changed(metadata={"generation": 4, "resourceVersion": "701"}),
        changed(metadata={"annotations": {"deployment.kubernetes.io/revision": "4"}}),
        {name: OBJECT[name] for name in ("metadata", "spec")},
    ],
    ids=["status", "counters", "revision", "no status yet"],
)
def test_what_the_cluster_itself_wrote_in_between_is_nobody_s_change(tmp_path: Path, by_the_cluster: Any) -> None:
    assert differences(told(tmp_path, OBJECT, by_the_cluster)) == ""


def test_what_a_person_changed_is_told_from_it(tmp_path: Path) -> None:
    deployed = changed(spec={"replicas": 1}, status={"readyReplicas": 2})
    said = differences(told(tmp_path, OBJECT, deployed))
    assert said == "apps.v1.Deployment.here.page has replicas: 2; apps.v1.Deployment.here.page is missing replicas: 1"


def test_a_field_that_is_only_called_status_is_a_person_s(tmp_path: Path) -> None:
    deployed = changed(spec={"template": {"status": "shown"}})
    assert "has status: hidden" in differences(told(tmp_path, OBJECT, deployed))


def test_what_is_gone_is_made_again(tmp_path: Path) -> None:
    assert differences(told(tmp_path, None, OBJECT)) == ""


LABELLED = "spec:\n  template:\n    metadata:\n      labels:\n        generation: {}\n"
CONFIGURED = "data:\n  app.yaml: |\n    model:\n  generation: {}\nkind: ConfigMap\n"
KEYED = "data:\n  resourceVersion: {}\nkind: ConfigMap\n"
SPACED = "data:\n  motd: |\n    a\n{}    b\nkind: ConfigMap\n"
BROKEN = "data:\n  motd: |\n    a\u2028 status: x\n    b\n  u: {}\nkind: ConfigMap\n"
FLAGGED = "args:\n- --{}\n"


@pytest.mark.parametrize(
    ("text", "live", "deployed"),
    [(one, "blue", "green") for one in (LABELLED, CONFIGURED, KEYED, BROKEN, FLAGGED)] + [(SPACED, "", "\n")],
)
def test_a_change_counts_where_it_only_looks_like_the_cluster_s_own(
    tmp_path: Path, text: str, live: str, deployed: str
) -> None:
    assert differences(told(tmp_path, text.format(live), text.format(deployed)))


def test_an_exotic_line_break_in_a_text_makes_no_difference_by_itself(tmp_path: Path) -> None:
    text = "data:\n  motd: |\n    a\u2028- b\nstatus:\n  n: {}\n"
    assert differences(told(tmp_path, text.format(1), text.format(2))) == ""
