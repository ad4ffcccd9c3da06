# make demo | research | ray | test | cover | check | containers | clients | native | bench | soak | locks | lock | docs | measured
#   | evidence | pictures | drills | chaos | soak-chaos | clean
# Everything runs in .venv, which is made on first use and again only when a lock file or pyproject.toml changes.

PYTHON ?= python3
ARGS ?=
# Parallel workers of the tests: two more than cores, because the long tests wait for processes; at most four, because they start
# brokers and services of their own.
WORKERS ?= $(shell cores=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 2 ? cores + 2 : 4)))
VENV ?= .venv
BIN := $(VENV)/bin
UV ?= $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
LOCKS := requirements.lock requirements-data.lock requirements-research.lock requirements-ray.lock requirements-dev.lock \
  requirements-build.lock requirements-uv.lock
# A lock is installed as it stands: whatever the index has by now, nothing is resolved again. By uv, which pip installs; else by
# pip alone (ICT_INSTALLER=pip asks for that).
INSTALL := $(BIN)/python -m cli.install
export PIP_ROOT_USER_ACTION := ignore
# What is compiled once is kept: without this a machine that sets it would compile every import again in each of a test's processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo research ray test cover check containers clients clients-lock native bench soak drills chaos soak-chaos locks lock docs measured evidence pictures clean

# By file, because a file's tests may share what is dear to start; in the order of the folders, in which the long ones come first.
PARALLEL = -n $(WORKERS) --dist loadfile --no-loadscope-reorder

help:
	@echo "make demo    run the whole system on a generated market, in this process (ARGS=... goes to ict demo)"
	@echo "make research  install what draws PNG charts and trains models, beside what the demo needs"
	@echo "make ray     install Ray beside that, for research on several machines"
	@echo "make test    run the test suite in parallel (WORKERS=0: in one process; ARGS=... goes to pytest)"
	@echo "make cover   fail when less than 95 % of the branches of a core are tested"
	@echo "make check   lint, types, import rules"
	@echo "make containers  docker compose up and its overlays, on a container engine (tests/containers/engine/engine gives one)"
	@echo "make clients  clients of others, each in a virtualenv of its own, against ict simulator (docs/clients.md)"
	@echo "make native  compile the hot modules of analysis and judging for this interpreter (everything works without)"
	@echo "make bench   measure latency, codec and overload, as JSON"
	@echo "make soak    the long tests"
	@echo "make drills  two small chaos drills: a sound deployment holds, one with faults is caught in each"
	@echo "make chaos   kill, stop and starve the whole deployment for some minutes, and let the exchange judge it (docs/chaos.md)"
	@echo "make soak-chaos  the same with every pair of faults and a thousand kills and stops: hours (FROM=3 goes on with the third part)"
	@echo "make locks   install from the index, with each Python and pip that is to be had, and on a bare Debian"
	@echo "make lock    make the lock files again from pyproject.toml"
	@echo "make docs    write the pages of docs/ that are made from the code and the tests"
	@echo "make measured  count what strategies say of the candles in DATA=../shared/data, for docs/strategies.md (minutes of a core)"
	@echo "make evidence  judge every strategy and preset on the candles in DATA, for docs/evidence.md (hours of a core; it goes on where it was stopped)"
	@echo "make pictures  draw the pictures of docs/ict.md and docs/strategies.md again"
	@echo "make clean   remove .venv and everything generated"

demo: $(VENV)/.installed
	$(BIN)/ict demo $(ARGS)

research: $(VENV)/.installed-research

ray: $(VENV)/.installed-ray

# In one process: each of them fills the line and a core.
locks: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m locks tests/integration/deploy $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not soak and not locks and not containers and not clients and not drill" $(PARALLEL) $(ARGS)

# Interpreted, and by what stands in the repository alone; the simulator's faults and recordings are met by clients of a server in
# the test's own process. The analysis' own property tests would add a percent and, traced, six
# minutes; of them the specimens that a compiled engine does not let in are run here, untraced.
cover: $(VENV)/.installed-dev
	ICT_NATIVE=0 $(BIN)/python -m pytest tests/unit tests/property tests/integration/simulator/server \
	  tests/integration/simulator/test_simulator_wire_log.py --ignore tests/property/services/analysis \
	  -m "not realdata and not soak" --cov --cov-branch --cov-report= $(PARALLEL) $(ARGS)
	$(BIN)/python -m tests.support.repository.core_coverage .coverage
	ICT_NATIVE=0 $(BIN)/python -m pytest tests/property/services/analysis -k "caught or catches" $(PARALLEL) $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# In one process: two deployments at once are more than two cores carry.
containers: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/containers -m containers $(ARGS)

# In one process: each client has a simulator of its own, and freqtrade alone fills a core while it starts.
clients: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/clients -m clients $(ARGS)

# The locks of the clients stay apart from the product's: nothing of theirs binds what runs.
clients-lock:
	@for each in tests/clients/requirements/*.in; do $(COMPILE) $$each -o $${each%.in}.txt || exit 1; done

# Into .native, under a key of the sources: a build that does not fit them is not used, and done again here.
native: $(VENV)/.installed-dev
	$(BIN)/python -m cli.native

bench: $(VENV)/.installed native
	$(BIN)/ict bench analysis --json
	$(BIN)/ict bench signals --json
	$(BIN)/ict bench codec --json
	$(BIN)/ict bench exchange --json
	$(BIN)/ict bench exchange-http --json
	$(BIN)/ict bench exchange-streams --json
	$(BIN)/ict bench ingest --json
	$(BIN)/ict bench execution --json
	$(BIN)/ict bench pipeline --json
	$(BIN)/ict bench flood --json

# The property tests take the same examples in every run of `make test`; here they take others, each time.
soak: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m soak --timeout 0 $(ARGS)
	$(BIN)/python -m pytest -m "not soak" tests/property --hypothesis-profile exploring $(PARALLEL)

# In one process and alone: a drill judges by seconds, and eight processes are what two cores carry.
drills: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests/chaos -m drill $(ARGS)

chaos: $(VENV)/.installed-dev
	$(BIN)/ict chaos $(ARGS)

# In parts, each of which is a run with servers of its own: a part that broke is run again alone, by the line that it prints.
PARTS := 12
FROM ?= 1
SOAK_CHAOS = --own-servers --kills 1008 --pairs -1 --singles -1 --servers 120 --halts 48 --speed 24 --minutes 40
soak-chaos: $(VENV)/.installed-dev
	@for part in $$(seq $(FROM) $(PARTS)); do \
	  echo "ict chaos $(SOAK_CHAOS) --part $$part/$(PARTS) $(ARGS)"; \
	  $(BIN)/ict chaos $(SOAK_CHAOS) --part $$part/$(PARTS) $(ARGS) || exit 1; \
	done

# The interpreter is asked before it is used: what venv and pip say of themselves names neither cause nor cure.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
	  { echo "make: $(PYTHON) was not found; install Python 3.11 or newer, or run: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) is `$(PYTHON) -V 2>&1`, and 3.11 or newer is needed; run: make PYTHON=/path/to/a/newer/python" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What is checked at the end: a lock that lacks something that a package requires would else be noticed by the import that fails.
$(VENV)/.installed: requirements-data.lock requirements-build.lock requirements-uv.lock pyproject.toml | $(BIN)/python
	$(INSTALL) requirements-data.lock requirements-build.lock
	$(BIN)/python -m cli.installed data
	@touch $@

$(VENV)/.installed-research: requirements-research.lock requirements-build.lock requirements-uv.lock pyproject.toml | $(BIN)/python
	$(INSTALL) requirements-research.lock requirements-build.lock
	$(BIN)/python -m cli.installed research
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-ray: requirements-ray.lock requirements-build.lock requirements-uv.lock pyproject.toml | $(BIN)/python
	$(INSTALL) requirements-ray.lock requirements-build.lock
	$(BIN)/python -m cli.installed ray
	@touch $@ $(VENV)/.installed $(VENV)/.installed-research

# The development lock contains the others.
$(VENV)/.installed-dev: $(filter-out requirements.lock,$(LOCKS)) pyproject.toml | $(BIN)/python
	$(INSTALL) requirements-dev.lock
	$(BIN)/python -m cli.installed ray --group dev
	@touch $@ $(VENV)/.installed $(VENV)/.installed-research $(VENV)/.installed-ray

COMPILE = UV_PYTHON_DOWNLOADS=never $(UV) pip compile --quiet --universal --python-version 3.11 \
  --generate-hashes --no-annotate --no-header

# The development lock comes first and binds the others: what is tested is what runs. (ccxt pins some packages exactly.)
lock:
	@$(UV) --version >/dev/null 2>&1 || { echo "make: uv was not found; install it: pip install uv" >&2; exit 1; }
	$(COMPILE) pyproject.toml --extra ray --group dev --group build -o requirements-dev.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock -o requirements.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock --extra data -o requirements-data.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock --extra research -o requirements-research.lock
	$(COMPILE) pyproject.toml --constraint requirements-dev.lock --extra ray -o requirements-ray.lock
	$(COMPILE) --constraint requirements-dev.lock --group build -o requirements-build.lock
	$(COMPILE) --group install -o requirements-uv.lock
	@if grep -nE 'https?://|^ *-(i|f|-index|-extra-index|-find-links)' $(LOCKS); then \
	  echo "make: a lock file names a registry; locks must install from anybody's" >&2; exit 1; fi

docs: $(VENV)/.installed-dev
	$(BIN)/ict docs --to docs
	$(BIN)/python -m tests.support.repository.traceability docs/requirements.md

# Set by set, so that each can be measured again alone; the futures out of a repository, where their funding rates stand beside them.
DATA ?= ../shared/data
MEASURE = $(BIN)/ict measure --add --out cli/docs/measured.json
measured: $(VENV)/.installed
	$(BIN)/ict data import --store history/measured $(DATA)/market/*USDT-um-1m-*.parquet
	$(BIN)/ict data import --store history/measured --funding $(DATA)/market/*USDT-um-funding-*.parquet
	$(MEASURE) --data futures-2025:BTCUSDT=repo:history/measured --data futures-2025:ETHUSDT=repo:history/measured
	$(BIN)/ict data import --store history/measured-spot $(DATA)/market/*USDT-spot-1m-2023.parquet
	$(BIN)/ict data import --store history/measured-spot --funding $(DATA)/market/*USDT-um-funding-*.parquet
	$(MEASURE) --data spot-2023-btc:BTCUSDT=repo:history/measured-spot
	$(MEASURE) --data spot-2023-eth:ETHUSDT=repo:history/measured-spot
	$(BIN)/ict docs --to docs

# Whole days; the spot year from behind the exchange's outage of 2023-03-24, whose hole would send every minute the slow way.
# Backtests that were done are kept below runs/jobs: the same line goes on after Ctrl-C, or after a process was killed.
JUDGE = $(BIN)/ict evidence --add --out cli/docs/evidence.json
evidence: $(VENV)/.installed
	$(JUDGE) --from 2025-05-05 --to 2025-06-24 $(foreach one,BTCUSDT ETHUSDT,\
	  --data futures-2025:$(one)=$(DATA)/market/$(one)-um-1m-2025-05-04_2025-06-24.parquet \
	  --funding $(one)=$(DATA)/market/$(one)-um-funding-2019_2026-05.parquet)
	$(JUDGE) --from 2023-03-25 --data spot-2023-btc:BTCUSDT=$(DATA)/market/BTCUSDT-spot-1m-2023.parquet \
	  --funding BTCUSDT=$(DATA)/market/BTCUSDT-um-funding-2019_2026-05.parquet
	$(JUDGE) --from 2023-03-25 --data spot-2023-eth:ETHUSDT=$(DATA)/market/ETHUSDT-spot-1m-2023.parquet \
	  --funding ETHUSDT=$(DATA)/market/ETHUSDT-um-funding-2019_2026-05.parquet
	$(BIN)/ict docs --to docs

pictures: $(VENV)/.installed-research
	$(BIN)/ict pictures --to docs/pictures

clean:
	rm -rf $(VENV) .clients .native .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
