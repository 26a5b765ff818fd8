"""Every service is spelt the same, so that you know where to look before you look.

Rules:
- The files below have these names in every service; a service leaves out what it does not need only where it may.
- Nobody has a second word for what another already has.
- What one service alone needs, it names in the docstring of its package, in backticks.
- Its README is five lines: consumes, decides, produces, fails, may touch.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[2] / "services"

MUST = (
    "README.md",
    "__init__.py",
    "__main__.py",
    "adapters",
    "decide.py",
    "handle.py",
    "ports.py",
    "settings.py",
    "wiring.py",
)
MAY = ("api.py", "cli.py", "errors.py", "migrations", "model.py")
SYNONYMS = {
    "__main__.py": {"main.py", "run.py", "service.py", "server.py", "worker.py", "start.py"},
    "adapters": {"clients", "infrastructure", "repositories", "gateways", "backends", "adapter.py", "adapters.py"},
    "api.py": {"routes.py", "endpoints.py", "http.py", "rest.py", "web.py", "views", "routers"},
    "cli.py": {"commands.py", "command.py", "console_commands.py"},
    "decide.py": {"domain", "domain.py", "logic.py", "core.py", "rules.py", "engine.py", "decision.py", "decisions.py"},
    "errors.py": {"exceptions.py", "error.py", "failures.py"},
    "handle.py": {"handler.py", "handlers.py", "process.py", "processor.py", "consumer.py", "consume.py"},
    "migrations": {"alembic", "versions"},
    "model.py": {"models.py", "types.py", "entities_model.py", "schemas.py", "dto.py", "domain_model.py"},
    "ports.py": {"interfaces.py", "protocols.py", "abstractions.py", "port.py"},
    "settings.py": {"config.py", "configuration.py", "conf.py", "options.py", "environment.py", "constants.py"},
    "wiring.py": {"bootstrap.py", "container.py", "factory.py", "build.py", "di.py", "composition.py"},
    "a name of its own": {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "base.py", "lib"},
}
README = ("Consumes", "Decides", "Produces", "Fails", "May touch")


def services(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if (path / "__init__.py").is_file() and path.name != "chassis")


def spelt(name: str) -> str:
    """As a package's docstring names a module, a folder or a file."""
    return name.removesuffix(".py")


def strangers(service: Path) -> list[str]:
    """What is wrong with the shape of a service; empty where nothing is."""
    found = {path.name for path in service.iterdir() if not path.name.startswith((".", "__pycache__"))}
    told = re.findall(r"`([^`]+)`", (service / "__init__.py").read_text())
    named = {spelt(word.rstrip("/")) for word in told}
    wrong = [f"{name} is missing" for name in MUST if name not in found]
    for right, words in SYNONYMS.items():
        wrong += [f"{word} is another word for {right}" for word in sorted(words & found)]
    own = found - set(MUST) - set(MAY) - set().union(*SYNONYMS.values())
    wrong += [f"{name} is named by no line of __init__.py" for name in sorted(own) if spelt(name) not in named]
    if "README.md" in found:
        wrong += unlike((service / "README.md").read_text())
    return wrong


def unlike(readme: str) -> list[str]:
    lines = [line for line in readme.splitlines() if line.strip()]
    begins = tuple(match[1] for line in lines[1:] if (match := re.match(r"- \*\*([A-Z][a-z ]+)\*\* ", line)))
    well = lines[:1] and lines[0].startswith("# ") and begins == README and len(lines) == len(README) + 1
    return [] if well else [f"README.md is not a title and five lines: {', '.join(README)}"]


@pytest.mark.parametrize("service", services(SERVICES), ids=lambda path: path.name)
def test_a_service_is_spelt_like_the_others(service: Path) -> None:
    assert strangers(service) == []


def test_all_services_are_looked_at() -> None:
    assert {path.name for path in services(SERVICES)} >= {"approver", "classifier", "ledger", "policy"}


@pytest.fixture
def shaped(tmp_path: Path) -> Path:
    service = tmp_path / "weather"
    (service / "adapters").mkdir(parents=True)
    for name in MUST:
        if name != "adapters":
            (service / name).touch()
    (service / "__init__.py").write_text('"""Beside the shape: `clouds`."""\n')
    (service / "clouds.py").touch()
    (service / "README.md").write_text("# weather\n" + "".join(f"- **{word}** something.\n" for word in README))
    assert strangers(service) == []
    return service


@pytest.mark.parametrize("name", MUST)
def test_a_missing_file_is_found(shaped: Path, name: str) -> None:
    if name == "adapters":
        (shaped / name).rmdir()
    elif name == "__init__.py":
        (shaped / name).write_text('"""Beside the shape: nothing."""\n')
    else:
        (shaped / name).unlink()
    assert len(strangers(shaped)) == 1


@pytest.mark.parametrize("word", sorted(set().union(*SYNONYMS.values())))
def test_a_second_word_is_found(shaped: Path, word: str) -> None:
    (shaped / word).touch()
    (shaped / "__init__.py").write_text(f'"""`clouds` and `{spelt(word)}`."""\n')
    assert [line for line in strangers(shaped) if "another word" in line]


def test_what_nobody_explains_is_found(shaped: Path) -> None:
    (shaped / "thunder.py").touch()
    assert strangers(shaped) == ["thunder.py is named by no line of __init__.py"]


@pytest.mark.parametrize(
    "readme",
    [
        "",
        "# weather",
        "# weather\n- **Decides** a.\n- **Consumes** a.\n- **Produces** a.\n- **Fails** a.\n- **May touch** a.\n",
        "# weather\n" + "".join(f"- **{word}** something.\n" for word in README[:-1]),
        "# weather\n" + "".join(f"- **{word}** something.\n" for word in README) + "And more.\n",
    ],
)
def test_a_readme_of_another_form_is_found(shaped: Path, readme: str) -> None:
    (shaped / "README.md").write_text(readme)
    assert len(strangers(shaped)) == 1


def test_no_word_means_two_things() -> None:
    words = [word for words in SYNONYMS.values() for word in words]
    assert len(words) == len(set(words))
    assert not set(words) & {*MUST, *MAY}
