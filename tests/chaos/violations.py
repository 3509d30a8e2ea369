"""What must hold after every trial."""

import fleet
from fleet import Seen

from domain.naming import deployment_name, release_of

HELD = ("Failed", "ROLLED_BACK")
"""How the same command ends when it runs again after its release was rolled back."""


def violations_of(before: Seen, after: Seen, state: str, message: str, rolled_back: bool, newer: str) -> list[str]:
    """All that does not hold. state, message: of the last run; newer: the deployment of a release that came between."""
    return [
        *mixed(after),
        *after.faults,
        *unapproved(after),
        *wrong_models(after),
        *wrong_end(before, after, state, message, rolled_back, newer),
    ]


def mixed(seen: Seen) -> list[str]:
    """A stage whose circuits do not all serve the same release."""
    return [
        f"{stage} serves different releases: {serving}"
        for stage, serving in seen.serving.items()
        if len(set(serving.values())) != 1
    ]


def unapproved(seen: Seen) -> list[str]:
    """Production serves a release that nobody approved for it."""
    serving = {release_of(str(one)) for one in seen.serving["production"].values()}
    read = set(seen.releases[: fleet.NEWEST])
    return [f"production serves {one}, which nobody approved" for one in (serving & read) - seen.approved]


def though_refused(seen: Seen) -> list[str]:
    """Production serves the newest release, or the ledger has an approval of it, where everybody was to say no."""
    newest = seen.releases[0] if seen.releases else ""
    serving = deployment_name(newest) in seen.serving["production"].values()
    return [f"{newest} was refused, and production serves it or it counts as approved"] * (
        serving or newest in seen.approved
    )


def though_sour(seen: Seen) -> list[str]:
    """Production serves the newest release, or that counts as a success, though it fails its confirmation."""
    newest = seen.releases[0] if seen.releases else ""
    serving = deployment_name(newest) in seen.serving["production"].values()
    return [f"{newest} failed its confirmation, and production serves it or it succeeded"] * (
        serving or seen.outcomes.get(newest) == "SUCCEEDED"
    )


def wrong_models(seen: Seen) -> list[str]:
    """A deployment that serves has a model which the manifest of its release does not name."""
    found = []
    for endpoint, model in seen.models.items():
        release = release_of(str(seen.serving["production"][endpoint]))
        if release in seen.manifests and model not in seen.manifests[release]:
            found.append(f"{endpoint} serves {model}, which release {release} does not have")
    return found


def wrong_end(before: Seen, after: Seen, state: str, message: str, rolled_back: bool, newer: str) -> list[str]:
    """Whether production serves what the end of the run says."""
    old, new = set(before.serving["production"].values()), set(after.serving["production"].values())
    newest = {deployment_name(after.releases[0])} if after.releases else {None}
    outcome = after.outcomes.get(after.releases[0]) if after.releases else None
    if newer:
        expected = {newer}
    elif rolled_back:
        (left,) = {release_of(str(one)) for one in old}
        if left not in after.held:
            return [f"{left} was rolled back and is not held ({state}: {message})"]
        return [] if new != old else [f"production still serves {old} after {state}: {message}"]
    elif state == "Succeeded" or outcome == "SUCCEEDED":
        expected = newest
    elif (state, outcome) in {("Failed", "FAILED"), ("Rejected", "REJECTED"), ("Rolled_back", "ROLLED_BACK"), HELD}:
        expected = old
    else:
        return [f"it came to no end: {state}: {message}"]
    return [] if new == expected else [f"production serves {new}, not {expected}, after {state}: {message}"]
