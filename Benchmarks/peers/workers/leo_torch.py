"""LEO's language model as its authors run it, in PyTorch: leo_torch.py prefill|decode LAYERS PROMPT DTYPE

Vicuna-7B's shape with LoRA of rank 16 on all seven projections, unmerged, as the official code keeps it; random weights.
"""
import os
import sys

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM

from turns import serve

stage, layers, prompt, dtype = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), getattr(torch, sys.argv[4])
torch.manual_seed(1)
torch.set_num_threads(int(os.environ.get("PEER_THREADS", "1")))
torch.set_grad_enabled(False)


class Adapted(torch.nn.Module):
    def __init__(self, base, rank=16, alpha=16):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.a = torch.nn.Linear(base.in_features, rank, bias=False, dtype=dtype)
        self.b = torch.nn.Linear(rank, base.out_features, bias=False, dtype=dtype)

    def forward(self, x):
        return self.base(x) + self.b(self.a(x)) * self.scale


config = LlamaConfig(
    vocab_size=32001, hidden_size=4096, intermediate_size=11008, num_hidden_layers=layers, num_attention_heads=32, max_position_embeddings=2048)
with torch.device("meta"):
    model = LlamaForCausalLM(config).to(dtype)
model = model.to_empty(device="cpu")
for parameter in model.parameters():
    parameter.normal_(0, 0.02)
rotary = model.model.rotary_emb
rotary.__init__(config)
for layer in model.model.layers:
    for part, names in ((layer.self_attn, ("q_proj", "k_proj", "v_proj", "o_proj")), (layer.mlp, ("gate_proj", "up_proj", "down_proj"))):
        for name in names:
            setattr(part, name, Adapted(getattr(part, name)))
model.eval()
embeddings = torch.randn(1, prompt, 4096, dtype=dtype)
title = f"transformers {transformers.__version__}, PyTorch {torch.__version__}, {sys.argv[4]}, {layers} layers"

if stage == "prefill":
    serve(title, lambda: model(inputs_embeds=embeddings, use_cache=True, logits_to_keep=1))
else:
    token = torch.tensor([[5]])

    def step():
        model(input_ids=token, past_key_values=cache, use_cache=True)
        cache.crop(-1)
    cache = model(inputs_embeds=embeddings, use_cache=True, logits_to_keep=1).past_key_values
    serve(title, step)
