"""Helm, as a process of its own by the name of helm, so that Kubernetes says `helm` of every field it set, whoever started us.

Otherwise its server-side apply would take Python's name for the owner's, and `python3` could not change what `python` set. It is
started by path and imports nothing of ours. One request on standard input, one answer on standard output, both JSON.
"""

import json
import sys
from typing import Any

VERBS = ("install", "upgrade", "rollback", "uninstall", "list")


def answer(request: dict[str, Any]) -> Any:
    """What Helm answers. lint needs no cluster; revisions are a history with each one's values and manifest."""
    import helm_python

    verb, words, options = request["verb"], request["words"], request["options"]
    if verb == "lint":
        return helm_python.lint(*words, **options)
    place = {"kubeconfig_path": request["kubeconfig"], "namespace": request["namespace"]}
    with helm_python.Config(**place) as config:
        if verb == "revisions":
            return [_whole(config, words[0], one) for one in config.history(words[0])]
        if verb not in VERBS:
            raise ValueError(f"helm does not {verb}")
        return getattr(config, verb)(*words, **options)


def _whole(config: Any, name: str, revision: dict[str, Any]) -> dict[str, Any]:
    number = revision["revision"]
    return {
        **config.status(name, revision=number),
        "values": config.get_values(name, revision=number),
        "description": config.get_all(name, revision=number)["info"].get("description", ""),
    }


def main() -> None:
    """The one request."""
    import helm_python

    try:
        print(json.dumps({"answer": answer(json.load(sys.stdin))}))  # noqa: T201 — this is how it answers
    except helm_python.HelmError as error:
        print(json.dumps({"error": type(error).__name__, "told": str(error)}))  # noqa: T201


if __name__ == "__main__":
    main()
