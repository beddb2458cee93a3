# make app: everything from nothing to a running dashboard. make test: everything from nothing to tested.
# Needed beforehand: Python 3.11 or later with venv, and make.

PORT ?= 8501
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
DEV_READY := .venv/.ready-dev
TESTS ?=

.PHONY: app setup dev test lint format bench demo lock
.DEFAULT_GOAL := app

app: $(READY)
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

setup: $(READY)

dev: $(DEV_READY)

test: $(DEV_READY)
	.ci/browser
	$(BIN)/python -m pytest $(TESTS)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Times on this machine, next to those in benchmarks/README.md.
bench: $(READY)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

# A simulated patient to try: a slide and a gene table, for the page "New case".
demo: $(READY)
	$(BIN)/python -m survdash sample-case --out sample-case

# New versions within the bounds of requirements*.txt; run the tests before you commit it.
lock: $(DEV_READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --no-config --no-annotate --quiet \
		--custom-compile-command "make lock" --default-index https://pypi.org/simple \
		requirements-dev.txt --output-file requirements.lock

$(READY): requirements.txt requirements.lock .ci/install
	.ci/install "$(PYTHON)" requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt $(READY)
	.ci/install "$(PYTHON)" requirements-dev.txt
	@touch $@
