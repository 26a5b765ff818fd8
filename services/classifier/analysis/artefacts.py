"""Model artefacts: weights and pickles, by the names of files that are moved and by how their bytes begin.

Rules:
- A name counts where a file is moved: at the end of a path under a name that says so (`source`, `key`, `local_path`),
  or in a command that copies, uploads or sends. A name in prose moves nothing.
- A name that says which model is used (`model_path`, `checkpoint`, `base_weights`) counts where the action itself moves
  something (`storage.put`, `export`): configuration names weights, and leaves them where they are. Where the action
  only looks (`describe`) nothing counts by its name.
- Bytes count wherever they can be read (`unwrapping`): what begins as a pickle, a GGUF, HDF5, safetensors or PyTorch
  file does. A zip archive alone is not told: most are documents.
- What is found is the file's name, not the path to it: where it goes is for everybody to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Final

from services.classifier.analysis import names
from services.classifier.model import Passage, Span

MODEL_ARTIFACT: Final = "MODEL_ARTIFACT"
RECOGNIZER: Final = "artefact/"

_LONGEST_PATH: Final = 1_024
_NAMES: Final = re.compile(
    r"(?i)(?:[^/\\]{1,200}\.(?:safetensors(?:\.index\.json)?|gguf|ggml|pth|pt|onnx|tflite|mlmodel|mlpackage|keras|hdf5|h5|"
    r"pkl|pickle|joblib|caffemodel|torchscript|pdparams|llamafile|ckpt(?:\.(?:index|meta|data-\d{5}-of-\d{5}))?)|"
    r"(?:[\w.-]{0,60}[_-])?model(?:[-_.][\w-]{1,40})?\.(?:bin|msgpack|mar|tar\.gz)|saved_model\.pb)"
)
_MOVED: Final = frozenset({
    "source", "src", "destination", "dest", "dst", "target", "path", "paths", "file", "files", "filename", "key",
    "keys", "object", "objects", "uri", "url", "from", "to", "artifact", "artifacts", "artefact", "upload", "download",
    "checkpoint", "weights", "location", "blob", "attachment", "attachments", "include",
})  # fmt: skip
"""Words of names under which a path is one that is moved."""
_USED: Final = frozenset({
    "model", "models", "weight", "weights", "checkpoint", "checkpoints", "ckpt", "pretrained", "base", "init", "resume",
    "tokenizer", "adapter", "lora", "encoder", "classifier",
})  # fmt: skip
_DIRECTED: Final = frozenset({
    "source", "src", "destination", "dest", "dst", "target", "from", "to", "upload", "download", "artifact",
    "artifacts", "artefact", "attachment", "attachments",
})  # fmt: skip
"""Words that move even what is used."""
_MOVES: Final = frozenset({
    "put", "copy", "cp", "mv", "move", "upload", "download", "export", "import", "send", "push", "pull", "publish",
    "share", "sync", "attach", "transfer", "release", "backup", "restore", "fetch", "archive", "post", "replicate",
    "mirror",
})  # fmt: skip
"""Words of actions that move something."""


class Movement(IntEnum):
    """What an action's name says that it does with files."""

    LOOKS = 0
    MAY_MOVE = 1
    MOVES = 2


_FILE: Final = f"{RECOGNIZER}file_name"
_LOOKS: Final = frozenset({"describe", "list", "show", "stat", "inspect", "info", "search"})
IN_USE: Final = f"{RECOGNIZER}file_in_use"
_LEAST: Final[Mapping[str, Movement]] = {_FILE: Movement.MAY_MOVE, IN_USE: Movement.MOVES}
_MOVER: Final = re.compile(
    r"(?:^|[;&|(`\n]\s{0,4}|\bsudo\s{1,4})(?:cp|mv|scp|rsync|sftp|rclone|azcopy|s3cmd|gsutil|curl|wget|tar|zip|dvc|mlflow|"
    r"huggingface-cli|hf|oras|mc|aws\s{1,4}s3(?:api)?|gcloud\s{1,4}storage|az\s{1,4}storage|kubectl\s{1,4}cp|"
    r"docker\s{1,4}cp)\s"
)
_WORD: Final = re.compile(r"[^\s'\"`,;=()<>|]+")
_MAGIC: Final = (
    ("pickle", re.compile(rb"\x80[\x02-\x05](?:\x95.{6}\x00\x00|[\]}(ccq\x8cX\x8aK])", re.DOTALL)),
    ("gguf", re.compile(rb"GGUF[\x01-\x04]\x00\x00\x00")),
    ("hdf5", re.compile(rb"\x89HDF\r\n\x1a\n")),
    ("safetensors", re.compile(rb".{5}\x00\x00\x00\{\s{0,8}\"", re.DOTALL)),
    ("torch", re.compile(rb"PK\x03\x04.{26}[\w./-]{0,80}(?:data\.pkl|/data/0|/version|/byteorder)", re.DOTALL)),
)


HEADS: Final = frozenset({b"GG", b"\x89H", *(b"\x80" + bytes([protocol]) for protocol in range(2, 6))})
"""The first two bytes of those that always begin alike."""


def find(passage: Passage) -> Iterator[Span]:
    """Names of artefacts where they are moved; `IN_USE` where only the action can tell."""
    text = passage.text
    if passage.number:
        return
    if "." in text:
        yield from _named(passage)


def _named(passage: Passage) -> Iterator[Span]:
    text = passage.text
    if not _MOVED.isdisjoint(passage.hints) and len(text) <= _LONGEST_PATH and "\n" not in text:
        used = not _USED.isdisjoint(passage.hints) and _DIRECTED.isdisjoint(passage.hints)
        yield from _name_of(text, 0, 0.8, IN_USE if used else _FILE)
    elif _MOVER.search(text) is not None:
        for word in _WORD.finditer(text):
            if len(word[0]) <= _LONGEST_PATH:
                yield from _name_of(word[0], word.start(), 0.7, _FILE)


def _name_of(path: str, offset: int, score: float, recognizer: str) -> Iterator[Span]:
    path = path.split("?", 1)[0].rstrip("/")
    start = max(path.rfind("/"), path.rfind("\\")) + 1
    if _NAMES.fullmatch(path, start) is not None:
        yield Span(MODEL_ARTIFACT, offset + start, offset + len(path), score, recognizer)


def movement(action: str) -> Movement:
    """What an action's name says of it."""
    words = names.words(action)
    if not _MOVES.isdisjoint(words):
        return Movement.MOVES
    return Movement.MAY_MOVE if _LOOKS.isdisjoint(words) else Movement.LOOKS


def is_moved(span: Span, movement: Movement) -> bool:
    """Whether what was found by its name is moved by an action of that kind; anything else is kept."""
    return movement >= _LEAST.get(span.recognizer, Movement.LOOKS)


def in_bytes(data: bytes) -> str | None:
    """Which artefact bytes begin as: the name of its format."""
    return next((name for name, magic in _MAGIC if magic.match(data)), None)
