"""The head that every tab of a model's page has: where one is, which tabs there are, and the range they all share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modelward.web.time_range import PRESETS, address, model_path
from modelward.web.views.model_page import Asked, Choice, ModelFacts, Tab, tabs_of
from modelward.web.writing import span


@dataclass(frozen=True)
class TabHead:
    """`root` is the page of the model, `path` that of the tab; `kept` are parameters that a new range keeps."""

    facts: ModelFacts
    title: str
    root: str
    path: str
    tabs: tuple[Tab, ...]
    ranges: tuple[Choice, ...]
    range_told: str
    first_day: str
    last_day: str
    kept: tuple[tuple[str, str], ...]
    range_kept: tuple[tuple[str, str], ...]

    def address(self, **parameters: str | None) -> str:
        """An address of this tab that keeps the range."""
        return address(self.path, **dict(self.range_kept), **parameters)


def head_of(
    facts: ModelFacts, asked: Asked, slug: str, *, spans: Sequence[tuple[datetime, datetime]], kept: Mapping[str, str]
) -> TabHead:
    """The head of one tab; `spans` are the windows that it shows, oldest first."""
    root = model_path(facts.key)
    path, zone = f"{root}/{slug}", facts.zone
    ends = (spans[0][0].astimezone(zone), spans[-1][1].astimezone(zone)) if spans else None
    tabs = tabs_of(root, asked, zone, here=slug)
    return TabHead(
        facts=facts,
        title=next(tab.name for tab in tabs if tab.here),
        root=address(root, **asked.range.parameters(zone)),
        path=path,
        tabs=tabs,
        ranges=tuple(
            Choice(name, address(path, range=name, **kept), name == asked.range.name) for name in (*PRESETS, "all")
        ),
        range_told=f"{span(*ends)} ({facts.time_zone})" if ends else "choose days",
        first_day=f"{ends[0].date()}" if ends else "",
        last_day=f"{(ends[1] - timedelta(microseconds=1)).date()}" if ends else "",
        kept=tuple(kept.items()),
        range_kept=tuple(asked.range.parameters(zone).items()),
    )
