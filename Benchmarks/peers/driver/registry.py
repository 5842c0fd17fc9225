"""Who is compared, on what."""
from .models import LEOInPyTorch, LlamaPeer, ModelCase
from .peers import KernelCase, PythonPeer

SAMPLING = [(60, 1024, 32), (1, 20000, 1024), (1, 200000, 4096)]
ROWS = (192, 5, 1)
FORMS = {"f32": "f32_f32_nk16", "bf16": "f32_bf16_nk16", "i8g128": "q8_i8g128_n64"}


def sampling(library, forms):
    return [KernelCase(f"fps/f32_pc/{b}x{n}->{s}", "points.py", library, form, b, n, s, note=form) for b, n, s in SAMPLING for form in forms]


def products(weights, worker, *kind, note=""):
    return [KernelCase(f"linear/{FORMS[weights]}/{m}x4096x4096", worker, *kind, m, 4096, 4096, note=note) for m in ROWS]


def ggml(kinds):
    # The worker adds the number of threads.
    return [KernelCase(f"linear/{FORMS['i8g128']}/{m}x4096x4096", "", kind, m, 4096, 4096, note=kind) for kind in kinds for m in ROWS]


def whole(layers, notes):
    return [ModelCase(stage, layers, note) for note in notes for stage in ("prefill", "decode")]


def peers(layers):
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
        ], **torch),
        PythonPeer("onednn", "oneDNN, through PyTorch", [], [
            *products("f32", "torch_ops.py", "linear-f32-onednn", note="weights packed before"), *products("i8g128", "torch_ops.py", "linear-i8-onednn", note="dynamic int8"),
        ], **torch),
        PythonPeer("onnxruntime", "ONNX Runtime", ["onnxruntime", "onnx", "numpy"],
                   [*products("f32", "onnx_ops.py", "f32"), *products("i8g128", "onnx_ops.py", "i8", note="dynamic int8")]),
        PythonPeer("openvino", "OpenVINO", ["openvino", "numpy"],
                   [*products("f32", "openvino_ops.py", "f32"), *products("i8g128", "openvino_ops.py", "i8", note="int8 weights")]),
        PythonPeer("openblas", "OpenBLAS, NumPy's", ["numpy"], products("f32", "blas_ops.py")),
        LlamaPeer("llama.cpp", "llama.cpp", "https://github.com/ggml-org/llama.cpp", "LLAMA_CPP_DIR", [*ggml(("q8_0", "q4_0")), *whole(layers, ("Q8_0", "Q4_0"))],
                  archive=("llama-cpp-python", "vendor/llama.cpp")),
        LlamaPeer("ik_llama.cpp", "ik_llama.cpp", "https://github.com/ikawrakow/ik_llama.cpp", "IK_LLAMA_CPP_DIR",
                  [*ggml(("q8_0", "q4_0")), *whole(layers, ("Q8_0", "Q4_0"))]),
        LEOInPyTorch("leo-pytorch", "the official LEO's language model in PyTorch", ["transformers"], whole(layers, ("bfloat16", "float32")), **torch),
    ]
