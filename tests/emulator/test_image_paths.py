"""Absolute paths where an image is a tree: which are the tree's, and which commands would change this machine."""

from pathlib import Path

import pytest

from emulator.images.build_failure import BuildFailedError
from emulator.images.tree_paths import located, refuse_changes_of_this_machine, translated


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "usr" / "local" / "bin").mkdir(parents=True)
    (tmp_path / "usr" / "share").mkdir()
    (tmp_path / "usr" / "share" / "words").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python /app/serve.py", "python {root}/app/serve.py"),
        ("mkdir -p /data/in && cd /data", "mkdir -p {root}/data/in && cd {root}/data"),
        ("pip install --prefix=/install x", "pip install --prefix={root}/install x"),
        ("rm -rf /var/lib/apt/lists/* /tmp/x", "rm -rf {root}/var/lib/apt/lists/* {root}/tmp/x"),
        ("/bin/sh -c '/usr/bin/env' >/dev/null", "/bin/sh -c '/usr/bin/env' >/dev/null"),
        ("/usr/local/bin/python", "{root}/usr/local/bin/python"),
        ("cat /usr/share/words /usr/share/other", "cat {root}/usr/share/words /usr/share/other"),
        ("PATH=/opt/venv/bin:/usr/bin x", "PATH={root}/opt/venv/bin:/usr/bin x"),
        ("curl https://host/app/x && sed s/a/b/", "curl https://host/app/x && sed s/a/b/"),
        ("python -c 'print(4/2)'", "python -c 'print(4/2)'"),
    ],
)
def test_a_builds_paths_are_the_trees_but_for_programs_and_devices(root: Path, command: str, expected: str) -> None:
    assert translated(root, command) == expected.format(root=root)


def test_a_variable_names_the_tree_only_where_the_tree_has_it(root: Path) -> None:
    assert located(root, "/usr/local/bin:/usr/bin:/bin") == f"{root}/usr/local/bin:/usr/bin:/bin"
    assert located(root, "/app/model") == f"{root}/app/model"
    assert located(root, "/healthz") == "/healthz"


@pytest.mark.parametrize(
    "command",
    [
        "apt-get update && apt-get install -y curl",
        "true; useradd app",
        "DEBIAN_FRONTEND=noninteractive apt-get install x",
        "rm -rf /usr/share/doc",
        "pip install x && chmod -R 777 /usr/lib",
        "cp tool /usr/bin/",
        "ln -s x /bin/y",
    ],
)
def test_a_command_that_would_change_this_machine_is_refused(command: str) -> None:
    with pytest.raises(BuildFailedError, match="would change this machine"):
        refuse_changes_of_this_machine(command)


@pytest.mark.parametrize(
    "command",
    [
        "pip install apt-listing",
        "echo useradd",
        "cp /usr/share/words words",
        "rm -rf /var/lib/apt/lists/*",
        "cp tool /usr/local/bin/",
        "echo x > /dev/null",
    ],
)
def test_other_commands_are_not(command: str) -> None:
    refuse_changes_of_this_machine(command)
