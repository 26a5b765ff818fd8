# Placet: every target sets up what it needs first. No root, no Docker, no Java.
.DEFAULT_GOAL := help
.PHONY: help setup test mutants fuzz fuzz-guided check demo up bench bench-crash bench-flood bench-classifier accuracy lock schemas clean

# The first of these that is there, unless PYTHON names one; setup refuses what is older than 3.11.
PYTHON ?= $(firstword $(shell for p in python3.11 python3.12 python3.13 python3 python; do command -v $$p; done))
BIN := .venv/bin
# Two workers, whatever the machine: each has a broker and a database of its own. WORKERS= runs in one process.
WORKERS ?= --numprocesses 2 --dist loadscope --no-loadscope-reorder
# Insecure stand-ins (the development identity provider) start nowhere but here.
test mutants demo up: export PLACET_ENV ?= dev

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## build .venv from the lock (instant when nothing changed)
	@$(PYTHON) infra/environment.py

test: setup ## run all tests, two at a time; ARGS="-k word" narrows them
	@$(BIN)/python -m pytest $(WORKERS) $(ARGS)

mutants: setup ## take each guard away and see its test fail; ARGS="-k word" or "--since COMMIT" narrows them
	@$(BIN)/python -m tests.mutants $(ARGS)

check: setup ## lint, types, walls between packages, generated files equal to a fresh build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate
	git diff --exit-code -- schemas
	@test -z "$$(git status --porcelain -- schemas)" || { git status --short -- schemas; echo "schemas/ holds files that are not committed"; exit 1; }

demo: setup ## start everything, run the demonstration, verify, stop; INTERACTIVE=1 leaves one approval to you
	@$(BIN)/placet demo $(if $(INTERACTIVE),--interactive)

up: setup ## the whole system until Ctrl-C
	@$(BIN)/placet up

bench: setup ## measure, ratios first; ARGS=--quick for a tenth of the load
	@$(BIN)/python -m benchmarks $(ARGS)

fuzz: setup ## a million bent inputs against every parser; ARGS="--inputs 20000 --target codec" narrows it
	@$(BIN)/python -m tests.fuzz $(ARGS)

fuzz-guided: setup ## the same by coverage, with atheris; ARGS="--target trust --seconds 600" for longer
	@$(BIN)/python -m tests.fuzz.guided $(ARGS)

bench-crash: setup ## 100 kills while actions flow, then verify; ARGS="--kills 10 --entries 5000" for less
	@$(BIN)/python -m benchmarks.crash $(ARGS)

bench-flood: setup ## 10,000 actions of the largest size, and the memory of every process; ARGS="--actions 500" for less
	@$(BIN)/python -m benchmarks.flood $(ARGS)

bench-classifier: setup ## speed and memory of the classifier beside stock Presidio; ARGS=--quick for a tenth
	@$(BIN)/python -m benchmarks.classifier $(ARGS)

accuracy: setup ## what the classifier finds, misses and wrongly claims, beside stock Presidio; ARGS="--half test"
	@$(BIN)/python -m benchmarks.accuracy $(ARGS)

schemas: setup ## write the published contract anew
	@$(BIN)/python -m schemas.generate

lock: setup ## pin what the declared dependencies resolve to now
	@$(BIN)/python infra/lock.py

clean: ## remove the environment and what ran (not the caches)
	rm -rf .venv .placet .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
