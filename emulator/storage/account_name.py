"""Names of the storage accounts that come with other resources."""

import hashlib
import re


def derived_account(path: str) -> str:
    """A storage account's name for a resource: lower case letters and digits, at most 24."""
    letters = re.sub(r"[^a-z0-9]", "", path.rpartition("/")[2].lower())[:10]
    return f"st{letters}{hashlib.sha256(path.lower().encode()).hexdigest()[:12]}"
