# make demo   set up and run the main job on a generated case
# make demo-site, make demo-console   open what make demo made
# make test   set up and pass all tests
# make check  format, lint, types, import contracts, architecture
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEOPLE ?= 20000
CASE ?= demo-case

.PHONY: demo demo-site demo-console test check docs clean lock

$(VENV)/core.stamp: requirements/core.txt pyproject.toml tools/bootstrap.sh
	PYTHON="$(PYTHON)" bash tools/bootstrap.sh $(VENV) requirements/core.txt
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/core.stamp
	PYTHON="$(PYTHON)" bash tools/bootstrap.sh $(VENV) requirements/dev.txt
	@touch $@

demo: $(VENV)/core.stamp
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash tools/demo.sh $(CASE) $(PEOPLE)

demo-site demo-console: $(VENV)/core.stamp
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash tools/demo.sh $(CASE) $(@:demo-%=%) $(PORT)

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check src tests bench tools docs clients
	$(BIN)/ruff check src tests bench tools docs clients
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow" tests/architecture
	$(BIN)/python tools/reference_docs.py --check

docs: $(VENV)/dev.stamp
	$(BIN)/python tools/reference_docs.py

lock: $(VENV)/dev.stamp
	bash tools/lock.sh $(VENV)

clean:
	rm -rf $(VENV) demo-case demo-case-data demo-case-site demo-case-password.txt .mypy_cache .ruff_cache .pytest_cache
