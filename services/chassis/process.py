"""How every process starts and ends.

Rules:
- Settings that do not hold together end it with one clear sentence and exit status 2, before anything is touched.
- No core dumps: memory holds keys and values.
- An unexpected error is logged by type and place, never by its text; exit status 1, and the supervisor starts it again.
"""

from __future__ import annotations

import resource
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from services.chassis import logs
from services.chassis.errors import SettingsError
from services.chassis.settings import ServiceSettings

SETTINGS_STATUS = 2
"""Exit status where starting again cannot help."""


def run(main: Callable[[], None]) -> NoReturn:
    """Run a service's `main` as the process: `if __name__ == "__main__": process.run(main)`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        main()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a person is reading
        sys.exit(SETTINGS_STATUS)
    except KeyboardInterrupt:
        sys.exit(130)
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001 - the last place that can keep its text off standard error
        logs.get_logger().exception("process_failed")
        sys.exit(1)
    sys.exit(0)


def begin(settings: ServiceSettings) -> None:
    """Set up logs and telemetry; the first thing every `main` does after it loaded its settings."""
    from services.chassis import telemetry  # noqa: PLC0415 - a slow import that bad settings need not wait for

    instance = str(getattr(settings, "instance", ""))
    logs.configure(service=settings.service, instance=instance, level=settings.log_level)
    telemetry.start(service=settings.service, instance=instance, otlp_endpoint=settings.otlp_endpoint)
    logs.get_logger().info("process_started", env=settings.env)


def stop_event() -> threading.Event:
    """An event that SIGTERM and SIGINT set: for processes without an event loop of their own."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
