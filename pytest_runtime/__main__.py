"""`python -m pytest_runtime`: the command line."""

from .cli.main import run

run()
