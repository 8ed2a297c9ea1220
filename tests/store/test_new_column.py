"""A new column of `meetings` is one line in the schema, one in the model, and a migration."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.builders import meeting, span

import calsync
from calsync.model.meeting import Meeting
from calsync.store.database import open_store
from calsync.store.migrate import latest_revision
from calsync.store.records import CalendarState
from calsync.store.rows import meeting_rows
from calsync.store.schema import meetings

TESTS = Path(__file__).parents[1]
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "meetings_have_locations"
down_revision: str | None = "{latest}"


def upgrade() -> None:
    op.add_column("meetings", sa.Column("location", sa.Text(), nullable=False, server_default=sa.text("''")))
"""


def insert_line(file: Path, line: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(after) == 1
    file.write_text(text.replace(after, after + line), encoding="utf-8")


def test_a_column_needs_a_line_in_the_schema_a_line_in_the_model_and_a_migration(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    with open_store(url) as store:
        state = CalendarState("m1/test/1", "m1", "test", "m1 (test)")
        stored = meeting("10:00-11:00", title="Stored before the migration")
        store.meetings.replace(state, span("00:00-24:00"), [stored])

    package = tmp_path / "calsync"
    shutil.copytree(Path(calsync.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    # In the middle of the columns, at the end of the fields: their positions do not matter.
    column = 'Column("location", Text, nullable=False, server_default=text("\'\'")),'
    insert_line(package / "store" / "schema.py", f"\n    {column}", after='_text_column("organizer_domain"),')
    insert_line(package / "model" / "meeting.py", '\n    location: str = ""', after='\n    stamp: str = ""')
    migration = package / "store" / "migrations" / "versions" / "meetings_have_locations.py"
    migration.write_text(MIGRATION.format(latest=latest_revision()), encoding="utf-8")

    subprocess.run(
        [sys.executable, TESTS / "store" / "new_column.py", url],
        check=True,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{TESTS}"},
    )


def test_a_row_has_a_cell_for_every_column() -> None:
    (row,) = meeting_rows("m1/test/1", [meeting()])
    assert sorted(row) == sorted(meetings.c.keys())


def test_every_field_of_a_meeting_is_stored() -> None:
    written_elsewhere = {"start", "end", "classification"}  # in two columns, and in several
    assert {name for name in Meeting._fields if name not in meetings.c} == written_elsewhere
