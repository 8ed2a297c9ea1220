"""Reads packs, list files and agencies files, and compiles them into a rule book (`load_rules`).

No other module of the package reads files. All faults of all files are collected before an error is raised,
each with file, rule, key and the likely spelling.
"""

import hashlib
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import tldextract
from pydantic import BaseModel, ValidationError

from calsync.errors import RulePackError
from calsync.model.problem import Problem, Severity
from calsync.rules.book import RuleBook
from calsync.rules.packs.compiler import ENGINE_VERSION, compile_book
from calsync.rules.packs.file_faults import describe_faults
from calsync.rules.packs.models import DirectoryTable, PackTable, PhraseTable
from calsync.rules.packs.phrase_lists import LoadedPack
from calsync.validation import suggest_word

__all__ = ["RuleBook", "load_rules", "load_person_names", "shipped_rules_folder"]

_AGENCIES_FILE = "agencies.toml"
_LISTS_FOLDER = "lists"
_Model = TypeVar("_Model", bound=BaseModel)


def shipped_rules_folder() -> Path:
    """The folder of the shipped rules: inside the wheel, or next to the package in a checkout."""
    package = Path(str(files("calsync")))
    inside = package / "rules" / "shipped"
    return inside if inside.is_dir() else package.parent / "rules"


def load_rules(packs: Sequence[str], own: Path | None = None) -> tuple[RuleBook, tuple[Problem, ...]]:
    """Load shipped packs and our own folder into one rule book.

    Args:
        packs: names of shipped packs; the packs that they extend are loaded, too. own: our own folder,
        whose rules win. It may contain `agencies.toml`, any number of packs (`*.toml`) and
            the files of their lists (`lists/NAME.LANGUAGE.txt`).

    Returns:
        The book, and problems that do not make it unusable.

    Raises:
        RulePackError: with every fault, if a pack cannot be used.
    """
    loader = _PackLoader(own)
    for name in packs:
        loader.load_shipped_pack(name)
    loader.load_own_packs()
    directories = loader.load_directories()
    if loader.faults:
        raise RulePackError(loader.faults)
    registered_domain = RegisteredDomains(tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None))
    book, problems = compile_book(loader.sources, directories, loader.version(), registered_domain)
    faults = [problem for problem in problems if problem.severity == "fault"]
    if faults:
        raise RulePackError(faults)
    return book, (*loader.notes, *problems)


class _PackLoader:
    """Reads pack files, each once and after those that it extends, and collects faults and notes."""

    def __init__(self, own: Path | None) -> None:
        self.own = own
        self.shipped = shipped_rules_folder()
        self.sources: list[LoadedPack] = []
        self.faults: list[Problem] = []
        self.notes: list[Problem] = []
        self._loaded: set[str] = set()
        self._digest = hashlib.blake2b(ENGINE_VERSION.encode(), digest_size=12)
        if own is not None and not own.is_dir():
            self.faults.append(Problem(str(own), "no such folder", "make it, or take [rules] folder out"))

    def load_shipped_pack(self, name: str) -> None:
        """Read a shipped pack, unless it was read before."""
        if name in self._loaded:
            return
        known = shipped_pack_names()
        if name not in known:
            self.faults.append(Problem("[rules] packs", f"no such pack: {name!r}", suggest_word(name, known)))
            return
        self._loaded.add(name)
        for path in _pack_files(name):
            self._read_pack(path, name, self.shipped / _LISTS_FOLDER, own=False)

    def load_own_packs(self) -> None:
        """Read every pack of our own folder, in order of their names."""
        if self.own is None:
            return
        for path in sorted(self.own.glob("*.toml")):
            if path.name != _AGENCIES_FILE:
                self._read_pack(path, f"own/{path.stem}", self.own / _LISTS_FOLDER, own=True)
        used = {name for source in self.sources if source.own for name in source.table.pack.lists}
        for path in sorted((self.own / _LISTS_FOLDER).glob("*.txt")):
            if path.name.partition(".")[0] not in used:
                self.notes.append(
                    Problem(
                        f"{_LISTS_FOLDER}/{path.name}",
                        "no pack names this list, so that it is not read",
                        "name it under `lists` in the [pack] of one of your packs",
                        Severity.NOTE,
                    )
                )

    def _read_pack(self, path: Path, name: str, lists: Path, *, own: bool) -> None:
        table = self._read_toml(path, PackTable)
        if table is None:
            return
        for base in table.pack.extends:
            self.load_shipped_pack(base)
        file = path.name if own else str(path.relative_to(self.shipped / "packs"))
        if table.pack.lists:
            table = self._add_list_files(table, lists, file)
        self.sources.append(LoadedPack(name, file, own, table))

    def _add_list_files(self, table: PackTable, folder: Path, file: str) -> PackTable:
        """The pack with the phrases of its list files added to those that it gives itself."""
        lists: dict[str, PhraseTable] = {}
        for name in table.pack.lists:
            inline = table.list.get(name, PhraseTable())
            phrases = {language: list(texts) for language, texts in inline.phrases().items()}
            paths = sorted(folder.glob(f"{name}.*.txt"))
            if not paths:
                known = sorted({path.name.partition(".")[0] for path in folder.glob("*.*.txt")})
                what = f"no such list: there is no file {_LISTS_FOLDER}/{name}.LANGUAGE.txt"
                self.faults.append(Problem(f"{file} [pack] lists", what, suggest_word(name, known)))
            for path in paths:
                language = path.name.split(".")[1]
                phrases.setdefault(language, []).extend(self._read_list(path))
            try:
                lists[name] = PhraseTable(covers=inline.covers, **phrases)
            except ValidationError as error:
                self.faults += describe_faults(error, f"{_LISTS_FOLDER}/{name}", {})
        others = {name: phrases for name, phrases in table.list.items() if name not in lists}
        return table.model_copy(update={"list": {**lists, **others}})

    def _read_list(self, path: Path) -> list[str]:
        """The phrases of a list file, one a line, without comment lines (#)."""
        try:
            raw = path.read_bytes()
            self._digest.update(f"{path.name}\n".encode() + raw)
            lines = [line.strip() for line in raw.decode("utf-8").splitlines()]
        except UnicodeDecodeError as error:
            self.faults.append(
                Problem(f"{_LISTS_FOLDER}/{path.name}", f"no UTF-8: {error}", "save it as UTF-8")
            )
            return []
        except OSError as error:
            self.faults.append(Problem(str(path), f"cannot be read: {error.strerror}"))
            return []
        return [line for line in lines if line and not line.startswith("#")]

    def load_directories(self) -> list[DirectoryTable]:
        """Read the agencies files, our own first."""
        paths = [self.shipped / _AGENCIES_FILE]
        if self.own is not None and (self.own / _AGENCIES_FILE).exists():
            paths.insert(0, self.own / _AGENCIES_FILE)
        return [table for path in paths if (table := self._read_toml(path, DirectoryTable))]

    def _read_toml(self, path: Path, model: type[_Model]) -> _Model | None:
        try:
            raw = path.read_bytes()
            self._digest.update(raw)
            return model.model_validate(tomllib.loads(raw.decode("utf-8")))
        except ValidationError as error:
            self.faults += describe_faults(error, path.name, tomllib.loads(raw.decode("utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.faults.append(Problem(path.name, f"no TOML: {error}", "correct the line that it names"))
        except OSError as error:
            self.faults.append(Problem(str(path), f"cannot be read: {error.strerror}"))
        return None

    def version(self) -> str:
        """A digest of everything read and of the engine's version (24 hex digits)."""
        return self._digest.hexdigest()


def load_person_names() -> tuple[str, ...]:
    """Return the given names and surnames of the shipped list, folded: no rule may name a person."""
    lines = (shipped_rules_folder() / "lists" / "person_names.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if not line.startswith("#"))


class RegisteredDomains:
    """Returns registered domains by the public suffix list that comes with tldextract; no network."""

    def __init__(self, extract: tldextract.TLDExtract) -> None:
        self._extract = extract

    def __call__(self, domain: str) -> str:
        return self._extract(domain).top_domain_under_public_suffix


def shipped_pack_names() -> list[str]:
    """The names of the shipped packs: those of the files and folders in `packs`."""
    folder = shipped_rules_folder() / "packs"
    files = (path.relative_to(folder) for path in folder.rglob("*.toml"))
    return sorted({file.parts[0].removesuffix(".toml") for file in files})


def _pack_files(name: str) -> list[Path]:
    """The file of a shipped pack; if it is a folder, its files by the number at the start of their names."""
    folder = shipped_rules_folder() / "packs"
    if (folder / name).is_dir():
        return sorted((folder / name).glob("*.toml"), key=lambda path: int(path.name.partition("-")[0]))
    return [folder / f"{name}.toml"]
