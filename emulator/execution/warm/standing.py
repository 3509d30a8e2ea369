"""What a process has from its surroundings and cannot be given: limits, identity, namespaces."""

import os
import resource

STATUS = (
    "Uid",
    "Gid",
    "Groups",
    "Umask",  # this one can be given
    "NoNewPrivs",
    "Seccomp",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "Cpus_allowed",
    "Mems_allowed",
)
"""Lines of /proc/PID/status."""
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")


def standing() -> dict[str, str]:
    """This process's; two processes with equal ones run the same code alike."""
    found = {"nice": str(os.nice(0))}
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:  # noqa: PTH123 (pathlib costs 5 ms)
        for line in lines:
            name, _, value = line.partition(":")
            if name in STATUS:
                found[name] = value.strip()
    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            try:
                found[name] = str(resource.getrlimit(getattr(resource, name)))
            except (OSError, ValueError):
                found[name] = "unknown to this kernel"
    for name in NAMESPACES:
        try:
            found[name] = os.readlink(f"/proc/self/ns/{name}")  # noqa: PTH115 (pathlib costs 5 ms)
        except OSError:
            found[name] = "unknown to this kernel"
    for name in ("cgroup", "oom_score_adj"):
        try:
            with open(f"/proc/self/{name}", encoding="utf-8", errors="replace") as content:  # noqa: PTH123 (as above)
                found[f"/proc/{name}"] = content.read()
        except OSError:
            found[f"/proc/{name}"] = "unknown to this kernel"
    root = os.stat("/")  # noqa: PTH116 (pathlib costs 5 ms)
    found["root"] = f"{root.st_dev}:{root.st_ino}"
    found["scheduling"] = str(os.sched_getscheduler(0))
    return found
