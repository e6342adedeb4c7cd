# The commands of this repository: two for everybody, three for patience, and the one that ends what
# `make rehearse ARGS=--keep` left running.
# Each does its own set-up: what is missing is installed into this folder (.venv, .pulumi), nothing elsewhere.

.DEFAULT_GOAL := help
.PHONY: help rehearse test sabotage interrupts soak stop

ARGS ?=

help:
	@echo 'make rehearse   bring the organisation up on this machine and play the life of a model'
	@echo '                (ARGS=--keep leaves it running)'
	@echo 'make test       lint, types, import rules, and all tests'
	@echo 'make sabotage   break the program in all ways that are known, and see the rehearsal name each (10 minutes)'
	@echo 'make interrupts kill and interrupt the engine at random points, and see each stack converge (15 minutes)'
	@echo 'make soak       a million deliveries of random histories to capture and reconcile, checked (4 minutes on 2 cores)'
	@echo 'make stop       end what `make rehearse ARGS=--keep` left running'

rehearse:
	@tools/setup rehearsal
	@.venv/bin/python -m rehearsal $(ARGS)

test:
	@tools/setup dev
	@tools/check

sabotage:
	@tools/setup dev
	@.venv/bin/python -m pytest --numprocesses=2 tests/rehearsal/test_sabotage.py

interrupts:
	@tools/setup dev
	@.venv/bin/python -m pytest --numprocesses=2 tests/rehearsal/provider/test_interrupted.py

soak:
	@tools/setup dev
	@.venv/bin/python -m tests.lambdas.reconcile.soak $(ARGS)

stop:
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m rehearsal stop; else echo 'Nothing runs: nothing is set up here.'; fi
