"""ONNX Runtime matrix products: onnx_ops.py f32|i8|nbits8|nbits4 M N K

i8 is what its dynamic quantisation makes of a product: one scale for the weights. nbits is its product for language models: a scale for each
128 weights of 8 bits or 32 of 4 bits, activations quantised to 8 bits in blocks, as in the engine.
"""
import os
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from turns import serve

kind, (m, n, k) = sys.argv[1], map(int, sys.argv[2:5])
random = np.random.default_rng(1)
x = random.standard_normal((m, k), dtype=np.float32)


def plain():
    weights = [numpy_helper.from_array(random.standard_normal((k, n), dtype=np.float32), "w")]
    return [helper.make_node("MatMul", ["x", "w"], ["y"])], weights


def dynamic():
    # The runtime fuses these nodes.
    weights = [
        numpy_helper.from_array(random.integers(-127, 127, (k, n), dtype=np.int8), "w"),
        numpy_helper.from_array(np.float32(0.01), "w_scale"), numpy_helper.from_array(np.int8(0), "w_zero"),
    ]
    return [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["xq", "x_scale", "x_zero"]),
        helper.make_node("MatMulInteger", ["xq", "w", "x_zero", "w_zero"], ["yi"]), helper.make_node("Cast", ["yi"], ["yf"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x_scale", "w_scale"], ["scale"]), helper.make_node("Mul", ["yf", "scale"], ["y"]),
    ], weights


def blocks(bits):
    size = {8: 128, 4: 32}[bits]
    weights = [
        numpy_helper.from_array(random.integers(0, 256, (n, k // size, size * bits // 8), dtype=np.uint8), "w"),
        numpy_helper.from_array(np.full((n, k // size), 0.01, np.float32), "scales"),
    ]
    # Accuracy level 4 multiplies 8-bit integers.
    node = helper.make_node("MatMulNBits", ["x", "w", "scales"], ["y"], domain="com.microsoft", K=k, N=n, bits=bits, block_size=size, accuracy_level=4)
    return [node], weights


makers = {"f32": plain, "i8": dynamic, "nbits8": lambda: blocks(8), "nbits4": lambda: blocks(4)}
nodes, weights = makers[kind]()
inputs, outputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [m, k])], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [m, n])]
model = helper.make_model(helper.make_graph(nodes, "product", inputs, outputs, weights),
                          opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)])
model.ir_version = 9
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(os.environ.get("PEER_THREADS", "1"))
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
serve(f"ONNX Runtime {onnxruntime.__version__} {nodes[-1].op_type if kind.startswith('nbits') else kind}", lambda: session.run(None, {"x": x}))
