# Every target installs what it needs. `make` alone prints this list.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# The machine's own certificates, so that it works behind a company's proxy too.
UV := $(BIN)/uv --system-certs
# Many images set it, so that every Python that starts compiles all its libraries again: tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test lint format types contracts unit browser proof fuzz bench peers pin clean

help:  ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.runtime  ## make .venv with what Modelward needs to run
setup-dev: .venv/.dev  ## the same, with what its tests need

$(BIN)/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "Modelward needs Python 3.11 or newer, and found none: install it, or name it with make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.runtime: $(BIN)/uv requirements/runtime.txt requirements/build.txt pyproject.toml
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

demo: setup  ## replay a year of real flights into a fresh folder, then serve it
	@$(BIN)/modelward demo

serve: setup  ## start the service on this machine
	@$(BIN)/modelward serve

# The tests wait now and then, for a process to start or a lease to end: the other checks run in that time.
test: setup-dev  ## everything that must hold before a change lands
	@$(MAKE) --no-print-directory --jobs=2 lint types contracts unit

lint: setup-dev  ## style, by ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup-dev  ## put the code into its form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

types: setup-dev  ## types, by mypy
	@$(BIN)/mypy

contracts: setup-dev  ## imports point down, by import-linter
	@$(BIN)/lint-imports

unit: setup-dev browser  ## the tests
	@$(BIN)/pytest -n logical --dist worksteal -m "not proof and not fuzz"

browser:  ## install Debian's Chromium where that is possible, and say so where not
	@scripts/install-browser

.venv/.spark: .venv/.dev requirements/spark.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/spark.txt
	@touch $@

proof: setup-dev browser .venv/.spark  ## the long proofs: crashes under load, the demo from an empty folder, a local Spark
	@scripts/install-java
	@$(BIN)/pytest -m proof

fuzz: setup-dev  ## 10,000 requests made up from the API's description
	@$(BIN)/pytest -m fuzz

bench: setup-dev  ## each headline figure, as JSON
	@for b in benchmarks/bench_*.py; do echo "# $$b" >&2; $(BIN)/python $$b || exit 1; done

peers: $(BIN)/uv  ## other libraries of the field, in .peers, for python -m benchmarks.signal_quality --peers .peers/bin/python
	@$(UV) venv --quiet --allow-existing --python $(BIN)/python .peers
	@$(UV) pip install --quiet --python .peers/bin/python -r requirements/peers.in

pin: $(BIN)/uv  ## resolve and pin the requirements anew
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements/runtime.txt
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --constraints requirements/runtime.txt --group dev pyproject.toml -o requirements/dev.txt
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --constraints requirements/dev.txt --group spark -o requirements/spark.txt
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --constraints requirements/dev.txt requirements/build.in -o requirements/build.txt
	@$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header requirements/uv.in -o requirements/uv.txt

clean:  ## remove what the other targets made
	@rm -rf .venv .peers .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
