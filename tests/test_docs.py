"""What the documents name exists, and what exists is named."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from calsync.cli import app
from calsync.config.roster import RosterRow
from calsync.config.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("rules/**/*.md"),
        ROOT / "tests" / "README.md",
    ]
)


def keys(model: type[BaseModel]) -> dict[str, list[str]]:
    tables = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            tables[name] = list(kind.model_fields)
    return tables


@pytest.mark.parametrize(("table", "names"), keys(Settings).items())
def test_every_setting_is_documented_in_its_table(table, names):
    page = (ROOT / "docs/operators/settings.md").read_text(encoding="utf-8")
    rows = page.partition(f"\n| `[{table}]` |")[2].partition("\n| `[")[0]
    assert [name for name in names if f"`{name}`" not in rows] == []


def test_every_column_of_the_list_of_managers_is_documented():
    page = (ROOT / "docs/operators/settings.md").read_text(encoding="utf-8").partition("## `managers.csv`")[2]
    assert [name for name in RosterRow.model_fields if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


@cache
def commands() -> dict[str, typer.models.CommandInfo]:
    group = typer.main.get_command(app)
    context = typer.Context(group)
    found = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = getattr(command, "commands", None)
        found.update({f"{name} {sub}": c for sub, c in inner.items()} if inner else {name: command})
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_with_an_example(name):
    assert f"calsync {name}" in (commands()[name].help or ""), "its help shows no example"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_the_pages_name_exist(page):
    known = {word for name in commands() for word in (name, name.split()[0])}
    code = re.findall(r"```.*?```|`[^`\n]+`", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = re.findall(r"(?:^|[`\n\s])calsync ([a-z]+)\b", "\n".join(code))
    assert [name for name in named if name not in known] == []


def test_contributing_names_every_package():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = sorted(folder.parent.name for folder in (ROOT / "calsync").glob("*/__init__.py"))
    assert [name for name in packages if f"`calsync/{name}/`" not in text] == []


def test_the_tests_readme_names_every_folder_and_helper():
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    folders = [folder.name for folder in (ROOT / "tests").iterdir() if list(folder.glob("*.py"))]
    helpers = [file.stem for file in (ROOT / "tests" / "support").glob("[!_]*.py")]
    assert [name for name in sorted({*folders, *helpers}) if f"`{name}`" not in text] == []


def test_every_page_of_the_docs_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs") for page in ROOT.glob("docs/**/*.md")]
    named = [page for page in pages if page.parts[0] not in ("decisions", "README.md")]
    assert [str(page) for page in named if f"({page})" not in index] == []
