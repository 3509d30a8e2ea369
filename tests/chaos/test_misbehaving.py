"""One fleet's faults are its own: they happen to it alone, and end without ending another's."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from chances import chance_of
from misbehaving import AT_ONCE, KINDS, Misbehaviour, forms_of

from emulator.controls.faults import Fault
from emulator.server import Emulator

ENDPOINT = "https://management.azure.com/x/workspaces/mlw-prod/batchEndpoints/be-chaosa1-a1"


def test_a_fleet_ends_its_own_faults_and_counts_them_by_kind(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        ours = Misbehaviour(emulator.control, "chaosa1", chance_of(1))
        number = len(emulator.control.faults())
        theirs = Misbehaviour(emulator.control, "chaosb1", chance_of(1))
        for _ in range(4):
            with suppress(requests.ConnectionError), requests.Session() as session:
                session.trust_env = False
                session.get(ENDPOINT, proxies={"https": emulator.url}, verify=str(emulator.ca_file), timeout=10)
        seen = Counter[str]()
        for fault in emulator.control.faults()[:number]:
            seen[fault.kind] += fault.happened
        assert +seen
        assert ours.end() == +seen
        assert ours.end() == Counter()
        assert len(emulator.control.faults()) == number
        assert theirs.end() == Counter()
        assert emulator.control.faults() == []


@pytest.mark.parametrize(
    "path",
    [
        "management.azure.com/x/workspaces/mlw-prod/batchEndpoints/be-FLEET-a1",
        "management.azure.com/x/workspaces/mlw-test/batchEndpoints/be-FLEET-a1/deployments/deployment-20260101-1",
        "l.blob.core.windows.net/ledger/FLEET/20260101.1/000001.json",
        "l.blob.core.windows.net/ledger/leases/FLEET/production.json",
        "w.api.azureml.ms/registries/mlr-shared/models/FLEET-a1/versions/1",
    ],
)
def test_faults_happen_to_their_fleet_and_no_other(path: str) -> None:
    faults = [Fault(**form) for kind in KINDS for form in forms_of(kind, "chaosa1", chance_of(1))]

    def happens(fleet: str) -> set[str]:
        return {one.kind for one in faults if any(one.matches(verb, path.replace("FLEET", fleet)) for verb in VERBS)}

    assert happens("chaosa1") >= {"throttle", "server_error", "reset"}
    assert happens("chaosa12") == happens("chaosb1") == happens("xchaosa1") == set()


VERBS = ("GET", "PUT")


def test_every_kind_of_fault_comes_often(tmp_path: Path) -> None:
    with Emulator(tmp_path) as emulator:
        drawn = [Misbehaviour(emulator.control, "chaosa1", chance_of(number)).kinds for number in range(60)]
    often = Counter(kind for kinds in drawn for kind in kinds)
    assert set(often) == set(KINDS)
    assert min(often.values()) > 12
    assert {len(kinds) for kinds in drawn} == set(AT_ONCE)
