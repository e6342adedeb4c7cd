# The two commands of this repository, and the one that ends what `make rehearse ARGS=--keep` left running.
# Each does its own set-up: what is missing is installed into this folder (.venv, .pulumi), nothing elsewhere.

.DEFAULT_GOAL := help
.PHONY: help rehearse test stop

ARGS ?=

help:
	@echo 'make rehearse   bring the organisation up on this machine and play the life of a model'
	@echo '                (ARGS=--keep leaves it running)'
	@echo 'make test       lint, types, import rules, and all tests'
	@echo 'make stop       end what `make rehearse ARGS=--keep` left running'

rehearse:
	@tools/setup rehearsal
	@.venv/bin/python -m rehearsal $(ARGS)

test:
	@tools/setup dev
	@tools/check

stop:
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m rehearsal stop; else echo 'Nothing runs: nothing is set up here.'; fi
