# `make demo` and `make test` need nothing but Python 3.11 or newer; each sets up what it uses.

PYTHON ?= python3
VENV := .venv
DEMO_VENV := .venv-demo
PEERS_VENV := .venv-peers
# Real plates for the tests; tests that need them are skipped, visibly, where they are not.
export OPENHCS_PLATES ?= $(abspath ../shared/data/plates)

SETTINGS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
SOURCES := openhcs_host $(wildcard plugins/*/src)

.PHONY: demo test check isolation peers bench clean

demo: $(DEMO_VENV)/.current
	$(DEMO_VENV)/bin/openhcs demo $(if $(DEMO_OUTPUT),--output $(DEMO_OUTPUT))

test: $(VENV)/.current
	$(VENV)/bin/pytest

check: $(VENV)/.current
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy $(SOURCES)

isolation: $(VENV)/.current
	$(VENV)/bin/python .ci/isolation.py

# Other programs that open what we write, in an environment of their own; tests that need them skip without it.
peers: $(PEERS_VENV)/.current

bench: $(VENV)/.current
	$(VENV)/bin/python benchmarks/run.py

clean:
	rm -rf $(VENV) $(DEMO_VENV) $(PEERS_VENV) .build

$(VENV)/.current: requirements-dev.txt requirements-demo.txt $(SETTINGS)
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@

$(PEERS_VENV)/.current: requirements-peers.txt
	test -x $(PEERS_VENV)/bin/python || $(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/python -m pip install --quiet --requirement requirements-peers.txt
	touch $@

$(DEMO_VENV)/.current: requirements-demo.txt $(SETTINGS)
	test -x $(DEMO_VENV)/bin/python || $(PYTHON) -m venv $(DEMO_VENV)
	$(DEMO_VENV)/bin/python -m pip install --quiet --requirement requirements-demo.txt
	touch $@
