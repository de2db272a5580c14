# make demo     the story in one run: a service is recorded, changed, and judged
# make demos    the same with two more services: FastAPI with two workers, Django with commands and Celery
# make incident a search in a running service with probes, from the first question to the fix that is proved
# make questions three small incidents, recorded and investigated with compare and why
# make test     lint, then the tests (LINT=0 leaves lint out)
# make lint     ruff, mypy, import-linter
# make plugin   the example of a third party's plugin, installed as a stranger would, and its tests
# make pytest8  the plugin on the oldest pytest that it supports
# make hooks    the hooks in the real pre-commit, installed from a checkout without links
# make docs     the documentation as a site, in build/site
# make bench    what recording and replaying cost
# make clean    removes what these made
#
# Each sets up what it needs: a virtual environment with the best Python found (.ci/pythons). To choose:
#     make test PYTHON=/path/to/python VENV=.venv-3.12
# Arguments for pytest: make test PYTEST_ARGS="-q -k wheel"
# Fewer changes in the further demos: make demos DEMO_ARGS=--quick

PYTHON =
VENV = .venv
LINT = 1
DEMO_ARGS =
PYTEST_ARGS = -q -n auto --maxprocesses=8

BIN = $(VENV)/bin
INSTALLED = $(VENV)/.installed

.PHONY: demo demos more-demos incident questions test lint plugin pytest8 hooks docs bench clean
.DEFAULT_GOAL = test

demo: $(INSTALLED)
	$(BIN)/python examples/trading/demo.py

demos: demo more-demos

more-demos: $(INSTALLED)
	$(BIN)/python examples/fastapi_orders/orders_demo.py $(DEMO_ARGS)
	$(BIN)/python examples/django_library/library_demo.py $(DEMO_ARGS)

incident: $(INSTALLED)
	$(BIN)/python examples/incident/incident.py
	$(BIN)/python examples/incident/rows.py

questions: $(INSTALLED)
	$(BIN)/python examples/questions/investigate.py

# Compiled first, even where PYTHONDONTWRITEBYTECODE is set: hundreds of processes of the tests import these packages.
test: $(INSTALLED) $(if $(filter 0,$(LINT)),,lint)
	$(BIN)/python -m compileall -q pytest_runtime recorders replay
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/mypy -p pytest_runtime
	$(BIN)/mypy tests benchmarks examples
	$(BIN)/lint-imports --no-logo

# In an environment of its own, from built distributions: nothing of the checkout is on its path.
plugin: $(INSTALLED)
	$(BIN)/python -m venv --clear $(VENV)-plugin
	$(VENV)-plugin/bin/python -m pip install --quiet --disable-pip-version-check . ./examples/plugin pytest
	cd examples/plugin && $(abspath $(VENV))-plugin/bin/python -m pytest -q -p no:cacheprovider

# What the plugin needs of pytest: sessions of their own, workers, and the plug-ins of others all at once.
pytest8: $(VENV)/pytest-8
	PYTHONPATH=$(abspath $<) $(BIN)/python -c "import pytest; assert pytest.version_tuple[:2] == (8, 3), pytest.__version__"
	PYTHONPATH=$(abspath $<) $(BIN)/python -m pytest -q -n 2 -p no:cacheprovider tests/pytest_runtime/test_plugin.py \
	    "tests/pytest_runtime/test_xdist.py::test_workers_report_what_one_process_reports[load]" \
	    tests/pytest_runtime/test_other_plugins.py::test_all_of_them_at_once_with_workers

# Before the environment's own pytest on the path, which stays as it is.
$(VENV)/pytest-8: $(INSTALLED)
	rm -rf $@
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $@ "pytest~=8.3.0"

hooks: $(INSTALLED)
	$(BIN)/python benchmarks/precommit.py --rounds 1

# Strict: a link that leads nowhere, or a page that no menu has, is an error. The variable leaves out a notice of the theme.
docs: $(INSTALLED)-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean --quiet
	@echo "build/site/index.html"

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf .venv .venv-* .runtime .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Written last, so that an interrupted installation is done again.
$(INSTALLED): pyproject.toml
	@set -eu; \
	python="$(PYTHON)"; \
	if ! "$(BIN)/python" -c "import pip" >/dev/null 2>&1; then \
	    [ -n "$$python" ] || python=$$(.ci/pythons | sed -n '1s/^[^ ]* //p'); \
	    [ -n "$$python" ] || { echo "no CPython 3.11 to 3.14 with venv was found; name one: make PYTHON=/path/to/python" >&2; exit 1; }; \
	    echo "creating $(VENV) with $$("$$python" --version) ($$python)"; \
	    "$$python" -m venv --clear "$(VENV)"; \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	@touch $@

$(INSTALLED)-docs: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@
