"""The form of a policy: what each field asks, what it inherits, and what a form that came back means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from modelward.errors import Invalid
from modelward.governance.change_policy import StatusChange
from modelward.governance.policies import InForce
from modelward.web.states import State
from modelward.web.time_range import model_path
from modelward.web.views.risk_words import GOVERNANCE

NONE: Final = "none"


@dataclass(frozen=True)
class Asks:
    """One field: its kind (number, choice, truth or roles), and what is said beside it."""

    name: str
    title: str
    note: str
    kind: str = "number"
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False


GROUPS: Final[tuple[tuple[str, tuple[Asks, ...]], ...]] = (
    (
        "Risk",
        (
            Asks("weight_drift", "Weight of drift", "beside that of fairness; they need not add up to 1"),
            Asks("weight_fairness", "Weight of fairness", "0 leaves fairness out"),
            Asks("at_risk", "At risk from", "of 100"),
            Asks("blocked", "Blocked from", "of 100"),
        ),
    ),
    (
        "Hard limits",
        (
            Asks("fairness_limit", "Least fairness score", "0.8 is the four-fifths rule", optional=True),
            Asks("hold_fairness_baseline", "Hold the fairness of registration", "where one was given", "truth"),
            Asks("performance_fall", "Performance may lose", "0.15 is 15 % of its standard", optional=True),
        ),
    ),
    (
        "Evidence that a deployment needs",
        (
            Asks(
                "require_reference",
                "A reference",
                "",
                "choice",
                (("none", "not needed"), ("any", "any"), ("confirmed", "one that a person confirmed")),
            ),
            Asks(
                "require_fairness",
                "A measurement of fairness",
                "",
                "choice",
                (("never", "not needed"), ("where_declared", "where attributes are declared"), ("always", "always")),
            ),
            Asks("labels_within_days", "Outcomes of the last days", "a number of days", optional=True),
        ),
    ),
    (
        "Approval",
        (
            Asks("approvals", "Approvals", "by so many people"),
            Asks(
                "approver_roles",
                "Who may approve",
                "",
                "roles",
                tuple((role,) * 2 for role in ("owner", "admin", "member")),
            ),
            Asks("four_eyes", "Four eyes", "who asks for a deployment cannot approve it", "truth"),
        ),
    ),
)
_ASKED: Final = tuple(field for _, fields in GROUPS for field in fields)
_TRUTHS: Final = {"yes": True, "no": False}


@dataclass(frozen=True)
class FieldView:
    """One field as the form shows it: what it is set to (nothing: it is inherited), and what it inherits."""

    asks: Asks
    value: str
    roles: tuple[str, ...]
    inherited: str


@dataclass(frozen=True)
class ChangeView:
    """A model that would stand otherwise."""

    name: str
    address: str
    before: State
    after: State
    sentence: str


def fields_of(named: Mapping[str, Any], above: InForce) -> list[tuple[str, list[FieldView]]]:
    """The form: what a level names, and what it would inherit."""
    inherited = above.policy.to_dict()
    return [(group, [_field(field, named, inherited[field.name]) for field in fields]) for group, fields in GROUPS]


def change_view(change: StatusChange) -> ChangeView:
    """A change that a preview found."""
    return ChangeView(
        name=change.model.name or change.model.key,
        address=f"{model_path(change.model.key)}/governance",
        before=GOVERNANCE[change.before.status],
        after=GOVERNANCE[change.after.status],
        sentence=change.after.reasons[0].sentence if change.after.reasons else "",
    )


def body_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """What the form names; what is left empty is inherited.

    Raises:
        Invalid: a field holds what cannot be meant.
    """
    named = named_in(form)
    by_name = {field.name: field for field in _ASKED}
    return {name: text if isinstance(text, list) else _meant(by_name[name], text) for name, text in named.items()}


def named_in(form: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are filled in, as they were."""
    given = {field.name: form.get(field.name) for field in _ASKED}
    stripped = {name: text.strip() if isinstance(text, str) else text for name, text in given.items()}
    return {name: text for name, text in stripped.items() if text}


def _meant(field: Asks, text: str) -> Any:
    if field.kind == "choice":
        return text
    if field.kind == "truth":
        if text not in _TRUTHS:
            raise Invalid(f"{field.title} is yes or no, and not {text[:40]!r}.")
        return _TRUTHS[text]
    if field.optional and text.lower() == NONE:
        return None
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise Invalid(f"{field.title} is a number, and not {text[:40]!r}.") from None
    return int(number) if number.is_integer() else number


def _field(field: Asks, named: Mapping[str, Any], above: Any) -> FieldView:
    value = named.get(field.name)
    roles = tuple(value or ()) if field.kind == "roles" else ()
    own = _shown(field, value) if field.name in named and field.kind != "roles" else ""
    return FieldView(field, own, roles, _told(field, above))


def _shown(field: Asks, value: Any) -> str:
    if isinstance(value, str):
        return value
    if field.kind == "truth":
        return "yes" if value else "no"
    return NONE if value is None else f"{value:g}"


def _told(field: Asks, value: Any) -> str:
    if field.kind == "roles":
        return ", ".join(value)
    return dict(field.choices).get(value, "") if field.kind == "choice" else _shown(field, value)
