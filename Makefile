# make app: everything from nothing to a running dashboard. make test: everything from nothing to tested.
# Needed beforehand: make, and Python 3.11 or 3.12 with venv (with 3.13 one package has to be compiled, see README.md).

PORT ?= 8501
PYTHON ?= $(shell for limit in 13 99; do for p in python3 python3.12 python3.11 python3.13; do \
	$$p -c "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, $$limit))" 2>/dev/null \
	&& echo $$p && exit; done; done)
BIN := .venv/bin
READY := .venv/.ready
DEV_READY := .venv/.ready-dev
TESTS ?=

.PHONY: app setup dev test lint format texts pictures bench demo lock licences audit
.DEFAULT_GOAL := app

app: $(READY)
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

setup: $(READY)

dev: $(DEV_READY)

# The browser's tests first, in two processes with a server each: they mostly wait for pages.
test: $(DEV_READY)
	.ci/browser
	.ci/services
	$(BIN)/python -m pytest $(or $(TESTS),-n 2 --dist loadfile tests/browser)
	$(if $(TESTS),,$(BIN)/python -m pytest -n 2 --ignore tests/browser)

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Texts of the interface that are new or gone, in the files of the translations; fill in what is empty.
texts: $(DEV_READY)
	$(BIN)/pybabel -q extract --no-default-keywords -k tr -k later --no-location --omit-header -w 116 \
		-o survdash/languages/texts.pot survdash pages
	for po in survdash/languages/*.po; do $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete \
		--omit-header -w 116 -i survdash/languages/texts.pot -o "$$po" -l "$$(basename "$$po" .po)"; done
	rm survdash/languages/texts.pot
	$(BIN)/python -m tests.told_texts

# The README's pictures and the layouts that the browser tests compare with, from the running app.
pictures: $(DEV_READY)
	.ci/browser
	$(BIN)/python -m tests.browser.pictures

# Times on this machine, next to those in benchmarks/README.md.
bench: $(READY)
	@for script in benchmarks/*.py; do \
		echo "== $$script"; $(BIN)/python -m "benchmarks.$$(basename "$$script" .py)" || exit 1; done

# The shipped demo anew: simulated patients, drawn slides, real features, trained models. About four minutes.
demo: $(READY)
	$(BIN)/python -m survdash make-demo --out models

# New versions within the bounds of requirements*.txt; run the tests before you commit it.
lock: $(DEV_READY)
	$(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --no-config --no-annotate --quiet \
		--custom-compile-command "make lock" --default-index https://pypi.org/simple \
		requirements-dev.txt --output-file requirements.lock

# Licences of everything that is installed for running, and known holes in it: asks the advisories of PyPI, and fails where
# nobody answers, as behind a mirror (docs/deploy.md).
licences: $(READY)
	$(BIN)/uv tool run --from pip-licenses pip-licenses --python $(BIN)/python --format=markdown --with-urls \
		--packages $$($(BIN)/uv pip compile requirements.txt -c requirements.lock --no-config --no-annotate --no-header \
		--quiet | sed 's/==.*//') > docs/licences.md

audit: $(READY)
	$(BIN)/uv tool run pip-audit -r requirements.lock --no-deps --disable-pip --strict

$(READY): requirements.txt requirements.lock .ci/install
	.ci/install "$(PYTHON)" requirements.txt
	@touch $@

$(DEV_READY): requirements-dev.txt $(READY)
	.ci/install "$(PYTHON)" requirements-dev.txt
	@touch $@
