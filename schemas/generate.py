"""Write the published contract from its sources: `python -m schemas.generate` (part of `make check`).

    json/<topic>.schema.json                 JSON Schema 2020-12 of the whole event
    topics/<topic>.yaml                      who produces, who consumes, how it is created
    examples/<topic>/valid/<case>.json       exact bytes, with <case>.signature as its Kafka header
    examples/<topic>/invalid/<code>.json     exact bytes that must be refused with that code
    examples/trust.json, root.pub.json       what the examples verify under
    configuration/<file>.schema.json         JSON Schema of the files that an owner writes for the classifier
    asyncapi.yaml                            AsyncAPI 3.0 over all of it

Nothing here is edited by hand; whatever is not generated is removed.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter

from placet.catalogue import CATALOGUE, TopicSpec, spec_for_data
from placet.limits import MAX_EVENT_BYTES
from placet.messages import SIGNATURE_HEADER, Envelope, seal
from placet.trust import Trust, sign_trust
from schemas import cases
from services.classifier.analysis.owners.form import Own
from services.classifier.analysis.taxonomy import DataCatalogue, Taxonomy
from services.classifier.cases import Case

FOLDER = Path(__file__).parent
CONFIGURATION: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "classifier-own": ("An owner's own recognizers, dictionaries and markings", TypeAdapter(Own)),
    "classifier-cases": ("An owner's examples, for `placet classifier test`", TypeAdapter(list[Case])),
    "classifier-taxonomy": ("What detected types mean", TypeAdapter(Taxonomy)),
    "classifier-catalogue": ("What the owners of data say about it", TypeAdapter(DataCatalogue)),
}
"""Files that are no messages: whoever writes them has an editor that knows their form."""


def main() -> int:
    """Regenerate everything; the caller looks at `git diff`."""
    for name in ("json", "topics", "examples", "configuration"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for spec in CATALOGUE.values():
        _write(f"json/{spec.topic}.schema.json", json.dumps(json_schema(spec), indent=1, ensure_ascii=False) + "\n")
        _write(f"topics/{spec.topic}.yaml", _yaml(topic_file(spec)))
    _write("asyncapi.yaml", _yaml(asyncapi()))
    for name, (title, form) in CONFIGURATION.items():
        content = json.dumps(file_schema(title, form), indent=1, ensure_ascii=False)
        _write(f"configuration/{name}.schema.json", content + "\n")
    _examples()
    return 0


def json_schema(spec: TopicSpec) -> dict[str, Any]:
    """The JSON Schema of one topic's events, with type, source and subject pinned."""
    schema: dict[str, Any] = Envelope[spec.data].model_json_schema()  # type: ignore[name-defined]  # the catalogue's class
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = spec.data.__name__
    schema["description"] = spec.description
    schema["properties"]["type"] = {"const": spec.type}
    return schema


def file_schema(title: str, form: TypeAdapter[Any]) -> dict[str, Any]:
    """The JSON Schema of a file that an owner writes; what is a default need not be given."""
    schema = form.json_schema()
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}


def topic_file(spec: TopicSpec) -> dict[str, Any]:
    """One topic for whoever runs a broker."""
    return {
        "topic": str(spec.topic),
        "description": spec.description,
        "event": spec.data.__name__,
        "type": spec.type,
        "producers": sorted(map(str, spec.producers)),
        "consumers": sorted(map(str, spec.consumers)),
        "reads_single_messages": sorted(map(str, spec.reads_one)),
        "schema": f"json/{spec.topic}.schema.json",
        "dead_letters": spec.dead_letters,
        "creation": {
            "partitions": spec.partitions,
            "retention.ms": spec.retention_days * 24 * 3600 * 1000,
            "max.message.bytes": 1_048_576,
            "cleanup.policy": "delete",
            "compression.type": "uncompressed",
        },
    }


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: channels are topics, operations are what each role does."""
    operations: dict[str, Any] = {}
    for spec in CATALOGUE.values():
        for verb, roles in (("send", spec.producers), ("receive", spec.consumers)):
            for role in sorted(roles):
                operations[f"{role}-{verb}-{spec.topic}"] = {
                    "action": verb,
                    "channel": {"$ref": f"#/channels/{_escaped(spec.topic)}"},
                }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Placet",
            "version": "0.1.0",
            "description": f"Signed CloudEvents 1.0 in structured JSON mode, at most {MAX_EVENT_BYTES} bytes. "
            f"The header {SIGNATURE_HEADER} holds KEYID:SIGNATURE, Ed25519 over the DSSE pre-authentication encoding "
            "of (type, value).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            str(spec.topic): {
                "address": str(spec.topic),
                "description": spec.description,
                "messages": {spec.data.__name__: {"$ref": f"#/components/messages/{spec.data.__name__}"}},
            }
            for spec in CATALOGUE.values()
        },
        "operations": operations,
        "components": {
            "messages": {
                spec.data.__name__: {
                    "name": spec.data.__name__,
                    "contentType": "application/cloudevents+json",
                    "headers": {
                        "type": "object",
                        "required": [SIGNATURE_HEADER],
                        "properties": {
                            SIGNATURE_HEADER: {
                                "type": "string",
                                "pattern": "^[A-Za-z0-9_-]{43}:[A-Za-z0-9_-]{86}$",
                            }
                        },
                    },
                    "payload": {"$ref": f"json/{spec.topic}.schema.json"},
                }
                for spec in CATALOGUE.values()
            }
        },
    }


def _examples() -> None:
    content = sign_trust(cases.trust_document(), cases.ROOT)
    _write("examples/trust.json", content.decode())
    _write("examples/root.pub.json", cases.ROOT.public.jwk.model_dump_json() + "\n")
    digest = Trust.verify(content, cases.ROOT.public).digest
    for example in cases.story(digest):
        sealed = seal(example.data, example.signer, time=cases.NOW, trust_digest=digest)
        folder = f"examples/{spec_for_data(example.data).topic}"
        _write(f"{folder}/valid/{example.name}.json", sealed.value)
        _write(f"{folder}/valid/{example.name}.signature", sealed.signature)
        for code, value in cases.spoiled(sealed.value).items():
            _write(f"{folder}/invalid/{code}.json", value)


def _write(name: str, content: str | bytes) -> None:
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def _yaml(content: dict[str, Any]) -> str:
    return "# Generated by `python -m schemas.generate`.\n" + yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=120
    )


def _escaped(topic: str) -> str:
    return re.sub("/", "~1", re.sub("~", "~0", topic))


if __name__ == "__main__":
    sys.exit(main())
