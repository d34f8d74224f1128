# Thin: the work is in cargo, functions/server and tools/xtask.

# Optimized enough to answer in milliseconds, without the long link of a release.
PROFILE ?= quick

.PHONY: help up down test conformance check bench package needs

help: ## Show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

up: needs ## Run everything on this machine: PostgreSQL, schema, demo enterprise, all APIs
	@cargo run --locked --profile $(PROFILE) --package server -- serve --embedded

down: needs ## Stop the embedded PostgreSQL; the data stays in .local
	@cargo run --locked --quiet --profile $(PROFILE) --package server -- down

test: needs ## Run all tests against a private embedded PostgreSQL
	@scripts/test

conformance: needs ## Run the official MCP conformance suite; the last line is the result as JSON
	@command -v npm >/dev/null || { echo "error: npm is missing, install Node.js" >&2; exit 1; }
	@cargo xtask conformance

check: needs ## Formatting, lints, forbidden dependencies
	@cargo xtask check

bench: needs ## Measure; see docs/performance.md for the single benchmarks
	@cargo xtask bench all

package: needs ## Build one zip for each Lambda function
	@cargo xtask package

needs:
	@command -v cargo >/dev/null || { echo "error: cargo is missing, install Rust from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "error: a C compiler (cc) is missing, install gcc or clang" >&2; exit 1; }
	@python3 -m pip --version >/dev/null 2>&1 || { echo "error: Python 3 with pip is missing (python3 -m pip)" >&2; exit 1; }
