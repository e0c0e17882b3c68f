"""What computes the graph of an exported policy on a CPU: ONNX Runtime or OpenVINO."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from il_ros.errors import CheckpointError, install
import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, NDArray[Any]]


class Runtime(Protocol):
    """A loaded graph.

    Attributes:
        inputs: Shape of each input.
    """

    inputs: dict[str, tuple[int, ...]]

    def run(self, values: Values) -> list[NDArray[np.float32]]:
        """Return the outputs, in the file's order, for a value of each input."""
        ...


class OnnxRuntime:
    """ONNX Runtime, in 32 bit; no worse than OpenVINO's 32 bit where there are images."""

    def __init__(self, path: Path, threads: int) -> None:
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise CheckpointError(f'{path}: ONNX Runtime is missing: '
                                  f'{install("onnx", "onnxruntime")}') from None
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors: what it cannot fold is nobody's concern
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin between inferences take the cores from whoever publishes.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        try:
            self._session = onnxruntime.InferenceSession(
                path, options, providers=['CPUExecutionProvider'])
        except Exception as error:  # its errors have no common base
            raise CheckpointError(f'{path}: ONNX Runtime does not load it: {error}') from None
        self.inputs = {i.name: tuple(i.shape) for i in self._session.get_inputs()}

    def run(self, values: Values) -> list[NDArray[np.float32]]:
        """Return the outputs."""
        found: list[NDArray[np.float32]] = self._session.run(None, dict(values))
        return found


class OpenVino:
    """OpenVINO, in 32 bit or in bfloat16, which takes a processor that multiplies it.

    In bfloat16 a chunk is off by up to a few hundredths of the spread of the training actions.
    """

    def __init__(self, path: Path, threads: int, *, bf16: bool = False) -> None:
        try:
            import openvino
        except ModuleNotFoundError:
            raise CheckpointError(f'{path}: OpenVINO is missing: '
                                  f'{install("openvino", "openvino")}') from None
        core = openvino.Core()
        if bf16 and 'BF16' not in core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
            raise CheckpointError(f'{path}: this processor does not compute in bfloat16; take the '
                                  'backend openvino')
        try:
            # Without pinning, two policies on a machine do not share one core.
            read = core.read_model(path)
            model = core.compile_model(read, 'CPU', {
                'INFERENCE_PRECISION_HINT': 'bf16' if bf16 else 'f32', 'NUM_STREAMS': 1,
                'INFERENCE_NUM_THREADS': threads, 'ENABLE_CPU_PINNING': False})
        except RuntimeError as error:
            raise CheckpointError(f'{path}: OpenVINO does not load it: {error}') from None
        self._request = model.create_infer_request()
        self._outputs = range(len(model.outputs))
        # Tensors that it makes one have all their names; the parameter keeps the file's.
        self.inputs = {p.get_friendly_name(): tuple(p.shape) for p in read.get_parameters()}

    def run(self, values: Values) -> list[NDArray[np.float32]]:
        """Return the outputs."""
        self._request.infer({i: values[name] for i, name in enumerate(self.inputs)})
        return [self._request.get_output_tensor(i).data.copy() for i in self._outputs]


def load_graph(path: Path, backend: str, threads: int) -> Runtime:
    """Return the graph, loaded by the backend: 'onnx', 'openvino' or 'openvino-bf16'.

    Raises:
        CheckpointError: The runtime is missing or does not load it.
    """
    if backend.startswith('openvino'):
        return OpenVino(path, threads, bf16=backend.endswith('bf16'))
    return OnnxRuntime(path, threads)
