"""Spellings of one name are one person, and other names are others."""

import pytest

from domain.approval.names import normal_name
from domain.approval.proofs.enrolment import Enrolment


@pytest.mark.parametrize(
    "spelt",
    [
        "ada lovelace",
        "Ada Lovelace",
        "  ADA   LOVELACE\t",
        "Ada\u200bLovelace".replace("\u200b", "\u200b "),
        "A\u200bda Love\u200dlace",
        "\ufeffAda Lovelace\u2060",
        "Ada\u00a0Lovelace",
        "Ａｄａ Ｌｏｖｅｌａｃｅ",
        "Ada Love\u00adlace",
        "\u202eAda Lovelace\u202c",
        "Ada\ufe0f Lovelace\U000e0101",
        "Ada Lovelace\u3164",
        "Ada\x00 Lovelace\x1b",
        "𝐀𝐝𝐚 Lovelace",
    ],
    ids=ascii,
)
def test_what_looks_the_same_is_the_same(spelt: str) -> None:
    assert normal_name(spelt) == "ada lovelace"
    assert Enrolment(name="ada lovelace").is_called(spelt)
    assert Enrolment(name=spelt).is_called("Ada Lovelace <ada@example.org>")
    assert Enrolment(name="x", aliases=(spelt,)).is_called("ada lovelace")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Stra\u00dfe", "STRASSE"), ("e\u0301va", "\u00e9va"), ("\u0130da", "i\u0307da"), ("ﬁona", "Fiona")],
    ids=ascii,
)
def test_other_forms_of_a_letter_are_the_same(one: str, other: str) -> None:
    assert normal_name(one) == normal_name(other)


@pytest.mark.parametrize("other", ["ad", "adaa", "a da", "grace", "", "\u200b"], ids=ascii)
def test_another_name_is_another(other: str) -> None:
    assert not Enrolment(name="ada").is_called(other)


def test_a_name_that_cannot_be_seen_is_none() -> None:
    assert normal_name("\u200b\ufeff\u00ad") == ""
    assert not Enrolment(name="\u200b").is_called("\ufeff")
