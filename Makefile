# Every target makes the set-up that it needs, once: a stamp in .venv says which extra is in it, for which
# pyproject.toml and constraints.txt. PYTHON=... picks the interpreter, VENV=... the folder.
VENV ?= .venv
BIN  := $(VENV)/bin
TEST_ARGS ?=
# Jupyter refuses root, which is who one is in many containers; it listens on this machine only either way.
LAB_ARGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)

# What runs with the oldest versions: no test of other instrumentations, none that needs a developer's tool.
OLDEST_INSTRUMENT := asgi/test_middleware.py otel/test_provider.py redaction/test_redactor.py sinks spans \
    test_api.py test_configuration.py test_counters.py test_death.py test_edges.py test_encoder.py test_forks.py \
    test_limits.py test_process_fields.py test_runtime.py test_sampling.py test_torture.py
OLDEST_EXTRAS := bad_input checks cli dataset delivery display encryption engine events explain explorer gate judge mcp \
    probe query readers receive schema stats testing traces triage writers

# Many containers set it. Tests start hundreds of processes of Python, each of which would compile obskit again.
unexport PYTHONDONTWRITEBYTECODE

# Another Python and other versions can break what calls them, and a few examples of a property show that. What holds
# with any of them is proved by `make test` alone: the tests marked `once` (statistics, simulations, generated data),
# and the folders below (rules about code and documents; chance input for readers that have tests of their own).
ONCE := architecture attack browser fuzz metamorphic
VERSIONS := --hypothesis-profile=versions $(addprefix --ignore=tests/,$(ONCE)) \
    -m 'not once and not install and not browser and not engines'

.PHONY: help venv demo test test-browser test-engines test-package test-oldest test-newest test-install check docs \
    wheel format bench lab
.NOTPARALLEL:

help:
	@echo 'make demo          set up, then: which requests of sample_events are slow or failing, and what sets them apart'
	@echo 'make lab           JupyterLab on notebooks/'
	@echo 'make venv          everything a developer needs, in $(VENV)'
	@echo 'make check         ruff, mypy, pydoclint, import-linter'
	@echo 'make test          all tests except those below (TEST_ARGS="-k cli" for some)'
	@echo 'make test-browser  what is tested in a real browser: the Explorer, the waterfall, the report, the notebooks'
	@echo 'make test-package  checks and tests of one package: make test-package P=query'
	@echo 'make test-install  build the wheel and the sdist, install each into an empty environment, run triage'
	@echo 'make test-oldest   what dependencies can break, with the oldest supported version of each'
	@echo 'make test-newest   what Python can break, with the newest one on this machine'
	@echo 'make test-engines  the tests with a Spark cluster on this machine (needs Java 17)'
	@echo 'make docs          write docs/api/ from the docstrings, and build the documentation site into site/'
	@echo 'make wheel         build the wheel into dist/'
	@echo 'make bench         the benchmarks (minutes)'
	@echo 'make format        ruff format and safe fixes'

venv: $(VENV)/.obskit-dev

$(VENV)/.obskit-%: pyproject.toml constraints.txt tools/venv
	@VENV='$(VENV)' sh tools/venv $*

demo: $(VENV)/.obskit-data
	@$(BIN)/obskit triage sample_events

lab: $(VENV)/.obskit-notebook
	@$(BIN)/jupyter lab $(LAB_ARGS) notebooks

test: $(VENV)/.obskit-dev
	@$(BIN)/python -m pytest -q -n 2 --ignore=tests/browser -m "not install and not browser and not engines" $(TEST_ARGS)

test-browser: $(VENV)/.obskit-dev
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/browser $(TEST_ARGS)

# One package: its lint, its types, its tests. P=query, P=readers/otlp, P=instrument ...
test-package: $(VENV)/.obskit-dev
	@test -d 'obskit/$(P)' || { echo 'make test-package P=query: obskit/$(P) is not a package'; exit 2; }
	@$(BIN)/ruff check 'obskit/$(P)' 'tests/$(P)'
	@$(BIN)/ruff format --check 'obskit/$(P)' 'tests/$(P)'
	@$(BIN)/mypy 'obskit/$(P)'
	@$(BIN)/pydoclint 'obskit/$(P)'
	@$(BIN)/python -m pytest -q -n 2 'tests/$(P)' $(TEST_ARGS)

test-install: $(VENV)/.obskit-dev
	@$(BIN)/python -m pytest -q -n 2 -m install tests/architecture/test_installation.py

.venv-oldest-%/.obskit-stamp: pyproject.toml tests/oldest/%.txt tools/venv
	@VENV=.venv-oldest-$* sh tools/venv oldest-$*
	@touch $@

# The base install and the extras apart: an old SDK and the instrumentation that the extra `live` needs exclude each other.
test-oldest: .venv-oldest-instrument/.obskit-stamp .venv-oldest-extras/.obskit-stamp
	@.venv-oldest-instrument/bin/python -m pytest -q -n 2 $(VERSIONS) $(addprefix tests/instrument/,$(OLDEST_INSTRUMENT))
	@.venv-oldest-extras/bin/python -m pytest -q -n 2 $(VERSIONS) --ignore=tests/receive/test_clients.py \
		$(addprefix tests/,$(OLDEST_EXTRAS))

.venv-newest/.obskit-dev: pyproject.toml constraints.txt tools/venv tools/newest-python
	@PYTHON="$$(sh tools/newest-python)" VENV=.venv-newest sh tools/venv dev

test-newest: .venv-newest/.obskit-dev
	@.venv-newest/bin/python -m pytest -q -n 2 $(VERSIONS) $(TEST_ARGS)

.venv-spark/.obskit-stamp: tests/engines.txt tools/venv
	@VENV=.venv-spark sh tools/venv engines
	@touch $@

# A Spark cluster of its own environment: its distribution and the thin client are both called pyspark.
test-engines: $(VENV)/.obskit-dev .venv-spark/.obskit-stamp
	@OBSKIT_REQUIRE=engines timeout --signal=INT --kill-after=30 900 $(BIN)/python -m pytest -q -m engines tests/remote $(TEST_ARGS)

docs: $(VENV)/.obskit-dev
	@$(BIN)/python tools/api_reference.py
	@$(BIN)/python tools/build_site.py
	@echo 'open site/index.html'

wheel: $(VENV)/.obskit-dev
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist .

check: $(VENV)/.obskit-dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pydoclint obskit
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.obskit-dev
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/.obskit-dev
	@$(BIN)/python -m benchmarks
