"""How many examples the property tests draw: few while one works, many in CI.

In: `HYPOTHESIS_PROFILE`, `quick` unless set. Out: the profile of all tests. Next: `.ci/run` sets
`thorough`.
"""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None)
settings.register_profile("thorough", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
