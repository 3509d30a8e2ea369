"""What the facts say of a release's images."""

from collections.abc import Callable

import pytest

from domain.errors import Terminal
from domain.ledger.fact import Fact, Kind
from domain.release.built_images import builds_begun, built_digest
from domain.release.manifest import Release, requested_release
from domain.unit import Unit

ONE, TWO = Unit(plant="PLANT001", circuit="CIRCUIT01"), Unit(plant="PLANT001", circuit="CIRCUIT02")
Chain = Callable[..., tuple[Fact, ...]]
DIGEST = "sha256:" + "d" * 64


def test_builds_are_of_their_stage_and_a_later_one_of_the_same_circuit_counts(chain: Chain) -> None:
    said = chain(
        (Kind.BUILDING, {"stage": "images", "runs": {str(ONE): "ca1"}}),
        (Kind.BUILDING, {"stage": "others", "runs": {str(TWO): "ca9"}}),
        (Kind.PROMOTED, {"stage": "images", "runs": {str(TWO): "ca8"}}),
        (Kind.BUILDING, {"stage": "images", "runs": {str(TWO): "ca2"}}),
    )
    assert builds_begun(said, "images") == {str(ONE): "ca1", str(TWO): "ca2"}


def test_the_first_that_is_written_of_an_image_counts_and_models_are_no_images(chain: Chain) -> None:
    said = chain(
        (Kind.PROMOTED, {"stage": "registry", "units": {str(ONE): "m:1"}}),
        (Kind.PROMOTED, {"stage": "images", "images": {str(ONE): f"r.azurecr.io/w/one@{DIGEST}"}}),
        (Kind.PROMOTED, {"stage": "images", "images": {str(ONE): f"r.azurecr.io/w/one@{DIGEST.replace('d', 'e')}"}}),
    )
    assert built_digest(said, ONE) == DIGEST
    assert built_digest(said, TWO) == ""


def test_a_manifest_that_was_changed_is_not_read_back(chain: Chain, release: Release) -> None:
    body = {"release": release.model_dump(mode="json"), "digest": release.digest}
    assert requested_release(chain((Kind.REQUESTED, body))) == release
    with pytest.raises(Terminal, match="it was changed"):
        requested_release(chain((Kind.REQUESTED, {**body, "digest": DIGEST})))
