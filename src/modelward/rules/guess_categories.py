"""Guesses about categories: their code or their spelling changed, or a source names only one of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from modelward.rules import phrases
from modelward.stats import CategoricalSummary

_SWAPPED = 0.05  # So much must have changed before it is asked whether places were swapped,
_UNSWAPPED = 0.1  # and so little of it may be left when they are swapped back.
_LEFT_OVER = 0.15  # So little of a rise may differ from what all others gave in proportion.


@dataclass(frozen=True)
class Guess:
    """A possible cause: its kind, the cause as a person would ask for it, and what speaks for it."""

    kind: str
    cause: str
    evidence: str

    @property
    def asked(self) -> str:
        """The guess as the end of a sentence: a question, and its evidence."""
        return f"{self.cause}? ({self.evidence})"

    def to_dict(self) -> dict[str, str]:
        """The guess as JSON holds it."""
        return {"kind": self.kind, "cause": self.cause, "evidence": self.evidence}


def category_guesses(reference: CategoricalSummary, current: CategoricalSummary) -> Iterator[Guess]:
    """Causes whose form the counts have, the most particular first."""
    if not (reference.count and current.count and reference.exact and current.exact):
        return
    before, now = _shares(reference), _shares(current)
    if len(now) == 1 and len(before) > 1:
        name = phrases.quoted(list(now))
        yield Guess("constant", "a value that is no longer filled in", f"all {current.count:,} values are {name}")
    yield from _spelling(before, now)
    yield from _default(before, now)
    yield from _permuted(before, now)


def _spelling(before: dict[str, float], now: dict[str, float]) -> Iterator[Guess]:
    """New names that are old ones but for case, spaces and punctuation."""
    known = {_plain(name): name for name in before}
    new = [name for name in now if name not in before]
    respelt = [name for name in new if _plain(name) in known]
    if respelt and sum(now[name] for name in respelt) >= 0.8 * sum(now[name] for name in new):
        pairs = [f"`{phrases.shortened(known[_plain(name)])}` as `{phrases.shortened(name)}`" for name in respelt[:2]]
        yield Guess("spelling", "another spelling", f"{' and '.join(pairs)} now")


def _plain(name: str) -> str:
    """A name without what spellings differ in; a number as the number it is, so that `1.0` and `1` are the same."""
    try:
        return f"{float(name):g}"
    except ValueError:
        return "".join(letter for letter in name.casefold() if letter.isalnum()) or name


def _permuted(before: dict[str, float], now: dict[str, float]) -> Iterator[Guess]:
    """The same shares under other names."""
    names = sorted({*before, *now})
    one = np.array([before.get(name, 0.0) for name in names])
    two = np.array([now.get(name, 0.0) for name in names])
    changed = float(np.abs(one - two).sum()) / 2
    left = float(np.abs(np.sort(one) - np.sort(two)).sum()) / 2
    if len(before) < 2 or len(before) != len(now) or changed < _SWAPPED or left > _UNSWAPPED * changed:
        return
    moved = int((np.abs(one - two) > _LEFT_OVER * changed).sum())
    same = before.keys() == now.keys()
    cause = "a changed encoding of the labels" if same else "categories that were renamed"
    shares = f"the same shares, under other names for {moved:,} of {len(names):,} categories"
    yield Guess("swap" if same else "renamed", cause, f"{shares}; {phrases.share(left)} of the rows left over")


def _default(before: dict[str, float], now: dict[str, float]) -> Iterator[Guess]:
    """One name that took from all the others in proportion, as a default does."""
    most = max(now, key=lambda name: now[name] - before.get(name, 0.0))
    rise = now[most] - before.get(most, 0.0)
    others = [name for name in before if name != most]
    if rise < 0.1 or len(others) < 3:
        return
    kept = (1 - now[most]) / max(1 - before.get(most, 0.0), 1e-12)
    left = sum(abs(now.get(name, 0.0) - kept * before[name]) for name in others)
    if left < _LEFT_OVER * rise:
        shares = f"`{phrases.shortened(most)}` took {phrases.share(rise)} of the rows, from all others in proportion"
        yield Guess("default", "a default written in place of values", shares)


def _shares(summary: CategoricalSummary) -> dict[str, float]:
    return dict(zip(summary.categories, (summary.counts / summary.count).tolist(), strict=True))
