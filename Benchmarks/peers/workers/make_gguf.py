"""Writes a LLaMA-7B-shaped GGUF file of random weights: make_gguf.py OUTPUT LAYERS Q8_0|Q4_0

One layer's random numbers serve all layers: speed does not depend on them.
"""
import os
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType, quants

output, layers, kind = sys.argv[1], int(sys.argv[2]), GGMLQuantizationType[sys.argv[3]]
hidden, inner, heads, vocabulary = 4096, 11008, 32, 32000
random = np.random.default_rng(1)


def matrix(rows, columns):
    return quants.quantize((random.standard_normal((rows, columns), dtype=np.float32) * 0.02), kind)


writer = GGUFWriter(output + ".part", "llama")
writer.add_name(f"llama-7b-shape-{layers}-layers")
writer.add_context_length(2048)
writer.add_embedding_length(hidden)
writer.add_block_count(layers)
writer.add_feed_forward_length(inner)
writer.add_head_count(heads)
writer.add_head_count_kv(heads)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_rope_dimension_count(hidden // heads)
writer.add_vocab_size(vocabulary)
writer.add_tokenizer_model("llama")
tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
types = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL] + [TokenType.BYTE] * 256
tokens += [f"t{index}" for index in range(len(tokens), vocabulary)]
types += [TokenType.NORMAL] * (vocabulary - len(types))
writer.add_token_list([token.encode() for token in tokens])
writer.add_token_scores([0.0] * vocabulary)
writer.add_token_types(types)
writer.add_bos_token_id(1)
writer.add_eos_token_id(2)
shared = {
    "attn_q": matrix(hidden, hidden), "attn_k": matrix(hidden, hidden), "attn_v": matrix(hidden, hidden), "attn_output": matrix(hidden, hidden),
    "ffn_gate": matrix(inner, hidden), "ffn_up": matrix(inner, hidden), "ffn_down": matrix(hidden, inner),
}
ones = np.ones(hidden, np.float32)
embeddings = matrix(vocabulary, hidden)
writer.add_tensor("token_embd.weight", embeddings, raw_dtype=kind)
for layer in range(layers):
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.{layer}.{name}.weight", ones)
    for name, data in shared.items():
        writer.add_tensor(f"blk.{layer}.{name}.weight", data, raw_dtype=kind)
writer.add_tensor("output_norm.weight", ones)
writer.add_tensor("output.weight", embeddings, raw_dtype=kind)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
os.replace(output + ".part", output)
