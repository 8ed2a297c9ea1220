"""How many examples property-based tests try: one number for each profile.

    pytest --hypothesis-profile quick     a tenth of the examples: `make quick`
    pytest                                `default`, or `ci` where the variable CI is set
    pytest --hypothesis-profile soak      80 times as many: `make soak`

A test gives its own number for the profile `default`, as `@examples(200)`.
"""

import os
from typing import Any

from hypothesis import settings

PERCENT = {"quick": 10, "default": 100, "ci": 100, "soak": 8000}
"""How many examples each profile tries of a hundred."""


def register_profiles() -> None:
    """Register the profiles and load the one that holds unless an option names another."""
    for name, percent in PERCENT.items():
        # Time limits of examples are off: the machines that run the tests are shared.
        settings.register_profile(name, max_examples=percent, deadline=None, print_blob=True)
    settings.load_profile("ci" if "CI" in os.environ else "default")


def examples(count: int, **options: Any) -> settings:
    """Return settings with this number of examples in the profile `default`.

    Args:
        count: For instance 200: 20 with the profile `quick`.
        options: Other settings of Hypothesis.
    """
    return settings(max_examples=max(1, count * settings().max_examples // 100), **options)
