"""What is wrong with a stage and what to do about it. (Seed 002, troubleshooting.)"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.text import counted

SERVES_NOTHING = "serves nothing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. advice: what to do; empty when all is well. stage: where; empty where it concerns all of them."""

    what: str
    seen: str
    advice: str = ""
    stage: str = ""

    @property
    def healthy(self) -> bool:
        """Whether nobody has to act."""
        return not self.advice


def registry_finding(name: str, version: str, in_registry: bool, in_dev: bool, under_way: bool) -> Finding:
    """ "Model not found in Registry": was it published, and if not, was it validated in dev? under_way: it may be published yet."""
    what = f"model {name}:{version}"
    if in_registry:
        return Finding(what, "in the registry")
    if in_dev and under_way:
        return Finding(what, "in dev, and not published by now")
    if in_dev:
        return Finding(
            what, "in dev, not in the registry", "it was never published: run the release again and approve it"
        )
    return Finding(what, "neither in the registry nor in dev", "train it again: run train-register for its cutoff date")


def compute_finding(workspace: str, compute: str, present: bool, instances: int, needed: int) -> Finding:
    """ "Check compute availability" and "check compute capacity"."""
    what = f"compute {compute} in {workspace}"
    if not present:
        return Finding(what, "absent", "the next release creates it; if that failed, check the VM size and your quota")
    if instances < needed:
        return Finding(
            what, f"{instances} nodes at most", f"deployments need {needed}: raise the cluster's max_instances"
        )
    return Finding(what, f"{instances} nodes at most")


def sample_finding(unit: str, uri: str, files: int) -> Finding:
    """ "Check test data exists"."""
    if files:
        return Finding(f"test data of {unit}", counted(files, "file"))
    return Finding(f"test data of {unit}", "none", f"upload test_input.csv to {uri}")


def serving_finding(endpoint: str, serving: str | None, state: str, expected: str | None) -> Finding:
    """ "Check endpoint provisioning" and "verify default deployment set correctly". expected: by the ledger."""
    what = f"endpoint {endpoint}"
    if serving is None:
        advice = f"the ledger says that it should serve {expected}: run the release again" if expected else ""
        return Finding(what, SERVES_NOTHING, advice)
    if state != "Succeeded":
        return Finding(what, f"{serving} is {state}", "roll back, or delete that deployment and release again")
    if expected is not None and serving != expected:
        return Finding(
            what,
            f"serves {serving}",
            f"the ledger says {expected}: somebody changed it by hand; roll back or release again",
        )
    return Finding(what, f"serves {serving}")


def job_finding(job: str, status: str, said: Sequence[str]) -> Finding:
    """ "Smoke test timeout in Test: check job status", with what its log says."""
    if status == "Completed":
        return Finding(f"last scoring job {job}", status)
    end = " / ".join(said) or "it wrote no log"
    return Finding(f"last scoring job {job}", status, f"its log says: {end}")
