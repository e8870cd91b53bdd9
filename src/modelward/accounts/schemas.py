"""The shapes of people, registrations and tokens in requests and answers."""

from datetime import datetime
from typing import Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from modelward.accounts.principal import Principal, Right, Role
from modelward.accounts.tables import Organisation, User
from modelward.kit.paging import Asked


class _Body(BaseModel):
    model_config = ConfigDict(populate_by_name=True)


class Registration(_Body):
    """A new organisation: with a first person (`email` and `password`), or with a key alone (`name`)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "My Test Company"},
                {"email": "ada@example.org", "password": "seven violet otters", "name": "Ada"},
            ]
        }
    )

    name: str | None = Field(
        None,
        max_length=200,
        validation_alias=AliasChoices("name", "full_name"),
        description="What the person is called; without an email, what the organisation is called.",
    )
    email: str | None = Field(None, max_length=320)
    password: str | None = Field(None, max_length=10_000, repr=False)
    organisation: str | None = Field(
        None,
        max_length=200,
        validation_alias=AliasChoices("organisation", "organization", "organisation_name", "organization_name"),
        description="What the organisation of a new person is called.",
    )

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if (self.email is None) != (self.password is None):
            raise ValueError("a person has both an email and a password: send both")
        if self.email is None and not self.name:
            raise ValueError("send the name of the organisation, or the email and the password of its first person")
        return self


class OrganisationRegistered(BaseModel):
    """A new organisation, and a key that may register models, send events and read. The key is shown only here."""

    id: int
    name: str
    api_key: str


class OrganisationAnswer(BaseModel):
    """An organisation."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str


class UserAnswer(BaseModel):
    """A person."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    name: str
    role: Role
    disabled: bool
    created_at: datetime
    last_login_at: datetime | None

    @classmethod
    def of(cls, user: User) -> Self:
        """What is told of this person."""
        return cls.model_validate(_told_of(user))


class NewUserAnswer(UserAnswer):
    """A person who was just made; without a password, with the path of a link by which they choose one."""

    invitation: str | None = Field(description="A path that signs them in once within 24 hours, shown only here.")


class UserRegistered(UserAnswer):
    """The first person of a new organisation."""

    organisation: OrganisationAnswer

    @classmethod
    def of_both(cls, user: User, organisation: Organisation) -> Self:
        """What is told of this person and their organisation."""
        return cls.model_validate({**_told_of(user), "organisation": organisation})


class NewUser(_Body):
    """A person to be made."""

    email: str = Field(max_length=320)
    name: str = Field("", max_length=200)
    role: Role = Role.MEMBER
    password: str | None = Field(
        None, max_length=10_000, repr=False, description="Without one, the answer has a link by which they choose it."
    )


class UserChanges(BaseModel):
    """What is named is changed, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200)
    role: Role | None = None
    disabled: bool | None = None


class NewPassword(_Body):
    """One's own new password; for somebody else, an empty object, which is answered with a link."""

    password: str | None = Field(
        None, max_length=10_000, repr=False, validation_alias=AliasChoices("password", "new_password")
    )
    current_password: str | None = Field(
        None, max_length=10_000, repr=False, validation_alias=AliasChoices("current_password", "old_password")
    )


class PasswordAnswer(BaseModel):
    """What became of a password. All tokens and sessions of the person have ended."""

    changed: bool = Field(description="False where the old one was ended and a new one is still to be chosen.")
    link: str | None = Field(description="A path that signs the person in once within 24 hours, shown only here.")


class Credentials(_Body):
    """Who somebody says they are."""

    username: str = Field(
        max_length=1_000, validation_alias=AliasChoices("username", "email"), description="The email; also `email`."
    )
    password: str = Field(max_length=10_000, repr=False)


class TokenRequest(_Body):
    """A request to the token endpoint of OAuth 2 (RFC 6749), by form or as JSON."""

    grant_type: Literal["password", "refresh_token"] = "password"
    username: str | None = Field(None, max_length=1_000, validation_alias=AliasChoices("username", "email"))
    password: str | None = Field(None, max_length=10_000, repr=False)
    refresh_token: str | None = Field(None, max_length=1_000, repr=False)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.grant_type == "refresh_token" and self.refresh_token is None:
            raise ValueError("a grant of the type refresh_token needs the field refresh_token")
        if self.grant_type == "password" and (self.username is None or self.password is None):
            raise ValueError("a grant of the type password needs the fields username and password")
        return self


class Tokens(BaseModel):
    """What a program signs its requests with: `Authorization: Bearer <access_token>`."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a kind
    expires_in: int = Field(description="Seconds.")
    refresh_token: str = Field(description="Exchanged once for the next tokens, at /auth/token.")


class Me(BaseModel):
    """Who a credential belongs to, and what they may do."""

    title: str
    role: str = Field(description="A role, the kind of a key, `operator` or `public`.")
    rights: list[Right]
    organisation_id: int
    project_id: int | None
    model_id: int | None
    user_id: int | None
    key_id: int | None
    expires_at: datetime | None = Field(description="When the key ends.")

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """What is told to the caller of themselves."""
        return cls(
            title=principal.title,
            role=principal.role,
            rights=[right for right in Right if principal.may(right)],
            organisation_id=principal.organisation_id,
            project_id=principal.scope.project_id,
            model_id=principal.scope.model_id,
            user_id=principal.user_id,
            key_id=principal.key_id,
            expires_at=principal.expires_at,
        )


class UsersAsked(Asked):
    """How the list of people can be asked for."""

    sort: Literal["id", "-id", "email", "-email", "name", "-name", "created_at", "-created_at"] = "id"
    email: str | None = Field(None, max_length=320)
    role: Role | None = None


class UserPage(BaseModel):
    """Some people; `next` is the cursor of the following ones."""

    items: list[UserAnswer]
    next: str | None


def _told_of(user: User) -> dict[str, object]:
    names = ("id", "email", "name", "role", "created_at", "last_login_at")
    return {name: getattr(user, name) for name in names} | {"disabled": user.disabled_at is not None}
