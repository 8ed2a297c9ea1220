"""`python -m calsync` is the same as the `calsync` command."""

from calsync.cli import main

main()
