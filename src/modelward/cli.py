"""The command line: `modelward …`. Each command is a few lines; what it does lives in the room it belongs to."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from modelward.accounts.keys import KeyKind
from modelward.accounts.principal import Role
from modelward.errors import ModelwardError, NotFound, Unavailable
from modelward.kit.clock import now
from modelward.kit.memory import made_for_good, use_one_allocator
from modelward.kit.redact import redacted

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from modelward.settings import Settings

cli = typer.Typer(
    name="modelward",
    help="A watch over machine-learning models in production.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
admin = typer.Typer(help="People, keys and links, on the machine that holds the data folder.", no_args_is_help=True)
cli.add_typer(admin, name="admin")
audit = typer.Typer(help="The chain of who changed what.", no_args_is_help=True)
cli.add_typer(audit, name="audit")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The folder of everything that is kept (./modelward-data, unless said)."),
]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
Url = Annotated[str | None, typer.Option(help="Where the service answers (found out, unless said).")]
Port = Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)]


class FailOn(StrEnum):
    drift = "drift"
    warning = "warning"
    performance = "performance"
    fairness = "fairness"
    segments = "segments"


@cli.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000, data_dir: DataDir = None) -> None:
    """Start the API, the dashboard and the worker."""
    use_one_allocator()
    with made_for_good():
        from modelward.app import serve as run
    run(_settings(data_dir), host=host, port=port)


@cli.command()
def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="A folder for the demo alone; made anew.")] = Path(
        "modelward-demo"
    ),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the replay.")] = False,
) -> None:
    """Replay a year of real flights into a fresh folder, then serve it."""
    from modelward.app import running_service
    from modelward.demo.run import run_demo

    run_demo(running=running_service, host=host, port=port, data_dir=data_dir, serve=not no_serve, console=Console())


@cli.command()
def compare(
    reference: Annotated[Path, typer.Argument(help="CSV, Parquet, or a folder of Parquet: what is normal.")],
    current: Annotated[Path, typer.Argument(help="CSV, Parquet, or a folder of Parquet: what is judged.")],
    *,
    html: Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML file.")] = None,
    json_path: Annotated[Path | None, typer.Option("--json", help="Write the whole result as JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write it as a pull request's comment.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write it as JUnit XML, a test a column.")] = None,
    prediction: Annotated[str | None, typer.Option(help="The column of predictions.")] = None,
    score: Annotated[str | None, typer.Option(help="The column of scores.")] = None,
    label: Annotated[str | None, typer.Option(help="The column of outcomes; missing ones are no finding.")] = None,
    timestamp: Annotated[str | None, typer.Option(help="The column of times, which is not compared.")] = None,
    protected: Annotated[list[str] | None, typer.Option(help="A protected column; may be given again.")] = None,
    task: Annotated[str | None, typer.Option(help="binary, multiclass or regression; else a guess.")] = None,
    segment: Annotated[str | None, typer.Option(help="A column whose values each get verdicts of their own.")] = None,
    slices: Annotated[bool, typer.Option("--slices", help="Search the parts where drift or loss is large.")] = False,
    multivariate: Annotated[bool, typer.Option("--multivariate", help="Judge all columns together too.")] = False,
    config: Annotated[Path | None, typer.Option(help="JSON of tests, thresholds, bins and the other settings.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="What makes the exit code 1.")] = FailOn.drift,
) -> None:
    """Judge two tables: the data, and with a label the model, with protected columns its fairness.

    Exit code 0: fine, 1: past --fail-on, 2: could not run.
    """
    from modelward.report.run import run_compare

    roles = {"prediction": prediction, "score": score, "label": label, "timestamp": timestamp, "task": task}
    looks = {"segment": segment, "slices": slices, "multivariate": multivariate}
    code = run_compare(
        reference,
        current,
        asked={**roles, "protected": protected or (), **looks},
        config=config,
        files={"html": html, "json": json_path, "markdown": markdown, "junit": junit},
        fail_on=fail_on.value,
    )
    raise typer.Exit(code)


@cli.command()
def worker(data_dir: DataDir = None) -> None:
    """Run a worker of its own, beside servers that share one database."""
    settings = _settings(data_dir)
    raise Unavailable(
        "A worker of its own needs PostgreSQL or ClickHouse for the events; "
        f"{settings.events_url.split(':')[0]} belongs to one process, and `modelward serve` runs its worker inside."
    )


@cli.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the metadata database to the newest version. `serve` does so by itself."""
    from modelward.kit.database import migrate as bring_up
    from modelward.kit.database import open_database

    bring_up(open_database(_settings(data_dir).database_url))


@admin.command("create-key")
def create_key(
    kind: Annotated[KeyKind, typer.Option(help="What it may do.")] = KeyKind.INGEST,
    name: Annotated[str, typer.Option(help="What it is for.")] = "from the command line",
    data_dir: DataDir = None,
) -> None:
    """Make an API key. It is shown now and never again."""
    from modelward.accounts.service import create_key as create
    from modelward.audit.author import OPERATOR

    with _at_the_database(data_dir) as (session, organisation_id):
        typer.echo(
            create(session, organisation_id=organisation_id, kind=kind, name=name, now=now(), author=OPERATOR)[1]
        )


@admin.command("create-user")
def create_user(
    email: Annotated[str, typer.Option(prompt=True, help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.MEMBER,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Make an account. The password is asked for, or read from standard input."""
    from modelward.accounts.operate import add_user

    with _database(data_dir, make=True) as database:  # whom a service that others reach asks for before it starts
        password = _password(from_stdin=password_stdin)
        typer.echo(add_user(database, email=email, name=name, role=role, password=password))


@admin.command("reset-password")
def reset_password(
    email: Annotated[str, typer.Option(prompt=True, help="Whose.")],
    password_stdin: PasswordStdin = False,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """End a password and all that was signed in with it, and print a link by which a new one is chosen."""
    from modelward.accounts.operate import end_password, give_password

    with _database(data_dir) as database:
        if password_stdin:
            typer.echo(give_password(database, email=email, password=_password(from_stdin=True)))
        else:
            typer.echo(f"{_address(url, data_dir)}/login?token={end_password(database, email=email)}")


@admin.command("login-link")
def login_link(
    email: Annotated[str | None, typer.Option(help="Whose; without it, the operator's, who may do all.")] = None,
    url: Url = None,
    data_dir: DataDir = None,
) -> None:
    """Print a link that opens the dashboard once, within 24 hours."""
    from modelward.accounts.operate import link_for

    with _at_the_database(data_dir) as (session, organisation_id):
        token = link_for(session, organisation_id=organisation_id, email=email)
    typer.echo(f"{_address(url, data_dir)}/login?token={token}")


@audit.command("verify")
def verify_audit(
    heads: Annotated[Path | None, typer.Option(help="Heads that were kept elsewhere, as JSON lines.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Verify the chains of all organisations. Exit code 0: whole, 1: not what was written, 2: could not run."""
    from modelward.audit.report import verified_lines

    with _database(data_dir) as database:
        whole, lines = verified_lines(database, folder=_settings(data_dir).data_dir, heads=heads)
    typer.echo("\n".join(lines))
    raise typer.Exit(0 if whole else 1)


def _password(*, from_stdin: bool) -> str:
    if not from_stdin:
        return str(typer.prompt("Password (at least 12 characters)", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _address(url: str | None, data_dir: Path | None) -> str:
    """Where the service answers: as said, else where the one on this folder says it does, else where it would."""
    from modelward.kit.left_address import left_address

    return (url or left_address(_settings(data_dir).data_dir) or "http://127.0.0.1:8000").rstrip("/")


def _settings(data_dir: Path | None) -> "Settings":
    """The settings, with the log as they want it from now on."""
    from modelward.kit.logs import configure_logs
    from modelward.settings import read_settings

    settings = read_settings(data_dir=data_dir)
    configure_logs(settings)
    return settings


@contextmanager
def _database(data_dir: Path | None, *, make: bool = False) -> "Iterator[Engine]":
    """The metadata database of a folder that was served before (or is made now), or of an address that is set."""
    from modelward.audit.keys import use_settings
    from modelward.kit.database import database_address, open_database
    from modelward.kit.database import migrate as bring_up

    settings = _settings(data_dir)
    address = database_address(settings.database_url)
    if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
        if not make:
            raise _unserved(settings)  # before a mistyped folder is made
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = use_settings(open_database(settings.database_url), settings)
    bring_up(database)
    yield database


@contextmanager
def _at_the_database(data_dir: Path | None) -> "Iterator[tuple[Session, int]]":
    """A writing session, and the organisation that the command is about."""
    from modelward.accounts.service import first_organisation
    from modelward.kit.database import writing

    with _database(data_dir) as database, writing(database) as session:
        organisation = first_organisation(session)
        if organisation is None:
            raise _unserved(_settings(data_dir))
        yield session, organisation.id


def _unserved(settings: "Settings") -> NotFound:
    return NotFound(f"{settings.data_dir} has not been served yet: start `modelward serve` there once.")


@cli.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("modelward"))


def main() -> None:
    """The console script: an error of ours is one sentence and exit code 2, never a traceback."""
    try:
        cli()
    except ModelwardError as error:
        said = Text.assemble(
            ("modelward:", "bold red"), " ", redacted(error.sentence)
        )  # as it is: a path may look like markup
        Console(stderr=True).print(said, highlight=False, soft_wrap=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - whatever it is: Python's own exit code of 1 would say "drifted" to a pipeline
        sys.stderr.write(redacted(traceback.format_exc()))
        sys.exit(2)
