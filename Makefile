# Thin: the work is in cargo, functions/server and tools/xtask.

# Optimized enough to answer in milliseconds, without the long link of a release.
PROFILE ?= quick

DEPLOY = cargo run --locked --quiet --package deploy --
PLACE = --stage $(STAGE) $(if $(REGION),--region $(REGION))

.PHONY: help up down test conformance check bench package check-deploy lambda-up lambda-down deploy rollback remove stage npm needs

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

up: needs ## Run everything on this machine: PostgreSQL, schema, demo enterprise, all APIs
	@cargo run --locked --profile $(PROFILE) --package server -- serve --embedded

down: needs ## Stop the server of `make up` and its PostgreSQL; the data stays in .local
	@cargo run --locked --quiet --profile $(PROFILE) --package server -- down

test: needs ## Run all tests against a private embedded PostgreSQL
	@scripts/test

conformance: needs npm ## Run the official MCP conformance suite; the last line is the result as JSON
	@cargo xtask conformance

check: needs ## Formatting, lints, forbidden dependencies
	@cargo xtask check

bench: needs ## Measure; see docs/performance.md for the single benchmarks
	@cargo xtask bench all

package: needs ## Build one zip for each Lambda function
	@cargo xtask package

check-deploy: needs npm ## All that can be checked of a deployment without an account
	@cargo xtask package --profile dev
	@$(DEPLOY) check --profile dev

lambda-up: needs npm ## The packaged functions behind an API, on an emulator of AWS on this machine
	@cargo xtask package --profile $(PROFILE)
	@$(DEPLOY) up --profile $(PROFILE)

lambda-down: ## Stop it; the data stays in .local/lambda
	@$(DEPLOY) down

deploy: needs npm stage ## Deploy to AWS: STAGE=dev|staging|prod, REGION=, ARCH=arm64, PARAMS=shift=none
	@cargo xtask package $(if $(filter arm64,$(ARCH)),--arm64)
	@$(DEPLOY) release $(PLACE) $(foreach param,$(PARAMS),--param $(param))

rollback: npm stage ## Go back to the code of before the last deployment, at once: STAGE=
	@$(DEPLOY) rollback $(PLACE)

remove: npm stage ## Remove a stage: STAGE=, and once more CONFIRM=
	@$(DEPLOY) remove $(PLACE) --confirm "$(CONFIRM)"

stage:
	@[ -n "$(STAGE)" ] || { echo "error: say where: STAGE=dev, staging or prod" >&2; exit 1; }

npm:
	@command -v npm >/dev/null || { echo "error: npm is missing, install Node.js 20.19 or later" >&2; exit 1; }

needs:
	@command -v cargo >/dev/null || { echo "error: cargo is missing, install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "error: a C compiler (cc) is missing, install gcc or clang" >&2; exit 1; }
	@python3 -m pip --version >/dev/null 2>&1 || { echo "error: Python 3 with pip is missing (python3 -m pip)" >&2; exit 1; }
