"""The process that starts user code warm: what it takes, what it leaves to others, and how it ends."""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from emulator.behaviours import open_world
from emulator.execution.batch_worker import BatchWorker, WorkerError
from emulator.execution.process import UserProcess, user_environment
from emulator.execution.warm.message import receive, send
from emulator.execution.warm.standing import standing
from emulator.execution.warm.warm_start import SETTING, WarmStart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as Linux does it")

WARM = "import sys\nprint('warm' if 'pandas' in sys.modules else 'cold')\n"
SECONDS = 60.0


@pytest.fixture(scope="module")
def shared() -> Iterator[WarmStart]:
    """One parent for the tests that leave it alone."""
    one = WarmStart()
    yield one
    one.close()


@pytest.fixture
def own() -> Iterator[WarmStart]:
    """A parent for one test."""
    one = WarmStart()
    yield one
    one.close()


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def written(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def ran(
    warm: WarmStart | None, folder: Path, command: str = "python a.py", variables: Mapping[str, str] | None = None
) -> str:
    """The log of a command that succeeds."""
    log = folder.parent / f"{folder.name}.log"
    log.unlink(missing_ok=True)
    assert UserProcess(warm).run(command, folder, variables or {}, log, SECONDS) == 0, log.read_text()
    return log.read_text()


class Running:
    """A command that runs while the test looks on."""

    def __init__(self, warm: WarmStart | None, folder: Path, command: str = "exec python a.py") -> None:
        self.log = folder.parent / "running.log"
        self.process = UserProcess(warm)
        self.codes: list[int] = []
        self._thread = threading.Thread(
            target=lambda: self.codes.append(self.process.run(command, folder, {}, self.log, SECONDS))
        )
        self._thread.start()

    def says(self, text: str) -> None:
        until(lambda: self.log.is_file() and text in self.log.read_text(), f"it did not say {text}")

    def code(self) -> int:
        self._thread.join(SECONDS)
        return self.codes[0]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_warm_code_finds_its_imports_done_and_cold_code_does_not(shared: WarmStart, tmp_path: Path) -> None:
    folder = written(tmp_path / "code", {"a.py": WARM})
    assert ran(shared, folder) == "warm\n"
    assert ran(None, folder) == "cold\n"
    assert ran(shared, folder, "python3 a.py") == "warm\n"
    assert ran(shared, folder, "python -m a") == "warm\n"


def test_a_command_without_python_starts_no_parent(own: WarmStart, tmp_path: Path) -> None:
    assert ran(own, written(tmp_path / "code", {}), "echo nothing") == "nothing\n"
    assert own.parent is None


def test_a_command_goes_on_cold_when_the_emulator_is_gone(own: WarmStart, tmp_path: Path) -> None:
    folder = written(tmp_path / "code", {"a.py": WARM})
    assert ran(own, folder, "python a.py; rm -r ${PATH%%/bin:*}; python a.py; python3 a.py") == "warm\ncold\ncold\n"


def test_an_interpreter_in_a_folder_with_spaces_starts_warm(
    own: WarmStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "a folder's place"
    made = [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(home)]
    subprocess.run(made, check=True, timeout=SECONDS)
    monkeypatch.setattr(sys, "executable", str(home / "bin" / "python"))
    folder = written(
        tmp_path / "code", {"a.py": "import sys\nprint(sys.executable, sys.argv, 'ctypes' in sys.modules)\n"}
    )
    command = "python a.py 'x y'"
    assert ran(own, folder, command) == f"{home}/bin/python ['a.py', 'x y'] True\n", own.cold
    assert ran(None, folder, command) == f"{home}/bin/python ['a.py', 'x y'] False\n"


def test_steps_of_modules_of_the_workloads_start_warm(shared: WarmStart, tmp_path: Path) -> None:
    folder = tmp_path / "code"
    workloads = Path(__file__).parents[2] / "workloads"
    shutil.copytree(workloads / "plants" / "code", folder)
    shutil.copytree(workloads / "included" / "tabular_data", folder / "tabular_data")
    started = shared.started
    assert "--extracted" in ran(shared, folder, "python -m circuit_power.prepare --help")
    assert shared.started == started + 1


MINE = "print('mine')\n"


@pytest.mark.parametrize(
    ("files", "command", "reason"),
    [
        ({"a.py": "import numpy\n", "numpy/__init__.py": MINE}, "python a.py", "package of a name"),
        ({"a.py": "import numpy\n", "numpy.py": MINE}, "python a.py", "module of a name"),
        ({"a.py": "import tokenize\n", "tokenize.py": MINE}, "python a.py", "module of a name"),
        (
            {"a.py": "import sys\nsys.path.insert(0, 'vendor')\nimport yaml\n", "vendor/yaml/__init__.py": MINE},
            "python a.py",
            "package of a name",
        ),
        ({"a.py": MINE, "sub/joblib.cpython-311-x86_64-linux-gnu.so": ""}, "python a.py", "module of a name"),
        ({"a.py": MINE, "bottleneck.py": ""}, "python a.py", "module of a name"),
        ({"a.py": MINE, "packages.whl": ""}, "python a.py", "may have modules"),
        ({"a.py": "import os\nos.environ['OMP_NUM_THREADS'] = '2'\n" + MINE}, "python a.py", "OMP_"),
        ({"a.py": "import os\nos.environ.update(OMP_NUM_THREADS='2')\n" + MINE}, "python a.py", "OMP_"),
        (
            {"a.py": "import os\nname = 'OPENBLAS'\nos.environ[f'{name}_NUM_THREADS'] = '2'\n" + MINE},
            "python a.py",
            "_NUM_",
        ),
        ({"a.py": "import os\nos.environ['SKLEARN_ASSUME_FINITE'] = '1'\n" + MINE}, "python a.py", "SKLEARN_"),
        ({"a.py": "import os\nos.environ['JOBLIB_MULTIPROCESSING'] = '0'\n" + MINE}, "python a.py", "JOBLIB_"),
        ({"a.py": "import os\nos.setsid()\n" + MINE}, "python a.py", "setsid"),
        ({"a.py": MINE, "b.py": "import os\ndef end():\n    os.kill(0, 15)\n"}, "python a.py", "kill"),
        ({"a.py": MINE}, "OMP_NUM_THREADS=2 python a.py", "OMP_NUM_THREADS"),
        ({"a.py": MINE}, "PYTHONHASHSEED=0 python a.py", "PYTHONHASHSEED"),
        ({"a.py": MINE}, "LC_ALL=C python a.py", "LC_ALL"),
        ({"a.py": MINE}, "ulimit -n 64; python a.py", "RLIMIT_NOFILE"),
        ({"a.py": MINE}, "nice python a.py", "nice"),
        ({"code.zip": "", "a.py": MINE}, "python a.py", "may have modules"),
    ],
)
def test_code_for_which_something_would_differ_starts_cold(
    shared: WarmStart, tmp_path: Path, files: dict[str, str], command: str, reason: str
) -> None:
    folder = written(tmp_path / "code", {**files, "a.py": files["a.py"] + WARM})
    started = shared.started
    assert ran(shared, folder, command) == "mine\ncold\n"
    assert shared.started == started
    assert reason in shared.cold[-1]
    assert ran(None, folder, command) == "mine\ncold\n"


@pytest.mark.parametrize(
    "command", ["python -c 'import a'", "python -O a.py", "python - < a.py", "python < a.py", "python -m pydoc a"]
)
def test_what_the_parent_is_not_asked_starts_cold(shared: WarmStart, tmp_path: Path, command: str) -> None:
    started = shared.started
    assert "cold" in ran(shared, written(tmp_path / "code", {"a.py": WARM}), command)
    assert shared.started == started


def test_more_files_than_can_be_looked_at_start_cold(shared: WarmStart, tmp_path: Path) -> None:
    folder = written(tmp_path / "code", {"a.py": WARM})
    (folder / "many").mkdir()
    for number in range(10_001):
        (folder / "many" / str(number)).touch()
    assert ran(shared, folder) == "cold\n"
    assert "more than 10000 files" in shared.cold[-1]


def test_random_numbers_differ_from_job_to_job(shared: WarmStart, tmp_path: Path) -> None:
    script = (
        "import random, numpy, multiprocessing\nfrom sklearn.utils import check_random_state\n"
        "print(random.random())\nprint(numpy.random.random())\nprint(check_random_state(None).rand())\n"
        "print(bytes(multiprocessing.current_process().authkey))\n"
    )
    folder = written(tmp_path / "code", {"a.py": script})
    first, second = ran(shared, folder).splitlines(), ran(shared, folder).splitlines()
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_a_stopped_job_may_tidy_up(shared: WarmStart, tmp_path: Path, way: str) -> None:
    script = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: (print('tidy'), sys.exit(0)))\n"
        "print('begins', flush=True)\nwhile True: time.sleep(0.1)\n"
    )
    running = Running(shared if way == "warm" else None, written(tmp_path / "code", {"a.py": script}))
    running.says("begins")
    running.process.stop()
    assert running.code() == 0
    assert running.log.read_text() == "begins\ntidy\n"


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_a_job_that_ignores_its_end_is_killed_with_what_it_started(shared: WarmStart, tmp_path: Path, way: str) -> None:
    script = (
        "import os, signal, subprocess, time\nsignal.signal(15, signal.SIG_IGN)\n"
        "p = subprocess.Popen(['sh', '-c', 'trap \"\" TERM; sleep 60; sleep 60'])\n"
        "print('pids', os.getpid(), p.pid, 'begins', flush=True)\nwhile True: time.sleep(0.1)\n"
    )
    running = Running(shared if way == "warm" else None, written(tmp_path / "code", {"a.py": script}))
    running.says("begins")
    running.process.stop()
    assert running.code() == -signal.SIGKILL
    pids = [int(word) for word in running.log.read_text().split() if word.isdigit()]
    assert len(pids) == 2
    until(lambda: not any(alive(one) for one in pids), "it lives")


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_children_of_user_code_hear_the_end_of_a_job(shared: WarmStart, tmp_path: Path, way: str) -> None:
    scripts = {
        "a.py": "import signal, subprocess, sys\nsignal.signal(15, lambda *_: None)\n"
        "subprocess.run([sys.executable, 'b.py'])\nprint('done')\n",
        "b.py": "import os, signal, sys, time\nsignal.signal(15, lambda *_: (print('heard'), sys.exit()))\n"
        "os.write(1, b'begins\\n')\ntime.sleep(60)\n",  # in one piece: the signal comes as soon as it is there
    }
    running = Running(shared if way == "warm" else None, written(tmp_path / "code", scripts))
    running.says("begins")
    running.process.stop()
    assert running.code() == 0
    assert running.log.read_text() == "begins\nheard\ndone\n"


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_what_a_step_leaves_behind_lives_as_long_as_the_command(shared: WarmStart, tmp_path: Path, way: str) -> None:
    scripts = {
        "a.py": "import subprocess\nsubprocess.Popen(['python', 'b.py'])\nsubprocess.Popen(['sleep', '60'])\n",
        "b.py": "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nos.rename('pid', 'b.pid')\ntime.sleep(60)\n",
    }
    folder = written(tmp_path / "code", scripts)
    command = (
        "python a.py; n=0; while [ ! -e b.pid ]; do sleep 0.1; done; sleep 0.3; kill -0 $(cat b.pid) && echo there"
    )
    assert ran(shared if way == "warm" else None, folder, command) == "there\n"
    process = int((folder / "b.pid").read_text())
    until(lambda: not alive(process), "it outlives its job")


def test_a_job_is_over_when_all_that_ran_warm_has_ended(shared: WarmStart, tmp_path: Path) -> None:
    folder = written(
        tmp_path / "code", {"a.py": "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"}
    )
    ran(shared, folder, "python a.py & while [ ! -s pid ]; do sleep 0.1; done")
    assert not alive(int((folder / "pid").read_text()))


def test_a_job_goes_on_when_the_parent_is_killed_and_another_one_starts_the_next(
    own: WarmStart, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script = "import os, time\nprint('begins', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.02)\nraise SystemExit(6)\n"
    folder = written(tmp_path / "code", {"a.py": script, "b.py": WARM})
    running = Running(own, folder, "python a.py; code=$?; python b.py; exit $code")
    running.says("begins")
    first = own.parent
    assert first is not None
    with caplog.at_level(logging.WARNING):
        os.kill(first, signal.SIGKILL)
        until(lambda: own.parent not in (None, first), "no other parent was started")
    assert "another one is started" in caplog.text
    (folder / "go").touch()
    assert running.code() == 6
    assert running.log.read_text() == "begins\nwarm\n"


def test_a_job_whose_keeper_is_killed_ends_and_says_so(own: WarmStart, tmp_path: Path) -> None:
    script = "import os, time\nprint(os.getppid(), os.getpid(), 'begins', flush=True)\ntime.sleep(60)\n"
    running = Running(own, written(tmp_path / "code", {"a.py": script}))
    running.says("begins")
    keeper, job = (int(word) for word in running.log.read_text().split()[:2])
    os.kill(keeper, signal.SIGKILL)
    assert running.code() == 1
    assert "The process that kept this job's was ended" in running.log.read_text()
    until(lambda: not alive(job), "it outlives its keeper")


def test_nothing_runs_for_who_has_gone_before_it_begins(own: WarmStart, tmp_path: Path) -> None:
    folder = written(tmp_path / "code", {"a.py": "open('ran', 'w')\n", "b.py": WARM})
    environment = user_environment({})
    programs = own.programs(environment)
    assert programs is not None
    place = os.open(folder, os.O_RDONLY)
    nothing = os.open(os.devnull, os.O_RDWR)
    document = {
        "python": b"python",
        "executable": os.fsencode(sys.executable),
        "words": [b"a.py"],
        "variables": [f"{name}={value}".encode() for name, value in environment.items()],
        "standing": standing(),
        "ignored": (),
        "blocked": (),
        "leader": 0,
    }
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(SECONDS)
        line.connect(str(programs.parent / "socket"))
        send(line, document, [nothing, nothing, nothing, place])
        assert receive(line)[0] == {"ready": True}
    for torn in (b"\0", b"\xff\xff\xff\xff", b"\0\0\0\4none"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(programs.parent / "socket"))
            line.sendall(torn)
    os.close(place)
    os.close(nothing)
    assert ran(own, folder, "python b.py") == "warm\n"
    assert not (folder / "ran").exists()


def test_two_at_once_have_nothing_in_common(shared: WarmStart, own: WarmStart, tmp_path: Path) -> None:
    script = "import os\nprint(os.environ['PATH'].split(':')[0])\n" + WARM
    folder = written(tmp_path / "code", {"a.py": script})
    one, other = ran(shared, folder).split(), ran(own, folder).split()
    assert (one[1], other[1]) == ("warm", "warm")
    assert one[0] != other[0]
    own.close()
    assert not Path(other[0]).exists()
    assert ran(shared, folder).split() == one


def test_a_changed_package_is_imported_anew(own: WarmStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = written(tmp_path / "packages", {"yaml.py": "version = 1\n"})
    monkeypatch.setenv("PYTHONPATH", str(packages))
    folder = written(tmp_path / "code", {"a.py": "import yaml\nprint(yaml.version)\n" + WARM})
    assert ran(own, folder) == "1\nwarm\n"
    parent = own.parent
    (packages / "yaml.py").write_text("version = 200\n")
    assert ran(own, folder) == "200\ncold\n"
    assert ran(own, folder) == "200\nwarm\n", own.cold
    assert own.parent == parent


def test_imports_that_start_threads_leave_everything_cold_and_the_emulator_says_so(
    own: WarmStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    monkeypatch.setenv("PYTHONPATH", str(written(tmp_path / "packages", {"yaml.py": thread})))
    folder = written(tmp_path / "code", {"a.py": WARM})
    with caplog.at_level(logging.WARNING):
        assert ran(own, folder) == "cold\n"
        until(lambda: "has started 1 threads" in caplog.text, "it did not say why")
    assert own.programs({}) is None
    assert ran(own, folder) == "cold\n"


def test_a_parent_that_cannot_begin_is_not_started_for_ever(
    own: WarmStart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(written(tmp_path / "packages", {"yaml.py": "import os\nos._exit(3)\n"})))
    with caplog.at_level(logging.WARNING):
        assert ran(own, written(tmp_path / "code", {"a.py": WARM})) == "cold\n"
        until(lambda: "it has ended 3 times (the last time with code 3)" in caplog.text, "it is started for ever")


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_setting_turns_it_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "environment":
        monkeypatch.setenv(SETTING, "off")
    world = open_world(tmp_path / "state", warm=how != "argument")
    try:
        assert ran(world.warm, written(tmp_path / "code", {"a.py": WARM})) == "cold\n"
        assert world.warm.parent is None
    finally:
        world.close()


def test_closing_ends_the_parent_and_removes_its_folder(own: WarmStart, tmp_path: Path) -> None:
    ran(own, written(tmp_path / "code", {"a.py": WARM}))
    programs, parent = own.programs({}), own.parent
    assert programs is not None
    assert parent is not None
    own.close()
    assert not programs.parent.exists()
    assert not alive(parent)
    assert ran(own, tmp_path / "code") == "cold\n"


SCORE = """
import os, subprocess, sys
def init():
    print("init", "pandas" in sys.modules, os.getcwd(), os.environ["GIVEN"], sys.argv[1:], __name__)
def run(files):
    if files == ["raise"]:
        raise ValueError("no")
    if files == ["exit"]:
        sys.exit(3)
    if files == ["gone"]:
        os._exit(4)
    if files == ["child"]:
        return [subprocess.Popen(["sleep", "60"]).pid]
    if files == ["hang"]:
        import time
        time.sleep(60)
    print("run", files)
    return files
"""


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_a_scoring_worker_does_the_same_warm_and_cold(shared: WarmStart, tmp_path: Path, way: str) -> None:
    folder, result, log = written(tmp_path / "code", {"score.py": SCORE}), tmp_path / "result", tmp_path / "log"

    def start() -> BatchWorker:
        started = shared.started
        warm = shared if way == "warm" else None
        worker = BatchWorker(folder / "score.py", folder, {"GIVEN": "ü"}, log, threading.Event(), warm)
        until(lambda: shared.started == started + (way == "warm"), list(shared.cold)[-1:])
        return worker

    worker = start()
    assert worker.run(["a", "b"], result, SECONDS) == 2
    assert result.read_text() == "a\nb\n"
    assert worker.run(["raise"], result, SECONDS) is None
    assert worker.run(["exit"], result, SECONDS) is None
    assert worker.run(["child"], result, SECONDS) == 1
    child = int(result.read_text())
    assert alive(child)
    worker.stop()
    until(lambda: not alive(child), "it outlives its worker")
    worker.stop()
    with pytest.raises(WorkerError, match="the worker process ended"):
        start().run(["gone"], result, SECONDS)
    with pytest.raises(WorkerError, match=r"no answer within 0\.5 seconds"):
        start().run(["hang"], result, 0.5)
    said = log.read_text()
    first = f"init {way == 'warm'} {folder} ü ['{folder / 'score.py'}'] entry_script\nrun ['a', 'b']\nTraceback"
    assert said.startswith(first), said
    assert "ValueError: no\nERROR: run() failed on 1 files" in said
    (folder / "score.py").write_text("def init(): raise OSError('no init')\n")
    with pytest.raises(WorkerError, match=r"init\(\) failed"):
        start()
    assert "OSError: no init" in log.read_text()
