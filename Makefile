# Every target sets up what it needs; nothing has to be installed by hand but Python ≥ 3.11, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA := $(addprefix .signalbox/data/,plants/scada.csv estimation_engine/sales.csv flask_app/flights.csv)
# two for a core: half of a test is waiting; no more than eight, for all of them ask one Prefect server
TESTERS := $(shell n=$$(( $$(nproc) * 2 )); echo $$(( n > 8 ? 8 : n )))
PYTEST := $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist worksteal --durations 10 --durations-min 1
# uv compiles nothing, and all of it would take a minute: what is imported is compiled once, and must be kept
unexport PYTHONDONTWRITEBYTECODE
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS := 120

.PHONY: help setup data lock messages lint test test-all coverage attacks fuzz chaos mutants demo bench clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-9s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## create .venv with the pinned dependencies

$(VENV)/.ready: $(wildcard requirements/*.txt) pyproject.toml
	@$(PYTHON) tools/set_up.py install $(VENV)

data: $(DATA) ## fetch the data of all workloads; a demo fetches what it needs by itself

$(DATA): .signalbox/data/%: | $(VENV)/.ready
	@$(BIN)/python -m workloads.$(*D).data $(@D)

lock: ## resolve the dependencies anew into requirements/, a file a purpose (hashes, no index addresses)
	@$(PYTHON) tools/set_up.py lock $(VENV)

demo: setup ## the whole path on real data, from extraction to production; WORKLOAD=estimation_engine another; CUTOFF=2014-09-30 the day
	@$(PYTHON) tools/programs.py ssh-keygen $(if $(KUBECONFIG),$(if $(filter-out plants,$(WORKLOAD)),kubectl))
	$(BIN)/signalbox demo $(if $(WORKLOAD),--workload $(WORKLOAD)) $(if $(CUTOFF),--cutoff $(CUTOFF))

test: setup data ## the tests, but for slow ones and those that need a cluster; ORDER=123 repeats the order that a run printed
	@$(PYTHON) tools/programs.py chromium ssh-keygen kubectl
	$(PYTEST) -m "not slow and not cluster" $(if $(ORDER),--randomly-seed $(ORDER))

test-all: setup data ## all tests; those that need a cluster are skipped where KUBECONFIG names none
	@$(PYTHON) tools/programs.py chromium ssh-keygen kubectl
	$(PYTEST) $(if $(ORDER),--randomly-seed $(ORDER))

coverage: setup data ## all tests, and which lines and branches of domain, flows and tasks they reach
	@$(PYTHON) tools/programs.py chromium ssh-keygen kubectl
	$(PYTEST) --cov --cov-report term:skip-covered --cov-report json:.signalbox/coverage.json

fuzz: setup ## random histories of the gates, judged by an account of their own; HISTORIES=10000
	@$(BIN)/python tests/fuzz/fuzz.py --histories $(or $(HISTORIES),10000)

attacks: setup ## what somebody tries who commands the server or the ledger's storage; each has to fail
	$(PYTEST) tests/attacks

chaos: setup ## kill releases at every step while Azure misbehaves, and look at the fleet afterwards; KILLS=200 SEED=7
	@$(BIN)/python tests/chaos/chaos.py --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED))

mutants: setup ## change the gates' code at every turn and see that a test notices; LIMIT=100 tries some
	@$(BIN)/python tests/mutants/run.py $(if $(LIMIT),--limit $(LIMIT))

messages: ## write docs/messages.md: everything that the product may say, from its code
	@$(PYTHON) tools/messages.py

lint: setup ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## what it costs, against a floor measured in the same run
	$(BIN)/python -m benchmarks

clean: ## forget environment, data and logs
	rm -rf $(VENV) .signalbox
