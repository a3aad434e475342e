# Every target makes the set-up that it needs, once: a stamp in .venv says which extra is in it, for which
# pyproject.toml and constraints.txt. PYTHON=... picks the interpreter, VENV=... the folder.
VENV ?= .venv
BIN  := $(VENV)/bin
TEST_ARGS ?=
# Jupyter refuses root, which is who one is in many containers; it listens on this machine only either way.
LAB_ARGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)

# What runs beside the oldest OpenTelemetry SDK and FastAPI that are supported: no other instrumentation.
OLDEST := $(addprefix tests/instrument/,asgi/test_middleware.py otel/test_provider.py redaction/test_redactor.py \
          sinks spans test_api.py test_configuration.py test_counters.py test_death.py test_edges.py test_encoder.py \
          test_forks.py test_limits.py test_process_fields.py test_runtime.py test_sampling.py test_torture.py)

.PHONY: help venv demo test test-oldest check format bench lab
.NOTPARALLEL:

help:
	@echo 'make demo     set up, then: which requests of sample_events are slow or failing, and what sets them apart'
	@echo 'make lab      JupyterLab on notebooks/'
	@echo 'make venv     everything a developer needs, in $(VENV)'
	@echo 'make check    ruff, mypy, import-linter'
	@echo 'make test     all tests (TEST_ARGS="-k cli" for some)'
	@echo 'make test-oldest  the tests of instrument with the oldest OpenTelemetry that is supported'
	@echo 'make bench    the benchmarks (minutes)'
	@echo 'make format   ruff format and the fixes that are safe'

venv: $(VENV)/.obskit-dev

$(VENV)/.obskit-%: pyproject.toml constraints.txt tools/venv
	@VENV='$(VENV)' sh tools/venv $*

demo: $(VENV)/.obskit-data
	@$(BIN)/obskit triage sample_events

lab: $(VENV)/.obskit-notebook
	@$(BIN)/jupyter lab $(LAB_ARGS) notebooks

test: $(VENV)/.obskit-dev
	@$(BIN)/python -m pytest -q -n 2 $(TEST_ARGS)

.venv-oldest/.obskit-oldest: pyproject.toml tests/oldest.txt tools/venv
	@VENV=.venv-oldest sh tools/venv oldest

test-oldest: .venv-oldest/.obskit-oldest
	@.venv-oldest/bin/python -m pytest -q -n 2 $(OLDEST)

check: $(VENV)/.obskit-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.obskit-dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/.obskit-dev
	@$(BIN)/python -m benchmarks
