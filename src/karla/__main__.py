"""`python -m karla` is the `karla` command."""

from karla.main import cli

cli()
