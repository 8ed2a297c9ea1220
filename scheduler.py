"""`python scheduler.py` runs the nightly service from a checkout; installed, it is `calsync schedule`."""

from calsync.scheduler import main

if __name__ == "__main__":
    main()
