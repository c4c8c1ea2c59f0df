# Breakwater: every check that there is, by name.
#
#   make          the three programs, into bin/
#   make check    the bar for every change: format, vet, staticcheck, dead code,
#                 floors, words, and the short tests under the race detector
#   make test     every test, with a browser and PostgreSQL; installs what they
#                 need where it is root on Debian, else says what to install
#   make long     crash rounds, fuzz minutes, long benchmarks (hours)
#   make bench    the benchmarks, once
#   make bench-figures   the table of docs/performance.md, in a few minutes
#   make cross    the agent and the verifier, for Windows and macOS
#
# CI=true: nothing may be skipped. BREAKWATER_NOSKIP=1 says so to the tests,
# BREAKWATER_LONG=1 asks them for their long form.

SHELL := /bin/bash
GO ?= go
export BREAKWATER_AXE ?= $(CURDIR)/.tools/node_modules/axe-core/axe.min.js
ifeq ($(CI),true)
export BREAKWATER_NOSKIP := 1
endif

.PHONY: build check format vet staticcheck deadcode house race setup test long cross bench bench-figures clean

build:
	$(GO) build -trimpath -o bin/ ./cmd/...

check: format vet house staticcheck deadcode race

format:
	@scripts/format

vet:
	$(GO) vet ./...

house:
	$(GO) test -count=1 ./internal/house/

staticcheck:
	$(GO) tool staticcheck ./...

deadcode:
	@scripts/deadcode

# -short leaves the long way out and says so: here a skip is no failure.
race: export BREAKWATER_NOSKIP :=
race:
	$(GO) test -race -short -timeout 10m ./...

setup:
	@scripts/setup

test: setup
	$(GO) run ./scripts/gotest -timeout 15m ./...

long: export BREAKWATER_LONG := 1
long: setup
	$(GO) run ./scripts/gotest -count=1 -timeout 180m ./...
	scripts/fuzz
	$(GO) test -run '^$$' -bench . -benchtime 100x -benchmem -timeout 180m ./...

# What runs on a client's own machine must build for it.
cross:
	@for os in windows darwin; do \
		echo "$(GO) vet for $$os"; \
		CGO_ENABLED=0 GOOS=$$os $(GO) vet ./cmd/breakwater-agent ./cmd/breakwater-verify || exit 1; \
	done

bench:
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./...

bench-figures:
	@scripts/figures

clean:
	rm -rf bin .tools
