"""Lists the fixture modules; each owns its fixtures and says what they need."""

pytest_plugins = [
    "pytester",
    "tests.fix_browser",
    "tests.fix_chassis",
    "tests.fix_desk",
    "tests.fix_embedded",
    "tests.fix_executor",
    "tests.fix_gate",
    "tests.fix_ledger",
    "tests.fix_settle",
    "tests.fix_system",
]
