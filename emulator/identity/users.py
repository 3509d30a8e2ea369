"""The people of the tenant, who sign in and get tokens of their own. They are kept in memory only, as their passwords."""

import hmac
import uuid
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class User(BaseModel):
    """One person. username: as Entra's user principal name, told apart from others without regard to case.

    oid: the account's object id. groups: object ids of groups. password: without one, nobody can sign in by password.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    username: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=113)]
    name: Annotated[str, Field(min_length=1, max_length=256)]
    oid: uuid.UUID = Field(default_factory=uuid.uuid4)
    groups: tuple[uuid.UUID, ...] = ()
    password: SecretStr | None = None

    def document(self) -> dict[str, Any]:
        """What may be told of the person: everything but the password."""
        return self.model_dump(mode="json", exclude={"password"})

    def has_password(self, password: str) -> bool:
        """Whether this is the person's password, compared in constant time."""
        known = "" if self.password is None else self.password.get_secret_value()
        return hmac.compare_digest(password.encode(), known.encode()) and known != ""


class ObjectIdTakenError(Exception):
    """Two people cannot be one account."""


class Users:
    """All of them."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}

    def add(self, user: User) -> User:
        """Add a person, or replace the one of this username, who stays the same account unless an object id is given."""
        key = user.username.lower()
        known = self._users.get(key)
        if known is not None and "oid" not in user.model_fields_set:
            user = user.model_copy(update={"oid": known.oid})
        for other, one in self._users.items():
            if one.oid == user.oid and other != key:
                raise ObjectIdTakenError(f"oid: {user.oid} is the object id of {one.username}")
        self._users[key] = user
        return user

    def find(self, username: str) -> User | None:
        """The person of this username."""
        return self._users.get(username.lower())

    def knows_domain(self, domain: str) -> bool:
        """Whether somebody's username ends so."""
        return any(username.endswith("@" + domain.lower()) for username in self._users)

    def listed(self) -> list[User]:
        """In the order in which they were added."""
        return list(self._users.values())

    def clear(self) -> None:
        """Nobody is left."""
        self._users.clear()
