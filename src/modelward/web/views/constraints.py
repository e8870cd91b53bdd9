"""The constraints on a model's columns as a page: what the reference suggests, what is in force, what violates it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelward.errors import Invalid, NotFound
from modelward.web.writing import measure, percent

Link = Callable[[str], str]


@dataclass(frozen=True)
class Row:
    """One column: what is asked of it, what the reference suggests, and what the window violates, in words."""

    column: str
    address: str
    in_force: tuple[str, ...]
    suggested: tuple[str, ...]
    violations: tuple[str, ...]

    @property
    def is_suggested(self) -> bool:
        """Whether what is in force is what the reference suggests."""
        return bool(self.in_force) and self.in_force == self.suggested


@dataclass(frozen=True)
class Edited:
    """The constraint that is open for editing, each field as text."""

    column: str
    kind: str
    required: bool
    minimum: str
    maximum: str
    non_negative: bool
    allowed: str
    unique_share: str
    tolerance: str
    severity: str
    in_force: bool


@dataclass(frozen=True)
class ConstraintsTab:
    """All columns, those with a violation first, then those in force."""

    rows: tuple[Row, ...]
    suggested: int
    in_force: int
    violated: int
    sentence: str


def constraints_tab(
    answer: Mapping[str, Any], violations: Sequence[Mapping[str, Any]], columns: Sequence[str], *, link: Link
) -> ConstraintsTab:
    """The tab; `violations` are those of the newest window."""
    suggested = {entry["column"]: entry for entry in answer["suggested"]}
    in_force = {entry["column"]: entry for entry in answer["in_force"]}
    broken: dict[str, list[str]] = {}
    for finding in violations:
        broken.setdefault(finding["column"], []).append(finding["reason"])
    rows = [
        Row(
            name,
            link(name),
            tuple(words(in_force[name])) if name in in_force else (),
            tuple(words(suggested[name])) if name in suggested else (),
            tuple(broken.get(name, ())),
        )
        for name in dict.fromkeys([*columns, *in_force, *suggested])
    ]
    rows.sort(key=lambda row: (not row.violations, not row.in_force))
    return ConstraintsTab(
        tuple(rows), len(suggested), len(in_force), len(broken), _sentence(in_force, broken, bool(suggested))
    )


def edited(answer: Mapping[str, Any], column: str, columns: Sequence[str]) -> Edited:
    """The constraint of one column to be edited: what is in force, else what is suggested, else nothing.

    Raises:
        NotFound: the model has no such column.
    """
    asked = next((entry for entry in answer["in_force"] if entry["column"] == column), None)
    known = next((entry for entry in answer["suggested"] if entry["column"] == column), None)
    if asked is None and known is None and column not in columns:
        raise NotFound(f"There is no column {column!r}: choose one from the list.")
    found = asked or known or {}
    return Edited(
        column=column,
        kind=found.get("kind") or "",
        required=bool(found.get("required")),
        minimum=_text(found.get("minimum")),
        maximum=_text(found.get("maximum")),
        non_negative=bool(found.get("non_negative")),
        allowed="\n".join(found.get("allowed") or ()),
        unique_share=_text(found.get("unique_share")),
        tolerance=_text(found.get("tolerance")),
        severity=found.get("severity") or "error",
        in_force=asked is not None,
    )


def constraint_from(form: Mapping[str, Any]) -> dict[str, Any]:
    """A constraint from what was written.

    Raises:
        Invalid: a limit or a share is no number.
    """
    allowed = [line.strip() for line in str(form["allowed"]).splitlines() if line.strip()]
    return {
        "column": form["column"],
        "kind": form["kind"] or None,
        "required": form["required"],
        "minimum": _number("The smallest value", form["minimum"]),
        "maximum": _number("The largest value", form["maximum"]),
        "non_negative": form["non_negative"],
        "allowed": allowed or None,
        "unique_share": _number("The share of different values", form["unique_share"]),
        "tolerance": _number("The share that may violate it", form["tolerance"]) or 0.0,
        "severity": form["severity"],
    }


def words(entry: Mapping[str, Any]) -> list[str]:
    """A constraint as a person says it."""
    said = {"numeric": ["numbers"], "text": ["text"]}.get(entry["kind"] or "", [])
    said += ["never missing"] if entry["required"] else []
    low, high = entry["minimum"], entry["maximum"]
    if low is not None and high is not None:
        said.append(f"{measure(low)} to {measure(high)}")
    elif low is not None or high is not None:
        said.append(f"at least {measure(low)}" if low is not None else f"at most {measure(high)}")
    said += ["not negative"] if entry["non_negative"] and (low is None or low < 0) else []
    if (allowed := entry["allowed"]) is not None:
        said.append(f"one of {', '.join(allowed[:5])}" + (f" and {len(allowed) - 5} more" if len(allowed) > 5 else ""))
    said += [f"{percent(entry['unique_share'])} different"] if entry["unique_share"] is not None else []
    said += [f"{percent(entry['tolerance'])} of the rows may violate it"] if entry["tolerance"] else []
    return [*said, *(["a warning only"] if entry["severity"] == "warning" and said else [])]


def _sentence(in_force: Mapping[str, Any], broken: Mapping[str, Any], suggested: bool) -> str:
    if not in_force and not suggested:
        return "No constraint is in force. A reference of 200 rows will suggest some; until then, choose a column."
    if not in_force:
        return "No constraint is in force. What the reference suggests is below; nothing of it holds until you say so."
    if not broken:
        return f"The newest window keeps to all constraints, on {len(in_force)} columns."
    return f"The newest window violates the constraints of {len(broken)} of {len(in_force)} columns."


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.12g}"


def _number(what: str, text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise Invalid(f"{what} must be a number, and {text.strip()!r} is none.") from None
