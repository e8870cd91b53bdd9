"""What a verification found, in lines for a person at a terminal."""

from pathlib import Path

from sqlalchemy import Engine

from modelward.audit.check import verify_all
from modelward.audit.heads import kept_heads, read_heads
from modelward.audit.verify import Verified
from modelward.kit.database import reading


def verified_lines(engine: Engine, *, folder: Path, heads: Path | None) -> tuple[bool, list[str]]:
    """Whether every chain is whole, and a line for each; also against the heads that were kept in `folder` or `heads`.

    Raises:
        Invalid: the file of heads is none.
    """
    known = [*kept_heads(folder), *(read_heads(heads) if heads else ())]
    with reading(engine) as session:
        found = verify_all(session, known=known)
    whole = all(one.whole for one in found)
    compared = f", compared with {len(known):,} heads that were kept" if known else ""
    entries = sum(one.entries for one in found)
    said = f"OK: {entries:,} entries of {len(found)} organisations are as they were written{compared}."
    return whole, [*map(_line, found), said if whole else "NOT OK: see above."]


def _line(found: Verified) -> str:
    where = f"organisation {found.organisation_id}"
    if found.wrong is not None:
        return f"{where}, position {found.wrong.position}: {found.wrong.sentence} [{found.wrong.code}]"
    return f"{where}: {found.entries:,} entries, head {found.hash}"
