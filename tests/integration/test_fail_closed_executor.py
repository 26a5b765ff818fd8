"""The executor where its surroundings fail: a clock that is off, a disk that is full. Nothing runs, and it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from infra.children import ROOT
from placet.executor.report import RefusedError
from placet.limits import CLOCK_LEEWAY_SECONDS, GRANT_SECONDS
from placet.outcomes import ClientError
from tests.fix_executor import Workbench


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        (timedelta(seconds=-(CLOCK_LEEWAY_SECONDS + 5)), "grant_not_yet_valid"),
        (timedelta(seconds=GRANT_SECONDS + 1), "grant_expired"),
    ],
)
def test_a_clock_off_by_more_than_the_leeway_refuses_with_a_code(
    workbench: Workbench, ahead: timedelta, code: str
) -> None:
    ticket = workbench.ticket()
    workbench.ahead = ahead
    with pytest.raises(RefusedError) as refused:
        workbench.executor.execute(ticket)
    assert refused.value.code == code
    assert [(str(report.status), report.code) for report in workbench.reports] == [("refused", code)]
    assert workbench.calls == []
    workbench.ahead = timedelta(0)

    workbench.executor.execute(ticket)  # the clock was set right: nothing was used up
    assert workbench.calls == [10]


def test_a_clock_off_by_less_than_the_leeway_runs(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    workbench.ahead = timedelta(seconds=-(CLOCK_LEEWAY_SECONDS - 2))
    workbench.executor.execute(ticket)
    assert workbench.calls == [10]


PROGRAM = """
import json, resource, signal, sys
from pathlib import Path
from placet.outcomes import ClientError
from tests.fix_executor import Workbench
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
bench = Workbench(Path(sys.argv[1]))
fine, kept = bench.ticket(), bench.ticket()
bench.executor.execute(fine)
store = max(path.stat().st_size for path in Path(sys.argv[1]).glob("store*"))
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (store, hard))  # no byte more: as a full disk
try:
    bench.executor.execute(kept)
    said = "ran"
except ClientError as error:
    said = str(error)
full = list(bench.calls)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
again = bench.executor.attempt(kept)
print(json.dumps({"said": said, "full": full, "calls": bench.calls, "succeeded": again.succeeded,
                  "reports": [[str(report.status), report.code] for report in bench.reports]}))
"""


def test_a_full_disk_under_the_store_runs_nothing_and_is_over_when_there_is_space(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    came = json.loads(finished.stdout)
    assert "Nothing runs without it" in came["said"]
    assert came["full"] == [10], "only what was run before the disk was full"
    assert came["succeeded"]
    assert came["calls"] == [10, 10]
    assert came["reports"] == [["succeeded", "done"]] * 2


def test_a_store_that_cannot_be_opened_is_named(workbench: Workbench) -> None:
    (workbench.folder / "flat").write_text("")
    with pytest.raises(ClientError, match="Nothing was run"):
        workbench.make("warehouse", store="flat/store")
