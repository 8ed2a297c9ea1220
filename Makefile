# calsync: everything a fresh machine with Python 3.11 and make needs. `make` lists the targets.

PYTHON ?= python3
VENV ?= $(if $(WHEEL),.venv-wheel,.venv)
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= demo
SOURCES := $(shell find calsync rules -type f -not -name '*.pyc' 2>/dev/null)
PYTEST_ON_ALL_CORES := pytest --numprocesses auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo demo-m365 quick test golden check lint types layers docs wheel soak bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  ARGS=tests/cli limits quick and test to some tests; WHEEL=1 tests the installed wheel, as CI does"

demo: .venv/.installed  ## a night for a fictional council, offline; says what to open
	.venv/bin/calsync demo --to $(DEMO)

demo-m365: .venv/.installed  ## the same council, read from an emulator of Microsoft Graph
	PYTHONPATH=tests .venv/bin/python -m support.demo_through_graph $(DEMO)-m365

quick: .venv/.installed  ## the quick tests, under a minute: run it after every change
	.venv/bin/$(PYTEST_ON_ALL_CORES) -q -m "not slow and not postgres" --hypothesis-profile quick $(ARGS)

test: $(STAMP)  ## all tests, about ten minutes on two cores; PostgreSQL is started where it is installed
	@echo "All tests on all cores: about ten minutes on two cores (make quick: one minute)."
	@echo "A line that begins with PostgreSQL shows whether its tests are run or left out."
	$(BIN)/$(PYTEST_ON_ALL_CORES) $(ARGS)

golden: .venv/.installed  ## write the golden files again; read the difference before you commit
	.venv/bin/pytest -q --update-golden
	git status --short

check: lint types layers docs test  ## all that CI checks: lint, format, types, import layers, docs, tests

lint: .venv/.installed  ## ruff: style and format
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/.installed  ## mypy, strict
	.venv/bin/mypy

layers: .venv/.installed  ## import-linter: imports only point to lower layers
	.venv/bin/lint-imports

docs: .venv/.installed  ## every command, setting, table and link that the docs name exists, and the other way round
	.venv/bin/pytest tests/test_docs.py -q

wheel: .venv/.installed  ## the wheel and the sdist, in dist/
	rm -rf dist
	.venv/bin/python -m build -o dist .

soak: .venv/.installed  ## both ways of reading a calendar compared on 20,000 generated ones: some 20 minutes
	.venv/bin/pytest -q -x --hypothesis-profile soak tests/sources/ical/test_ical_fast_path.py tests/sources/ical/test_ical_broken.py tests/sources/ical/test_ical_uid_digests.py

bench: .venv/.installed  ## the benchmarks (slow; docs/benchmarks.md)
	.venv/bin/python -m benchmarks $(ARGS)

clean:  ## delete all that these targets make
	rm -rf .venv .venv-wheel dist build demo demo-m365 .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --upgrade pip
	.venv/bin/pip install --quiet --editable ".[all,dev]"
	touch $@

# The same tests against what users install: the wheel, built from the sdist, in a venv of its own.
.venv-wheel/.installed: pyproject.toml $(SOURCES)
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/pip install --quiet --upgrade pip build
	rm -rf dist
	.venv-wheel/bin/python -m build --outdir dist .
	.venv-wheel/bin/pip install --quiet --force-reinstall "$$(ls dist/calsync-*.whl)[all,dev]"
	touch $@
