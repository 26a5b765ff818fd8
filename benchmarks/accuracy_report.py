"""The accuracy report: numbers first, then Markdown and a chart of them. Pure.

Rules: every number stands in the JSON; Markdown and chart show what is in it and nothing else. Targets that are missed
say so. The kind `hidden` (values encoded or bent) has a row of its own and is in no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tests.corpora.corpus import HIDDEN, OWN
from tests.corpora.scoring import Judged, Sums, Tally, sums, tallies, together
from tests.corpora.vocabulary import vocabulary

_FAMILIES: Final = ("structured", "credential", "text")
_TARGETS: Final = (
    # name, path into the report, bound, target
    ("recall, structured types", ("families", "structured", "ours", "recall"), "at least", 0.99),
    ("precision, structured types", ("families", "structured", "ours", "precision"), "at least", 0.97),
    ("recall, credentials", ("families", "credential", "ours", "recall"), "at least", 0.99),
    ("precision, credentials", ("families", "credential", "ours", "precision"), "at least", 0.97),
    ("recall, names", ("types", "PERSON", "ours", "recall"), "at least", 0.90),
    ("recall, addresses", ("types", "STREET_ADDRESS", "ours", "recall"), "at least", 0.90),
    ("sensitive characters masked, actions", ("sources", OWN, "ours", "masked"), "at least", 0.99),
    ("false alarms per 1,000 clean actions", ("clean", "ours"), "at most", 10.0),
)
_WORST: Final = 25
_RULE: Final = """A labelled span is *found* when a claim of an accepted type overlaps it (SemEval-2013 task 9.1, type),
and *covered* when claims of any type together hold every character of it. Precision is over claims: right where one
overlaps a span that accepts its type. F2 = 5PR / (4P + R). What was not looked into is masked whole: it is covered and
not found. The rules are those of `tests/corpora/scoring.py`; what is accepted stands in `tests/corpora/types.yaml`.
Stock is Presidio's default configuration, small spaCy model, threshold 0.4, one text at a time."""


def report(half: str, fills: int, ours: Sequence[Judged], stock: Sequence[Judged]) -> dict[str, Any]:
    """Everything that is said, as JSON values."""
    sides = {"ours": ours, "stock": stock}
    open_ = {name: [one for one in side if one.action.kind != HIDDEN] for name, side in sides.items()}
    counts = {name: tallies(side) for name, side in open_.items()}
    total = {name: sums(side, vocabulary()) for name, side in open_.items()}
    types = vocabulary().types
    seen = [kind for kind in types if any(kind in counts[name] for name in sides)]
    content: dict[str, Any] = {
        "half": half,
        "fills": fills,
        "actions": len(ours),
        "templates": len({one.action.template for one in ours}),
        "templates_of_other_sources": len({one.action.template for one in ours if one.action.source != OWN}),
        "clean_actions": total["ours"].clean,
        "families": {
            family: _beside(
                lambda name, family=family: _figures(  # type: ignore[misc]  # a default binds the loop's value
                    together(counts[name].get(kind, Tally()) for kind in seen if types[kind].family == family)
                )
            )
            for family in _FAMILIES
        },
        "types": {
            kind: {
                "family": types[kind].family,
                "planned": types[kind].planned,
                **{name: _figures(counts[name].get(kind, Tally())) for name in sides},
            }
            for kind in seen
        },
        "clean": {name: total[name].per_thousand_clean for name in sides},
        "sources": _masked(open_, lambda one: one.action.source),
        "kinds": _masked(sides, lambda one: one.action.kind),
        "false_alarms": {name: _counted(_by_type(_clean_alarms(open_[name]))) for name in sides},
        "worst_misses": _worst(total["ours"]),
        "worst_claims": [[*key, number] for key, number in total["ours"].alarms.most_common(_WORST)],
        "below_stock": _below(counts, seen),
        "beyond_the_vocabulary": {
            name: sorted({kind for kind in counts[name] if kind not in types} - {*vocabulary().unscored})
            for name in sides
        },
    }
    content["targets"] = [_target(content, *row) for row in _TARGETS]
    return content


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = [
        f"# Accuracy on the {report['half']} half",
        "",
        "{actions} actions from {templates} templates, {templates_of_other_sources} of them from presidio-evaluator; "
        "{clean_actions} actions are clean.".format(**report),
        "",
        _RULE,
        "",
        "![Recall per type, ours and stock](accuracy.svg)",
        "",
        *_table(
            ("target", "reached", "bound", ""),
            [
                (t["name"], _number(t["reached"]), f"{t['bound']} {t['target']:g}", t["verdict"])
                for t in report["targets"]
            ],
        ),
        "## Families",
        "",
        *_table(_HEAD, [_row(name, one) for name, one in report["families"].items()]),
        "## Types",
        "",
        *_table(
            _HEAD,
            [
                _row(f"{kind}{' (planned)' if one['planned'] else ''}", one)
                for kind, one in sorted(
                    report["types"].items(), key=lambda item: (_FAMILIES.index(item[1]["family"]), item[0])
                )
            ],
        ),
        f"Below stock: {', '.join(report['below_stock']) or 'none'}.",
        "",
        "## Characters masked, false alarms",
        "",
        *_table(
            ("kind or source", "actions", "clean", "masked", "stock", "false alarms per 1,000 clean", "stock"),
            [
                (
                    name,
                    one["ours"]["actions"],
                    one["ours"]["clean"],
                    _number(one["ours"]["masked"]),
                    _number(one["stock"]["masked"]),
                    _number(one["ours"]["per_thousand_clean"]),
                    _number(one["stock"]["per_thousand_clean"]),
                )
                for name, one in [*report["sources"].items(), *report["kinds"].items()]
            ],
        ),
        "False alarms in clean actions, by type: "
        + "; ".join(f"{side}: {_counts(report['false_alarms'][side])}" for side in ("ours", "stock")),
        "",
        "## Worst misses",
        "",
        *_table(("template", "type", "spans not covered"), report["worst_misses"]),
        "## Most wrong claims",
        "",
        *_table(("template", "type", "claims"), report["worst_claims"]),
    ]
    return "\n".join(lines)


def chart(report: Mapping[str, Any]) -> str:
    """Recall per type as an SVG, ours over stock."""
    rows = sorted(report["types"].items(), key=lambda item: (_FAMILIES.index(item[1]["family"]), item[0]))
    rows = [(kind, one) for kind, one in rows if one["ours"]["spans"]]
    height, left, width = 18, 190, 420
    parts = []
    for index, (kind, one) in enumerate(rows):
        top = 44 + index * height
        parts.append(f'<text x="{left - 8}" y="{top + 11}" text-anchor="end">{kind}</text>')
        for side, offset, colour in (("ours", 1, "#2f6f4f"), ("stock", 8, "#b9b3a4")):
            share = one[side]["recall"] or 0.0
            parts.append(
                f'<rect x="{left}" y="{top + offset}" width="{share * width:.1f}" height="6" fill="{colour}"/>'
            )
        parts.append(f'<text x="{left + width + 8}" y="{top + 11}">{_number(one["ours"]["recall"])}</text>')
    grid = "".join(
        f'<line x1="{left + width * share}" x2="{left + width * share}" y1="40" y2="{48 + len(rows) * height}" '
        f'stroke="#ddd"/><text x="{left + width * share}" y="34" text-anchor="middle">{share:g}</text>'
        for share in (0, 0.5, 0.9, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="680" height="{60 + len(rows) * height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{left}" y="16" font-size="13">Recall per type, {report["half"]} half: '
        f'<tspan fill="#2f6f4f">ours</tspan>, <tspan fill="#8d8675">stock Presidio</tspan></text>'
        f"{grid}{''.join(parts)}</svg>\n"
    )


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "spans": tally.spans, "recall": tally.recall, "covered": tally.coverage, "precision": tally.precision,
        "f2": tally.f2, "right": tally.right, "wrong": tally.wrong,
    }  # fmt: skip


def _beside(figures: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    return {name: figures(name) for name in ("ours", "stock")}


def _masked(sides: Mapping[str, Sequence[Judged]], group: Callable[[Judged], str]) -> dict[str, Any]:
    names = sorted({group(one) for one in sides["ours"]})
    return {
        name: {
            side: _overall(sums((one for one in judged if group(one) == name), vocabulary()))
            for side, judged in sides.items()
        }
        for name in names
    }


def _overall(total: Sums) -> dict[str, Any]:
    return {
        "actions": total.actions, "clean": total.clean, "characters": total.characters, "masked": total.masked_share,
        "false_alarms": total.false_alarms, "per_thousand_clean": total.per_thousand_clean,
    }  # fmt: skip


def _clean_alarms(judged: Sequence[Judged]) -> Counter[tuple[str, str]]:
    return sums((one for one in judged if one.clean), vocabulary()).alarms


def _by_type(alarms: Counter[tuple[str, str]]) -> Counter[str]:
    by_type: Counter[str] = Counter()
    for (_, kind), number in alarms.items():
        by_type[kind] += number
    return by_type


def _counted(counts: Counter[str]) -> dict[str, int]:
    return dict(counts.most_common())


def _worst(total: Sums) -> list[list[Any]]:
    return [[*key, number] for key, number in total.misses.most_common(_WORST)]


def _below(counts: Mapping[str, Mapping[str, Tally]], kinds: Sequence[str]) -> list[str]:
    """The types of which stock finds a larger share, or covers one."""
    below = []
    for kind in kinds:
        ours, stock = counts["ours"].get(kind, Tally()), counts["stock"].get(kind, Tally())
        if ours.spans and (ours.found < stock.found or ours.covered < stock.covered):
            below.append(kind)
    return below


def _target(content: Mapping[str, Any], name: str, path: Sequence[str], bound: str, target: float) -> dict[str, Any]:
    value: Any = content
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    met = value is not None and (value >= target if bound == "at least" else value <= target)
    return {"name": name, "reached": value, "bound": bound, "target": target, "verdict": "met" if met else "MISSED"}


_HEAD: Final = (
    "type", "spans", "recall", "covered", "precision", "F2",
    "stock recall", "stock covered", "stock precision", "stock F2",
)  # fmt: skip


def _row(name: str, one: Mapping[str, Any]) -> tuple[Any, ...]:
    sides = (_number(one[side][key]) for side in ("ours", "stock") for key in ("recall", "covered", "precision", "f2"))
    return (name, one["ours"]["spans"], *sides)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    marks = ("---", *("---:",) * (len(head) - 1))
    return [f"| {' | '.join(map(str, row))} |" for row in (head, marks, *rows)] + [""]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value <= 1 else f"{value:.0f}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number}" for kind, number in counts.items()) or "none"
