"""Credentials of approvers: put into, and taken out of, every group that has the person as a member."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

from prefect.client.orchestration import get_client
from pydantic import SecretStr

from blocks.approvers import Approvers
from blocks.code_secrets import CodeSecrets
from blocks.loading import loaded
from domain.approval.proofs.enrolment import Credential, Enrolment
from domain.approval.proofs.one_time_code import CodeGenerator, new_secret, verification_key
from domain.errors import Terminal


def groups_with(name: str) -> dict[str, Approvers]:
    """The Approvers blocks that list the person; Terminal, with who is listed, when none does."""
    groups = {group: loaded(Approvers, group) for group in group_names()}
    found = {group: block for group, block in groups.items() if name in block.members}
    if not found:
        listed = "; ".join(f"{group}: {', '.join(block.members)}" for group, block in groups.items()) or "no group"
        raise Terminal(
            f"{name} is not a member of any group of approvers ({listed}). List the name under `approvers` in the "
            "environment and run `python -m deployments.bootstrap ENVIRONMENT`, then enrol"
        )
    return found


def group_names() -> tuple[str, ...]:
    """Names of all Approvers blocks."""
    with get_client(sync_client=True) as client:
        kind = client.read_block_type_by_slug(Approvers.get_block_type_slug())
        documents = client.read_block_documents(limit=200, offset=0)
    return tuple(sorted(one.name for one in documents if one.block_type_id == kind.id and one.name))


def enrolled(name: str) -> Enrolment:
    """Everything that the groups know of a person."""
    known = Enrolment(name=name)
    for block in groups_with(name).values():
        known = known.joined(block.get_enrolment(name))
    return known


def change(name: str, how: Callable[[Enrolment], Enrolment]) -> Enrolment:
    """Change a person's enrolment in all their groups; returns it."""
    changed = how(enrolled(name))
    for group, block in groups_with(name).items():
        block.with_enrolment(changed).save(group, overwrite=True)
    return changed


def enrol(name: str, credential: Credential) -> Enrolment:
    """Add a credential of a person."""
    return change(name, lambda known: known.with_credential(credential))


def enrol_code(name: str) -> SecretStr:
    """A new authenticator for a person; returns its secret, which is kept in a file of this machine and nowhere else."""
    groups_with(name)  # refuse strangers before a secret is made
    secrets = CodeSecrets.here()
    secret = new_secret()
    public_key = verification_key(secret)
    file = f"approver-{sha256(name.encode()).hexdigest()[:12]}-{public_key[:8]}"
    secrets.write(file, SecretStr(secret))
    enrol(name, CodeGenerator(secret_file=file, public_key=public_key, enrolled_at=datetime.now(UTC)))
    return SecretStr(secret)


def revoke(name: str, credential_id: str) -> Enrolment:
    """From now on the credential counts nowhere; Terminal, with those there are, when there is none."""
    known = enrolled(name)
    if credential_id not in {one.id for one in known.credentials}:
        listed = ", ".join(one.id for one in known.credentials) or "none"
        raise Terminal(f"{name} has no credential {credential_id!r}; enrolled: {listed}")
    return change(name, lambda one: one.revoking(credential_id, datetime.now(UTC)))
