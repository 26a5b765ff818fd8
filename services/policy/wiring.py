"""Builds the policy service: the only file that knows both the service and what it touches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from placet.errors import ContractError
from placet.trust_store import TrustStore
from services.chassis import logs
from services.chassis.health import Health
from services.chassis.runner import run_stream
from services.chassis.settled_files import watch
from services.chassis.telemetry import Metric, count, gauge
from services.policy.adapters.folder import PolicyFolder, State
from services.policy.handle import PolicyService
from services.policy.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Wired:
    """The service and its parts."""

    service: PolicyService
    trust: TrustStore
    folder: PolicyFolder
    health: Health


def build(settings: PolicySettings) -> Wired:
    """Everything real; raise `SettingsError`. A policy folder that does not load is no such error: it denies."""
    trust = settings.trust_store(on_refused=_trust_refused)
    folder = PolicyFolder(settings.policy_folder, on_change=_policies_changed)
    service = PolicyService(rulebooks=folder, trusts=trust, signer=settings.signer, clock=lambda: datetime.now(UTC))
    health = Health()
    health.ready("policies", lambda: readiness(folder.state))
    return Wired(service=service, trust=trust, folder=folder, health=health)


def run(settings: PolicySettings) -> None:
    """Run until SIGTERM or SIGINT."""
    wired = build(settings)
    run_stream(
        wired.service,
        settings=settings,
        trust=wired.trust,
        background=(lambda _: watch(wired.folder.current),),
        health=wired.health,
    )


def readiness(state: State) -> str | None:
    """None when the files that lie there are in force; otherwise what is wrong with them, by file and code."""
    if not state.problems:
        return None
    wrong = ", ".join(sorted({f"{problem.file}: {problem.code}" for problem in state.problems})[:8])
    kept = "nothing is in force and everything is denied" if state.digest is None else "the earlier set stays in force"
    return f"the policy folder does not load ({wrong}); {kept}; see `placet policy check`"


def _policies_changed(state: State) -> None:
    gauge(Metric.POLICY_RULES, state.rules)
    if not state.problems:
        logs.get_logger().info("policies_loaded", policy=state.digest, rules=state.rules)
        return
    for problem in state.problems:
        count(Metric.POLICY_REFUSED, code=problem.code)
        logs.get_logger().error(
            "policies_refused",
            code=problem.code,
            file=problem.file,
            rule=problem.rule,
            kept=state.digest,
        )


def _trust_refused(error: ContractError) -> None:
    count(Metric.TRUST_REFUSED, code=error.code)
    logs.get_logger().error("trust_refused", code=error.code)
