"""What all tests share: how long properties are searched. The same examples in every run, more of them for soak.

Matrices get one thread, as in `pier-tui replay`: tests run beside each other, and threads would wait for each other.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
settings.register_profile(
    "suite", max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("soak", max_examples=400, deadline=None)
settings.load_profile("soak" if os.environ.get("PIER_SOAK") else "suite")
