# Two commands: `make verify` certifies the reference stack, `make test` tests skyworthy itself.
# They need Python 3.11+ and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2
.PHONY: help install verify test lint unit suites conformance mutants bench-static bench-live docs docs-site lock cassettes clean

help:  ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Install everything into .venv, pinned by version and hash

$(INSTALLED): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "skyworthy needs Python 3.11 or newer; set PYTHON="; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

verify: $(INSTALLED)  ## Static, live and smoke on the sandbox; reports in reports/
	$(BIN)/skyworthy verify

test: lint unit suites  ## Lint, types, layers, unit tests and the suites

lint: $(INSTALLED)  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(INSTALLED)  ## Unit tests
	$(BIN)/pytest tests/unit -n $(WORKERS) --dist loadfile -q

suites: $(INSTALLED)  ## The three suites on the reference stack, by pytest
	$(BIN)/pytest tests/static tests/live tests/smoke -n $(WORKERS) -q

conformance: $(INSTALLED)  ## Slow truths: real Terraform and provider against the sandbox
	$(BIN)/pytest tests/conformance -n $(WORKERS) --dist loadgroup -q -rs

mutants: $(INSTALLED)  ## Which defects of the reference stack are noticed, ours beside checkov (minutes)
	$(BIN)/python -m benchmarks.mutants

bench-static: $(INSTALLED)  ## The static suite beside checkov: time and memory
	$(BIN)/python -m benchmarks.static

bench-live: $(INSTALLED)  ## The live suite: many resources, and beside Prowler; writes benchmarks/live.md (minutes)
	$(BIN)/python -m benchmarks.live

docs: $(INSTALLED)  ## Generate the pages that are generated
	$(BIN)/python tools/control_pages.py
	$(BIN)/python tools/reference_pages.py

docs-site: $(INSTALLED)  ## Build the documents as a site, in .skyworthy/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/uv tool run --from mkdocs==1.6.1 --with mkdocs-material==9.8.1 mkdocs build --strict --quiet

cassettes: $(INSTALLED)  ## Record the sandbox cassettes anew (needs Terraform; minutes)
	$(BIN)/skyworthy sandbox record --env staging
	$(BIN)/skyworthy sandbox record --env production
	$(BIN)/skyworthy sandbox record --env account

lock: $(INSTALLED)  ## Resolve the dependencies anew
	$(BIN)/uv pip compile $(LOCK) --extra sandbox --extra xdist --group dev pyproject.toml -o requirements/dev.txt
	echo hatchling | $(BIN)/uv pip compile $(LOCK) --extra sandbox --extra xdist --constraint requirements/dev.txt pyproject.toml - -o requirements/run.txt
	echo uv==$$($(BIN)/uv --version | cut -d' ' -f2) | $(BIN)/uv pip compile $(LOCK) - -o requirements/bootstrap.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean:  ## Remove what the other targets made
	rm -rf $(VENV) .skyworthy .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find reports -mindepth 1 ! -name .gitkeep -delete
