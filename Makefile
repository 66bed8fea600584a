# Needs Python 3.11 or newer and make; everything else goes into .venv.
#
#   make demo      three pictures from one clap of thunder, and music on what one shows, in demo/
#   make test      tests without the slow ones      make test-all   all tests
#   make lint      ruff                             make types      mypy --strict
#   make bench     benchmarks                       make dev        the environment alone
#
# EXTRA_INDEX is one more pip index, for a smaller torch on a machine without a GPU:
#   make demo EXTRA_INDEX=https://download.pytorch.org/whl/cpu

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
EXTRA_INDEX ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet \
	$(if $(EXTRA_INDEX),--extra-index-url $(EXTRA_INDEX))
CORE := $(VENV)/.core
DEV := $(VENV)/.dev

SOUND := examples/sounds/thunder.flac
SCENES := beach city forest
SCORE := examples/scores/frere-jacques.mid

.PHONY: help demo dev test test-all lint types bench clean

help:
	@sed -n '/^#/!q;s/^# \{0,1\}//p' Makefile

# Idle threads sleep instead of spinning: on a busy machine that halves the time of torch.
export OMP_WAIT_POLICY ?= PASSIVE

demo: $(CORE)
	@mkdir -p demo
	@TIMEFORMAT='    %R s from start to file'; \
	for scene in $(SCENES); do \
		time $(BIN)/sonolume paint $(SOUND) "a $$scene" -o demo/$$scene.png --force || exit; \
	done; \
	time $(BIN)/sonolume play demo/forest.png --score $(SCORE) -o demo/forest.wav --force

test: $(DEV)
	$(BIN)/python -m pytest -n auto -m "not slow"

test-all: $(DEV)
	$(BIN)/python -m pytest

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy

bench: $(DEV)
	$(BIN)/python -m pytest benchmarks --benchmark-only

dev: $(DEV)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no python3.11 or python3 found; set PYTHON=..." >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than Python 3.11; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# The stamps are older than pyproject.toml exactly when something must be installed.
$(CORE): pyproject.toml | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(PIP) -e ".[dev]"
	@touch $(CORE) $@

clean:
	rm -rf $(VENV) demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
