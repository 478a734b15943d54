# Everything sets itself up: only Python 3.11 or newer and make are needed. `make help` lists what there is.
PYTHON ?= python3
PORT ?= 8765
BIN := .venv/bin
PLAYGROUND := @microsoft/m365agentsplayground@0.2.28

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test test-fast test-long coverage check format bench score messages axe agents test-agents oidc playground pictures lock sbom test-deploy docs clean

# Installs the packages of a file; a dot every two seconds shows that it is still at it.
define install
	@printf 'Installing the packages of $(1) into .venv (about half a minute, once) ..'; \
	  (while sleep 2; do printf .; done) & dots=$$!; \
	  $(BIN)/pip install --quiet --disable-pip-version-check -r $(1); status=$$?; \
	  kill $$dots; echo; exit $$status
	@touch $@
endef

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Bursar needs Python 3.11 or newer; this is $$($(PYTHON) -V). Say which to use: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv ..."; $(PYTHON) -m venv .venv; } || \
	  { echo "Python's venv is missing. On Debian: apt-get install python3-venv"; exit 1; }
	$(call install,requirements.txt)

.venv/dev: .venv/run requirements-teams.txt requirements-mcp.txt requirements-console.txt requirements-aws.txt requirements-tracing.txt requirements-dev.txt
	$(call install,requirements-dev.txt)

demo: .venv/run ## the sample company on a page of your own
	@$(BIN)/python -m bot demo --port $(PORT)

demo-reset: .venv/run ## the same, started afresh
	@$(BIN)/python -m bot demo --port $(PORT) --reset

# Each process has its share of the files, so that what a file sets up is set up once; who is done takes from others.
SHARED := -n logical --maxprocesses 6 --dist worksteal

test: .venv/dev ## every test, PostgreSQL and browser included where they can be had
	@$(BIN)/pytest $(SHARED)

LEFT_OUT := --ignore=tests/system --ignore=tests/bench --ignore-glob='*browser*' --ignore-glob='*playground*' -k 'not postgresql'

test-fast: .venv/dev ## the tests of single rooms on SQLite, without what takes seconds: no crashes, races, browsers
	@$(BIN)/pytest $(SHARED) $(LEFT_OUT)

test-long: .venv/dev ## the tests that take minutes: fuzzing and long races
	@$(BIN)/pytest -m long

.venv/deploy: .venv/dev requirements-deploy.txt
	$(call install,requirements-deploy.txt)

test-deploy: .venv/deploy ## the image, compose, the chart, the workflows and the pages, by the tools that know them
	@$(BIN)/pytest tests/deploy

docs: .venv/deploy ## the pages of docs/ as a site, in var/site
	@$(BIN)/zensical build --clean

lock: .venv/dev ## write the hashes of all packages of the image anew
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --output-file deploy/requirements.lock requirements.txt requirements-teams.txt requirements-mcp.txt requirements-console.txt requirements-aws.txt requirements-tracing.txt

sbom: .venv/dev ## list all packages of the image for scanners (CycloneDX), in var/bursar.cdx.json
	@$(BIN)/pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	@mkdir -p var
	@$(BIN)/cyclonedx-py requirements deploy/requirements.lock --output-reproducible -o var/bursar.cdx.json
	@echo "var/bursar.cdx.json is written."

coverage: .venv/dev ## every test, and what share of the lines they run
	@$(BIN)/pytest $(SHARED) --cov

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

messages: .venv/dev ## collect the texts that people read into the catalogs of handlers/locales
	@$(BIN)/python -m tests.support.messages

playground: ## what the test of Teams in a browser needs: Node.js 18 or newer, and npm
	npm install --prefix var/playground --no-audit --no-fund --loglevel=error $(PLAYGROUND)

axe: ## what the test of the console in a browser needs to see who could not read it: Node.js and npm
	npm install --prefix var/axe --no-audit --no-fund --loglevel=error axe-core@4.14.1

oidc: ## what the tests of sign-in need to try providers that others wrote: Node.js 20 or newer, and npm
	npm install --prefix var/oidc --no-audit --no-fund --loglevel=error oidc-provider@9.13.3 oauth2-mock-server@9.3.0

AGENTS := @anthropic-ai/claude-code@2.1.332 @openai/codex@0.171.0 @google/gemini-cli@0.61.0 \
  @modelcontextprotocol/inspector@2.12.0

agents: ## what the tests of coding agents need: Node.js 22 (20 does), npm and 1 GB
	npm install --prefix var/agents --no-audit --no-fund --loglevel=error $(AGENTS)

test-agents: .venv/dev agents ## real coding agents against a model on loopback: telemetry, hooks, MCP
	@$(BIN)/pytest -m agents tests/agents

pictures: .venv/dev playground ## draw the pictures of the documentation anew
	@command -v npm >/dev/null || { echo "The messages are drawn by a package of npm: apt-get install npm"; exit 1; }
	mkdir -p var/pictures && cp tests/support/pictures/draw.jsx tests/support/pictures/package.json tests/support/pictures/.npmrc var/pictures
	cd var/pictures && npm install --no-audit --no-fund --silent && npm run --silent build
	@$(BIN)/pytest tests/platforms/web/test_demo_in_browser.py tests/platforms/test_pictures.py tests/platforms/teams/test_playground.py --pictures

clean: ## remove the virtual environment and the demo's database
	rm -rf .venv var
