# `make check` runs the contract against the bundled reference server; `make test` runs the tests of the suite.
# Both need Python >= 3.11 and nothing else: the first target that runs makes the virtual environment.

PYTHON ?= python3
VENV   ?= .venv
DIST   ?= dist
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
LOCKS  := requirements.lock requirements-dev.lock
BLIND  := $(VENV)-mutation
FULL   := $(VENV)-hostile
LOCKED := --universal --generate-hashes --no-header --no-annotate --no-emit-index-url $(if $(UPGRADE),--upgrade)
CODE   := conftest.py contract reference_impl relayauth_contract tests

# One more than there are logical cores: some tests wait for servers, clocks and time-outs. In the order of the
# folders, since the long tests are in the first ones.
WORKERS   := $(shell $(PYTHON) -c 'import os; print(1 + (os.cpu_count() or 1))')
ALL_CORES := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
MEASURED  := tests/unit tests/cli tests/reference tests/selfproof tests/test_openapi_reference.py

# Tests start hundreds of processes: what they import is compiled once, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help check test proof exact hostile coverage lint format generated bench soak mutation new-clause lock wheel clean FORCE

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo 'PYTHON=python3.12 chooses the interpreter, VENV=DIR where it is installed ($(VENV)), DIST=DIR where it is built ($(DIST)).'

check: $(READY) ## run the contract against the bundled reference server
	$(BIN)/relayauth-contract check

test: $(READY) ## run the tests on all cores (about three minutes on two); ARGS='-k NAME' chooses
	$(BIN)/pytest $(ALL_CORES) $(ARGS)

proof: $(READY) ## run the whole proofs and the other tests that take seconds each (a quarter of an hour on two)
	$(BIN)/pytest $(ALL_CORES) --dist load -m proof $(ARGS)

exact: $(READY) ## try each mutant with all cases of every clause that notices it (ten minutes on two)
	$(BIN)/relayauth-contract mutants --in-full

hostile: $(READY) $(FULL)/.ready ## run the table of hostile environments: none may change a verdict (four minutes on two)
	$(BIN)/pytest $(ALL_CORES) --dist load -m hostile tests/hostile $(ARGS)

coverage: $(READY) ## measure what the tests that start no command reach, and fail below the bound
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ALL_CORES) $(MEASURED)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: $(READY) ## ruff, its formatter, mypy and the directions of imports, all of them strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## let ruff put the code into its form
	$(BIN)/ruff format .

generated: $(READY) ## write what is made from the options and the clauses: schema, manual, catalogue
	$(BIN)/python -m contract.harness.cli.generated

soak: $(READY) ## take 10,000 steps of walks, and kill every mutant of sessions with them (2 minutes)
	$(BIN)/python -m tests.soak

bench: $(READY) ## measure what is promised, and fail if a bound is passed
	$(BIN)/python -m tests.bench

mutation: $(READY) $(BLIND)/.ready ## mutate the reference's decisions blindly: the contract must notice (minutes)
	$(BLIND)/bin/python -m tests.mutation --python $(BIN)/python

new-clause: $(READY) ## write the stubs of a clause: ID=SES-09
	$(BIN)/python -m tests.support.new_clause $(ID)

# The lock that is shipped is a part of the one that was tested, so the second is made within the first.
lock: $(READY) ## make the lock files again (UPGRADE=1: with the newest versions)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet $(LOCKED) --group dev --output-file requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet $(LOCKED) --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet $(LOCKED) --group pyproject.toml:mutation --output-file tests/mutation/requirements.lock
	$(BIN)/uv pip compile --quiet $(LOCKED) --no-strip-extras --constraint requirements-dev.lock --group hostile --output-file tests/hostile/requirements.lock pyproject.toml

wheel: $(READY) ## build the source distribution, and the wheel from it, into DIST
	$(BIN)/python -m build --no-isolation --outdir $(DIST)

clean: ## remove what was made, the virtual environment too
	rm -rf $(VENV) $(BLIND) $(FULL) $(DIST) build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter that was asked for by name is used even if the environment was made with another one.
ifneq ($(origin PYTHON),file)
VERSION := import sys; print(sys.version)
ifneq ($(shell $(PYTHON) -c '$(VERSION)'),$(shell $(BIN)/python -c '$(VERSION)' 2>/dev/null))
$(READY): FORCE
CLEAR := --clear
endif
endif

$(READY): pyproject.toml $(LOCKS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(if $(CLEAR),,test -x $(BIN)/python ||) $(PYTHON) -m venv $(CLEAR) $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(BLIND)/.ready: tests/mutation/requirements.lock
	$(BIN)/python -m venv --clear $(BLIND)
	$(BLIND)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

$(FULL)/.ready: tests/hostile/requirements.lock pyproject.toml | $(READY)
	$(BIN)/python -m venv --clear $(FULL)
	$(FULL)/bin/python -m pip install --quiet --require-hashes -r $<
	$(FULL)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
