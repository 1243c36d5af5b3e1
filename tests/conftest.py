"""Settings of all tests: how slow the machine is makes no test fail."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Both count wall time, which says nothing on a machine that does something else as well.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")
