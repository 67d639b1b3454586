# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
RUN_TESTS := $(VENV_PYTHON) tests/tools/run_tests.py
CLUSTER = $(VENV_PYTHON) tests/cluster/cluster.py $(1) $(if $(NAME),--name '$(NAME)')
PARTS := lint docs units browser sanity build scenarios loop setup integration molecule alone

.DEFAULT_GOAL := help
.PHONY: help install demo test advisors $(PARTS) cluster cluster-down cluster-status soak benchmark record clean python

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z$$()A-Z -]+:.*## /{ printf "  %-16s %s\n", $$1, $$2 }' Makefile
	@echo '  Parts of the tests, each alone: $(PARTS)'

demo: python ## diagnose a shipped snapshot of a failing cluster (needs Python 3.11+ and pip only)
	@$(PYTHON) tests/tools/environment.py demo $(ARGS)

install: python ## .venv with all tools, and the collection under its full name
	@$(PYTHON) tests/tools/environment.py install

test: install ## everything CI runs, on a real cluster of its own (root, Linux)
	@$(RUN_TESTS)

$(PARTS): install
	@$(RUN_TESTS) $@

advisors: install ## the tests of the AI tools with real ones: KUBECTL_AI=/path/to/kubectl-ai KAGENT_URL=https://an/agent
	@$(VENV_PYTHON) -m pytest tests/unit/advisors tests/setup/test_kubectl_ai.py tests/setup/test_real_agent.py

cluster: install ## start a real one-node cluster; NAME= for a second one (root, Linux)
	@$(call CLUSTER,up)

cluster-down: install ## stop it and leave nothing behind
	@$(call CLUSTER,down)

cluster-status: install ## say what runs
	@$(call CLUSTER,status)

benchmark: install ## measure what records, the loop, advice and up to 10,000 pods cost, on a cluster of its own (root, Linux)
	@$(VENV_PYTHON) -m ansible_collections.aiops.kubernetes.tests.benchmarks.records
	@$(VENV_PYTHON) tests/benchmarks/run.py

soak: install ## what takes too long for `make test`
	@$(VENV_PYTHON) tests/soak/run.py

record: install ## record the snapshots of the unit tests anew, from a real cluster
	@$(VENV_PYTHON) tests/tools/record.py

clean: ## remove environments, logs and caches of this checkout
	@rm -rf .venv .venv-demo .venv-import .logs .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed, and $(PYTHON) is not. Name one: make PYTHON=/path/to/python3.11 ...' >&2; exit 1; }
