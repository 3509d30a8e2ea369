"""What serves a circuit where one deployment replaces the other, by the tags it carries: what it is, and what came before it.

Container groups carry them as tags, Helm releases as values, manifests as annotations: texts, always.
"""

from collections.abc import Mapping
from datetime import datetime

from domain.errors import Terminal
from domain.naming import old_deployment_name, release_of
from domain.tags import CUTOFF, NO_PREVIOUS, PREVIOUS, RELEASE_ID, WORKLOAD
from domain.utc import utc_text

Tags = Mapping[str, str]

DEPLOYMENT = "deployment"
"""The deployment's name; what was made before it was written has the old form of its release's."""
FENCE = "switch_fence"
"""The fencing token of whoever switched it last."""
EARLIER = "earlier_deployments"
"""What served before, newest first, parted by commas: a rollback target for each of them."""
ROLLED_BACK_FROM = "taken_back_from"
"""The deployment that was left by a rollback to this one; nothing where this one was on its way up."""
MAX_EARLIER = 5
MODEL = "model"
"""What the registry calls the model that is in the image."""


def serving_tag(tags: Tags) -> str | None:
    """The deployment that serves; None where no release made it."""
    release = tags.get(RELEASE_ID)
    return tags.get(DEPLOYMENT) or old_deployment_name(release) if release else None


def fence_of(text: str | None, where: str) -> int:
    """0 where nobody wrote one; Terminal where a person wrote something else. where: "tag NAME of container group NAME"."""
    try:
        return int(text or "0")
    except ValueError:
        raise Terminal(
            f"{where} is {text!r}, which is not a fencing token, so nobody knows who switched it last; nothing was touched. Check "
            "that no other run is at work there, set it to 0, and run the same command again"
        ) from None


def chain(tags: Tags) -> list[str]:
    """What serves, and what served before it, newest first."""
    serving = serving_tag(tags)
    return [*([serving] if serving else []), *filter(None, tags.get(EARLIER, "").split(","))]


def earlier(tags: Tags, deployment: str) -> list[str]:
    """What a rollback from the deployment leads to. One that served before has what came before it. tags: of what serves."""
    known = chain(tags)
    after = known[known.index(deployment) + 1 :] if deployment in known else known
    return after[:MAX_EARLIER]


def before(tags: Tags, deployment: str) -> str:
    """The deployment that a rollback from this one leads to first; `none`."""
    return next(iter(earlier(tags, deployment)), NO_PREVIOUS)


def tags_of(
    workload: str, deployment: str, replaced: Tags, model: str, cutoff: str, now: datetime, fence: int
) -> dict[str, str]:
    """Of a deployment that begins to serve. workload: whose it is. replaced: of what serves until then."""
    left = serving_tag(replaced)
    return {
        WORKLOAD: workload,
        RELEASE_ID: release_of(deployment),
        DEPLOYMENT: deployment,
        CUTOFF: cutoff,
        "deployed_at": utc_text(now),
        PREVIOUS: before(replaced, deployment),
        EARLIER: ",".join(earlier(replaced, deployment)),
        MODEL: model,
        FENCE: str(fence),
        **({ROLLED_BACK_FROM: left} if left is not None and deployment in chain(replaced)[1:] else {}),
    }
