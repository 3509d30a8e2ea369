# Every target sets up what it needs; nothing has to be installed by hand but Python ≥ 3.11, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# two for a core: half of a test is waiting; no more than four, for each has a Prefect server and an emulator of its own
TESTERS := $(shell n=$$(( $$(nproc) * 2 )); echo $$(( n > 4 ? 4 : n )))
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS := 120

.PHONY: help setup lock lint test fuzz chaos mutants demo bench clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## create .venv with the pinned dependencies, and fetch the workloads' data
	@$(BIN)/python -m workloads.plants.data .signalbox/data/plants
	@$(BIN)/python -m workloads.estimation_engine.data .signalbox/data/estimation_engine
	@$(BIN)/python -m workloads.flask_app.data .signalbox/data/flask_app

$(VENV)/.ready: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Signalbox needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install --yes --quiet chromium >/dev/null; } \
	  || echo "chromium is not installed: two tests need it (Debian: apt-get install chromium)"
	@command -v ssh-keygen >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install --yes --quiet openssh-client >/dev/null; } \
	  || echo "ssh-keygen is not installed: approvers sign with it (Debian: apt-get install openssh-client)"
	@command -v kubectl >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install --yes --quiet kubernetes-client >/dev/null; } \
	  || echo "kubectl is not installed: clusters are asked with it (Debian: apt-get install kubernetes-client)"
	@touch $@

lock: ## resolve the dependencies anew into constraints.txt (hashes, no index addresses)
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-header \
	  --no-annotate --no-strip-extras --no-emit-index-url --group dev pyproject.toml -o constraints.txt

demo: setup ## the whole path on real data, from extraction to production; WORKLOAD=estimation_engine another; CUTOFF=2014-09-30 the day
	$(BIN)/signalbox demo $(if $(WORKLOAD),--workload $(WORKLOAD)) $(if $(CUTOFF),--cutoff $(CUTOFF))

test: setup ## all tests, some files at a time
	$(BIN)/python -m pytest -q --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder

fuzz: setup ## random histories of the gates, judged by an account of their own; HISTORIES=10000
	@$(BIN)/python tests/fuzz/fuzz.py --histories $(or $(HISTORIES),10000)

chaos: setup ## kill releases at every step while Azure misbehaves, and look at the fleet afterwards; KILLS=200 SEED=7
	@$(BIN)/python tests/chaos/chaos.py --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED))

mutants: setup ## change the gates' code at every turn and see that a test notices; LIMIT=100 tries some
	@$(BIN)/python tests/mutants/run.py $(if $(LIMIT),--limit $(LIMIT))

lint: setup ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## what it costs, against a floor measured in the same run
	$(BIN)/python -m benchmarks

clean: ## forget environment, data and logs
	rm -rf $(VENV) .signalbox
