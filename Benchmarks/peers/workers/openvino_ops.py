"""OpenVINO matrix products: openvino_ops.py f32|i8 M N K; i8 has 8-bit weights with a scale for each output."""
import os
import sys

import numpy as np
import openvino
from openvino import opset13 as ops

from turns import serve

kind, (m, n, k) = sys.argv[1], map(int, sys.argv[2:5])
random = np.random.default_rng(1)
x = ops.parameter([m, k], np.float32)
if kind == "f32":
    w = ops.constant(random.standard_normal((n, k), dtype=np.float32))
else:
    stored = ops.constant(random.integers(-127, 127, (n, k), dtype=np.int8))
    w = ops.multiply(ops.convert(stored, "f32"), ops.constant(np.full((n, 1), 0.01, np.float32)))
model = openvino.Model([ops.matmul(x, w, False, True)], [x])
properties = {"INFERENCE_NUM_THREADS": int(os.environ.get("PEER_THREADS", "1")), "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
if kind == "i8":
    # Activations are quantised in groups of 128 on the way, as in the engine.
    properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = 128
request = openvino.Core().compile_model(model, "CPU", properties).create_infer_request()
request.set_input_tensor(openvino.Tensor(random.standard_normal((m, k), dtype=np.float32)))
serve(f"OpenVINO {openvino.__version__.split('-')[0]} {kind}", request.infer)
