"""Lists the fixture modules; each owns its fixtures and says what they need.

Property tests have no clock: a busy machine is not a bug. In CI they try the same cases every time, so that a red run
can be repeated; elsewhere they go on looking.

A shell starts what runs in its background with Ctrl-C ignored, and so would be every program that a test starts.
"""

import os
import signal

from hypothesis import HealthCheck, settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "placet",
    deadline=None,
    derandomize=os.environ.get("CI", "").lower() == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("placet")

pytest_plugins = [
    "pytester",
    "tests.fix_browser",
    "tests.fix_chassis",
    "tests.fix_desk",
    "tests.fix_embedded",
    "tests.fix_executor",
    "tests.fix_gate",
    "tests.fix_ledger",
    "tests.fix_otlp",
    "tests.fix_parallel",
    "tests.fix_ruled",
    "tests.fix_settle",
    "tests.fix_siege",
    "tests.fix_system",
]
