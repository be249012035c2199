# Two commands set everything up:  make demo   and   make test.
# Both make their own environment (.venv) from requirements.lock; the rest are parts of them.
SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= demo-data
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo demo-check test lint unit notebooks browser bench lock clean

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

lock:  ## pin every version again, for all supported Pythons
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	  --output-file requirements.lock --quiet --upgrade

clean:
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
