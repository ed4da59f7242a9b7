# `make demo` and `make test` need nothing but Debian, root and Python 3.11: they install the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# A part of test names: make test TESTS=registry
TESTS  ?=
SELECT := $(if $(TESTS),-k "$(TESTS)")
# Names of samples: make samples SAMPLES="go-plain no-crypto"
SAMPLES ?=
# Names of packages: make corpus CORPUS="node-26.10.0 cryptography-50.0.2"
CORPUS ?=

.PHONY: help
help:  ## Show what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; \
	    do printf '  make %-13s %s\n' "$$name" "$$text"; done

$(READY): pyproject.toml hatch_build.py scripts/setup_engine.py $(wildcard scanner/simulate/native/*.[ch])
	@$(PYTHON) scripts/setup_engine.py packages
	@echo "setup: creating $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)
	@# Dependency groups are newer than the pip that comes with Python 3.11.
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e . --group dev
	@touch $@

.PHONY: dev
dev: $(READY)  ## Create .venv with the scanner and its development tools

.PHONY: engine
engine:  ## See that a container engine answers; start one where there is none
	@$(PYTHON) scripts/setup_engine.py start

.PHONY: engine-stop
engine-stop:  ## Stop the engine, if `make engine` started it
	@$(PYTHON) scripts/setup_engine.py stop

.PHONY: samples
samples: dev engine  ## Build the sample images
	@$(BIN)/python -m scripts.build_samples $(SAMPLES)

.PHONY: demo
demo: samples  ## Scan every sample and compare with what is expected
	@$(BIN)/python -m scripts.demo $(SAMPLES)

.PHONY: lint
lint: dev  ## Check style, types and rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/fips-scanner rules lint

.PHONY: unit
unit: dev  ## Run the tests that need no engine
	$(BIN)/python -m pytest -m "not docker" -n auto $(SELECT)

# What the tests need and what needs none of it wait for the network and for the processor in turn:
# side by side they take little more than the longest of them.
.PHONY: test
test: dev engine  ## Run everything: style, types, rules, all tests
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=line lint samples test-providers
	$(BIN)/python -m pytest -m "not docker" -n auto $(SELECT)
	$(BIN)/python -m pytest -m docker -n 3 --dist loadgroup $(SELECT)

.PHONY: test-engines
test-engines: samples  ## Test with Docker 26 and Podman, each in a Debian of its own
	@$(BIN)/python -m scripts.other_engines $(ENGINES)

.PHONY: image
image: dev engine  ## Build the scanner's own image, fips-scanner:latest
	@$(BIN)/python -m scripts.build_scanner

.PHONY: self-scan
self-scan: image  ## Scan the scanner's own image by ci/self-scan; SBOM, CBOM and reports in dist/self-scan
	@$(BIN)/python -m scripts.image_sbom fips-scanner:latest dist/self-scan
	@PATH="$(CURDIR)/$(BIN):$$PATH" FIPS_POLICY=ci/self-scan/.fips-scanner.yaml FIPS_REPORTS=dist/self-scan \
	    ci/gate.sh docker:fips-scanner:latest --command 'rules lint' \
	    --output cyclonedx=dist/self-scan/cbom.cdx.json

.PHONY: providers
providers: dev  ## Build FIPS providers for simulated runs: musl and old glibc, amd64 and arm64
	@$(BIN)/python -m scripts.build_provider

# Where they cannot be built, the tests that need them say so.
.PHONY: test-providers
test-providers: dev
	-@nice $(BIN)/python -m scripts.build_provider amd64-musl amd64-glibc

.PHONY: bench
bench: dev engine  ## Time the inspection of a large image
	@$(BIN)/python -m scripts.bench

.PHONY: catalogue
catalogue: dev  ## Write docs/catalogue.md from the rules
	@$(BIN)/python -m scripts.catalogue

.PHONY: corpus
corpus: dev engine  ## Measure what is recognized on public packages; write docs/precision.md
	@$(BIN)/python -m scripts.base_images
	@$(BIN)/python -m scripts.corpus $(CORPUS)

.PHONY: fix
fix: dev  ## Let ruff correct what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: clean
clean: engine-stop  ## Remove what was built; downloads and images stay
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
