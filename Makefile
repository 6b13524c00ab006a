# Each target is a line or two over public tools; the README shows the plain commands.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# The first Python on the path with wheels for all libraries; override with `make install PYTHON=…`.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$python && break; done)

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/installed  ## create .venv with everything (again only when pyproject.toml changed)

$(VENV)/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none is on the path."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	$(BIN)/python -m compileall -qq -j 0 -x '/tests/' $(VENV)/lib || true  # on all cores; pip uses one
	touch $@

dashboard: install  ## sketch digits at http://localhost:8866
	$(BIN)/voila notebooks/sketch.ipynb

api: install  ## serve the recogniser to programs, documented at http://localhost:8000/docs
	$(BIN)/python -m digitlib.api

lab: install  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

train: install  ## train the default network, 10 epochs
	mkdir -p outputs/notebooks
	$(BIN)/papermill notebooks/train.ipynb outputs/notebooks/train-$$(date +%Y%m%d-%H%M%S).ipynb -p epochs 10

test: test-others test-browser  ## run all tests

# One thread per process: more threads than cores slow each other down by minutes. With low priority,
# because the browser tests may run at the same time (`make -j`).
test-others: install
	OMP_NUM_THREADS=1 nice -n 19 $(BIN)/python -m pytest -m 'not browser' --numprocesses auto --maxprocesses 4 --dist loadfile

test-browser: install
	$(BIN)/python -m pytest -m browser

lint: install  ## check style, types, layers and that notebooks are clean
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile tests/containers/Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/nbstripout --verify --extra-keys metadata.language_info.version notebooks/*.ipynb

benchmark: install  ## measure speed and accuracy, as tables (some five hours)
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

book: install  ## execute the notebooks and build the book in outputs/book/site (up to an hour)
	$(BIN)/python docs/book.py

picture: install  ## record the page: docs/pictures/dashboard.webp and .png
	$(BIN)/python docs/animation.py

# Containers: `make up COMPOSE="podman compose"`, or docker-compose, for another engine.
COMPOSE ?= docker compose

up:  ## start database, dashboard, service and proxy in containers
	$(COMPOSE) up --build --detach

upforce:  ## the same with images from scratch
	$(COMPOSE) build --no-cache --pull
	$(COMPOSE) up --detach --force-recreate

logs:  ## show what the containers log
	$(COMPOSE) logs --follow --tail 100

down:  ## end the containers; their data stays
	$(COMPOSE) down

lock: install  ## pin what the images install, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) --extra postgres --output-file containers/serve.lock pyproject.toml
	$(LOCK) --extra postgres --extra train --extra cluster $(WITHOUT_TORCH) --output-file containers/train.lock pyproject.toml
	sed -E -i.all '/^(cuda|nvidia)-/,/[^\\]$$/d' containers/train.lock && rm containers/train.lock.all
	echo 'setuptools>=77' | $(LOCK) --output-file containers/build.lock -

LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
WITHOUT_TORCH := --no-emit-package torch --no-emit-package torchvision --no-emit-package triton

clean:  ## remove .venv and caches; data/ and outputs/ stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: help install dashboard api lab train test test-others test-browser lint benchmark book picture up upforce logs down lock clean
