"""Whether two spellings name the same person: what cannot be seen, or is only another form of a letter, makes nobody else."""

import re
import unicodedata

UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"  # Unicode's Default_Ignorable
)


def normal_name(text: str) -> str:
    """In one form (NFKC), without what has no width, in one case, its blanks single. (https://www.unicode.org/reports/tr15/)"""
    composed = unicodedata.normalize("NFKC", text)
    seen = "".join(
        char for char in UNSEEN.sub("", composed) if char.isspace() or unicodedata.category(char) not in ("Cf", "Cc")
    )
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())
