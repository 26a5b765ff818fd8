"""`placet classify` and `placet classifier check | test`: the service's own code, at a prompt.

Rules: in this process, offline; exit status 0 only where all is well (everything was looked into); `--json` prints one
object; a value is printed masked or not at all. Fingerprints and likeness need the service's key, and are not told.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from placet.cli.show import plain
from placet.fingerprint_keys import FingerprintKeys
from services.chassis.errors import SettingsError
from services.classifier import given
from services.classifier.adapters import documents, files
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.owned import OwnDetector
from services.classifier.adapters.worker import Bench
from services.classifier.cases import Case, Result, judge
from services.classifier.errors import ConfigurationError, GivenError
from services.classifier.explain import Explanation, explain
from services.classifier.given import Given
from services.classifier.model import Classification
from services.classifier.ports import GaveUp, Unmaskable
from services.classifier.settings import OwnerSettings

_SECONDS: Final = 60.0
"""At a prompt there is time."""

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _configured(command: Callable[..., None]) -> Callable[..., None]:
    """The owner's files: those of the PLACET_CLASSIFIER_… variables, unless they are named."""
    options = (
        click.option("--taxonomy", type=_FILE, help="What types mean; PLACET_CLASSIFIER_TAXONOMY_FILE unless given."),
        click.option("--catalogue", type=_FILE, help="The data catalogue; …_CATALOGUE_FILE unless given."),
        click.option("--own", type=_FILE, help="Your own detectors; …_OWN_FILE unless given."),
    )  # fmt: skip
    return reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


@click.command()
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
    help="An action, any JSON, or text; `-` (and nothing) is standard input.",
)
@click.option("--name", default="", help="The action's name, where what is given does not say it.")
@click.option("--resource", default="", help="The action's resource, where what is given does not say it.")
@click.option("--explain", "explained", is_flag=True, help="Why each finding is one.")
@_configured
@_JSON
def classify(
    *,
    path: Path,
    name: str,
    resource: str,
    explained: bool,
    taxonomy: Path | None,
    catalogue: Path | None,
    own: Path | None,
    as_json: bool,
) -> None:
    """Say what is sensitive in an action, any JSON or text, and show it masked.

    Exit status 1: a part of it was not looked into.

    \b
    Examples: placet classify --file action.json --explain
              echo "Call Jane Roe, +1 415 555 2671" | placet classify --json
    where action.json is, for example,
      {"name": "mail.send", "resource": "smtp://relay",
       "arguments": {"to": "jane@example.org", "body": "Your card 4111 1111 1111 1111"}}
    """  # noqa: D301 - click reads the control character
    configuration = _configuration(taxonomy, catalogue, own, as_json=as_json)
    content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        asked = given.of_bytes(content, name=name, resource=resource)
    except GivenError as error:
        _refuse("not_readable", "" if str(path) == "-" else path.name, str(error), as_json=as_json)
    found = _bench(configuration).classify(asked.subject)
    if isinstance(found, Unmaskable):
        _refuse(
            "unmaskable_secret",
            "",
            "A credential stands in the action's name, resource or session, where nothing can be masked.",
            as_json=as_json,
        )
    if isinstance(found, GaveUp):
        _refuse(found.reason, "", f"It was not looked into: {found.reason} {found.detail}".strip(), as_json=as_json)
    reasons = explain(asked.subject, found, OwnDetector(configuration)) if explained else []
    if as_json:
        click.echo(json.dumps(_as_json(asked, found, configuration, reasons)))
    else:
        click.echo(_as_text(asked, found, reasons))
    sys.exit(1 if found.incomplete else 0)


@click.group()
def classifier() -> None:
    """Check and test what the classifier is told to look for.

    \b
    placet classifier check --own own.yaml
    placet classifier test examples/classifier --own examples/classifier/own.yaml
    """  # noqa: D301 - click reads the control character


@classifier.command()
@_configured
@_JSON
def check(*, taxonomy: Path | None, catalogue: Path | None, own: Path | None, as_json: bool) -> None:
    """Say whether the files would load, or the file, line and reason why not.

    \b
    Example: placet classifier check --own own.yaml
    """  # noqa: D301 - click reads the control character
    configuration = _configuration(taxonomy, catalogue, own, as_json=as_json)
    mine = configuration.own
    told = {
        "ok": True,
        "digest": configuration.digest,
        "types": sorted(configuration.taxonomy.types),
        "recognizers": [one.name for one in mine.recognizers],
        "dictionaries": {one.dictionary.name: len(one.terms) for one in configuration.terms},
        "markings": len(mine.markings.own),
    }
    terms = sum(len(one.terms) for one in configuration.terms)
    text = (
        f"{len(configuration.taxonomy.types)} types, {len(mine.recognizers)} recognizers, {terms} terms in "
        f"{len(mine.dictionaries)} dictionaries, {len(mine.markings.own)} markings of your own, "
        f"digest {configuration.digest}"
    )
    click.echo(json.dumps(told) if as_json else text)


@classifier.command()
@click.argument("where", metavar="[FOLDER|FILE]", type=click.Path(exists=True, path_type=Path), default="tests")
@_configured
@_JSON
def test(where: Path, *, taxonomy: Path | None, catalogue: Path | None, own: Path | None, as_json: bool) -> None:
    """Run your own examples and say each difference: FILE, or FOLDER/tests/*.yaml, or FOLDER/*.yaml (default: tests).

    \b
    Example: placet classifier test examples/classifier --own examples/classifier/own.yaml
    where a file holds, for example,
      - case: a customer number in a mail
        text: "Please refund KD-20431877."
        expect: {types: [CUSTOMER_NUMBER], labels: [pii]}
      - case: an order number is nobody's
        text: "Order 20431877 has left."
        clean: true
    """  # noqa: D301 - click reads the control character
    configuration = _configuration(taxonomy, catalogue, own, as_json=as_json)
    folder = where / "tests" if (where / "tests").is_dir() else where
    paths = sorted(folder.glob("*.yaml")) if where.is_dir() else [where]
    if not paths:
        _refuse("no_tests", where.name, "there is no *.yaml in it", as_json=as_json)
    try:
        cases = [(path.name, case) for path in paths for case in _cases(path)]
    except ConfigurationError as error:
        _refuse("bad_test", error.file, str(error), as_json=as_json)
    bench = _bench(configuration)
    results = [Result(file, case.case, tuple(judge(case, bench.classify(case.given.subject)))) for file, case in cases]
    failed = [one for one in results if one.wrong]
    if as_json:
        failures = [{"file": one.file, "case": one.case, "wrong": list(one.wrong)} for one in failed]
        click.echo(json.dumps({"ok": not failed, "passed": len(results) - len(failed), "failed": failures}))
    else:
        for one in failed:
            click.echo(plain(f"{one.file}: {one.case}: {'; '.join(one.wrong)}"))
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


def _cases(path: Path) -> list[Case]:
    return documents.parse(path.name, documents.read_bytes(path)).read_each(Case)


def _configuration(taxonomy: Path | None, catalogue: Path | None, own: Path | None, *, as_json: bool) -> Configuration:
    try:
        settings = OwnerSettings.load()
        return files.load(
            taxonomy or settings.classifier_taxonomy_file,
            catalogue or settings.classifier_catalogue_file,
            FingerprintKeys.single(secrets.token_bytes(32)),
            own or settings.classifier_own_file,
        )
    except SettingsError as error:
        file = error.file if isinstance(error, ConfigurationError) else ""
        _refuse("bad_configuration", file, str(error), as_json=as_json)


def _bench(configuration: Configuration) -> Bench:
    try:
        from services.classifier.adapters import warm  # noqa: PLC0415 - seconds; `check` and `--help` need none of it
    except ConfigurationError as error:  # the model is not there
        raise click.ClickException(str(error)) from None
    return Bench.of(configuration, _SECONDS, warm.engines())


def _refuse(code: str, file: str, sentence: str, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"ok": False, "problems": [{"code": code, "file": file, "sentence": sentence}]}))
    else:
        click.echo(f"Error: {plain(sentence)}", err=True)
    sys.exit(1)


def _as_json(
    asked: Given, found: Classification, configuration: Configuration, reasons: list[Explanation]
) -> dict[str, Any]:
    findings: list[dict[str, Any]] = [
        {
            "type": one.entity_type,
            "pointer": one.pointer,
            "in_key": one.in_key,
            "start": one.start,
            "end": one.end,
            "score": one.score,
            "rule": one.recognizer,
        }
        for one in found.findings
    ]
    for one, reason in zip(findings, reasons, strict=False):
        one["because"] = {"rule": reason.rule, "validator": reason.validator, "context": reason.context}
    return {
        "ok": not found.incomplete,
        "read_as": asked.kind,
        "sensitivity": found.sensitivity,
        "labels": list(found.labels),
        "findings": findings,
        "masked": asked.masked(found),
        "forms": dict(found.forms),
        "incomplete": [{"pointer": one.pointer, "reason": one.reason} for one in found.incomplete],
        "facts": found.facts.model_dump(mode="json"),
        "configuration": configuration.digest,
    }


def _as_text(asked: Given, found: Classification, reasons: list[Explanation]) -> str:
    labels = ", ".join(found.labels) or "no label"
    lines = [f"{found.sensitivity}: {labels}; {_counted(len(found.findings))}, read as {asked.kind}"]
    rows = [
        (one.entity_type, plain(one.pointer) + (" (key)" if one.in_key else ""), f"{one.start}-{one.end}",
         f"{one.score:.2f}", one.recognizer)
        for one in found.findings
    ]  # fmt: skip
    if rows:
        head = ("type", "where", "at", "score", "rule")
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
        lines += ["", f"  {table[0].rstrip()}"]
        for index, row in enumerate(table[1:]):
            lines.append(f"  {row.rstrip()}")
            lines += [f"      {line}" for line in (_because(reasons[index]) if reasons else ())]
    lines += [f"not looked into: {plain(one.pointer)} ({one.reason})" for one in found.incomplete]
    if found.forms:
        lines += ["", *(f"  {placeholder} is one {form}" for placeholder, form in found.forms.items())]
    masked = asked.masked(found)
    shown = masked if isinstance(masked, str) else json.dumps(masked, indent=2, ensure_ascii=False)
    return "\n".join([*lines, "", *map(plain, shown.split("\n"))])


def _counted(findings: int) -> str:
    return "1 finding" if findings == 1 else f"{findings} findings"


def _because(reason: Explanation) -> list[str]:
    told = [f"because: {reason.rule}"]
    told += [f"checked: {reason.validator}"] if reason.validator else []
    told += [f"word:    {reason.context}"] if reason.context else []
    return [plain(line) for line in told]
