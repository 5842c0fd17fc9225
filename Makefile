# make help lists the targets.

SHELL := /bin/bash
SWIFT ?= swift
FUZZ_SECONDS ?= 600
export FUZZ_SECONDS

.PHONY: help demo build test test-emulated test-arm test-sanitize test-client fuzz bench check-arm setup setup-tests clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: build ## Answer a question about a small scene with a small random model; downloads no weights
	@tools/demo.sh

setup: ## Install what building needs, where something is missing
	@tools/setup.sh

# Tests compare the matrix kernels with OpenBLAS; nothing else links it.
setup-tests:
	@tools/setup.sh libopenblas-dev

build: setup ## The command line, optimised: .build/release/leo
	$(SWIFT) build -c release --product leo

test: setup-tests ## All tests, optimised
	$(SWIFT) test -c release

test-emulated: setup-tests ## Kernels of AVX-512, plans and small models on them, on any x86-64 CPU with AVX2, the instructions computed in software
	@tools/test-emulated.sh

test-arm: ## Run the kernels for 64-bit ARM under an emulator, beside their references
	@tools/test-arm.sh

test-sanitize: setup-tests ## Kernels and readers under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/test-sanitize.sh

test-client: setup ## Build and run Examples/SwiftClient against this package as a versioned dependency
	@tools/test-client.sh

fuzz: setup ## Fuzz every reader for FUZZ_SECONDS (600); FUZZ_READERS="ply pcd" picks some
	@tools/fuzz.sh $(FUZZ_READERS)

bench: build ## Measure kernels beside public peers and write docs/performance.md; BENCH="--only NAME" picks some
	@Benchmarks/peers/run $(BENCH)

check-arm: ## Compile the kernels for 64-bit ARM, without linking
	@tools/check-arm.sh

clean: ## Remove everything that was built
	rm -rf .build .build-asan .build-emulated .build-arm .build-fuzz .build-client .build-demo Benchmarks/.build
