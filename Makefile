# Everything sets itself up: only Python 3.11 or newer and make are needed. `make help` lists what there is.
PYTHON ?= python3
PORT ?= 8765
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test test-long check format bench score pictures clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bursar needs Python 3.11 or newer; this is $$($(PYTHON) -V). Say which to use: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Python's venv is missing. On Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: .venv/run ## the sample company on a page of your own
	@$(BIN)/python -m bot demo --port $(PORT)

demo-reset: .venv/run ## the same, started afresh
	@$(BIN)/python -m bot demo --port $(PORT) --reset

test: .venv/dev ## every test, PostgreSQL and browser included where they can be had
	@$(BIN)/pytest -n 2

test-long: .venv/dev ## the tests that take minutes: fuzzing and long races
	@$(BIN)/pytest -m long

check: .venv/dev ## format, lint, types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	@$(MAKE) test

format: .venv/dev ## write the code as the formatter likes it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev ## speed and memory, beside a floor in the same run
	@$(BIN)/python -m bench

score: .venv/dev ## how often the guard and the detectors of waste are right
	@$(BIN)/python -m bench.score

pictures: .venv/dev ## draw the pictures of the documentation anew
	@$(BIN)/pytest tests/test_browser.py --pictures

clean: ## remove the virtual environment and the demo's database
	rm -rf .venv var
