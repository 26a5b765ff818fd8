"""`make accuracy`: the classifier and stock Presidio over the same labelled actions, type by type.

Rules: the corpus and what counts as found are those of tests/corpora; both sides see the same texts, in one process
on one core; the same tree gives the same numbers. No value is written anywhere: misses are named by template and type.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from benchmarks import accuracy_report
from benchmarks.figures import OUT
from benchmarks.stock import Stock
from tests.corpora.corpus import actions
from tests.corpora.model import Half, Labelled
from tests.corpora.ours import Ours
from tests.corpora.scoring import Judged, Seen, judge
from tests.corpora.vocabulary import vocabulary


@click.command(epilog='Example: make accuracy ARGS="--half test"')
@click.option(
    "--half",
    type=click.Choice(["dev", "test"]),
    default="dev",
    show_default=True,
    help="The half of the templates; rules are written against dev alone.",
)
@click.option(
    "--fills", type=click.IntRange(1, 100), default=3, show_default=True, help="How often to fill a template."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON instead of as a table.")
def main(*, half: Half, fills: int, as_json: bool) -> None:
    """Precision, recall and F2 per type, beside stock Presidio. Writes benchmarks/out/accuracy.md, .json and .svg.

    Exit status 0: it ran; the report says which target is met.
    """
    corpus = list(actions(half, fills=fills))
    _say(f"{len(corpus)} actions of the {half} half")
    started = time.monotonic()
    ours = _judged("ours ", Ours().look, corpus)
    middle = time.monotonic()
    stock = _judged("stock", Stock().look, corpus)
    seconds = {"ours": middle - started, "stock": time.monotonic() - middle}
    report = accuracy_report.report(half, fills, ours, stock)
    OUT.mkdir(exist_ok=True)
    (OUT / "accuracy.json").write_text(json.dumps(report, indent=1) + "\n")
    (OUT / "accuracy.md").write_text(accuracy_report.markdown(report))
    (OUT / "accuracy.svg").write_text(accuracy_report.chart(report))
    print(json.dumps(report, indent=1) if as_json else accuracy_report.markdown(report))
    _say(f"Took {seconds['ours']:.0f} s for ours, {seconds['stock']:.0f} s for stock, start included.")
    _say(f"Written to {_shown(OUT / 'accuracy.md')}, .json and .svg")


def _judged(name: str, look: Callable[[Labelled], Seen], corpus: Sequence[Labelled]) -> list[Judged]:
    with click.progressbar(corpus, label=name, file=sys.stderr) as progress:
        return [judge(action, look(action), vocabulary()) for action in progress]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
