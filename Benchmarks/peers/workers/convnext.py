"""ConvNeXt-Base without its head, timm's graph with random weights: convnext.py torch|onnxruntime|openvino float32|bfloat16"""
import os
import pathlib
import sys

import timm
import torch

from turns import serve

runtime, dtype = sys.argv[1:3]
threads = int(os.environ.get("PEER_THREADS", "1"))
torch.manual_seed(1)
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
IMAGE = torch.randn(1, 3, 224, 224)


class Features(torch.nn.Module):
    """What LEO takes of it."""

    def __init__(self):
        super().__init__()
        self.network = timm.create_model("convnext_base", pretrained=False).eval()

    def forward(self, image):
        return self.network.forward_features(image)


def exported():
    """The graph as an ONNX file, beside the virtual environment."""
    path = pathlib.Path(sys.prefix).parent / f"convnext_base-timm-{timm.__version__}-torch-{torch.__version__}.onnx"
    if not path.exists():
        part = path.with_suffix(".part")
        torch.onnx.export(Features(), (IMAGE,), part, input_names=["image"], external_data=False, verbose=False)
        os.replace(part, path)
    return path


def with_torch():
    network, image = Features().to(memory_format=torch.channels_last), IMAGE.to(memory_format=torch.channels_last)
    return f"PyTorch {torch.__version__}, float32", lambda: network(image)


def with_onnxruntime():
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(exported()), options, providers=["CPUExecutionProvider"])
    image = IMAGE.numpy()
    return f"ONNX Runtime {onnxruntime.__version__}, float32", lambda: session.run(None, {"image": image})


def with_openvino():
    import openvino
    core = openvino.Core()
    able = dtype == "float32" or "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    properties = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                  "INFERENCE_PRECISION_HINT": "bf16" if able and dtype == "bfloat16" else "f32"}
    request = core.compile_model(core.read_model(exported()), "CPU", properties).create_infer_request()
    request.set_input_tensor(openvino.Tensor(IMAGE.numpy()))
    ran = dtype if able else "ran in float32, this CPU computes no bfloat16"
    return f"OpenVINO {openvino.__version__.split('-')[0]}, {ran}", request.infer


makers = {("torch", "float32"): with_torch, ("onnxruntime", "float32"): with_onnxruntime,
          ("openvino", "float32"): with_openvino, ("openvino", "bfloat16"): with_openvino}
if (runtime, dtype) not in makers:
    raise SystemExit(__doc__)
serve(*makers[runtime, dtype]())
