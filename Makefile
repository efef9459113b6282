# GNU make 3.81 (macOS) is enough. A setting may follow the target: make run PORT=8001
PY := .venv/bin/python
# Some machines forbid Python to keep what it compiled: every start compiles anew there.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run demo build test crash check format screenshots bench clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/.ready ## Install what is missing, start the app and print its address
	@exec $(PY) -m wedding_wa run

demo: .venv/.ready ## Start a demo wedding: 150 pretend guests who write, ask, say STOP
	@exec $(PY) -m wedding_wa demo $(ARGS)

build: .venv/.ready ## Build the pages, if they changed, without starting anything
	@exec $(PY) -m wedding_wa build

test: .venv/.ready-dev ## Install what tests need and run all of them
	@$(PY) -m tests.browser
	@$(PY) -m wedding_wa build
	@exec $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

crash: .venv/.ready-dev ## Kill it KILLS=200 times and count what was lost or went twice [SEED=n]
	@exec $(PY) -m tests.crash --kills $(or $(KILLS),200) $(if $(SEED),--seed $(SEED)) $(ARGS)

check: .venv/.ready-dev ## Check formatting, lint and strict types
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@exec $(PY) -m mypy

format: .venv/.ready-dev ## Format the code and mend what lint can mend
	@$(PY) -m ruff check --fix-only --quiet .
	@exec $(PY) -m ruff format .

screenshots: .venv/.ready-dev ## Take the pictures in docs/img from the running app
	@$(PY) -m tests.browser
	@exec $(PY) -m tests.e2e.screenshots

bench: .venv/.ready-dev ## Measure sends a second beside the least that could do it [ARGS="--rounds 9"]
	@exec $(PY) -m bench.send $(ARGS)

clean: ## Remove everything built (keeps .venv and your data)
	rm -rf .web .build .states .mypy_cache .ruff_cache .pytest_cache test-results

.venv/.ready: requirements.txt constraints.txt scripts/setup.sh
	@sh scripts/setup.sh requirements.txt $@

.venv/.ready-dev: requirements-dev.txt requirements.txt constraints.txt scripts/setup.sh
	@sh scripts/setup.sh requirements-dev.txt $@
