"""The set-up that `make rehearse` and `make test` do first: packages, Pulumi CLI, language host, plugin.

Everything goes into the checkout (`.venv`, `.pulumi`), nothing elsewhere. Runs before any package is
installed, so this package imports the standard library only. Each step compares content stamps with what it
would install: a second run does nothing, in a fraction of a second.
"""
