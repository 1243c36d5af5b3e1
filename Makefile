# Everything runs in a virtual environment below .venv; a machine needs only Python 3.11 or newer, make and git.
PYTHON ?= python3
BIN := .venv/bin
# What pip installs for the tests; with Kerberos: make test EXTRAS=test,check,molecule,kerberos (needs libkrb5-dev, gcc).
EXTRAS ?= test,check,molecule
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check bench molecule schemas clean
.DEFAULT_GOAL := demo

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "iea-fleet needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/ready-test: .venv/ready
	$(PIP) --editable '.[$(EXTRAS)]'
	touch $@

## a fleet of 24 workstations on loopback, pushed, reported, pushed again, closed
demo: .venv/ready
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo.sh

test: .venv/ready-test
	$(BIN)/python -m pytest -n auto --dist worksteal

check: .venv/ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/ansible-lint --offline --profile production
	$(BIN)/yamllint --strict .
	$(BIN)/python -m pytest -q tests/agent/test_windows_powershell.py tests/doctor/test_prepare_syntax.py

molecule: .venv/ready-test
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/molecule test

bench: .venv/ready-test
	$(BIN)/python bench/push.py

## the JSON schemas in docs/schemas, from the types
schemas: .venv/ready
	$(BIN)/python -m iea_fleet.model.schemas docs/schemas

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dist
