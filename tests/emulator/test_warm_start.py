"""User code that starts warm does, says and leaves what it would in an interpreter of its own."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulator.execution.process import UserProcess
from emulator.execution.warm.warm_start import WarmStart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched as Linux does it")


@dataclass(frozen=True)
class Ran:
    """What came of a command. files: what is in its folder afterwards."""

    code: int
    log: str
    files: Mapping[str, str] = field(default_factory=dict)


Run = Callable[..., Ran]
ADDRESS = re.compile(r"0x[0-9a-f]+")


@pytest.fixture(scope="module")
def warm() -> Iterator[WarmStart]:
    """One parent for this file."""
    one = WarmStart()
    yield one
    one.close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run(warm, {"a.py": "print(1)"}, "python a.py")`: in a folder of the same name each time; `None` is cold."""

    def start(
        warm: WarmStart | None,
        files: Mapping[str, str | bytes],
        command: str,
        timeout: float = 120,
        variables: Mapping[str, str] | None = None,
    ) -> Ran:
        folder, log = tmp_path / "code", tmp_path / "log"
        shutil.rmtree(folder, ignore_errors=True)
        log.unlink(missing_ok=True)
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = UserProcess(warm).run(command, folder, variables or {}, log, timeout)
        left = {
            str(file.relative_to(folder)): file.read_text(errors="replace")
            for file in sorted(folder.rglob("*"))
            if file.is_file() and str(file.relative_to(folder)) not in files
        }
        return Ran(code, ADDRESS.sub("0x", log.read_text(errors="replace")), left)

    return start


A_PY = {
    "says what it is given": (
        "import sys, os\nprint(sys.argv, sys.orig_argv, sys.path, __file__, os.getcwd(), sys.flags, sys.executable)\n"
        "print([(k, str(v)[:60]) for k, v in globals().items() if k not in ('sys', 'os')])\n"
        "print(sys.modules['__main__'].__dict__ is globals(), __builtins__, sys.stdin.name, os.umask(0))\n"
        "print([(s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.write_through, s.fileno(), repr(s.buffer)[:30])\n"
        "       for s in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout is sys.__stdout__)\n"
        "print(os.listdir('/proc/self/fd'), sys.getrecursionlimit(), sys.warnoptions, sys._xoptions)\n"
    ),
    "raises": "def f(n):\n    return 1 / n\n\nf(0)\n",
    "raises in a chain": "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('é' * 3) from e\n",
    "has a syntax error": "print(1)\nif True\n    pass\n",
    "has bytes that are no text": b"print('\xff')\n",
    "declares its encoding": b"# coding: latin-1\nprint(ascii('\xe9'))\n",
    "has a null byte": b"print(1)\0\n",
    "is empty": "",
    "recurses for ever": "import sys\nsys.setrecursionlimit(150)\ndef f(): f()\ntry:\n    f()\nexcept RecursionError as e:\n    print(e)\n",
    "exits without a word": "raise SystemExit\n",
    "exits with a number": "import sys\nsys.exit(7)\n",
    "exits with a large number": "import sys\nsys.exit(256 + 3)\n",
    "exits with a text": "import sys\nsys.exit('enough')\n",
    "exits at once": "import os\nprint('said', end='')\nos._exit(9)\n",
    "is interrupted": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass\n",
    "ends by a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nwhile True: pass\n",
    "is killed": "import os, signal\nprint(1)\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "has a segmentation fault": "import ctypes\nprint('before')\nctypes.string_at(0)\n",
    "aborts": "import os\nos.abort()\n",
    "has an excepthook of its own": "import sys\nsys.excepthook = lambda t, v, tb: print('mine', t, v, tb.tb_next)\n1 / 0\n",
    "has an excepthook that fails": "import sys\ndef hook(t, v, tb):\n    raise ValueError('hook')\nsys.excepthook = hook\n1 / 0\n",
    "has no excepthook": "import sys\ndel sys.excepthook\n1 / 0\n",
    "writes to a file that it does not close": "import sys\nf = open('left.txt', 'w')\nf.write('x' * 10000)\nprint('ok')\n",
    "writes through a function's global": "f = open('left.txt', 'w')\ndef g(): f.write('y' * 10)\ng()\n",
    "writes to a file that only a library holds": "import os\nos.left = open('left.txt', 'w')\nos.left.write('z')\n",
    "has exit functions": "import atexit, sys\natexit.register(print, 'last')\n@atexit.register\ndef f():\n    import json\n"
    "    print('first', json.dumps([1]))\nprint('body')\n",
    "has an exit function that fails": "import atexit\n@atexit.register\ndef f():\n    1 / 0\n",
    "logs": "import logging\nlogging.basicConfig(filename='left.txt', level=10)\nlogging.info('hello')\nlogging.getLogger('a').warning('x')\n",
    "waits for its threads": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print('thread'))).start()\nprint('main')\n",
    "leaves a daemon thread": "import threading, time\nthreading.Thread(target=lambda: time.sleep(60), daemon=True).start()\n"
    "print('main', threading.main_thread().name, threading.active_count())\n",
    "has a thread that raises": "import threading\nt = threading.Thread(target=lambda: 1 / 0, name='t')\nt.start()\nt.join()\n",
    "forks": "import os, sys\np = os.fork()\nif p == 0:\n    print('child', flush=True)\n    sys.exit(3)\nprint(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))\n",
    "runs its own interpreter": "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'import sys; print(sys.argv)'], capture_output=True, text=True))\n",
    "runs python": "import subprocess\nprint(subprocess.run(['python', 'b.py', 'x'], capture_output=True, text=True).stdout)\n",
    "runs a shell": "import os\nprint(os.system('exit 3'), os.system('python b.py y'))\n",
    "reads its input": "import sys\nprint(repr(sys.stdin.read()))\n",
    "changes signals": "import signal\nprint(signal.getsignal(2), signal.getsignal(13), signal.getsignal(15), signal.pthread_sigmask(0, []))\n"
    "signal.signal(15, signal.SIG_IGN)\nsignal.raise_signal(15)\nprint('alive')\n",
    "changes the locale": "import locale\nprint(locale.getlocale(), locale.getpreferredencoding(), locale.setlocale(locale.LC_ALL, 'C'))\n",
    "fills its output": "import sys\nfor n in range(40000):\n    print('x' * 100)\nsys.stdout.write('end')\n",
    "warns": "import warnings\nwarnings.warn('mind')\ndef f():\n    warnings.warn('mine', stacklevel=2)\nf()\n",
    "computes": "import numpy as np, pandas as pd\nprint(np.random.default_rng(3).random(2), pd.DataFrame({'a': [1.5, 2]}).describe())\n",
    "uses processes": "import multiprocessing as m\ndef f(x): return x * x\nif __name__ == '__main__':\n    with m.Pool(2) as p:\n        print(p.map(f, range(5)))\n",
    "spawns processes": "import multiprocessing as m\ndef f(x): return x * x\nif __name__ == '__main__':\n"
    "    with m.get_context('spawn').Pool(1) as p:\n        print(p.map(f, range(5)))\n",
    "pickles what is in main": "import pickle\nclass C:\n    pass\nprint(pickle.loads(pickle.dumps(C())).__class__, pickle.dumps(C)[:40])\n",
    "imports its neighbour": "import b\nprint(b.__file__, b.__name__)\n",
    "imports what is not there": "import nothing_of_that_name\n",
    "imports the emulator's modules": "import sys\nprint([m for m in sys.modules if 'emulator' in m or m in ('client', 'parent')])\n",
    "closes its output": "import os\nprint('a', flush=True)\nos.close(1)\n",
    "deletes its folder": "import os, shutil\nshutil.rmtree(os.getcwd())\nprint('gone')\n",
    "reads itself": "import inspect\ndef f(): pass\nprint(inspect.getsource(f), open(__file__).read()[:10])\n",
    "has annotations": "x: int = 1\nprint(__annotations__, __doc__, __spec__, __package__)\n",
    "has a docstring": "'''Doc.'''\nprint(__doc__)\n",
    "has an object with a finalizer": "class D:\n    def __del__(self):\n        print('finalized')\nd = D()\nd.me = d\ne = D()\n",
}
"""Name → a script, run as `python a.py x 'y z'` beside a `b.py`."""

B_PY = "import sys\nprint('b', sys.argv, sys.path[0])\n"

UNTIL_BEGUN = "until [ -s begun ]; do sleep 0.05; done;"
A_TIME_OUT = "exec 2> /dev/null; for s in 1 3 9 27; do {} $s python sleep.py > begun; code=$?; [ -s begun ] && break; done; echo $code"
"""The shortest time-out in which an interpreter starts at all, however slow the machine."""

COMMANDS = {
    "a pipe": "python a.py one 2> err | tee x",
    "a pipe whose reader goes away": "python big.py 2> err | head -c 10; echo; cat err",
    "redirections": "python a.py > out.txt 2> err.txt < a.py",
    "standard error beside standard output": "python a.py 2>&1 >&2",
    "the background, waited for": "python fail.py & wait $!; echo $?",
    "a background that ignores interrupts": "python signals.py & wait $!",
    "a background that is ended": f"python sleep.py > begun & {UNTIL_BEGUN} kill $!; wait $!; echo $?",
    "a background that is killed": f"python sleep.py > begun & {UNTIL_BEGUN} kill -9 $!; wait $!; echo $?",
    "a background that is left": f"python sleep.py > begun & {UNTIL_BEGUN} echo left",
    "a time-out": A_TIME_OUT.format("timeout"),
    "a time-out that kills": A_TIME_OUT.format("timeout -s KILL"),
    "hang-ups ignored": "nohup python signals.py < /dev/null; echo $?",
    "two steps": "python a.py one && python3 a.py two; python fail.py || echo failed",
    "a step that is killed": "python kill.py; echo $?",
    "a step that crashes": "python crash.py; echo $?",
    "a module": "python -m pack.mod x y",
    "a package": "python -m pack x",
    "a module in no package": "python -m a x",
    "a module that raises": "python -m pack.bad; echo $?",
    "a module that exits": "python -m pack.leave; echo $?",
    "a module that is interrupted": "python -m pack.interrupt; echo $?",
    "a module with a hook": "python -m pack.hook; echo $?",
    "a module that is not there": "python -m pack.none; echo $?",
    "a module of the library": "python -m json.tool < data.json",
    "a command": "python -c 'import sys; print(sys.argv)' x",
    "a script on standard input": "echo 'print(__name__, 5)' | python",
    "a script on standard input, named": "echo 'print(__name__, 5)' | python - x",
    "unbuffered": "python -u a.py x",
    "optimised": "python -O a.py x",
    "warnings as errors": "python -W error warn.py; echo $?",
    "a version": "python -V",
    "a script that is not there": "python none.py; echo $?",
    "a folder": "python . ; echo $?",
    "a script of another name": "cp a.py other; python other x",
    "a script through a link": "mkdir d; ln -s ../a.py d/link.py; python d/link.py x",
    "a script in a folder": "python ./pack/../a.py x; python pack/mod.py",
    "a script of another folder": "cd pack; python ../a.py x; python $PWD/mod.py",
    "a umask": "umask 077; python umask.py",
    "fewer files": "ulimit -n 64; python limit.py",
    "an empty environment": "env -i $(command -v python) env.py; env -i PATH=$PATH python env.py",
    "a variable": "A='ü x' python env.py",
    "another file open": "python fds.py 3< a.py",
    "a stream closed": "python closed.py <&-; python closed.py >&-; echo $?",
    "a shebang": "chmod +x bang.py; ./bang.py x",
    "a session of its own": "setsid -w python a.py x; echo $?",
}
"""Name → a command line among FILES."""

FILES: dict[str, str | bytes] = {
    "a.py": "import sys\nprint(__name__, sys.argv, sys.path[0], sys.orig_argv[1:])\nsys.stderr.write('error\\n')\n",
    "big.py": "for n in range(100000):\n    print('x' * 100)\n",
    "fail.py": "raise SystemExit(5)\n",
    "signals.py": "import signal\nprint([int(s) for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN])\n",
    "sleep.py": "import time\nprint('begins', flush=True)\ntime.sleep(60)\nprint('never')\n",
    "kill.py": "import os\nos.kill(os.getpid(), 9)\n",
    "crash.py": "import ctypes\nctypes.string_at(0)\n",
    "pack/__init__.py": "",
    "pack/__main__.py": "import sys\nprint('main of', __package__, sys.argv, __spec__, __file__)\n",
    "pack/mod.py": (
        "import sys\nprint(__name__, __package__, sys.argv, sys.orig_argv[1:], sys.path[0], __spec__ and __spec__.name, __file__)\n"
        "print(sorted(k for k in globals() if k != 'sys'), __loader__.__class__)\n"
    ),
    "pack/bad.py": "def f():\n    raise ValueError('bad')\nf()\n",
    "pack/leave.py": "import sys\nsys.exit('left')\n",
    "pack/interrupt.py": "raise KeyboardInterrupt\n",
    "pack/hook.py": "import sys\ndef hook(*a):\n    print(a[0])\n    1 / 0\nsys.excepthook = hook\n[][0]\n",
    "data.json": '{"a": 1}',
    "warn.py": "import warnings\nwarnings.warn('mind')\n",
    "umask.py": "import os\nopen('made', 'w').close()\nprint(oct(os.stat('made').st_mode))\n",
    "limit.py": "import resource\nprint(resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n",
    "env.py": "import os\nprint(sorted((k, v) for k, v in os.environ.items() if k not in ('PATH', 'PWD', 'OLDPWD')), os.environ.get('PWD'))\n",
    "fds.py": "import os\nprint(os.read(3, 10))\n",
    "closed.py": "import sys\nprint(sys.stdin, sys.stdout, file=sys.stderr)\n",
    "bang.py": "#!/usr/bin/env python\nimport sys\nprint(sys.argv)\n",
}


@pytest.mark.parametrize("name", A_PY)
def test_a_script_does_the_same_warm_and_cold(name: str, run: Run, warm: WarmStart) -> None:
    files = {"a.py": A_PY[name], "b.py": B_PY}
    before = warm.started
    found = run(warm, files, "python a.py x 'y z'")
    assert warm.started > before, list(warm.cold)[-1:]
    assert found == run(None, files, "python a.py x 'y z'")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_does_the_same_warm_and_cold(name: str, run: Run, warm: WarmStart) -> None:
    assert run(warm, FILES, COMMANDS[name]) == run(None, FILES, COMMANDS[name])
