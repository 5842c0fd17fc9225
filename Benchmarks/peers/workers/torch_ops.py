"""PyTorch on the shapes of the engine's kernels: torch_ops.py OPERATION SIZES..."""
import os
import sys

import torch

from turns import serve

operation, sizes = sys.argv[1], [int(size) for size in sys.argv[2:]]
torch.manual_seed(1)
torch.set_num_threads(int(os.environ.get("PEER_THREADS", "1")))
torch.set_grad_enabled(False)
title = f"PyTorch {torch.__version__}"
F = torch.nn.functional


def linear(dtype):
    m, n, k = sizes
    x, w = torch.randn(m, k, dtype=dtype), torch.randn(n, k, dtype=dtype) * 0.1
    return lambda: F.linear(x, w)


def dynamic_int8():
    # Weights packed once, activations quantised in each call.
    m, n, k = sizes
    torch.backends.quantized.engine = "onednn" if operation == "linear-i8-onednn" else "x86"
    layer = torch.nn.Linear(k, n, bias=False)
    quantised = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(layer), {torch.nn.Linear}, dtype=torch.qint8)
    x = torch.randn(m, k)
    return lambda: quantised(x)


def weight_only_int8():
    m, n, k = sizes
    x = torch.randn(m, k, dtype=torch.bfloat16)
    w = torch.randint(-127, 127, (n, k), dtype=torch.int8)
    scales = torch.rand(n, dtype=torch.bfloat16)
    return lambda: torch.ops.aten._weight_int8pack_mm(x, w, scales)


def prepacked():
    # oneDNN with its own weight layout, as torch.compile's freezing uses it.
    m, n, k = sizes
    x, w = torch.randn(m, k), torch.randn(n, k) * 0.1
    packed = torch.ops.mkldnn._reorder_linear_weight(w, m)
    return lambda: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], "")


def attention(dtype):
    tokens, heads, width = sizes
    q, k, v = (torch.randn(1, heads, tokens, width, dtype=dtype) for _ in range(3))
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)


def step(dtype):
    rows, seen, heads, width = sizes
    q = torch.randn(rows, heads, 1, width, dtype=dtype)
    # All rows see the same cells, as beams do their prompt.
    k, v = (torch.randn(1, heads, seen, width, dtype=dtype).expand(rows, -1, -1, -1) for _ in range(2))
    return lambda: F.scaled_dot_product_attention(q, k, v)


def depthwise():
    size, channels = sizes
    convolution = torch.nn.Conv2d(channels, channels, 7, padding=3, groups=channels).to(memory_format=torch.channels_last)
    x = torch.randn(1, channels, size, size).to(memory_format=torch.channels_last)
    return lambda: convolution(x)


def layer_norm():
    rows, columns = sizes
    norm, x = torch.nn.LayerNorm(columns), torch.randn(rows, columns)
    return lambda: norm(x)


def rms_norm():
    rows, columns = sizes
    weight, x = torch.randn(columns), torch.randn(rows, columns)
    return lambda: F.rms_norm(x, (columns,), weight, 1e-6)


def silu_mul():
    rows, columns = sizes
    gate, up = torch.randn(rows, columns), torch.randn(rows, columns)
    return lambda: F.silu(gate) * up


def shared_mlp(groups, limit, *widths):
    # Shared MLP and maximum of grouped rows, as PointNet++ in PyTorch computes them; grouping itself is not counted.
    layers = [torch.nn.Conv2d(a, b, 1) for a, b in zip(widths, widths[1:])]
    network = torch.nn.Sequential(*[part for layer in layers for part in (layer, torch.nn.ReLU())])
    x = torch.randn(1, widths[0], groups, limit)
    return lambda: network(x).amax(3)


def pointnet():
    # The three set abstractions of 60 objects.
    parts = [shared_mlp(60 * 32, 32, 6, 64, 64, 128), shared_mlp(60 * 16, 32, 131, 128, 128, 256), shared_mlp(60, 16, 259, 256, 512, 768)]
    return lambda: [part() for part in parts]


makers = {
    "linear-f32": lambda: linear(torch.float32), "linear-bf16": lambda: linear(torch.bfloat16), "linear-f16": lambda: linear(torch.float16),
    "linear-i8": dynamic_int8, "linear-i8-onednn": dynamic_int8, "linear-i8-weights": weight_only_int8, "linear-f32-onednn": prepacked,
    "attention": lambda: attention(torch.float32), "step": lambda: step(torch.float32), "depthwise": depthwise, "layer-norm": layer_norm,
    "rms-norm": rms_norm, "silu-mul": silu_mul, "set-abstraction": lambda: shared_mlp(*sizes), "pointnet": pointnet,
}
serve(f"{title} {operation}", makers[operation]())
