"""docker-compose.yml and the Dockerfile as locks: a strict parser, a linter, and what every container must have.

No Docker is needed: the parser is an independent reading of the Compose specification, the rules read the parsed file.
An exception to a rule stands here by name, with its reason; each rule is shown a container that breaks it.
"""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from infra import containers

if sys.platform != "linux":
    pytest.skip("parser and linter come as Linux programs", allow_module_level=True)

from compose_spec import PyCompose

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE = ROOT / "infra" / "docker" / "Dockerfile"

JOBS = {"secrets", "prepare"}
"""They end: others wait for that. They give files to their readers, which root alone can."""
MUTE = {"otel-collector"}
"""Nothing in the image could ask after its health, and nobody waits for it."""
USERS = {"kafka": containers.KAFKA_USER, "postgres": containers.POSTGRES_USER}
"""Of other images; ours run as `containers.USER`."""


def writes_nowhere(name: str, found: dict[str, Any]) -> bool:
    """Its own file system is read-only, and scratch lies in memory."""
    return found.get("read_only") is True and "/tmp" in found.get("tmpfs", []) and bool(name)


def gains_no_privileges(name: str, found: dict[str, Any]) -> bool:
    """No capability is kept; a job has the three it needs, nobody is privileged."""
    wanted = ["CHOWN", "DAC_OVERRIDE", "FOWNER"] if name in JOBS else []
    return (
        found.get("cap_drop") == ["ALL"]
        and found.get("cap_add", []) == wanted
        and found.get("security_opt") == ["no-new-privileges:true"]
        and not found.get("privileged")
    )


def is_not_root(name: str, found: dict[str, Any]) -> bool:
    """The user is named, and is the one whom the files of secrets belong to."""
    user = USERS.get(name, containers.USER)
    return found.get("user") == ("root" if name in JOBS else f"{user}:{user}")


def says_how_it_is(name: str, found: dict[str, Any]) -> bool:
    """A health check, bounded in time and number."""
    return name in JOBS | MUTE or {"test", "interval", "retries"} <= set(found.get("healthcheck", {}))


def waits_for_what_it_needs(name: str, found: dict[str, Any]) -> bool:
    """By the end of a job or by health, never by the mere start of a container."""
    needed = {need: how["condition"] for need, how in found.get("depends_on", {}).items()}
    right = {need: "service_completed_successfully" if need in JOBS else "service_healthy" for need in needed}
    return needed == right and (bool(needed) or name in {"secrets"} | MUTE)


def comes_back(name: str, found: dict[str, Any]) -> bool:
    """What ends by itself is started again, except the jobs."""
    return found.get("restart") == (None if name in JOBS else "unless-stopped")


def listens_to_this_machine_only(name: str, found: dict[str, Any]) -> bool:
    """A published port is one of the loopback interface; the broker and the database publish none."""
    ports = found.get("ports", [])
    return all(port.startswith("127.0.0.1:") for port in ports) and not (ports and name in USERS)


def has_no_secret_in_its_environment(name: str, found: dict[str, Any]) -> bool:
    """A password, key or secret is a path to a file."""
    return bool(name) and all(
        setting.endswith("_FILE")
        for setting in found.get("environment", {})
        if any(word in setting for word in ("PASSWORD", "SECRET", "_KEY", "DSN", "TOKEN"))
    )


Rule = Callable[[str, dict[str, Any]], bool]
BREAKS: Final[tuple[tuple[Rule, str, dict[str, Any]], ...]] = (
    (writes_nowhere, "policy", {"read_only": False}),
    (writes_nowhere, "kafka", {"tmpfs": []}),
    (gains_no_privileges, "desk", {"cap_drop": []}),
    (gains_no_privileges, "prepare", {"cap_add": ["SYS_ADMIN"]}),
    (gains_no_privileges, "postgres", {"security_opt": []}),
    (gains_no_privileges, "settle", {"privileged": True}),
    (is_not_root, "settle", {"user": "root"}),
    (is_not_root, "postgres", {"user": None}),
    (says_how_it_is, "identity-provider", {"healthcheck": {}}),
    (waits_for_what_it_needs, "classifier", {"depends_on": {}}),
    (waits_for_what_it_needs, "prepare", {"depends_on": {"kafka": {"condition": "service_started"}}}),
    (comes_back, "ledger-writer", {"restart": None}),
    (listens_to_this_machine_only, "desk", {"ports": ["8640:8640"]}),
    (listens_to_this_machine_only, "postgres", {"ports": ["127.0.0.1:5432:5432"]}),
    (has_no_secret_in_its_environment, "desk", {"environment": {"PLACET_SESSION_SECRET": "x"}}),
)
RULES: Final = tuple(dict.fromkeys(rule for rule, _, _ in BREAKS))


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_container_keeps_the_rule(rule: Rule, name: str) -> None:
    assert rule(name, SERVICES[name]), rule.__doc__


@pytest.mark.parametrize(("rule", "name", "change"), BREAKS, ids=lambda part: getattr(part, "__name__", str(part)))
def test_a_container_that_breaks_the_rule_is_found(rule: Rule, name: str, change: dict[str, Any]) -> None:
    assert not rule(name, {**SERVICES[name], **change})


def test_whatever_is_waited_for_can_be() -> None:
    for name, found in SERVICES.items():
        for need in found.get("depends_on", {}):
            assert need in JOBS or "healthcheck" in SERVICES[need], f"{name} waits for {need}"


def bent(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    compose = copy.deepcopy(COMPOSE)
    change(compose)
    return compose


def test_a_strict_parser_reads_it() -> None:
    assert sorted(PyCompose.from_yaml(yaml.safe_dump(COMPOSE)).service_names()) == sorted(SERVICES)


@pytest.mark.parametrize(
    "change",
    [
        lambda compose: compose["services"]["kafka"].update(healtcheck={}),
        lambda compose: compose["services"]["kafka"]["healthcheck"].update(retries="often"),
        lambda compose: compose["services"]["policy"].update(depends_on={"prepare": {"condition": "done"}}),
        lambda compose: compose["services"]["desk"].update(ports=["127.0.0.1:http:8640"]),
        lambda compose: compose.update(service={}),
    ],
)
def test_the_parser_refuses_what_compose_would(change: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(ValueError):
        PyCompose.from_yaml(yaml.safe_dump(bent(change)))


def lint(dockerfile: str) -> str:
    program = Path(sys.executable).with_name("hadolint")
    return subprocess.run([program, "-"], input=dockerfile, text=True, capture_output=True, check=False).stdout


def test_the_dockerfile_passes_its_linter() -> None:
    assert lint(DOCKERFILE.read_text()) == ""
    assert DOCKERFILE.read_text().rstrip().endswith(f"USER {containers.USER}")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("python:3.11-slim", "python:latest", "DL3007"),
        ("USER 10001", "USER root", "DL3002"),
        ("COPY requirements.lock ./", "ADD requirements.lock ./", "DL3020"),
    ],
)
def test_the_linter_finds_what_it_should(old: str, new: str, code: str) -> None:
    text = DOCKERFILE.read_text()
    assert old in text
    assert code in lint(text.replace(old, new))
