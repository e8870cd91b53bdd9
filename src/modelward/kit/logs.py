"""How the service writes its log: one line an event, for people at a terminal, as JSON for machines, without secrets.

All of it goes through the standard library's loggers, ours and those of the libraries; structlog gives the lines their
form. A door calls `configure_logs` once, before it does anything else.
"""

import logging
import sys
import threading
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from modelward.kit.redact import redacted_value
from modelward.kit.request_id import current
from modelward.settings import Settings

log = logging.getLogger("modelward")


def configure_logs(settings: Settings, *, to: TextIO | None = None) -> None:
    """Send every log line of this process to `to` (standard error, unless said) as the settings ask.

    Ours begin at the level LOG_LEVEL; those of libraries at warnings, since their details may quote what people sent.
    """
    stream = to or sys.stderr
    level = logging.getLevelName(settings.log_level.upper())
    handler = Handler(stream)
    handler.setFormatter(formatter(for_people=_is_for_people(settings, stream), colours=stream.isatty()))
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    log.setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_fall
    threading.excepthook = lambda fall: _log_fall(fall.exc_type, fall.exc_value, fall.exc_traceback)
    sys.unraisablehook = lambda fall: _log_fall(fall.exc_type, fall.exc_value, fall.exc_traceback)


def _is_for_people(settings: Settings, stream: TextIO) -> bool:
    return settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())


def formatter(*, for_people: bool, colours: bool = False) -> logging.Formatter:
    """What makes a line of a record."""
    # Redaction comes last: by then messages are put together and exceptions are text.
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _redact]
    if for_people:
        plain = structlog.dev.plain_traceback  # the others show local variables
        last.append(structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain))
    else:
        last.append(structlog.processors.JSONRenderer(ensure_ascii=False))
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=_first())


def _first() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _add_request_id,
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
    ]


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (named := current()) is not None:
        event["request_id"] = named
    return event


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: redacted_value(value, name=name) for name, value in event.items()}


class Handler(logging.StreamHandler[TextIO]):
    """Standard error, where a line that cannot be written costs that line: logging's own answer quotes it as it is."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say where the line came from, and nothing of what it said."""
        try:
            self.stream.write(
                f"A log line of {record.name} ({record.filename}:{record.lineno}) could not be written.\n"
            )
        except (OSError, ValueError):
            return  # nobody reads any more


def _log_fall(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> Any:
    """What nobody caught: an ordinary line, so that it is redacted too."""
    if error is not None and not issubclass(kind, SystemExit | KeyboardInterrupt):
        log.critical("an error that nobody expected", exc_info=(kind, error, trace))
