"""Builds the classifier: the only file that knows both the service and what it touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from placet.errors import ContractError
from placet.trust_store import TrustStore
from services.chassis import logs
from services.chassis.errors import SettingsError
from services.chassis.health import Health
from services.chassis.runner import run_stream
from services.chassis.settled_files import watch
from services.chassis.telemetry import Metric, count, observe
from services.classifier.adapters import files
from services.classifier.adapters.language import model_files
from services.classifier.adapters.pool import PoolAnalyst
from services.classifier.adapters.spent import Spent
from services.classifier.adapters.watched import ConfigurationFiles, State
from services.classifier.errors import PoolError
from services.classifier.handle import Classifier
from services.classifier.settings import ClassifierSettings


@dataclass(frozen=True, slots=True)
class Wired:
    """The service and its parts. The analyst's workers are not started yet."""

    service: Classifier
    trust: TrustStore
    analyst: PoolAnalyst
    configuration: ConfigurationFiles
    health: Health


def build(settings: ClassifierSettings) -> Wired:
    """Everything real; raise `SettingsError`."""
    trust = settings.trust_store(on_refused=_trust_refused)
    configuration = ConfigurationFiles(
        settings.classifier_taxonomy_file,
        settings.classifier_catalogue_file,
        settings.classifier_own_file,
        lambda read: files.read_keys(settings.classifier_fingerprint_key_file, settings.signer, read=read),
    )
    model_files()  # said here, in one sentence: the processes that read it could only die
    analyst = PoolAnalyst(
        configuration.first,
        workers=settings.classifier_workers,
        soft_seconds=settings.classifier_soft_seconds,
        hard_seconds=settings.classifier_hard_seconds,
        batch_seconds=settings.classifier_batch_seconds,
        memory_bytes=settings.classifier_worker_megabytes * 2**20,
        on_spent=_spent,
    )
    service = Classifier(
        analyst=analyst,
        signer=settings.signer,
        trusts=trust,
        clock=lambda: datetime.now(UTC),
    )
    configuration.follow(analyst.renew, _configuration_changed)
    health = Health()
    health.ready("configuration", lambda: readiness(configuration.state))
    health.ready("workers", lambda: None if analyst.running else "the workers are not running")
    return Wired(service=service, trust=trust, analyst=analyst, configuration=configuration, health=health)


def run(settings: ClassifierSettings) -> None:
    """Run until SIGTERM or SIGINT. Nothing is consumed before every worker has its engine."""
    wired = build(settings)
    try:
        wired.analyst.start()
    except PoolError as error:
        raise SettingsError(f"{settings.service} cannot start: {error}.") from None
    logs.get_logger().info("workers_ready", workers=settings.classifier_workers)
    try:
        run_stream(
            wired.service,
            settings=settings,
            trust=wired.trust,
            background=(lambda _: watch(wired.configuration.look),),
            health=wired.health,
        )
    finally:
        wired.analyst.close()


def readiness(state: State) -> str | None:
    """None when the files that lie there are in force; otherwise why not."""
    return f"{state.refused}; the earlier configuration stays in force" if state.refused else None


def _spent(spent: Spent) -> None:
    for tier, seconds in spent.seconds.items():
        observe(Metric.TIER_SECONDS, seconds, tier=tier.value)
    for (memory, remembered), times in spent.remembered.items():
        count(Metric.REMEMBERED, times, memory=memory.value, remembered=remembered)


def _configuration_changed(state: State) -> None:
    if not state.refused:
        logs.get_logger().info("configuration_loaded", configuration=state.digest, fingerprint_key=state.key)
        return
    count(Metric.CONFIGURATION_REFUSED)
    logs.get_logger().error("configuration_refused", reason=state.refused, kept=state.digest, key=state.key)


def _trust_refused(error: ContractError) -> None:
    count(Metric.TRUST_REFUSED, code=error.code)
    logs.get_logger().error("trust_refused", code=error.code)
