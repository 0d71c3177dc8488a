# What one does with this repository. `make` alone lists it.
# Needs make and Python 3.11 or newer; everything else is installed into .venv at the pins of requirements/.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# What is imported is compiled then; most of what is installed never is.
PIP_FLAGS := --quiet --disable-pip-version-check --no-input --no-compile
BACKENDS_TESTS := tests/e2e
# Three processes share the tests, a file each at a time: many wait for servers of their own.
WORKERS := -n 3 --dist loadfile
COMPAT := openai-1 openai-2 openai-3 anthropic-093 anthropic-0 anthropic-1 google-2
SUITES := openai anthropic google

# Files of tests/sdks where nothing depends on an SDK's version: the newest alone stands for all of them.
ONCE := budgets ceilings claims claims_policy claims_unreadable content content_commands content_kept default \
	deployments envelopes home_removed nobody ranked_by_advisors rollout_share shipped_policies sinks world

# Every fault without us and with us, for an older major in the styles that all others are made of: a whole answer, a stream.
FAULTS := tests/faults/test_faults_home.py -k "sync-plain or sync-stream- or left_open"

CLIENTS := langchain pydantic-ai openai-agents instructor llama-index

.PHONY: help demo test check coverage lint format e2e compat suites clients exhaustive bench fidelity backends lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo ## route six queries against an emulator: no key, no container, two minutes at most
	@$(BIN)/waypost demo

test: $(VENV)/.dev ## everything: lint, types, tests, older SDKs, and the real backends where they can be had
	@$(MAKE) lint
	@$(MAKE) compat
	@$(MAKE) clients
	@$(MAKE) -j2 suites ARGS=--quick
	@$(BIN)/python scripts/backends.py build || test $$? = 3
	@mkdir -p .reports
	$(BIN)/pytest $(WORKERS) --ignore=$(BACKENDS_TESTS)
	$(BIN)/pytest $(BACKENDS_TESTS) --junit-xml=.reports/tests.xml
	@$(BIN)/python scripts/backends_verdict.py .reports/tests.xml

check: $(VENV)/.dev ## the same without the tests that need the real backends
	@$(MAKE) lint
	@$(MAKE) compat
	$(BIN)/pytest $(WORKERS) --ignore=$(BACKENDS_TESTS)

coverage: $(VENV)/.dev ## which lines the tests reach, those of commands and examples included; slower by half
	$(BIN)/pytest $(WORKERS) --ignore=$(BACKENDS_TESTS) --cov --cov-report=term

lint: $(VENV)/.dev ## format, lint, types and the contracts between the parts; changes nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## put the code into the one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

e2e: $(VENV)/.dev ## only the tests that need the real backends
	$(BIN)/python scripts/backends.py build
	$(BIN)/pytest $(BACKENDS_TESTS)

compat: ## the SDKs' tests and part of the table of faults with their older majors, each in an environment of its own
	@$(MAKE) -j2 $(COMPAT:%=.compat-%)

# The tests mostly wait for servers of their own, so the majors run side by side, and each one's words stay together.
.compat-%: .venvs/%/.ready
	@mkdir -p .reports
	@.venvs/$*/bin/pytest -q -p no:cacheprovider tests/sdks $(ONCE:%=--ignore=tests/sdks/test_%.py) >.reports/$*.log 2>&1 || { cat .reports/$*.log; exit 1; }
	@.venvs/$*/bin/pytest -q -p no:cacheprovider $(FAULTS) >.reports/$*-faults.log 2>&1 || { cat .reports/$*-faults.log; exit 1; }
	@echo "tests/sdks with $*: $$(tail -n 1 .reports/$*.log); faults: $$(tail -n 1 .reports/$*-faults.log)"

clients: ## LangChain, pydantic-ai, openai-agents, instructor and LlamaIndex on top, each in an environment of its own
	@$(MAKE) -j2 $(CLIENTS:%=.clients-%)

.clients-%: .venvs/client-%/.ready
	@mkdir -p .reports
	@.venvs/client-$*/bin/pytest -q -p no:cacheprovider tests/clients >.reports/client-$*.log 2>&1 || \
		{ cat .reports/client-$*.log; exit 1; }
	@echo "tests/clients with $*: $$(tail -n 1 .reports/client-$*.log)"

suites: $(VENV)/bin/python $(SUITES:%=.venvs/suite-%/.ready) ## the SDKs' own tests with Waypost on: none may be lost (20 minutes; ARGS=--quick: 4)
	@$(BIN)/python scripts/suites.py $(ARGS)

exhaustive: $(VENV)/.dev ## the generated tests with many more cases
	WAYPOST_EXHAUSTIVE=1 $(BIN)/pytest -o faulthandler_timeout=7200 --ignore=$(BACKENDS_TESTS)

bench: .venvs/bench/.ready ## count what a call costs; prints the table of the README (WRITE=1 puts it there)
	@.venvs/bench/bin/python -m tests.benchmarks $(if $(filter-out 0,$(WRITE)),--write) $(ARGS)

fidelity: $(VENV)/.dev ## write docs/fidelity.md: what crosses from dialect to dialect, as the codecs do it
	PYTHONPATH=src:tests $(BIN)/python -m golden.fidelity.make --write

backends: $(VENV)/.dev ## build the Collector, Jaeger and Prometheus (Go 1.26, 8 GB, ten minutes the first time)
	$(BIN)/python scripts/backends.py build

EXTRAS := openai anthropic google otlp redis tokens demo
# No addresses and no annotations: the files are the same wherever they were made.
LOCK = $(BIN)/python -m uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --upgrade \
	--generate-hashes --no-emit-index-url --no-header --no-annotate
lock: $(VENV)/.dev ## choose the newest versions and write requirements/*.txt
	$(BIN)/python -m pip install $(PIP_FLAGS) uv
	$(LOCK) --group dev $(EXTRAS:%=--extra %) -o requirements/dev.txt
	$(LOCK) --group build --extra demo -c requirements/dev.txt -o requirements/demo.txt
	$(LOCK) --group bench -o requirements/bench.txt
	$(foreach group,$(COMPAT) $(CLIENTS:%=client-%) $(SUITES:%=suite-%),$(LOCK) --group $(group) -o requirements/$(group).txt &&) true

clean: ## remove what was made here; the built backends stay in their cache
	rm -rf $(VENV) .venvs .reports .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist

# -- environments: a stamp is older than its requirements when those have changed --------------------------------------

define python_needed
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is not Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) lacks the modules venv and ensurepip (on Debian: apt install python3-venv)." >&2; exit 1; }
endef

# $(1) the environment, $(2) its requirements. The package itself comes last, without a fetch.
define install
	@echo "Installing $(2) into $(1) ..."
	@$(1)/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r $(2)
	@$(1)/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@touch $@
endef

$(VENV)/bin/python:
	$(python_needed)
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: requirements/demo.txt pyproject.toml | $(VENV)/bin/python
	$(call install,$(VENV),requirements/demo.txt)

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(call install,$(VENV),requirements/dev.txt)

.venvs/%/bin/python:
	$(python_needed)
	@mkdir -p .venvs
	@$(PYTHON) -m venv .venvs/$*

.PRECIOUS: .venvs/%/bin/python .venvs/%/.ready
.venvs/%/.ready: requirements/%.txt pyproject.toml | .venvs/%/bin/python
	$(call install,.venvs/$*,requirements/$*.txt)
