# calsync: everything a fresh machine with Python 3.11 and make needs.
#   make demo    a night for a fictional council, offline; says what to open
#   make demo-m365   the same council, read through Microsoft Graph as an emulator plays it
#   make test    the tests, on all cores (WHEEL=1: against the installed wheel, as CI does; ARGS=tests/cli for some of them)
#   make check   lint, format, strict types, import floors, docs, tests
#   make soak    both ways of reading a calendar compared on SOAK generated ones (20000: some 20 minutes)
#   make bench   the benchmarks (slow; see docs/benchmarks.md)

PYTHON ?= python3
VENV ?= $(if $(WHEEL),.venv-wheel,.venv)
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO ?= demo
SOURCES := $(shell find calsync rules -type f -not -name '*.pyc' 2>/dev/null)

.PHONY: demo demo-m365 test check lint types floors docs wheel soak bench clean

demo: .venv/.installed
	.venv/bin/calsync demo --to $(DEMO)

demo-m365: .venv/.installed
	.venv/bin/python tests/support/demo_through_graph.py $(DEMO)-m365

test: $(STAMP)
	$(BIN)/pytest --numprocesses auto --dist loadfile $(ARGS)

check: lint types floors docs test

lint: .venv/.installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/.installed
	.venv/bin/mypy

floors: .venv/.installed
	.venv/bin/lint-imports

# Every command, setting, table and link that the docs name must exist, and the other way round.
docs: .venv/.installed
	.venv/bin/pytest tests/test_docs.py -q

wheel: .venv/.installed
	rm -rf dist
	.venv/bin/python -m build -o dist .

soak: .venv/.installed
	CALSYNC_SOAK=$(or $(SOAK),20000) .venv/bin/pytest -q -x tests/sources/ical/test_ical_fast_path.py tests/sources/ical/test_ical_broken.py tests/sources/ical/test_ical_uid_digests.py

bench: .venv/.installed
	.venv/bin/python -m benchmarks $(ARGS)

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

clean:
	rm -rf .venv .venv-wheel dist build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
