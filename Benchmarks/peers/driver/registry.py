"""Who is compared, on what."""
from .llama import LlamaPeer
from .models import LEOInPyTorch, ModelCase, StageCase
from .peers import KernelCase, PythonPeer

SAMPLING = [(60, 1024, 32), (1, 20000, 1024), (1, 200000, 4096)]
ROWS = (192, 5, 1)
FORMS = {"f32": "f32_f32_nk16", "bf16": "f32_bf16_nk16", "i8g128": "q8_i8g128_n64", "i4g32": "q8_i4g32_n64"}
GGML = {"q8_0": "i8g128", "q4_0": "i4g32"}
# What a file of the same number of bits is called there and here.
QUANTISED = (("Q8_0", "int8"), ("Q4_0", "int4"))


def sampling(library, forms):
    return [KernelCase(f"fps/f32_pc/{b}x{n}->{s}", "points.py", library, form, b, n, s, note=form) for b, n, s in SAMPLING for form in forms]


def products(weights, worker, *kind, note=""):
    return [KernelCase(f"linear/{FORMS[weights]}/{m}x4096x4096", worker, *kind, m, 4096, 4096, note=note) for m in ROWS]


def ggml():
    # The worker adds threads and layout.
    return [KernelCase(f"linear/{FORMS[weights]}/{m}x4096x4096", None, kind, m, 4096, 4096, note=kind) for kind, weights in GGML.items() for m in ROWS]


def whole(layers, notes):
    return [ModelCase(stage, layers, note, dtype) for note, dtype in notes for stage in ("prefill", "decode")]


def quantised(layers):
    # A second, deeper model takes minutes a case: 8 bits will do.
    return [case for count in layers for case in whole(count, QUANTISED if count == layers[0] else QUANTISED[:1])]


def convnext(runtime, dtype, note):
    return StageCase("image", f"ConvNeXt-Base, 224x224, {note}", "convnext.py", runtime, dtype)


def peers(layers):
    """All of them; `layers` are the depths of the 7B-shaped model."""
    torch = {"shared": ("torch", "numpy"), "early": ("torch", "numpy")}
    return [
        PythonPeer("fpsample", "fpsample: farthest-point sampling", ["fpsample", "numpy"], sampling("fpsample", ("plain", "bucket"))),
        PythonPeer("torch_quickfps", "torch_quickfps: farthest-point sampling", ["torch_quickfps", "setuptools", "ninja"], sampling("torch_quickfps", ("plain", "quick")),
                   options=("--no-build-isolation",), **torch),
        PythonPeer("scipy", "SciPy cKDTree: ball query", ["scipy", "numpy"],
                   [KernelCase("ball_query/f32/60x1024,m=32,r=0.2,k=32", "points.py", "scipy", "query", 60, 1024, 32)]),
        PythonPeer("pytorch", "PyTorch", [], [
            *products("f32", "torch_ops.py", "linear-f32"), *products("bf16", "torch_ops.py", "linear-bf16", note="bf16 activations"),
            *products("i8g128", "torch_ops.py", "linear-i8", note="dynamic int8"),
            *products("i8g128", "torch_ops.py", "linear-i8-weights", note="int8 weights, bf16 activations"),
            KernelCase("attention/f32_cells/prefill,192", "torch_ops.py", "attention", 192, 32, 128),
            KernelCase("attention/f32_cells/decode,1x256", "torch_ops.py", "step", 1, 256, 32, 128),
            KernelCase("attention/f32_cells/decode,5x256", "torch_ops.py", "step", 5, 256, 32, 128),
            KernelCase("rms_norm/f32/192x4096", "torch_ops.py", "rms-norm", 192, 4096), KernelCase("silu_mul/f32/192x11008", "torch_ops.py", "silu-mul", 192, 11008),
            KernelCase("layer_norm/f32/3136x128", "torch_ops.py", "layer-norm", 3136, 128),
            KernelCase("depthwise_conv/f32_nhwc/56x56x128,7x7", "torch_ops.py", "depthwise", 56, 128),
            KernelCase("depthwise_conv/f32_nhwc/14x14x512,7x7", "torch_ops.py", "depthwise", 14, 512),
            KernelCase("set_abstraction/f32/60x1024,m=32,k=32,[64,64,128]", "torch_ops.py", "set-abstraction", 1920, 32, 6, 64, 64, 128, note="grouping not counted"),
            KernelCase("set_abstraction/f32/60x32,m=16,k=32,[128,128,256]", "torch_ops.py", "set-abstraction", 960, 32, 131, 128, 128, 256, note="grouping not counted"),
            KernelCase("set_abstraction/f32/60x16,all,k=16,[256,512,768]", "torch_ops.py", "set-abstraction", 60, 16, 259, 256, 512, 768, note="grouping not counted"),
            StageCase("points", "PointNet++ of 60 objects, ours whole, theirs without sampling and grouping", "torch_ops.py", "pointnet"),
        ], **torch),
        PythonPeer("onednn", "oneDNN, through PyTorch", [], [
            *products("f32", "torch_ops.py", "linear-f32-onednn", note="weights packed before"), *products("i8g128", "torch_ops.py", "linear-i8-onednn", note="dynamic int8"),
        ], **torch),
        PythonPeer("onnxruntime", "ONNX Runtime", ["onnxruntime", "onnx", "numpy"],
                   [*products("f32", "onnx_ops.py", "f32"), *products("i8g128", "onnx_ops.py", "i8", note="dynamic int8"),
                    *products("i8g128", "onnx_ops.py", "nbits8", note="MatMulNBits, 8 bits, blocks of 128"),
                    *products("i4g32", "onnx_ops.py", "nbits4", note="MatMulNBits, 4 bits, blocks of 32")]),
        PythonPeer("openvino", "OpenVINO", ["openvino", "numpy"],
                   [*products("f32", "openvino_ops.py", "f32"), *products("i8g128", "openvino_ops.py", "i8", note="int8 weights")]),
        PythonPeer("openblas", "OpenBLAS, NumPy's", ["numpy"], products("f32", "blas_ops.py")),
        PythonPeer("convnext", "ConvNeXt-Base, whole", ["timm", "torchvision", "onnx", "onnxscript", "onnxruntime", "openvino"], [
            convnext("onnxruntime", "float32", "ONNX Runtime, float32"), convnext("openvino", "bfloat16", "OpenVINO, bfloat16 where the CPU computes it"),
            convnext("openvino", "float32", "OpenVINO, float32"), convnext("torch", "float32", "PyTorch, float32"),
        ], **torch),
        LlamaPeer("llama.cpp", "llama.cpp", "https://github.com/ggml-org/llama.cpp", "LLAMA_CPP_DIR", [*ggml(), *quantised(layers)],
                  decoding=("-p", "0", "-n", "{new}", "-d", "{prompt}"), archive=("llama-cpp-python", "vendor/llama.cpp")),
        LlamaPeer("ik_llama.cpp", "ik_llama.cpp", "https://github.com/ikawrakow/ik_llama.cpp", "IK_LLAMA_CPP_DIR", [*ggml(), *quantised(layers)],
                  decoding=("-p", "0", "-n", "0", "-gp", "{prompt},{new}"), options=((), ("-rtr", "1"))),
        LEOInPyTorch("leo-pytorch", "the official LEO's language model in PyTorch", ["transformers"],
                     whole(layers[0], (("bfloat16", "int8"), ("float32", "int8"))), **torch),
    ]
