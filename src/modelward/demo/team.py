"""The people of the demo's organisation, and what they decide: a policy, and whether a version may serve."""

import secrets
from dataclasses import dataclass

from modelward.demo.client import Client, Person
from modelward.demo.versions import FIRST, SECOND

POLICY = {"approvals": 1, "four_eyes": True, "require_reference": "any"}
"""What a deployment needs: a reference, and an approval by somebody else than whoever asks."""


@dataclass(frozen=True)
class Team:
    """Whoever builds the models, and whoever answers for them."""

    builder: Person
    approver: Person


def gather_team(client: Client) -> Team:
    """Make two accounts, each with a password that nobody else has had."""
    return Team(
        builder=client.add_person(email="mira@demo.example", name="Mira", role="member", password=_password()),
        approver=client.add_person(email="omar@demo.example", name="Omar", role="admin", password=_password()),
    )


def ask_for_approvals(team: Team) -> None:
    """Write the organisation's policy."""
    note = "Whoever built a model does not decide alone that it serves."
    team.approver.ask("PUT", "/policies", {"policy": POLICY, "note": note})


def deploy_first(team: Team) -> None:
    """Submit, approve and deploy the first version."""
    path = f"/models/{FIRST.key}"
    team.builder.ask("POST", f"{path}/submit", _why("It ranks the flights of the first quarter well."))
    team.approver.ask("POST", f"{path}/approve", _why("Seen its reference and how it is watched."))
    team.builder.ask("POST", f"{path}/deploy", {})


def submit_second(team: Team) -> None:
    """Ask that the second version be approved, and leave it at that."""
    why = "Trained on October, so it takes kilometres. Scored two weeks of November beside version 1."
    team.builder.ask("POST", f"/models/{SECOND.key}/submit", _why(why))


def _why(justification: str) -> dict[str, str]:
    return {"justification": justification}


def _password() -> str:
    return secrets.token_urlsafe(12)
