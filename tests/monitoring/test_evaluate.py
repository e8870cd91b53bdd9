from datetime import timedelta

from tests.monitoring.world import START, World

from modelward.kit.database import reading
from modelward.monitoring import alarms
from modelward.monitoring.capture_baseline import confirm_reference, window_reference
from modelward.monitoring.monitor_settings import change_monitor
from modelward.monitoring.queries import drifted_since

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def reference_day(world: World, day: int = 0) -> None:
    """A quiet day that becomes the reference."""
    begin = START + day * DAY
    world.send(world.events(1200, begin, over=DAY), now=begin + DAY)
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=begin, end=begin + DAY, now=begin + DAY))
    world.settle(begin + DAY + HOUR)


def send_day(world: World, day: int, *, age: float = 40.0, now=None) -> None:
    begin = START + day * DAY
    world.send(world.events(1200, begin, over=DAY, age=age), now=now or begin + DAY)
    world.settle(now or begin + DAY + HOUR)


def test_days_like_the_reference_are_healthy(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    assert world.model().health == "healthy"
    assert [(e.closed, e.verdict) for e in world.evaluations()] == [(True, "ok"), (True, "ok")]


def test_a_strongly_drifted_closed_day_is_told_once_with_its_reason(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    send_day(world, 2, age=70)
    send_day(world, 3, age=70)
    assert world.model().health == "drifted"
    assert world.model().health_since == START + 2 * DAY
    told = [(signal.before, signal.after) for signal in world.signals()]
    assert told == [("too_few", "healthy"), ("healthy", "drifted")]
    assert "`age`" in world.signals()[-1].reason


def test_an_alarm_older_than_the_history_it_is_judged_by_keeps_its_beginning(world: World, monkeypatch) -> None:
    monkeypatch.setattr(alarms, "HISTORY", 3)
    reference_day(world)
    send_day(world, 1)
    for day in range(2, 8):
        send_day(world, day, age=70)
    assert world.model().health_since == START + 2 * DAY
    with reading(world.engine) as session:
        assert drifted_since(session, model_id=world.model_id) == {"age": START + 2 * DAY}


def test_an_open_day_speaks_up_when_the_feed_is_broken_and_closes_later(world: World) -> None:
    reference_day(world)
    morning = START + DAY + 6 * HOUR
    world.send(world.events(400, START + DAY, over=6 * HOUR, age=80), now=morning)
    world.settle(morning)
    newest = world.evaluations()[-1]
    assert (newest.closed, newest.drifted) == (False, True)
    assert world.model().health == "drifted"
    world.settle(morning)
    later = START + 2 * DAY + HOUR
    world.write(lambda session: _ask(session, world.model_id, later))
    world.settle(later)
    assert world.evaluations()[-1].closed
    assert len(world.signals()) == 2


def test_an_open_day_does_not_speak_of_a_moderate_change(world: World) -> None:
    reference_day(world)
    noon = START + DAY + 12 * HOUR
    world.send(world.events(2000, START + DAY, over=12 * HOUR, age=43.2), now=noon)
    world.settle(noon)
    newest = world.evaluations()[-1]
    assert not newest.closed
    assert newest.level == "warning", newest.reason
    assert world.model().health == "healthy"


def test_too_few_rows_is_a_state_of_its_own(world: World) -> None:
    reference_day(world)
    world.send(world.events(20, START + DAY, age=90), now=START + DAY + HOUR)
    world.settle(START + 3 * DAY)
    assert world.evaluations()[-1].verdict == "too_few"
    assert not world.evaluations()[-1].drifted
    assert world.model().health == "healthy"


def test_late_events_correct_the_history_and_notify_nobody(world: World) -> None:
    reference_day(world)
    for day in (1, 2, 3):
        send_day(world, day)
    told = len(world.signals())
    late = world.events(3000, START + DAY, over=DAY, age=90)
    world.send(late, now=START + 4 * DAY + HOUR)
    world.settle(START + 4 * DAY + 2 * HOUR)
    by_day = {e.starts_at: e for e in world.evaluations()}
    assert by_day[START + DAY].verdict == "drifted"
    assert by_day[START + DAY].rows == 4200
    assert len(world.signals()) == told
    assert world.model().health == "healthy"


def test_another_reference_corrects_the_history_and_the_health_without_a_word(world: World) -> None:
    reference_day(world)
    for day in (1, 2, 3):
        send_day(world, day, age=70)
    assert world.model().health == "drifted"
    told = len(world.signals())
    model, now = world.model(), START + 4 * DAY + HOUR
    world.write(lambda session: window_reference(session, model=model, start=START + DAY, end=START + 2 * DAY, now=now))
    world.settle(now)
    verdicts = {e.starts_at: e.verdict for e in world.evaluations()}
    assert verdicts == {START: "drifted", START + DAY: "ok", START + 2 * DAY: "ok", START + 3 * DAY: "ok"}
    assert world.model().health == "healthy"
    assert len(world.signals()) == told


def test_the_first_events_make_a_provisional_reference_which_is_not_held_against_itself(world: World) -> None:
    world.auto_reference = 250
    world.send(world.events(300, START, over=HOUR), now=START + HOUR)
    world.settle(START + HOUR)
    only = world.evaluations()[-1]
    assert (only.level, only.baseline_status) == ("reference", "provisional")
    assert "provisional reference was taken from this very window" in only.reason
    assert not world.signals()


def test_behind_a_provisional_reference_a_broken_feed_is_still_called_out(world: World) -> None:
    world.auto_reference = 250
    world.send(world.events(250, START, over=HOUR), now=START + HOUR)
    world.send(world.events(300, START + HOUR, over=HOUR, age=90), now=START + 2 * HOUR)
    world.settle(START + 2 * HOUR)
    assert world.evaluations()[-1].drifted
    assert world.model().health == "drifted"
    assert "provisional" in str(world.model().health_reason)


def test_confirming_the_reference_makes_it_final(world: World) -> None:
    world.auto_reference = 250
    world.send(world.events(600, START, over=HOUR), now=START + HOUR)
    world.settle(START + HOUR)
    model = world.model()
    world.write(lambda session: confirm_reference(session, model=model, now=START + HOUR))
    world.settle(START + HOUR)
    assert world.evaluations()[-1].baseline_status == "confirmed"


def test_a_model_without_reference_shows_its_volume_and_says_why_there_is_no_verdict(world: World) -> None:
    world.send(world.events(100, START), now=START + HOUR)
    world.settle(START + HOUR)
    only = world.evaluations()[-1]
    assert (only.rows, only.verdict) == (100, "too_few")
    assert "no reference yet" in only.reason
    assert only.measures["latency"]["count"] == 100


def test_a_model_that_says_nothing_for_two_windows_is_silent(world: World) -> None:
    reference_day(world)
    send_day(world, 1)
    quiet = START + 6 * DAY
    world.write(lambda session: _ask(session, world.model_id, quiet))
    world.settle(quiet)
    assert world.model().health == "silent"
    assert world.signals()[-1].after == "silent"


def test_a_replay_of_old_days_is_not_closed_in_the_middle_of_a_day(world: World) -> None:
    reference_day(world)
    now = START + 100 * DAY
    world.send(world.events(600, START + 5 * DAY, over=13 * HOUR), now=now)
    world.settle(now)
    assert [(e.starts_at, e.closed) for e in world.evaluations()][-1] == (START + 5 * DAY, False)
    world.settle(now + HOUR)
    world.write(lambda session: _ask(session, world.model_id, now + HOUR))
    world.settle(now + HOUR)
    assert world.evaluations()[-1].closed


def _ask(session, model_id, now) -> None:
    from modelward.jobs.service import enqueue

    enqueue(session, "evaluate", str(model_id), run_at=now)


def test_a_test_that_its_column_has_outgrown_gives_way_to_the_rule_instead_of_ending_the_watch(world: World) -> None:
    reference_day(world)
    model = world.model()
    wire = {"tests": {"age": "z_test_proportions"}}
    world.write(lambda session: change_monitor(session, model=session.merge(model), wire=wire, now=START + DAY))
    send_day(world, 1, age=70)
    drifted = world.evaluations()[-1]
    assert (drifted.closed, drifted.verdict) == (True, "drifted")
    columns = {column["column"]: column["reason"] for column in drifted.comparison["columns"]}
    assert "judged by the rule, because z_test_proportions compares two values" in columns["age"]
