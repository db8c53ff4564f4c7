# Isthmus. `make run` starts one server, `make test` runs every test; both install what is missing
# on a Debian 12 that has a Swift toolchain on the PATH or in /opt/swift.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

export PATH := $(PATH):/opt/swift/usr/bin
export SERVER_BINARY ?= $(CURDIR)/.build/release/isthmus

.PHONY: help run test unit simulate end-to-end page conformance contract bench fuzz release lint format protos clean packages

help: ## says what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: packages ## builds the server and starts it on 127.0.0.1:2379 with certificates of its own, the API and the status page on 127.0.0.1:8080
	@.ci/phase "release build" swift build -c release --product isthmus
	@exec "$(SERVER_BINARY)" serve --state-dir .isthmus --cluster-name isthmus --cluster-id 1 \
		--data-listen 127.0.0.1:2379 --admin-listen http://127.0.0.1:8080 \
		--health-listen 127.0.0.1:9880 --log-format text

test: ## lint, unit tests, then real clients against the release binary
	@.ci/phase "Debian packages" .ci/install-packages test
	@.ci/phase "lint" .ci/lint
	@.ci/phase "debug build" swift build --build-tests
	@.ci/phase "unit tests" swift test --skip-build
	@.ci/phase "release build" swift build -c release --product isthmus
	@.ci/phase "Python environment" .ci/make-venv
	@.ci/phase "end-to-end tests" .venv/bin/python -m pytest Tests/EndToEnd
	@.ci/phase "the same in etcd's place" .venv/bin/python -m pytest Tests/EndToEnd --target standin
	@.ci/phase "conformance" .venv/bin/python -m pytest Tests/Conformance
	@.ci/phase "status page" .venv/bin/python -m pytest Tests/Page
	@.ci/phase "contract" .venv/bin/python -m pytest Tests/Contract

unit: packages ## only the Swift tests
	@.ci/phase "unit tests" swift test

simulate: packages ## whole servers under faults; SEEDS=n tries so many, SEED=k begins there, VERBOSE=1 tells all
	@SEEDS=$${SEEDS:-$(if $(SEED),1,2000)} .ci/phase "simulation" swift test --filter '^SimulationTests[.]'

end-to-end: ## only the tests with real clients; TARGET=standin runs them with ours in etcd's place, etcd35 or etcd34 with real etcd
	@.ci/install-packages test
	@.ci/make-venv
	@.ci/phase "end-to-end tests" .venv/bin/python -m pytest Tests/EndToEnd $(if $(TARGET),--target $(TARGET))

page: ## the status page in Chromium; PICTURES=directory keeps pictures of it
	@.ci/install-packages test
	@.ci/make-venv
	@.ci/phase "status page" .venv/bin/python -m pytest Tests/Page $(if $(PICTURES),--screenshots $(PICTURES))

conformance: ## our answers beside real etcd's, field by field; SEEDS=1000 for more random scripts
	@.ci/install-packages test
	@.ci/make-venv
	@.ci/phase "conformance" .venv/bin/python -m pytest Tests/Conformance $(if $(SEEDS),--seeds $(SEEDS))

contract: ## the REST interface against openapi/openapi.yaml; EXAMPLES=100 for more made-up requests, SEED=k for others
	@.ci/install-packages test
	@.ci/make-venv
	@.ci/phase "contract" .venv/bin/python -m pytest Tests/Contract $(if $(EXAMPLES),--fuzz-examples $(EXAMPLES)) \
		$(if $(SEED),--fuzz-seed $(SEED))

bench: ## our cost beside real etcd's; WORK=range for one work only, QUICK=1 for two minutes
	@.ci/install-packages test
	@.ci/make-venv
	@.ci/phase "release build" swift build -c release --product isthmus
	@.ci/phase "load generator" swift build -c release --package-path Tests/Benchmarks \
		--scratch-path Tests/Benchmarks/.build
	@.venv/bin/python Tests/Benchmarks/bench.py $(if $(WORK),--work $(WORK)) $(if $(QUICK),--quick)

fuzz: packages ## feeds one part with made-up bytes: TARGET=deframer, protobuf, http2, frontDoor, json or yaml, SECONDS=60
	@.ci/fuzz "$(or $(TARGET),http2)" "$(or $(SECONDS),60)"

release: packages ## the release binary
	@swift build -c release --product isthmus

lint: ## checks the layout of every hand-written Swift file
	@.ci/lint

format: ## lays out every hand-written Swift file
	@find Package.swift Sources Tests -name '*.swift' -not -path '*/Generated/*' -not -path '*/.build*' -print0 | \
		xargs -0 swift format format --in-place --parallel

protos: ## generates Sources/EtcdAPI/Generated from Sources/EtcdAPI/Protos
	@.ci/make-venv
	@.ci/generate-protos

packages:
	@.ci/install-packages

clean: ## removes what was built; leaves the state of `make run` alone
	@rm -rf .build .venv Package.resolved
