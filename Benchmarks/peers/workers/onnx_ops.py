"""ONNX Runtime matrix products: onnx_ops.py f32|i8 M N K"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from turns import serve

kind, (m, n, k) = sys.argv[1], map(int, sys.argv[2:5])
random = np.random.default_rng(1)
x = random.standard_normal((m, k), dtype=np.float32)
inputs, outputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [m, k])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [m, n])]
if kind == "f32":
    weights = [numpy_helper.from_array(random.standard_normal((k, n), dtype=np.float32), "w")]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
else:
    # What its dynamic quantisation makes of a MatMul; the runtime fuses it.
    weights = [
        numpy_helper.from_array(random.integers(-127, 127, (k, n), dtype=np.int8), "w"),
        numpy_helper.from_array(np.float32(0.01), "w_scale"), numpy_helper.from_array(np.int8(0), "w_zero"),
    ]
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "x_scale", "x_zero"]),
        helper.make_node("MatMulInteger", ["xq", "w", "x_zero", "w_zero"], ["yi"]), helper.make_node("Cast", ["yi"], ["yf"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x_scale", "w_scale"], ["scale"]), helper.make_node("Mul", ["yf", "scale"], ["y"]),
    ]
model = helper.make_model(helper.make_graph(nodes, "product", inputs, outputs, weights), opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 9
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ.get("PEER_THREADS", "1"))
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
serve(f"ONNX Runtime {onnxruntime.__version__} {kind}", lambda: session.run(None, {"x": x}))
