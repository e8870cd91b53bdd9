"""The demo as it is told on the terminal: the replay by month, then what was found."""

from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from modelward.demo import story
from modelward.demo.client import Client
from modelward.demo.evaluated import reason_for, wait_until_evaluated
from modelward.demo.incident import SENTENCE, SINCE
from modelward.demo.lesson import Lesson
from modelward.demo.monitor import monitor_settings
from modelward.demo.replay import days_of, reference_of
from modelward.demo.story import Judged
from modelward.demo.tally import Tally
from modelward.demo.team import Team, ask_for_approvals, deploy_first, gather_team, submit_second
from modelward.demo.versions import NAME

Counted = dict[date, Tally]


def tell(client: Client, lesson: Lesson, console: Console) -> tuple[Counted, Team]:
    """Introduce the model, replay what comes to it, wait for the verdicts, and say what they are."""
    first, last = (story.said_day(lesson.learned["day"][place].as_py()) for place in (0, -1))
    flights = f"{lesson.learned.num_rows:,} flights"
    console.print(f"The model has learned from {flights} of {first} to {last}; they are what it is held against.")
    client.register()
    client.give_reference(reference_of(lesson.model, lesson.learned))
    client.watch(monitor_settings())
    team = gather_team(client)
    ask_for_approvals(team)
    deploy_first(team)
    counted = replay(client, lesson, console)
    _say_findings(client, console, _verdicts(client, counted, console), counted)
    return counted, team


def tell_of_second(client: Client, lesson: Lesson, counted: Counted, team: Team, console: Console) -> None:
    """Let the second version score what the first did too, submit it, and say who can decide."""
    client.register()
    client.give_reference(reference_of(lesson.model, lesson.learned))
    client.watch(monitor_settings())
    beside = {}
    for day in days_of(lesson.model, lesson.to_come):
        client.send_flights(day.flights)
        client.send_outcomes(day.outcomes)
        if day.tally.flights:
            beside[day.day] = day.tally
    _verdicts(client, beside, console)
    submit_second(team)
    _say_second(console, team, counted, beside)


def _say_second(console: Console, team: Team, counted: Counted, beside: Counted) -> None:
    """What the second version did better, and that it waits."""
    before, after = (sum((days[day] for day in beside), Tally()) for days in (counted, beside))
    said = story.successor_said(before, after, min(beside), max(beside))
    console.print(f"\n[bold]Version 2[/] {said}", highlight=False, soft_wrap=True)
    asked, decides = team.builder.name, team.approver
    waits = f"{asked} has submitted it, and it waits for somebody else's approval on /approvals: sign in as"
    console.print(f"  {waits} {decides.email}, password {decides.password}", highlight=False, soft_wrap=True)


def replay(client: Client, lesson: Lesson, console: Console) -> Counted:
    """Send the days in order, telling the story by month; what was counted of each day."""
    counted: Counted = {}
    with _progress(console) as progress:
        bar = progress.add_task("", total=lesson.to_come.num_rows)
        for day in days_of(lesson.model, lesson.to_come):
            _close_month(console, counted, day.day)
            if day.day == SINCE:
                console.print(f"  [yellow]{SENTENCE}[/]")
            progress.update(bar, description=story.said_day(day.day))
            client.send_flights(day.flights)
            client.send_outcomes(day.outcomes)
            if day.tally.flights:
                counted[day.day] = day.tally
            progress.advance(bar, day.tally.flights)
    return counted


def _close_month(console: Console, counted: Counted, today: date) -> None:
    """Say what the month before was like, on the first day of the next."""
    last = max(counted, default=today)
    if last.month != today.month:
        month = _sum(counted, last.replace(day=1), today)
        console.print(f"  {last:%B}".ljust(12) + story.month_said(month), highlight=False)


def _verdicts(client: Client, counted: Counted, console: Console) -> list[Judged]:
    words = "Each day gets its verdict: {} of " + str(len(counted))
    with console.status(words.format(0)) as status:
        expected = {day: tally.flights for day, tally in counted.items()}
        return wait_until_evaluated(client, expected, lambda ready: status.update(words.format(ready)))


def _say_findings(client: Client, console: Console, judged: list[Judged], counted: Counted) -> None:
    changes = story.lasting_changes(judged)
    console.print(f"\n[bold]What Modelward found[/] in {len(judged)} days", highlight=False)
    for change in changes:
        said = story.change_said(change, reason_for(client, change))
        console.print(f"  [red]drifted[/]  {said}", highlight=False, soft_wrap=True)
    if passing := story.passing_days(judged, changes):
        said = f"{len(passing)} days when many flights left late: {story.passing_said(passing)}"
        console.print(f"  [yellow]passing[/]  {said}", highlight=False, soft_wrap=True)
    before, after = _sum(counted, date.min, SINCE), _sum(counted, SINCE, date.max)
    if changes and before.flights and after.flights:
        said = f"Since {story.said_day(SINCE)} {NAME} {story.consequence_said(before, after)}"
        console.print(f"  {said}", highlight=False, soft_wrap=True)


def _sum(counted: Counted, first: date, until: date) -> Tally:
    """All that was counted from a day on until before another."""
    return sum((tally for day, tally in counted.items() if first <= day < until), Tally())


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("  {task.description:<13}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("flights"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
