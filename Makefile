# Two commands set everything up: `make demo` and `make test`. Both make their own environment
# (.venv) from requirements.lock. The other targets are parts of them, and for developers.
SHELL  := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
DEMO   := demo-data
FUZZ_SECONDS ?= 600
export PATH := $(BIN):$(PATH)
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ROOT   := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

.PHONY: demo demo-check test check bench fuzz lock clean chromium

demo: $(VENV)/.ready $(DEMO)/xtc
	jupyter lab --ip=127.0.0.1 $(ROOT) notebooks/quickstart.ipynb

demo-check: $(VENV)/.ready $(DEMO)/xtc chromium
	python tests/browser/demo_check.py $(DEMO) demo-check.png

test: $(VENV)/.ready chromium check
	python -m pytest tests

check: $(VENV)/.ready
	ruff check .
	ruff format --check .
	mypy
	lint-imports

bench: $(VENV)/.ready chromium
	python tests/benchmarks/run.py

# Not in the lock: atheris has no wheel for every Python, and without it inputs change at random.
fuzz: $(VENV)/.ready
	uv pip install --quiet --python $(BIN)/python --group fuzz || echo "atheris is not to be had: inputs are changed at random"
	nice python -m tests.fuzz.run --seconds $(FUZZ_SECONDS)

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(DEMO)/xtc: | $(VENV)/.ready
	xtcview demo --out $(DEMO)

# Debian's browser, where it may be installed; without it the browser tests say that they are skipped.
chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "chromium is not here and cannot be installed: browser tests will be skipped"

lock: $(VENV)/.ready
	uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.10 \
	  --generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock" \
	  --output-file requirements.lock --quiet --upgrade

clean:
	rm -rf $(VENV) $(DEMO) demo-check.png fuzz-found build dist .*_cache .hypothesis
