"""The newest migration, found without Alembic."""

from alembic.script import ScriptDirectory

from calsync.store import migrate


def test_the_latest_revision_in_the_text_of_the_migrations_is_alembics_head():
    assert (
        migrate.latest_revision() == ScriptDirectory.from_config(migrate._alembic_config()).get_current_head()
    )


def test_two_latest_revisions_are_none(tmp_path, monkeypatch):
    versions = tmp_path / "versions"
    versions.mkdir()
    for name, before in (("one", "None"), ("two", '"one"'), ("three", '"one"')):
        text = f'revision = "{name}"\ndown_revision: str | None = {before}\n'
        (versions / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    assert migrate.latest_revision() is None
