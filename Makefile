# Two commands for a fresh machine: `make demo` runs the main job (`make demo PORT=8001` on another port), `make test` passes
# the tests. Every target takes another Python: `make test PYTHON=python3.13` has an environment of its own,
# .venv-python3.13, and leaves .venv as it is.
PYTHON ?= python3
VENV := .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
PEER := tests/differential/peer
OLD_SERVERS := bench/peers/.venv/.installed tests/importers/spring/target/old.jar
# Tests wait for servers a third of their time: one process more than there are cores.
WORKERS ?= $(shell expr $$(nproc) + 1)

# Whatever the environment says: a hundred tests start a server, each of which would compile all of its modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test tools check lint types imports docs docs-check collect lock clean bench bench-peers bench-quick bench-dialects bench-growth flood timing kill-rounds crowds sign-outs fuzz keycloak-export old-servers

demo: $(VENV)/.runtime
	$(BIN)/dragoman demo $(if $(PORT),--port $(PORT))

test: $(VENV)/.collected $(PEER)/node_modules/.package-lock.json tools $(OLD_SERVERS)
	$(BIN)/python -m coverage erase
	rm -rf .pytest_cache
	MEASURE=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGUMENTS) || MEASURE=1 $(BIN)/python -m tests.alone
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --fail-under=100 --show-missing --skip-covered

check: lint types imports docs-check test

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.development
	$(BIN)/mypy

imports: $(VENV)/.development
	$(BIN)/lint-imports

docs: $(VENV)/.development
	$(BIN)/python docs/make.py

docs-check: $(VENV)/.development
	$(BIN)/python docs/make.py --check

# Compiles the tests, which each of their processes would else do for itself; .ci/run does it beside `types`.
collect: $(VENV)/.collected

$(VENV)/.collected: $(VENV)/.development $(shell find src tests -name '*.py')
	$(BIN)/python -m pytest --collect-only -qqq > $@ || { cat $@; rm $@; false; }

# Every system beside the others and the machine's own limits; `make bench ARGS=--quick` takes less than 5 minutes.
bench: $(VENV)/.development bench-peers
	$(BIN)/python -m bench $(ARGS)

# The peers, from their registries. Two of them need a Java of 17 or later and Maven: without these, or where it fails,
# the table says that they were not measured, and all else goes on.
bench-peers: $(VENV)/.development bench/peers/.venv/.installed bench/peers/node_modules/.package-lock.json \
	bench/peers/keycloak/.installed bench/peers/spring/target/spring.jar

bench/peers/.venv/.installed: bench/peers/requirements.txt
	$(PYTHON) -m venv bench/peers/.venv
	bench/peers/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

bench/peers/node_modules/.package-lock.json: bench/peers/package-lock.json $(VENV)/.development
	cd bench/peers && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --silent
	touch $@

bench/peers/keycloak/.installed: bench/peers/keycloak.sh
	-sh $<

bench/peers/spring/target/spring.jar: bench/peers/spring/pom.xml bench/peers/spring/src/main/java/bench/Application.java
	-mvn --quiet --batch-mode --strict-checksums --file $< clean package

bench-quick: $(VENV)/.development
	$(BIN)/python -m bench.quick

# The long runs of docs/refresh-guarantees.md: `make kill-rounds N=1000 ON=sqlite`; without ON, on every deployment.
kill-rounds crowds sign-outs: $(VENV)/.development
	$(BIN)/python -m tests.histories $@ $(if $(N),--count $(N)) $(foreach name,$(ON),--on $(name))

# The long runs of docs/fuzzing.md: `make fuzz N=1000000`; `make fuzz ON="codec jobspace"` for one reader alone.
fuzz: $(VENV)/.development
	$(BIN)/python -m tests.fuzz $(if $(N),--count $(N)) $(if $(ON),--on "$(ON)")
	$(if $(ON),,HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -q tests/properties/test_any_request.py tests/openapi)

# The switch rehearsed with old servers that fill their own databases, as in `make test`: django-oauth-toolkit, and Spring
# Security OAuth where there are Java 17 and Maven; without these its test says so and is skipped.
old-servers: $(VENV)/.development $(OLD_SERVERS)
	$(BIN)/python -m pytest -q -rs tests/importers/test_real_old_servers.py

tests/importers/spring/target/old.jar: tests/importers/spring/pom.xml tests/importers/spring/src/main/java/old/Old.java
	-mvn --quiet --batch-mode --strict-checksums --file $< clean package

# Each dialect, asked as its document asks, beside `standard`.
bench-dialects: $(VENV)/.development
	$(BIN)/python -m bench.dialects $(ARGS)

# A thousand grants against a million, on both databases: N=… for fewer.
bench-growth: $(VENV)/.development
	$(BIN)/python -m bench.growth $(if $(N),--count $(N))

# Ten times the password requests that can be hashed, beside all else; and what a stopwatch sees of refused log-ins:
# `make flood SECONDS=30`, `make timing PAIRS=500 PROFILE=cheapest`.
flood: $(VENV)/.development
	$(BIN)/python -m bench.flood $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ROUNDS),--rounds $(ROUNDS))

timing: $(VENV)/.development
	$(BIN)/python -m bench.timing $(if $(PAIRS),--pairs $(PAIRS)) $(if $(PROFILE),--profile $(PROFILE))

# The realm that tests import, exported anew by a real Keycloak (bench-peers); it needs a Java of 17 or later, and minutes.
keycloak-export: $(VENV)/.development bench/peers/keycloak/.installed
	$(BIN)/python -m tests.importers.keycloak

lock: $(VENV)/.development
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o locks/runtime.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --extra telemetry -c locks/runtime.txt -o locks/telemetry.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --extra migration -c locks/telemetry.txt -o locks/migration.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --extra telemetry --extra migration --group dev -c locks/telemetry.txt -c locks/migration.txt -o locks/development.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url bench/peers/requirements.in -o bench/peers/requirements.txt

# The documents' own lines are run by the real curl; it comes from the system's packages where it is missing. So do
# strace, which makes a disk fail, PgBouncer, OpenLDAP, systemd, which judges its unit, three reverse proxies, and
# MariaDB, which imports and directories read; a test that misses one of these says so and is skipped.
tools:
	command -v curl >/dev/null || (apt-get update && apt-get install --yes curl)
	(command -v strace && command -v pgbouncer) >/dev/null || (apt-get update && apt-get install --yes strace pgbouncer) || true
	command -v slapd >/dev/null || test -x /usr/sbin/slapd || (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends slapd) || true
	command -v systemd-analyze >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends systemd) || true
	(command -v nginx && command -v haproxy && command -v caddy) >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends nginx-light haproxy caddy) || true
	(command -v mariadbd && command -v mariadb-dump) >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends mariadb-server) || true

# The real @jmondi/oauth2-server, for the differential test; node and npm come from a wheel.
$(PEER)/node_modules/.package-lock.json: $(PEER)/package-lock.json $(VENV)/.development
	cd $(PEER) && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --silent
	touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python locks/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.development: $(VENV)/bin/python locks/runtime.txt locks/development.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r locks/development.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@ $(VENV)/.runtime

clean:
	rm -rf .venv .venv-* build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
