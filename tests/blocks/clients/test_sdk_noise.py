"""What the SDKs say of their own accord is not printed, and what they warn of is; with VERBOSE both are."""

import logging
import sys

import pytest

from blocks.clients.sdk_noise import (
    TELLS_OF_DOWNLOADS,
    TELLS_OF_FOLDERS,
    VERBOSE,
    quiet_azure_ml,
    quiet_great_expectations,
)


@pytest.fixture(params=["", "1"], ids=["quiet", "verbose"])
def verbose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setenv(VERBOSE, request.param)
    quiet_azure_ml()
    quiet_great_expectations()
    return bool(request.param)


def test_a_class_of_the_sdk_that_may_change_is_said_only_when_all_is(
    verbose: bool, caplog: pytest.LogCaptureFixture
) -> None:
    from azure.ai.ml._utils._experimental import experimental

    @experimental
    class Fresh:
        pass

    Fresh.__name__ = f"Fresh{verbose}"  # the SDK says it once of each name
    Fresh()
    assert ("experimental class" in caplog.text) == verbose


def test_other_warnings_of_that_logger_are_kept(verbose: bool, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("azure.ai.ml._utils._experimental").warning("the disk is full")
    assert "the disk is full" in caplog.text


@pytest.mark.parametrize("name", [*TELLS_OF_DOWNLOADS, TELLS_OF_FOLDERS])
def test_downloads_and_folders_are_said_only_when_all_is_and_warnings_always(
    name: str, verbose: bool, caplog: pytest.LogCaptureFixture
) -> None:
    if name == TELLS_OF_FOLDERS:
        import great_expectations.data_context.types.base  # noqa: F401  # sets the level of its logger
    logging.getLogger(name).info("Downloading artifact, to a folder")
    logging.getLogger(name).warning("half of it is missing")
    assert ("Downloading artifact" in caplog.text) == verbose
    assert "half of it is missing" in caplog.text


def test_a_dot_for_each_question_after_a_long_operation_is_printed_only_when_all_is(
    verbose: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    from azure.ai.ml._utils import _azureml_polling

    _azureml_polling.print(".", end="", flush=True)  # as the SDK has it
    assert capsys.readouterr().out == ("." if verbose else "")


def test_the_end_of_a_colour_is_printed_only_when_all_is_and_other_texts_always(
    verbose: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    from azure.ai.ml._artifacts import _blob_storage_helper, _gen2_storage_helper
    from colorama import Fore

    for module in (_blob_storage_helper, _gen2_storage_helper):
        module.print(Fore.RESET + "\n", file=sys.stderr)  # as the SDK has it
        assert capsys.readouterr().err == ("\x1b[39m\n\n" if verbose else "")
        module.print("the disk is full", file=sys.stderr)
        assert capsys.readouterr().err == "the disk is full\n"


def test_the_sdk_still_prints_exactly_that() -> None:
    """Else a new version would be heard again, and nobody would know why."""
    import inspect

    from azure.ai.ml._artifacts import _blob_storage_helper, _gen2_storage_helper
    from azure.ai.ml._utils import _azureml_polling

    printed = dict.fromkeys((_blob_storage_helper, _gen2_storage_helper), 'print(Fore.RESET + "\\n", file=sys.stderr)')
    for module, text in {**printed, _azureml_polling: 'print(".", end="", flush=True)'}.items():
        assert inspect.getsource(module).count("print(") == 1
        assert text in inspect.getsource(module)
