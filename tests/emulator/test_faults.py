"""Faults, as unmodified clients see them."""

import os
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests
from azure.core.exceptions import HttpResponseError

from emulator.control_client import Control
from emulator.controls.journal import CUT

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

Arm = Callable[..., requests.Response]
Secured = Callable[..., ssl.SSLSocket]
WORKSPACE = "management.azure.com/.*/workspaces/ws$"


def test_a_throttled_sdk_waits_as_long_as_it_is_told_and_asks_again(control: Control, ml: "MLClient") -> None:
    control.add_fault("throttle", path=WORKSPACE, times=2, retry_after=0.2)
    control.clear_journal()
    started = time.monotonic()
    assert ml.workspaces.get("ws").name == "ws"
    assert time.monotonic() - started >= 0.4
    assert [entry.status for entry in control.journal(path=WORKSPACE)] == [429, 429, 200]


def test_an_sdk_asks_again_after_a_server_error(control: Control, ml: "MLClient") -> None:
    control.add_fault("server_error", path=WORKSPACE, status=502)
    assert ml.workspaces.get("ws").name == "ws"
    assert [entry.status for entry in control.journal(path=WORKSPACE)] == [502, 200]


def test_an_sdk_asks_again_after_its_connection_was_cut(control: Control, ml: "MLClient") -> None:
    control.add_fault("reset", path=WORKSPACE)
    assert ml.workspaces.get("ws").name == "ws"
    assert [entry.status for entry in control.journal(path=WORKSPACE)] == [CUT, 200]


def test_a_server_that_stays_down_is_an_error_to_the_sdk(control: Control, arm: Arm, ml: "MLClient") -> None:
    control.add_fault("server_error", path=WORKSPACE, times=100, status=501)
    with pytest.raises(HttpResponseError, match="injected fault"):
        ml.workspaces.get("ws")


def test_a_cut_connection_is_an_error_to_a_plain_client_and_nothing_was_done(control: Control, arm: Arm) -> None:
    control.add_fault("reset", method="PUT", path="/resourceGroups/cut")
    with pytest.raises(requests.ConnectionError, match=r"reset by peer|closed connection without response"):
        arm("PUT", "/subscriptions/s/resourceGroups/cut", json={"location": "westeurope"})
    assert arm("GET", "/subscriptions/s/resourceGroups/cut").status_code == 404
    assert arm("PUT", "/subscriptions/s/resourceGroups/cut", json={"location": "westeurope"}).status_code == 201


def test_a_cut_connection_is_reset_not_ended(control: Control, secured: Secured) -> None:
    control.add_fault("reset")
    with secured("management.azure.com") as client, socket.socket(fileno=os.dup(client.fileno())) as line:
        client.sendall(b"GET /subscriptions/s HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
        line.settimeout(10)
        with pytest.raises(ConnectionResetError, match="reset by peer"):
            while line.recv(4096):
                pass


def test_a_fault_happens_only_to_what_it_names(control: Control, arm: Arm) -> None:
    control.add_fault("throttle", method="DELETE", path="/resourceGroups/other")
    assert arm("PUT", "/subscriptions/s/resourceGroups/other", json={"location": "westeurope"}).status_code in (
        200,
        201,
    )
    assert arm("DELETE", "/subscriptions/s/resourceGroups/others").status_code == 429
    (fault,) = control.faults()
    assert fault.happened == 1


def test_a_slow_answer_comes_late_and_holds_up_nobody_else(control: Control, arm: Arm) -> None:
    control.add_fault("slow", path="/resourceGroups/slow", seconds=1.5)
    with ThreadPoolExecutor(1) as pool:
        begun = time.monotonic()
        slow = pool.submit(arm, "GET", "/subscriptions/s/resourceGroups/slow")
        while not control.faults()[0].happened:
            time.sleep(0.01)
        assert arm("GET", "/subscriptions/s/resourceGroups/quick").status_code == 404
        assert not slow.done()
        assert slow.result().status_code == 404
    assert time.monotonic() - begun >= 1.5


def test_a_request_whose_answer_is_lost_was_done(control: Control, arm: Arm) -> None:
    control.add_fault("lost_answer", method="PUT", path="/resourceGroups/lost")
    with pytest.raises(requests.ConnectionError, match=r"reset by peer|closed connection without response"):
        arm("PUT", "/subscriptions/s/resourceGroups/lost", json={"location": "westeurope"})
    assert arm("GET", "/subscriptions/s/resourceGroups/lost").status_code == 200
