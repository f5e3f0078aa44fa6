# WelfareX. Every target says what it does: `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go
BIN := bin/welfarex
ASSETS := modules/kit/ui/assets/dist/manifest.json
ASSET_SOURCES := $(shell find modules -name '*.templ' -o -path '*/assets/src/*' -o -path '*/ui/icons/*') modules/kit/ui/assets/build.mjs package-lock.json
TESTS ?= ./...
# Tens of thousands of requests through the same code: the race detector sees a tenth of them.
ATTACKS := TestIsolation/(ForeignIDs|MalformedIDs|QueryValues|FormValues|CrossSite|Forged|Numbers)$$

.PHONY: help
help: ## What can be made.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: demo
demo: build ## Nine running cities on one process; installs what is missing.
	@source .ci/need && need_postgres && exec ./$(BIN) demo

.PHONY: test
test: assets ## Every test, with -race, on real PostgreSQL, S3, SMTP and Chromium, and Stripe's own mock.
	@source .ci/need && need_postgres && need_chromium && need_poppler && need_stripe_mock && export PG_BIN CHROMIUM STRIPE_MOCK && \
		$(GO) test -race -timeout 40m -skip '$(ATTACKS)' $$($(GO) list $(TESTS) | grep -v /cmd/e2e) && \
		$(GO) test -timeout 40m ./cmd/welfarex -run TestIsolation && \
		$(GO) test -race -timeout 40m ./cmd/e2e # a browser, a server and the compiler share few cores: alone

.PHONY: build
build: assets ## The program, in bin/.
	$(GO) build -trimpath -o $(BIN) ./cmd/welfarex

.PHONY: assets
assets: $(ASSETS) ## Styles, script and fonts, from npm.

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

$(ASSETS): node_modules/.package-lock.json $(ASSET_SOURCES)
	npm run --silent build
	@touch $@

.PHONY: generate
generate: ## Go code from templ files.
	$(GO) tool templ generate -path modules

.PHONY: check
check: ## Linters, formatting, and that generated code is fresh.
	@source .ci/need && need_golangci && golangci-lint run ./...
	@cp -r modules .check-modules && trap 'rm -rf .check-modules' EXIT && $(GO) tool templ generate -path modules > /dev/null 2>&1 && \
		diff -rq --exclude=dist modules .check-modules || { echo 'generated code was stale: commit it'; exit 1; }

.PHONY: attack
attack: build ## Attacks a started demo from outside: every route × person × kind of id, raw sockets.
	@source .ci/need && need_postgres && $(GO) run ./cmd/attack

.PHONY: mutants
mutants: assets ## Plants bugs, each of which a named case must catch; SHORT=1 plants six, ONLY=name some.
	@source .ci/need && need_postgres && $(GO) run ./cmd/mutants $(if $(SHORT),-short) $(if $(ONLY),-only "$(ONLY)")

.PHONY: kill
kill: assets ## Kills serve, work and PostgreSQL twenty times among 200 purchases; SEED=n repeats a plan.
	@source .ci/need && need_postgres && $(GO) run ./cmd/kill $(if $(SEED),-seed $(SEED))

.PHONY: bench
bench: build ## What it costs, as ratios within one run; ONLY=list,sheet chooses sections.
	@source .ci/need && need_postgres && need_chromium && need_lighthouse && $(GO) run ./cmd/bench $(if $(ONLY),-only $(ONLY))

.PHONY: clean
clean: ## Removes what was built, not the demo's data.
	rm -rf bin node_modules .cache .screens modules/kit/ui/assets/dist/[!.]*
