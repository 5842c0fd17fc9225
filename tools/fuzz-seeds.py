#!/usr/bin/env python3
"""Makes the seeds of a fuzzed reader: tools/fuzz-seeds.py <reader> <folder>

Small valid files of every kind the reader knows, so that the fuzzer starts behind the first checks. Needs only the
standard library. Files of ../shared/golden that fit are added where that folder exists.
"""
import json, os, pathlib, pickle, struct, sys, zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT.parent / "shared" / "golden"
LIMIT = 16384  # -max_len


def safetensors():
    def file(header, data):
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + data

    types = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, size in types.items():
        header[name.lower()] = {"dtype": name, "shape": [2, 3], "data_offsets": [at, at + 6 * size]}
        at += 6 * size
    return [file(header, bytes(range(at % 256)) + bytes(at - at % 256)),
            file({"a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}, bytes(4)),
            file({"a": {"dtype": "F32", "shape": [0, 5], "data_offsets": [0, 0]}}, b""), file({}, b"")]


class Node:
    """Something that pickles as a call, as torch's tensors do."""

    def __init__(self, function, arguments): self.call = (function, arguments)
    def __reduce__(self): return self.call


def torch_pickle(protocol=2, views=((0, 6, (2, 3), (3, 1)),), storage_type=b"FloatStorage"):
    """The opcodes that torch.save writes for a dictionary of tensors, assembled by hand."""
    def text(value): return b"X" + struct.pack("<I", len(value)) + value
    def number(value): return b"J" + struct.pack("<i", value)
    def tuple_(values): return b"(" + b"".join(number(v) for v in values) + b"t"
    out = b"\x80" + bytes([protocol]) + b"}("
    for index, (offset, count, shape, stride) in enumerate(views):
        key = str(index % 2).encode()
        out += text(b"layers.%d.weight" % index) + b"ctorch._utils\n_rebuild_tensor_v2\n("
        out += b"(" + text(b"storage") + b"ctorch\n" + storage_type + b"\n" + text(key) + text(b"cpu") + number(count) + b"tQ"
        out += number(offset) + tuple_(shape) + tuple_(stride) + b"\x89ccollections\nOrderedDict\n)RtR"
    return out + text(b"epoch") + number(3) + b"u."


def pickles():
    values = [{"a": 1, "b": [1.5, None, True, "x", b"y", (1, 2), {3}, frozenset([4])], "n": {"big": 1 << 80, "neg": -5}},
              [[]], "text", {1: 2, "list": list(range(300))}, ("same",) * 3, complex(1, 2), bytearray(b"abc")]
    return [pickle.dumps(value, protocol) for protocol in range(6) for value in values] + [
        pickle.dumps({"a": Node(complex, (1.0, 2.0))}, 2), torch_pickle()]


def torch():
    views = [((0, 6, (2, 3), (3, 1)),), ((0, 6, (6,), (1,)), (2, 6, (2, 2), (2, 1))), ((0, 6, (3, 2), (1, 3)),),
             ((0, 6, (), ()),), ((0, 6, (4, 5), (0, 0)),), ((0, 0, (0,), (1,)),)]
    kinds = [b"FloatStorage", b"HalfStorage", b"BFloat16Storage", b"LongStorage", b"ByteStorage", b"BoolStorage", b"DoubleStorage"]
    return [struct.pack("<H", len(p)) + p + bytes(range(64)) for view in views for kind in kinds
            for p in [torch_pickle(2, view, kind)]]


def npy(descr, shape, data, fortran=False, version=1):
    header = "{'descr': %r, 'fortran_order': %s, 'shape': %s, }" % (descr, fortran, shape)
    header = header.encode() + b" " * (117 - len(header)) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header + data


def numpy():
    arrays = [npy(d, (2, 3), bytes(range(6 * int(d[-1])))) for d in
              ["<f4", "<f8", "<f2", "<i8", "<i4", "<i2", "|i1", "|u1", "|b1", ">f4", ">i8", "<u8"]]
    arrays += [npy("<f4", (2, 3), bytes(24), True), npy("<f4", (), bytes(4)), npy("<f4", (0, 3), b""), npy("<f4", (6,), bytes(24), version=2),
               npy("|O", (1,), pickle.dumps([{"a": 1}], 2)), npy("<U2", (2,), "abcd".encode("utf-32-le")), npy("|S3", (), b"csr")]
    out = list(arrays)
    ints = lambda values: struct.pack("<%di" % len(values), *values)
    data, indices, indptr = npy("<f4", (3,), bytes(12)), npy("<i4", (3,), ints([0, 1, 2])), npy("<i4", (3,), ints([0, 2, 3]))
    for first in (1, 3, 3 | 8, 3 | 4, 3 | 12, 3 | 2 << 4, 3 | 8 | 2 << 4, 3 | 12 | 3 << 4):
        out.append(bytes([first]) + struct.pack("<HH", len(data), len(indices)) + data + indices + indptr)
    return out


def archives():
    configuration = json.loads(configurations()[0])
    out = []
    for tensors, data in [
        ([], b""),
        ([{"name": "a", "elementType": "f32", "shape": [2, 3], "layout": "rows", "length": 24}], bytes(24)),
        ([{"name": "a", "elementType": "i8", "shape": [17, 3], "layout": "nk16", "length": 96}], bytes(96)),
        ([{"name": "tokenizer.model", "elementType": "u8", "shape": [4], "layout": "rows", "length": 4}], b"abcd"),
    ]:
        for extra in ({}, {"base": {"name": "base", "fingerprint": "0123456789abcdef"}}):
            header = {"configuration": configuration, "metadata": {"producer": "seed"}, "tensors": tensors, **extra}
            for _ in range(2):  # the offset depends on the header's own length
                text = json.dumps(header).encode()
                for tensor in tensors: tensor.update(offset=-(-(32 + len(text) + 64) // 4096) * 4096, checksum="0" * 16)
            text = json.dumps(header).encode()
            out.append(b"\x01" + struct.pack("<H", len(text)) + text + data)
            out.append(b"\x00\x89LEO\r\n\x1a\n" + struct.pack("<IIQQ", 1, 0, len(text), 0) + text)
    return out


def configurations():
    tiny = {
        "name": "seed", "maximum_objects": 4, "maximum_context": 32,
        "image": {"depths": [1, 1, 1, 1], "dims": [8, 8, 8, 8], "layer_norm_epsilon": 1e-6, "size": 32, "pooling": "avg"},
        "points": {"points_per_object": 16, "feature_count": 3, "output_width": 8, "layers": [
            {"samples": 4, "neighbours": 4, "radius": 0.2, "widths": [8, 8]}, {"widths": [8, 8]}]},
        "spatial": {"hidden_dim": 8, "use_spatial_attn": True, "use_embodied_token": True, "num_attention_heads": 2,
                    "dim_feedforward": 16, "activation": "gelu", "spatial_multihead": True, "spatial_dim": 5, "spatial_dist_norm": True,
                    "spatial_attn_fusion": "cond", "num_layers": 1, "obj_loc_encoding": "same_all", "pairwise_rel_type": "center"},
        "language": {"architecture": "llama", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                     "num_key_value_heads": 2, "intermediate_size": 16, "vocabulary": 300, "rms_norm_epsilon": 1e-6,
                     "rope_theta": 10000, "max_positions": 64},
        "lora": {"rank": 2, "alpha": 2}}
    out = [json.dumps(tiny)]
    for path, values in {("image", "pooling"): ["conv", "attn", "null"], ("spatial", "spatial_attn_fusion"): ["mul", "bias", "ctx", "add", "none"],
                         ("spatial", "obj_loc_encoding"): ["same_0", "diff_all"], ("spatial", "pairwise_rel_type"): ["vertical_bottom", "mlp"],
                         ("language", "num_key_value_heads"): [1], ("spatial", "spatial_dim"): [1, 4]}.items():
        for value in values:
            copy = json.loads(out[0])
            copy[path[0]][path[1]] = value
            out.append(json.dumps(copy))
    return out


def tokenizers():
    def varint(value): return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)
    def field(number, body): return varint(number << 3 | 2) + varint(len(body)) + body
    def piece(text, kind, score=0.0):
        return field(1, field(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score) + varint(3 << 3) + varint(kind))
    control = piece("<unk>", 2) + piece("<s>", 3) + piece("</s>", 3)
    some = b"".join(piece("<0x%02X>" % b, 6) for b in range(256))
    words = b"".join(piece(w, 1, -float(i)) for i, w in enumerate(["\u2581t", "he", "\u2581the", "W", "h", "\u2581", "o", "n", "\u00e9"]))
    trainer = field(2, varint(3 << 3) + b"\x02" + varint(35 << 3) + b"\x01")
    normalizer = field(3, field(1, b"identity") + varint(3 << 3) + b"\x01")
    return [control + words + trainer + normalizer, control + some + words + trainer, control + words + piece("user", 4) + piece("gone", 5)]


def texts():
    return [t.encode() for t in ["What is on the table?", "  the\u00e9t\u4e2d\u6587 \U0001f4ba\n\tx", "<s>a</s><unk>", "I am here. My desk!", "\u2581\u2581the"]] + [
        b"\xff\xc0\x80\xed\xa0\x80", bytes(range(256))]


def plys():
    rows = [(0, 0, 0, 255, 0, 0, 1), (1, 0.5, -1, 0, 255, 0, 1), (2, 1, 3, 1, 2, 3, 2)]
    properties = "".join("property %s %s\n" % p for p in zip(["float"] * 3 + ["uchar"] * 3 + ["int"], ["x", "y", "z", "red", "green", "blue", "label"]))
    def header(form, end="\n"):
        return ("ply\nformat %s 1.0\ncomment seed\nelement vertex 3\n%selement face 1\nproperty list uchar int vertex_indices\nend_header\n"
                % (form, properties)).replace("\n", end).encode()
    text = "".join(" ".join(map(str, r)) + "\n" for r in rows) + "3 0 1 2\n"
    binary = lambda order: b"".join(struct.pack(order + "fffBBBi", *r) for r in rows) + struct.pack(order + "Biii", 3, 0, 1, 2)
    return [header("ascii") + text.encode(), header("ascii", "\r\n") + text.replace("\n", "\r\n").encode(),
            header("binary_little_endian") + binary("<"), header("binary_big_endian") + binary(">")]


def pcds():
    def header(kind, fields="x y z rgb label", sizes="4 4 4 4 4", types="F F F F U", counts="1 1 1 1 1"):
        return ("# .PCD v0.7\nVERSION 0.7\nFIELDS %s\nSIZE %s\nTYPE %s\nCOUNT %s\nWIDTH 2\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 2\nDATA %s\n"
                % (fields, sizes, types, counts, kind)).encode()
    raw = struct.pack("<ffffIffffI", 0, 1, 2, 0.5, 1, 1, 2, 3, 0.5, 2)
    columns = b"".join(raw[i * 4:i * 4 + 4] + raw[20 + i * 4:24 + i * 4] for i in range(5))
    def literals(data):  # LZF without a match: runs of at most 32 bytes
        return b"".join(bytes([len(data[i:i + 32]) - 1]) + data[i:i + 32] for i in range(0, len(data), 32))
    packed = literals(columns)
    matched = bytes([0, 0]) + bytes([0xE0, 29, 0])  # one byte, then 38 more of it
    return [header("ascii") + b"0 1 2 0.5 1\n1 2 3 nan 2\n", header("binary") + raw,
            header("binary_compressed") + struct.pack("<II", len(packed), len(columns)) + packed,
            header("binary_compressed") + struct.pack("<II", len(matched), 40) + matched]


def images():
    def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    def png(colour, depth, samples, extra=b"", interlace=0):
        width, height = 4, 3
        row = b"\x00" + bytes((width * samples * depth + 7) // 8)
        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)) + extra
                + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b""))
    palette = chunk(b"PLTE", bytes(range(12)))
    out = [png(2, 8, 3), png(6, 8, 4), png(0, 8, 1), png(0, 1, 1), png(0, 16, 1), png(4, 8, 2), png(3, 2, 1, palette + chunk(b"tRNS", b"\x00\x80")),
           png(2, 16, 3), png(2, 8, 3, interlace=1)]
    return out + [jpeg(1), jpeg(3), jpeg(3, exif=6)]


def jpeg(components, exif=None):
    """A baseline JPEG of one grey 8x8 block per component: every coefficient 0, so two codes suffice."""
    def segment(marker, data): return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data
    out = b"\xff\xd8" + segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
    if exif:
        out += segment(0xE1, b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x112, 3, 1, exif, 0) + bytes(4))
    out += segment(0xDB, b"\x00" + b"\x01" * 64)
    out += segment(0xC0, struct.pack(">BHHB", 8, 8, 8, components) + b"".join(bytes([i + 1, 0x11, 0]) for i in range(components)))
    for table in (0x00, 0x10):  # one code of one bit: 0 -> symbol 0
        out += segment(0xC4, bytes([table, 1]) + bytes(15) + b"\x00")
    out += segment(0xDA, bytes([components]) + b"".join(bytes([i + 1, 0]) for i in range(components)) + b"\x00\x3f\x00")
    bits = "00" * components  # DC difference 0, end of block
    bits += "1" * (-len(bits) % 8)
    return out + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)) + b"\xff\xd9"


def golden(*patterns):
    return [p.read_bytes() for pattern in patterns for p in sorted(GOLDEN.glob(pattern)) if p.is_file() and p.stat().st_size <= LIMIT]


SEEDS = {
    "archive": archives,
    "checkpoint": lambda: safetensors() + pickles() + numpy() + [json.dumps({"weight_map": {"a": "x.safetensors"}}).encode()]
        + golden("bad/*.pth", "bad/*.np*", "bad/*.safetensors", "bad/*.pkl"),
    "configuration": lambda: [t.encode() for t in configurations()],
    "image": lambda: images() + golden("data/*.png", "data/*.jpg"),
    "numpy": lambda: numpy() + golden("bad/*.npy"),
    "pcd": pcds,
    "pickle": lambda: pickles() + golden("bad/*.pkl"),
    "ply": lambda: plys() + golden("pointcloud/*.ply"),
    "safetensors": lambda: safetensors() + golden("bad/*.safetensors"),
    "text": texts,
    "tokenizer": tokenizers,
    "torch": torch,
}

if len(sys.argv) != 3 or sys.argv[1] not in SEEDS:
    sys.exit(__doc__ + "\nreaders: " + " ".join(sorted(SEEDS)))
for index, seed in enumerate(SEEDS[sys.argv[1]]()):
    with open(os.path.join(sys.argv[2], "seed-%03d" % index), "wb") as file:
        file.write(seed)
