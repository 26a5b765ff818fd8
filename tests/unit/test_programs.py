"""What each process is given: its own secrets, and nothing of the operator's environment."""

from __future__ import annotations

from pathlib import Path

from infra.layout import Layout
from infra.programs import INHERITED, PROVIDER, SERVICES, Addresses, programs

LAYOUT = Layout(Path("/run/placet"))
ADDRESSES = Addresses({name: 1000 + number for number, name in enumerate([*(s.name for s in SERVICES), PROVIDER])})
OUTSIDE = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "hunter2", "PYTHONPATH": "/tmp", "PLACET_ENV": "dev"}

SECRETS = {
    "classifier": {"keys/services/classifier.key.json", "kafka/clients/classifier.json", "secrets/fingerprint"},
    "policy": {"keys/services/policy.key.json", "kafka/clients/policy.json"},
    "settle": {"keys/services/settle.key.json", "kafka/clients/settle.json", "dsn/settle.dsn"},
    "desk": {"dsn/desk.dsn", "secrets/session", "secrets/oidc-client"},
    "ledger-writer": {"keys/services/ledger.key.json", "kafka/clients/ledger.json", "dsn/ledger_writer.dsn"},
    "ledger-api": {"dsn/ledger_reader.dsn"},
}
PUBLIC = {"keys/trust.json", "keys/root.pub.json", "directory.json", "tmp"}


def environments() -> dict[str, dict[str, str]]:
    found = programs(SERVICES, LAYOUT, ADDRESSES, outside=OUTSIDE, mode="production")
    return {program.name: dict(program.env) for program in found}


def test_a_service_inherits_nothing_but_what_every_program_needs() -> None:
    for name, given in environments().items():
        inherited = {variable for variable in given if not variable.startswith("PLACET_")}
        assert inherited == {"PATH", "TMPDIR"}, name
        assert inherited <= {*INHERITED, "TMPDIR"}
        assert "hunter2" not in given.values()


def test_each_process_is_given_its_own_secrets_and_no_other() -> None:
    given = environments()
    for name, secrets in SECRETS.items():
        named = {
            str(Path(value).relative_to(LAYOUT.folder))
            for value in given[name].values()
            if value.startswith(str(LAYOUT.folder))
        }
        assert named - PUBLIC == secrets, name
