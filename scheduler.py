"""`python scheduler.py` is `calsync schedule` from a checkout, with the same options."""

import sys

from calsync.cli import main

if __name__ == "__main__":
    main(["schedule", *sys.argv[1:]])
