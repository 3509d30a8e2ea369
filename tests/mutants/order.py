"""In which order the tests look at a change: those that noticed one in this module before, then the quickest."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass
class Order:
    """A pytest plugin. seconds: test → how long it took. noticed: test → how often. It writes both of its run to a file."""

    file: Path
    seconds: Mapping[str, float] = field(default_factory=dict)
    noticed: Mapping[str, int] = field(default_factory=dict)
    took: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    failed: list[str] = field(default_factory=list)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Called when all tests are found."""
        items.sort(key=lambda item: (-self.noticed.get(item.nodeid, 0), self.seconds.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called after each test's setup, call and teardown."""
        self.took[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Called at the end, if a run comes to its end."""
        self.file.write_text(json.dumps({"took": self.took, "failed": self.failed}))
