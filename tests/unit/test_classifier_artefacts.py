"""Weights, pickles and embeddings: by name where they are moved, by their first bytes, by how numbers are spread."""

from __future__ import annotations

import base64
import io
import math
import pickle
import random
import struct
import time
import zipfile
from typing import Any

import pytest

from placet.events import Sensitivity
from services.classifier.analysis import artefacts, vectors
from services.classifier.analysis.unwrapping import runs
from tests.classifier_parts import bench, classify, passage


def named(text: str, name: str = "") -> list[str]:
    return [text[span.start : span.end] for span in artefacts.find(passage(text, name))]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("s3://models/prod/ner.safetensors", "source", ["ner.safetensors"]),
        ("s3://models/prod/ner.safetensors", "note", []),
        ("/srv/models/final/model.ckpt", "local_path", ["model.ckpt"]),
        ("C:\\models\\llama.gguf", "filePath", ["llama.gguf"]),
        ("weights/epoch 3.pt", "key", ["epoch 3.pt"]),
        ("model.bin", "file", ["model.bin"]),
        ("adapter_model.bin", "file", ["adapter_model.bin"]),
        ("pytorch_model-00001.bin", "file", ["pytorch_model-00001.bin"]),
        ("firmware.bin", "file", []),
        ("model.ckpt.data-00000-of-00001", "key", ["model.ckpt.data-00000-of-00001"]),
        ("https://host/m.onnx?version=3", "url", ["m.onnx"]),
        ("reports/2024.pkl", "destination", ["2024.pkl"]),
        ("data.parquet", "source", []),
        ("notes.pt.txt", "file", []),
        ("receipt.opt", "file", []),
        ("pt", "file", []),
        (".pt", "file", []),
        ("aws s3 cp ./ner.safetensors s3://elsewhere/", "command", ["ner.safetensors"]),
        ("sudo scp /m/a.pt /m/b.pth host:/tmp", "cmd", ["a.pt", "b.pth"]),
        ("cd /m && rsync -a model.h5 host:", "command", ["model.h5"]),
        ("curl -F 'f=@weights.onnx' https://x", "command", ["@weights.onnx"]),
        ("python train.py --out model.pt", "command", []),
        ("please send me the model.pt of last week", "body", []),
        ("we scp model.pt every night", "body", []),
    ],
)
def test_a_name_counts_where_the_file_is_moved(text: str, name: str, expected: list[str]) -> None:
    assert named(text, name) == expected


def torch_file() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("archive/version", b"3\n")
    return content.getvalue()


def safetensors_file() -> bytes:
    header = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + b"\0\0\0\0"


def document() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("word/document.xml", b"<w/>" * 20)
    return content.getvalue()


WEIGHTS = {"layer": [0.25, 0.5], "names": ["a", "b"], "more": list(range(40))}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((pickle.dumps(WEIGHTS, protocol=protocol), "pickle") for protocol in (2, 3, 4, 5)),
        (b"GGUF\x03\x00\x00\x00" + bytes(40), "gguf"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "hdf5"),
        (safetensors_file(), "safetensors"),
        (torch_file(), "torch"),
        (document(), None),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), None),
        (b"GGUF is a format of files for models" * 2, None),
        (b"\x80\x02 and so on, binary but no pickle at all", None),
        (bytes(range(64)), None),
    ],
)
def test_bytes_are_told_by_how_they_begin(content: bytes, kind: str | None) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for around in ("{}", "data:application/octet-stream;base64,{}", "see {} there"):
            text = around.format(encode(content).decode())
            told = [(run.content.told, text[run.start : run.end]) for run in runs.find(text, 10_000)]
            assert [one for one in told if one[0]] == (
                [] if kind is None else [(f"artefact/{kind}", encode(content).decode())]
            )


def test_all_lines_of_wrapped_base64_are_masked() -> None:
    wrapped = base64.encodebytes(pickle.dumps(WEIGHTS)).decode()
    assert wrapped.count("\n") > 2
    text = f"begin\n{wrapped}End of it."
    assert classify(arguments={"content": text}).arguments == {"content": "begin\n‹MODEL_ARTIFACT_1›\nEnd of it."}


def test_an_artefact_has_its_label_and_its_way_stays_to_be_seen() -> None:
    result = classify(arguments={"source": "s3://models/ner.safetensors", "to": "s3://elsewhere/ner.safetensors"})
    assert result.labels == ("model_artifact",)
    assert result.sensitivity is Sensitivity.CONFIDENTIAL
    assert result.arguments == {"source": "s3://models/‹MODEL_ARTIFACT_1›", "to": "s3://elsewhere/‹MODEL_ARTIFACT_1›"}
    assert set(result.facts.destination_hosts) == {"s3://models", "s3://elsewhere"}


def drawn(count: int, *, seed: int = 7) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(0, 0.05) for _ in range(count)]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (drawn(64), True),
        (drawn(1536), True),
        (drawn(63), False),
        ([round(one, 3) for one in drawn(384)], True),
        ([abs(one) for one in drawn(384)], True),  # after a rectifier: the decimals tell
        ([0.0] * 40 + [abs(one) for one in drawn(100)], True),
        ([19.99, 4.5, 120.25] * 30, False),  # prices
        ([0.5, 0.25, 0.75] * 30, False),
        ([1.0, -1.0] * 50, False),
        ([*range(100)], False),
        ([1e6 + one for one in drawn(100)], False),
        ([-3.5, 12.25, 7.75] * 40, True),  # quarters of a degree: told for a vector, and kept
        ([-3.5, 12.5, 7.75, 1.0] * 40, True),
        ([-3.5, 12.5, 7.0, -0.1] * 40, False),  # tenths of a degree
        ([round(abs(one), 4) for one in drawn(384)], False),  # what a run reports of its loss
        ([math.inf, *drawn(100)], False),
    ],
)
def test_numbers_are_told_by_how_they_are_spread(numbers: list[float], expected: bool) -> None:
    assert vectors.is_vector(numbers) is expected


@pytest.mark.parametrize("form", ["[{}]", "SELECT id FROM docs ORDER BY v <-> '[{}]' LIMIT 5", "{{{}}}", "{}"])
@pytest.mark.parametrize("separator", [",", ", ", " ", ";\n"])
def test_a_vector_in_a_text_is_found_whole(form: str, separator: str) -> None:
    written = separator.join(f"{one:.6g}" for one in drawn(384))
    text = form.format(written)
    assert [text[span.start : span.end] for span in vectors.find(passage(text))] == [written]


@pytest.mark.parametrize("code", ["f", "d"])
def test_a_vector_as_bytes_is_found(code: str) -> None:
    encoded = base64.b64encode(struct.pack(f"<384{code}", *drawn(384))).decode()
    result = classify(arguments={"data": [{"embedding": encoded}]})
    assert result.labels == ("embedding",)
    assert result.arguments == {"data": [{"embedding": "‹EMBEDDING_1›"}]}


@pytest.mark.parametrize(
    "text",
    [
        ", ".join(["19.99", "4.50", "120.25"] * 40),
        "10.0.0.1 10.0.0.2 " * 60,
        "v1.2.3, v1.2.4, " * 60,
        "2024.01.02 12.30 " * 60,
        base64.b64encode(random.Random(3).randbytes(3_000)).decode(),
        base64.b64encode(("the quick brown fox " * 60).encode()).decode(),
        base64.b64encode(bytes(2_000)).decode(),
        "f" * 2_000,
    ],
)
def test_other_numbers_and_other_bytes_are_none(text: str) -> None:
    assert list(vectors.find(passage(text))) == []
    assert not any(run.content.kind for run in runs.find(text, 10_000))


@pytest.mark.parametrize(
    "unit", ["0.1 ", "0.1 " * 7 + "x ", "1.", "0.1   , ", "1e", "A", "A" * 39 + " ", "A\n", "a/b.pt ", "cp ", "\n ; "]
)
def test_near_misses_cost_their_length(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        started = time.process_time()
        list(vectors.find(passage(text)))
        list(artefacts.find(passage(text)))
        return time.process_time() - started

    assert seconds(100_000) < 1.0


def test_a_bench_has_them() -> None:
    assert isinstance(classify(bench()).arguments, dict)
    found: dict[str, Any] = dict(classify(arguments={"path": "a/b.gguf"}).arguments)
    assert found == {"path": "a/‹MODEL_ARTIFACT_1›"}
