"""What is never served: a model other than the released one, or one that this service cannot be sure of."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_service import SERVICE, EngineService

from tasks.content_digest import content_digest as released_digest
from trained_model.model_folder import content_digest as trained_digest
from workloads.estimation_engine.service.estimation.content import Refusal, content_digest
from workloads.estimation_engine.service.estimation.model import load
from workloads.estimation_engine.service.estimation.settings import Settings, SettingsError


@pytest.fixture
def model(trained: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the model that a test may spoil."""
    return Path(shutil.copytree(trained["model"], tmp_path / "model"))


def described(model: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Change model.json as if it had been released so; the digest that it then has."""
    description = json.loads((model / "model.json").read_text())
    change(description)
    (model / "model.json").write_text(json.dumps(description))
    return content_digest(model)


def test_a_model_that_is_not_the_released_one_is_neither_loaded_nor_served(
    model: Path, digest: str, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    trap = f"cposix\nsystem\n(S'touch {tmp_path}/sprung'\ntR."
    (model / "model.joblib").write_bytes(trap.encode())
    with EngineService(model, digest, tmp_path / "log") as running:
        for answer in (running.client.get("/ready"), running.ask(rows[0])):
            assert answer.status_code == 503
            assert answer.json()["code"] == "not_ready"
            assert f"have digest {content_digest(model)}, but MODEL_DIGEST is {digest}" in answer.json()["message"]
        assert running.client.get("/health").json() == {"status": "up"}
        assert running.count("estimation_ready") == 0
        assert not (tmp_path / "sprung").exists()
        assert running.log()[0]["level"] == "error"
        assert "they are not what was released, and were not loaded" in running.log()[0]["event"]
        assert running.stop() == 0


def test_another_file_beside_the_model_is_another_model(model: Path, digest: str) -> None:
    (model / "extra").write_text("")
    with pytest.raises(Refusal, match="they are not what was released"):
        load(model, digest)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["columns"].append("view"), "the model and this service differ in view"),
        (lambda told: told["columns"].remove("rooms"), "the model and this service differ in rooms"),
        (lambda told: told.update(sklearn="0.1"), r"trained with scikit-learn 0\.1, and this image has"),
        (lambda told: told.pop("ranges"), r"does not describe a model \(KeyError\('ranges'\)\)"),
        (lambda told: told.update(ranges={"rooms": 1}), "does not describe a model"),
    ],
)
def test_a_released_model_that_does_not_fit_the_service_is_refused(
    model: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(Refusal, match=message):
        load(model, described(model, change))


def test_a_released_model_without_a_description_is_refused(model: Path) -> None:
    (model / "model.json").unlink()
    with pytest.raises(Refusal, match="does not describe a model"):
        load(model, content_digest(model))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="holds no files"):
        load(tmp_path, "sha256:" + "0" * 64)


def test_the_product_the_training_and_the_service_mean_the_same_by_a_digest(tmp_path: Path) -> None:
    for name, content in {"b": "two", "a/z": "one", "a.json": "", ".hidden": "é", "ä": "three", "a-": "4"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "empty").mkdir()
    assert content_digest(tmp_path) == trained_digest(tmp_path) == released_digest(tmp_path)


def test_everything_wrong_with_the_environment_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.read({"PORT": "0", "MODEL_DIGEST": "latest", "MODEL_VERSION": "3 or 4"})
    for fault in ("PORT is '0'", "MODEL_DIGEST is 'latest'", "MODEL_NAME is ''", "MODEL_VERSION is '3 or 4'"):
        assert fault in str(told.value)


def test_the_defaults_are_those_of_a_container() -> None:
    told = {"MODEL_DIGEST": "sha256:" + "0" * 64, "MODEL_NAME": "m", "MODEL_VERSION": "1"}
    settings = Settings.read(told)
    assert (settings.host, settings.port, settings.model_dir) == ("0.0.0.0", 8080, Path("model"))  # noqa: S104  # read, not bound


def run(module: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=SERVICE,
        env={**os.environ, "HOST": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_a_digest_the_process_does_not_start(trained: dict[str, Path]) -> None:
    ended = run("estimation", MODEL_DIR=str(trained["model"]), MODEL_NAME="m", MODEL_VERSION="1")
    assert ended.returncode == 2
    assert "MODEL_DIGEST is '', and must be sha256:" in json.loads(ended.stdout)["event"]


def test_a_taken_port_ends_the_process_with_the_reason(trained: dict[str, Path], digest: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = {"MODEL_DIR": str(trained["model"]), "MODEL_DIGEST": digest, "MODEL_NAME": "m", "MODEL_VERSION": "1"}
        ended = run("estimation", PORT=str(taken.getsockname()[1]), **told)
    assert ended.returncode not in (0, None)
    assert "address already in use" in ended.stdout


def test_the_images_probe_tells_ready_from_not_ready_and_from_nobody_there(
    service: EngineService, model: Path, digest: str, tmp_path: Path
) -> None:
    assert run("estimation.probe", PORT=str(service.port)).returncode == 0
    (model / "extra").write_text("")
    with EngineService(model, digest, tmp_path / "log") as refusing:
        ended = run("estimation.probe", PORT=str(refusing.port))
        assert (ended.returncode, "not what was released" in ended.stdout) == (1, True)
    ended = run("estimation.probe", PORT=str(refusing.port))
    assert (ended.returncode, "no answer" in ended.stdout) == (1, True)
