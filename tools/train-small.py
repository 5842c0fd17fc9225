#!/usr/bin/env python3
"""Trains a small LEO agent on generated tasks and writes it as official checkpoints, for `leo convert`.

    leo world tasks --kind scanqa --kind sqa3d --kind scan2cap --kind rscan_plan --kind mp3d_objnav \\
        --seed 1000 --count 480 --per-scene 24 --points 1024 -o data
    tools/train-small.py data -o checkpoints
    tools/train-small.py --outliers 4 checkpoints -o checkpoints-outliers

Needs PyTorch, NumPy, sentencepiece and safetensors; one core, fixed seed. First a language model learns the texts, then, as LEO
is trained, the base is frozen and the LoRA matrices, the spatial transformer and the projections learn to answer. PointNet++ has
random weights with calibrated batch norms, ConvNeXt random ones; the image token says that there is an image, not what is in it.
"""
import argparse, json, math, os, random, re, shutil, sys, time
from glob import glob

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

ROLE = ("You are an AI visual assistant situated in a 3D scene. You can perceive (1) an ego-view image (accessible when necessary) "
        "and (2) the objects (including yourself) in the scene (always accessible). You should properly respond to the USER's "
        "instruction according to the given visual information. ")
SITUATION = "You are at a selected location in the 3D scene."
IMAGE, OBJECTS = "Ego-view image:", "Objects (including you) in the scene:"
ACTIONS = dict(zip(["stop", "move_forward", "move_backward", "turn_left", "turn_right", "look_up", "look_down", "grab_release"],
                   "给弘收왕黃还边べ"))
FIRST_ACTION = 31999
PIECES, VOCABULARY = 32000, 32001
CAPTION_PROMPTS = ["Produce a description for the object at the chosen spot in the 3D scene.",
                   "Describe the object at your location in the 3D scene.",
                   "What is the object that you are at? Describe it.",
                   "Give a short description of the object at the selected place.",
                   "Write a caption for the object at this spot of the scene."]
PLAN_PROMPTS = ["Plan for the task", "Make a plan for the task", "List the steps for this task",
                "Break this goal down into steps", "Describe step by step how to do this"]
HIDDEN, LAYERS, HEADS, FEED, RANK = 256, 4, 4, 640, 16
SPATIAL, SPATIAL_LAYERS, SPATIAL_HEADS, SPATIAL_FEED = 256, 2, 8, 256
MAX_OBJECTS = 60
LINEARS = {"q_proj": (HIDDEN, HIDDEN), "k_proj": (HIDDEN, HIDDEN), "v_proj": (HIDDEN, HIDDEN), "o_proj": (HIDDEN, HIDDEN),
           "gate_proj": (FEED, HIDDEN), "up_proj": (FEED, HIDDEN), "down_proj": (HIDDEN, FEED)}


def part(name):
    return "mlp" if name in ("gate_proj", "up_proj", "down_proj") else "self_attn"


# MARK: Data

def person_view(text):
    words = re.findall(r"\w+|[^\w\s]+", text)
    swap = {"i": "you", "me": "you", "my": "your", "mine": "yours", "am": "are"}
    return " ".join(swap.get(w.lower(), w) for w in words).capitalize()


class Sample:
    """One question: texts, scene, the objects that come first, and where the agent stands."""
    def __init__(self, scene, instruction, answers, situation="", first=(), position=(0, 0, 0), orientation=(0, 0, 0, 1),
                 image=False, inside=False):
        self.scene, self.instruction, self.answers, self.situation = scene, instruction, answers, situation
        self.first, self.position, self.orientation = list(first), position, orientation
        self.image, self.inside = image, inside


def read_samples(folder, rng):
    read = lambda name: json.load(open(os.path.join(folder, "instruction", name)))
    samples = []
    for row in read("scanqa/ScanQA_v1.0_train.json"):
        samples.append(Sample(("scannet", row["scene_id"]), row["question"], row["answers"], first=row["object_ids"]))
    questions = {q["question_id"]: q for q in read("sqa3d/v1_balanced_questions_train_scannetv2.json")["questions"]}
    for row in read("sqa3d/v1_balanced_sqa_annotations_train_scannetv2.json")["annotations"]:
        q = questions[row["question_id"]]
        for text in [q["situation"]] + q["alternative_situation"]:
            samples.append(Sample(
                ("scannet", row["scene_id"]), person_view(q["question"]), [a["answer"] for a in row["answers"]],
                situation=SITUATION + " " + person_view(text), position=tuple(row["position"].values()),
                # What the official loader makes of any heading.
                orientation=(1, 0, 0, 0)))
    for row in read("scan2cap/scanrefer_train.json"):
        first, _, rest = row["utterance"].partition(". ")
        samples.append(Sample(
            ("scannet", row["scan_id"]), None, [first + ". " + rest], situation=SITUATION, first=[row["target_id"]], inside=True))
    for scan, entry in read("planning/3rscan_plan_train.json").items():
        for row in entry["response"]:
            samples.append(Sample(("rscan", scan), ":" + row["instruction"].lower(), [row["plan"]]))
    steps = []
    for path in sorted(glob(os.path.join(folder, "instruction/mp3d_objnav/demos/*/*/demo.json"))):
        demo = json.load(open(path))
        actions = [ACTIONS[a] for _, a in demo["agent"]]
        for i, (state, _) in enumerate(demo["agent"]):
            past = "".join(([ACTIONS["stop"]] * 4 + actions[:i])[-4:])
            steps.append(Sample(
                ("mp3d", demo["scene_id"]),
                f"The task is navigation. Your goal is to find {demo['goal']} by moving around in the scene. Past actions: {past}.",
                [actions[i]], situation=SITUATION, position=tuple(state["position"]), orientation=tuple(state["rotation"]),
                image=True))
    rng.shuffle(steps)
    return samples + steps[: len(samples) // 3]


def read_scene(folder, source, name):
    """Objects of a scene: (id, points [n, 3], colours [n, 3] from -1 to 1)."""
    if source == "mp3d":
        arrays = np.load(os.path.join(folder, "instruction/mp3d_objnav/mp3d_obj", name, "objects.npy"), allow_pickle=True)
        return [(i, np.asarray(a[:, :3], np.float64), a[:, 3:6] * 2 - 1) for i, a in enumerate(arrays)]
    path = (f"scannet/scan_data/pcd_with_global_alignment/{name}.pth" if source == "scannet"
            else f"rscan/3RScan-ours-align/{name}/pcd-align.pth")
    loaded = torch.load(os.path.join(folder, path), weights_only=False)
    xyz, rgb, labels = np.asarray(loaded[0], np.float64), np.asarray(loaded[1]) / 127.5 - 1, np.asarray(loaded[-1])
    if source == "scannet":
        ids = range(int(labels.max()) + 1)
    else:
        names = os.path.join(folder, f"rscan/3RScan-ours-align/{name}/inst_to_label.pth")
        ids = [int(i) for i in torch.load(names, weights_only=False)]
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], list(ids), "left"), np.searchsorted(labels[order], list(ids), "right")
    return [(i, xyz[order[a:b]], rgb[order[a:b]]) for i, a, b in zip(ids, *bounds) if b > a]


class Scenes:
    """Features, places and sizes of every object of every scene, each scene turned by quarters about z."""
    def __init__(self, folder, keys, pointnet, rng):
        clouds, self.objects, self.turns = [], {}, {}
        for key in keys:
            turn = rng.randrange(4)
            c, s = [(1, 0), (0, 1), (-1, 0), (0, -1)][turn]
            turning, rows = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float64), {}
            for number, xyz, rgb in read_scene(folder, *key):
                xyz = xyz @ turning.T
                picks = np.array(rng.sample(range(len(xyz)), 1024) if len(xyz) >= 1024 else rng.choices(range(len(xyz)), k=1024))
                points = xyz[picks] - xyz[picks].mean(0)
                size = np.linalg.norm(points, axis=1).max()
                clouds.append(np.concatenate([points / size if size > 1e-6 else points, rgb[picks]], 1).astype(np.float32))
                rows[number] = (len(clouds) - 1, np.concatenate([xyz.mean(0), xyz.max(0) - xyz.min(0)]).astype(np.float32),
                                xyz.min(0), xyz.max(0))
            self.objects[key], self.turns[key] = rows, turning
        clouds = torch.from_numpy(np.stack(clouds))
        pointnet.calibrate(clouds[torch.randperm(len(clouds))[:96]])
        with torch.no_grad():
            self.features = torch.cat([pointnet(part) for part in clouds.split(32)])

    def center(self, key):
        rows = self.objects[key].values()
        return (np.min([r[2] for r in rows], 0) + np.max([r[3] for r in rows], 0)) / 2


# MARK: Point encoder

class PointNet(nn.Module):
    """PointNet++ of LEO, random; its batch norms make what it gives spread like that of a trained one."""
    WIDTHS = [[6, 64, 64, 128], [131, 128, 128, 256], [259, 256, 512, 768]]

    def __init__(self):
        super().__init__()
        self.weights = [[torch.randn(o, i) / math.sqrt(i) for i, o in zip(w, w[1:])] for w in self.WIDTHS]
        self.norms = [[(torch.zeros(o), torch.ones(o)) for o in w[1:]] for w in self.WIDTHS]
        self.fc = torch.randn(768, 768) / math.sqrt(768)
        self.shift = torch.zeros(768)
        self.learning = False

    def calibrate(self, clouds):
        with torch.no_grad():
            self.learning = True
            self.shift = -self(clouds).mean(0)
            self.learning = False

    def mlp(self, layer, x):
        for index, weight in enumerate(self.weights[layer]):
            x = x @ weight.T
            if self.learning:
                flat = x.reshape(-1, x.shape[-1])
                self.norms[layer][index] = (flat.mean(0), flat.var(0) + 1e-3)
            mean, variance = self.norms[layer][index]
            x = ((x - mean) / torch.sqrt(variance + 1e-5)).relu()
        return x

    @staticmethod
    def farthest(p, count):
        usable = (p * p).sum(-1) > 1e-3
        nearest = torch.where(usable, torch.tensor(1e10), torch.tensor(-1.0))
        last = torch.zeros(len(p), dtype=torch.long)
        chosen = [last]
        for _ in range(count - 1):
            d = ((p - p[torch.arange(len(p)), last][:, None]) ** 2).sum(-1)
            nearest = torch.minimum(nearest, d).where(usable, torch.tensor(-1.0))
            last = nearest.argmax(1)
            chosen.append(last)
        return torch.stack(chosen, 1)

    @staticmethod
    def ball(p, centres, radius, count):
        inside = ((centres[:, :, None] - p[:, None]) ** 2).sum(-1) < radius * radius
        order = torch.where(inside, torch.arange(p.shape[1]), p.shape[1]).sort(-1).values[..., :count]
        first = order[..., :1] % p.shape[1]
        return torch.where(order < p.shape[1], order, first)

    def forward(self, cloud):
        p, f = cloud[..., :3].contiguous(), cloud[..., 3:]
        rows = torch.arange(len(p))[:, None]
        for layer, (count, radius) in enumerate([(32, 0.2), (16, 0.4)]):
            centres = p[rows, self.farthest(p, count)]
            near = self.ball(p, centres, radius, 32)
            at = rows[..., None]
            f = self.mlp(layer, torch.cat([p[at, near] - centres[:, :, None], f[at, near]], -1)).amax(2)
            p = centres
        return self.mlp(2, torch.cat([p, f], -1)).amax(1) @ self.fc.T + self.shift

    def state(self):
        state = {"fc.weight": self.fc, "fc.bias": self.shift}
        for layer, (weights, norms) in enumerate(zip(self.weights, self.norms)):
            for index, (weight, (mean, variance)) in enumerate(zip(weights, norms)):
                name = f"encoder.{layer}.mlps.0.layer{index}."
                state[name + "conv.weight"] = weight[:, :, None, None].contiguous()
                state.update({name + "bn.bn." + k: v for k, v in {
                    "weight": torch.ones(len(weight)), "bias": torch.zeros(len(weight)), "running_mean": mean,
                    "running_var": variance, "num_batches_tracked": torch.tensor(1)}.items()})
        return state


def image_encoder():
    """A small random ConvNeXt under OpenCLIP's names."""
    widths, state = [16, 32, 64, 128], {}
    def linear(name, *shape):
        state[name + ".weight"] = torch.randn(*shape) / math.sqrt(math.prod(shape[1:]))
        state[name + ".bias"] = torch.zeros(shape[0])
    def norm(name, width):
        state[name + ".weight"], state[name + ".bias"] = torch.ones(width), torch.zeros(width)
    linear("stem.0", widths[0], 3, 4, 4)
    norm("stem.1", widths[0])
    for stage, width in enumerate(widths):
        if stage > 0:
            norm(f"stages.{stage}.downsample.0", widths[stage - 1])
            linear(f"stages.{stage}.downsample.1", width, widths[stage - 1], 2, 2)
        block = f"stages.{stage}.blocks.0."
        linear(block + "conv_dw", width, 1, 7, 7)
        norm(block + "norm", width)
        linear(block + "mlp.fc1", 4 * width, width)
        linear(block + "mlp.fc2", width, 4 * width)
        state[block + "gamma"] = torch.ones(width) * 0.1
    return {"visual.trunk." + name: value for name, value in state.items()}


# MARK: Spatial transformer

def pairwise(locations):
    centres = locations[..., :3]
    d = centres[:, :, None] - centres[:, None]
    distance = (d.pow(2).sum(-1) + 1e-10).sqrt()
    flat = (d[..., :2].pow(2).sum(-1) + 1e-10).sqrt()
    longest = distance.amax((1, 2), keepdim=True)
    return torch.stack([distance / longest, d[..., 2] / distance, flat / distance, d[..., 1] / flat, d[..., 0] / flat], -1)


class SpatialLayer(nn.Module):
    def __init__(self):
        super().__init__()
        a = self.self_attn = nn.Module()
        for name in ("w_qs", "w_ks", "w_vs", "fc"): setattr(a, name, nn.Linear(SPATIAL, SPATIAL))
        a.lang_cond_fc = nn.Linear(SPATIAL, SPATIAL_HEADS * 6)
        a.layer_norm = nn.LayerNorm(SPATIAL)
        self.linear1, self.linear2 = nn.Linear(SPATIAL, SPATIAL_FEED), nn.Linear(SPATIAL_FEED, SPATIAL)
        self.norm1, self.norm2 = nn.LayerNorm(SPATIAL), nn.LayerNorm(SPATIAL)

    def forward(self, x, geometry, hidden):
        a, (b, n, _) = self.self_attn, x.shape
        heads = lambda y: y.view(b, n, SPATIAL_HEADS, -1).transpose(1, 2)
        q, k, v = heads(a.w_qs(x)), heads(a.w_ks(x)), heads(a.w_vs(x))
        condition = heads(a.lang_cond_fc(x))
        location = torch.sigmoid(torch.einsum("bhid,bijd->bhij", condition[..., 1:], geometry) + condition[..., :1])
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        hidden = hidden[:, None, None]
        scores = location.masked_fill(hidden, 0).clamp(min=1e-6).log() + scores.masked_fill(hidden, -torch.inf)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, -1)
        x = self.norm1(x + a.layer_norm(x + a.fc(mixed)))
        return self.norm2(x + self.linear2(F.gelu(self.linear1(x))))


class Spatial(nn.Module):
    def __init__(self):
        super().__init__()
        self.obj_proj, self.orient_encoder = nn.Linear(768, SPATIAL), nn.Linear(84, SPATIAL)
        self.anchor_feat = nn.Parameter(torch.randn(1, 1, SPATIAL) * 0.02)
        self.anchor_size = nn.Parameter(torch.ones(1, 1, 3))
        self.obj_type_embed = nn.Embedding(2, SPATIAL)
        self.loc_layers = nn.ModuleList([nn.Sequential(nn.Linear(6, SPATIAL), nn.LayerNorm(SPATIAL))])
        self.spatial_encoder = nn.ModuleList([SpatialLayer() for _ in range(SPATIAL_LAYERS)])

    def forward(self, features, locations, mask, position, orientation):
        """features [b, n, 768], locations [b, n, 6], mask [b, n] -> [b, 1 + n, SPATIAL]; the agent first."""
        x = self.obj_proj(features) + self.obj_type_embed.weight[0]
        angles = math.pi * orientation[..., None] * torch.linspace(1, 15, 10)
        fourier = torch.cat([orientation, angles.sin().flatten(1), angles.cos().flatten(1)], -1)
        agent = self.anchor_feat[:, 0] + self.orient_encoder(fourier) + self.obj_type_embed.weight[1]
        x = torch.cat([agent[:, None], x], 1)
        place = torch.cat([position, self.anchor_size[:, 0].expand(len(position), -1)], -1)
        locations = torch.cat([place[:, None], locations], 1)
        hidden = torch.cat([torch.zeros(len(mask), 1, dtype=torch.bool), ~mask], 1)
        geometry, where = pairwise(locations), self.loc_layers[0](locations)
        for layer in self.spatial_encoder: x = layer(x + where, geometry, hidden)
        return x


# MARK: Language model

class Linear(nn.Module):
    """A matrix and its adapter, which counts once `adapted` is set."""
    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.02)
        self.a = nn.Parameter(torch.randn(RANK, inputs) / math.sqrt(inputs))
        self.b = nn.Parameter(torch.zeros(outputs, RANK))
        self.adapted = False

    def forward(self, x):
        y = x @ self.weight.T
        return y + (x @ self.a.T) @ self.b.T if self.adapted else y


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.linears = nn.ModuleDict({name: Linear(*shape) for name, shape in LINEARS.items()})
        self.input_norm, self.post_norm = nn.Parameter(torch.ones(HIDDEN)), nn.Parameter(torch.ones(HIDDEN))

    def forward(self, streams, tables):
        """streams: [1, p, HIDDEN] what all rows begin with, computed once, and [b, t, HIDDEN] the rows, which see the first."""
        l, out, keys = self.linears, [], None
        for x, (cos, sin) in zip(streams, tables):
            h = rms_norm(x, self.input_norm)
            heads = lambda y: y.view(*y.shape[:2], HEADS, -1).transpose(1, 2)
            q, k, v = rotate(heads(l["q_proj"](h)), cos, sin), rotate(heads(l["k_proj"](h)), cos, sin), heads(l["v_proj"](h))
            if keys is None:
                keys, mask = (k, v), torch.ones(k.shape[2], k.shape[2], dtype=torch.bool).tril()
            else:
                own = torch.ones(k.shape[2], k.shape[2], dtype=torch.bool).tril()
                mask = torch.cat([torch.ones(k.shape[2], keys[0].shape[2], dtype=torch.bool), own], 1)
                k, v = (torch.cat([a.expand(len(b), -1, -1, -1), b], 2) for a, b in zip(keys, (k, v)))
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(x.shape)
            x = x + l["o_proj"](mixed)
            h = rms_norm(x, self.post_norm)
            out.append(x + l["down_proj"](F.silu(l["gate_proj"](h)) * l["up_proj"](h)))
        return out


class Agent(nn.Module):
    def __init__(self, used):
        """used: ids of the vocabulary that occur; all others share one row."""
        super().__init__()
        self.register_buffer("compact", torch.full((VOCABULARY,), len(used), dtype=torch.long))
        self.compact[torch.tensor(used)] = torch.arange(len(used))
        self.used, self.others = used, VOCABULARY - len(used)
        self.embedding = nn.Parameter(torch.randn(len(used) + 1, HIDDEN) * 0.02)
        self.head = nn.Parameter(torch.randn(len(used) + 1, HIDDEN) * 0.02)
        self.layers = nn.ModuleList([Layer() for _ in range(LAYERS)])
        self.norm = nn.Parameter(torch.ones(HIDDEN))
        self.spatial, self.pcd_proj = Spatial(), nn.Linear(SPATIAL, HIDDEN)
        self.image = nn.Parameter(torch.randn(HIDDEN) * 0.02)
        size = HIDDEN // HEADS
        angles = torch.arange(1024)[:, None] * 10000.0 ** (-torch.arange(0, size, 2) / size)
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def base(self):
        return [self.embedding, self.head, self.norm] + [
            p for layer in self.layers for p in [layer.input_norm, layer.post_norm] + [l.weight for l in layer.linears.values()]]

    def learned(self):
        return list(self.spatial.parameters()) + list(self.pcd_proj.parameters()) + [self.image] + [
            p for layer in self.layers for l in layer.linears.values() for p in (l.a, l.b)]

    def embed(self, ids):
        return self.embedding[self.compact[ids]]

    def forward(self, prefix, rows):
        """Hidden states of rows [b, t, HIDDEN] behind the ids that all begin with."""
        streams = [self.embed(prefix)[None], rows]
        p, t = len(prefix), rows.shape[1]
        tables = [(self.cos[:p], self.sin[:p]), (self.cos[p:p + t], self.sin[p:p + t])]
        for layer in self.layers: streams = layer(streams, tables)
        return rms_norm(streams[1], self.norm)

    def loss(self, states, targets, weights):
        """Cross entropy over the whole vocabulary."""
        logits = states @ self.head.T
        logits[:, -1] += math.log(self.others)
        return (F.cross_entropy(logits, self.compact[targets], reduction="none") * weights).sum() / weights.sum()


# MARK: Tokenizer

def make_tokenizer(texts, path):
    """Trains pieces on the texts and writes a model of 32000, action characters where LLaMA's vocabulary has them."""
    import sentencepiece as spm
    corpus = path + ".txt"
    with open(corpus, "w") as file: file.write("\n".join(texts))
    spm.SentencePieceTrainer.train(
        input=corpus, model_prefix=path + ".part", vocab_size=1600, model_type="bpe", byte_fallback=True, character_coverage=1.0,
        normalization_rule_name="identity", remove_extra_whitespaces=False, hard_vocab_limit=False, num_threads=1,
        minloglevel=2)
    trained = spm.SentencePieceProcessor(model_file=path + ".part.model")
    for name in (corpus, path + ".part.model", path + ".part.vocab"): os.remove(name)
    pieces = [(trained.id_to_piece(i), 2 if i == 0 else 3 if i < 3 else 6 if trained.is_byte(i) else 1, trained.get_score(i))
              for i in range(trained.get_piece_size())]
    pieces += [(f"\u2581unused{i}", 1, -float(i)) for i in range(len(pieces), PIECES)]
    for index, text in enumerate(ACTIONS.values()): pieces[FIRST_ACTION - index] = (text, 1, -float(PIECES))

    def varint(value):
        out = bytearray()
        while True:
            out.append(value & 127 | (128 if value > 127 else 0))
            value >>= 7
            if not value: return bytes(out)
    message = lambda field, body: varint(field << 3 | 2) + varint(len(body)) + body
    number = lambda field, value: varint(field << 3) + varint(value)
    model = b"".join(
        message(1, message(1, text.encode()) + varint(2 << 3 | 5) + np.float32(score).tobytes() + number(3, kind))
        for text, kind, score in pieces)
    model += message(2, number(3, 2) + number(35, 1) + number(40, 0) + number(41, 1) + number(42, 2))
    model += message(3, message(1, b"identity") + number(3, 1) + number(4, 0) + number(5, 1))
    with open(path, "wb") as file: file.write(model)
    return spm.SentencePieceProcessor(model_file=path)


# MARK: Training

class Batches:
    def __init__(self, samples, scenes, tokenizer, rng):
        self.samples, self.scenes, self.rng = samples, scenes, rng
        self.encode = lambda text: tokenizer.encode(text)
        starts = [[1] + self.encode(ROLE + s) for s in {s.situation for s in samples}]
        shared = os.path.commonprefix(starts)
        self.prefix = torch.tensor(shared)
        self.image, self.objects = self.encode(IMAGE), self.encode(OBJECTS)

    def texts(self, sample):
        """Ids before the objects (behind what all share), from the instruction on, and of the answer."""
        if sample.instruction is None: instruction = self.rng.choice(CAPTION_PROMPTS)
        elif sample.instruction[0] == ":": instruction = self.rng.choice(PLAN_PROMPTS) + ": " + sample.instruction[1:]
        else: instruction = sample.instruction
        before = ([1] + self.encode(ROLE + sample.situation))[len(self.prefix):]
        answer = self.encode(self.rng.choice(sample.answers).strip() if not sample.inside else sample.answers[0])
        return before, self.encode(f"USER: {instruction} ASSISTANT:"), answer + [2]

    def plain(self, agent, chosen):
        """Loss of the texts alone."""
        rows, weights = [], []
        for sample in chosen:
            before, question, answer = self.texts(sample)
            ids = before + self.objects + question + [1] + answer
            rows.append(ids)
            weights.append([0.3] * (len(ids) - len(answer) - 1) + [1.0] * len(answer))
        length = max(map(len, rows))
        ids = torch.tensor([r + [2] * (length - len(r)) for r in rows])
        weights = torch.tensor([w + [0.0] * (length - 1 - len(w)) for w in weights])
        states = agent(self.prefix, agent.embed(ids))[:, :-1]
        keep = weights > 0
        return agent.loss(states[keep], ids[:, 1:][keep], weights[keep])

    def situated(self, agent, chosen):
        """Loss of the answers where the model sees the scene."""
        lists, places, turns = [], [], []
        for sample in chosen:
            rows = self.scenes.objects[sample.scene]
            first = [i for i in sample.first if i in rows]
            rest = [i for i in rows if i not in first]
            if len(rows) > MAX_OBJECTS: self.rng.shuffle(rest)
            lists.append([rows[i] for i in (first + rest)[:MAX_OBJECTS]])
            position = np.array(sample.position, np.float64)
            if sample.inside:
                low, high = rows[sample.first[0]][2:]
                position = low + (high - low) * [self.rng.random() for _ in range(3)]
            elif sample.situation.startswith(SITUATION + " "):
                position = self.scenes.turns[sample.scene] @ position + self.scenes.center(sample.scene)
            places.append(position.astype(np.float32))
            turns.append(sample.orientation)
        # One absent object stays at the origin, as where there are fewer than the model takes.
        count = min(max(map(len, lists)) + 1, MAX_OBJECTS)
        features, locations = torch.ones(len(chosen), count, 768), torch.zeros(len(chosen), count, 6)
        mask = torch.zeros(len(chosen), count, dtype=torch.bool)
        for b, rows in enumerate(lists):
            features[b, :len(rows)] = self.scenes.features[[r[0] for r in rows]]
            locations[b, :len(rows)] = torch.from_numpy(np.stack([r[1] for r in rows]))
            mask[b, :len(rows)] = True
        tokens = agent.pcd_proj(agent.spatial(
            features, locations, mask, torch.from_numpy(np.stack(places)), torch.tensor(turns, dtype=torch.float32)))
        rows, targets, weights = [], [], []
        for b, sample in enumerate(chosen):
            before, question, answer = self.texts(sample)
            seen = [agent.embed(torch.tensor(before + self.image, dtype=torch.long)), agent.image[None]] if sample.image else [
                agent.embed(torch.tensor(before, dtype=torch.long))]
            seen += [agent.embed(torch.tensor(self.objects)), tokens[b, :len(lists[b]) + 1],
                     agent.embed(torch.tensor(question + [1] + answer))]
            rows.append(torch.cat(seen))
            start = len(rows[-1]) - len(answer)
            targets.append((b, start, answer))
        length = max(map(len, rows))
        states = agent(self.prefix, torch.stack([F.pad(r, (0, 0, 0, length - len(r))) for r in rows]))
        picked = torch.cat([states[b, start - 1:start - 1 + len(answer)] for b, start, answer in targets])
        goal = torch.tensor([i for _, _, answer in targets for i in answer])
        return agent.loss(picked, goal, torch.ones(len(goal)))

    def draw(self, count):
        """Samples of about equal length."""
        length = lambda s: len(s.situation) + len(s.instruction or "") + len(s.answers[0])
        pool = sorted(self.rng.sample(self.samples, count * 8), key=length)
        start = self.rng.randrange(0, count * 7 + 1)
        return pool[start:start + count]


def train(agent, parameters, loss, steps, peak, label, batch):
    for p in agent.parameters(): p.requires_grad_(False)
    for p in parameters: p.requires_grad_(True)
    optimizer = torch.optim.AdamW(parameters, lr=peak, betas=(0.9, 0.98), weight_decay=0.01)
    mean, began = None, time.process_time()
    for step in range(steps):
        rate = peak * min(1, (step + 1) / 40) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups: group["lr"] = rate
        value = loss(agent, batch())
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        mean = value.item() if mean is None else 0.97 * mean + 0.03 * value.item()
        if (step + 1) % 50 == 0 or step + 1 == steps:
            print(f"{label}: step {step + 1} of {steps}, loss {mean:.3f}, {time.process_time() - began:.0f} s", flush=True)


# MARK: Checkpoints

def write(agent, pointnet, folder):
    from safetensors.torch import save_file
    llm = os.path.join(folder, "llm")
    os.makedirs(llm, exist_ok=True)
    spread = lambda table: table.detach()[agent.compact[:PIECES]].contiguous()
    state = {"model.embed_tokens.weight": spread(agent.embedding), "lm_head.weight": spread(agent.head),
             "model.norm.weight": agent.norm}
    leo = {"img_proj.weight": torch.zeros(HIDDEN, 128), "img_proj.bias": agent.image}
    leo.update({"pcd_proj." + k: v for k, v in agent.pcd_proj.state_dict().items()})
    leo.update({"pcd_encoder." + k: v for k, v in agent.spatial.state_dict().items()})
    for i, layer in enumerate(agent.layers):
        name = f"model.layers.{i}."
        state[name + "input_layernorm.weight"] = layer.input_norm
        state[name + "post_attention_layernorm.weight"] = layer.post_norm
        for key, linear in layer.linears.items():
            state[f"{name}{part(key)}.{key}.weight"] = linear.weight
            lora = f"llm_model.base_model.model.{name}{part(key)}.{key}."
            leo[lora + "lora_A.default.weight"], leo[lora + "lora_B.default.weight"] = linear.a, linear.b
    clean = lambda tensors: {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    save_file(clean(state), os.path.join(llm, "model.safetensors"))
    with open(os.path.join(llm, "config.json"), "w") as file:
        json.dump({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": HIDDEN,
                   "intermediate_size": FEED, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
                   "max_position_embeddings": 2048, "rms_norm_eps": 1e-6, "vocab_size": PIECES, "bos_token_id": 1,
                   "eos_token_id": 2, "tie_word_embeddings": False, "torch_dtype": "float32"}, file, indent=1)
    torch.save(clean(leo), os.path.join(folder, "leo.pth"))
    torch.save(clean(pointnet.state()), os.path.join(folder, "pointnetpp.pth"))
    torch.save(clean(image_encoder()), os.path.join(folder, "open_clip_pytorch_model.bin"))


def add_outliers(source, target, count, rng):
    """Rewrites checkpoints so that `count` channels before every product are 20 to 100 times as large, and the columns that read
    them as much smaller: the function stays what it was, as do LLaMA's, whose few large channels quantisation has to bear."""
    from safetensors.torch import load_file, save_file
    shutil.copytree(source, target)
    weights = os.path.join(target, "llm", "model.safetensors")
    state, leo = load_file(weights), torch.load(os.path.join(target, "leo.pth"), weights_only=True)
    layers = 1 + max(int(k.split(".")[2]) for k in state if k.startswith("model.layers."))

    def factors(width):
        s = torch.ones(width)
        for channel in rng.sample(range(width), count): s[channel] = 20 * 5 ** rng.random()
        return s

    def lora(name, side):
        return f"llm_model.base_model.model.{name}.lora_{side}.default.weight"

    for i in range(layers):
        name = f"model.layers.{i}."
        def shrink(keys, s):
            for key in keys:
                state[name + key + ".weight"] /= s
                if lora(name + key, "A") in leo: leo[lora(name + key, "A")] /= s
        def grow(key, s):
            state[name + key + ".weight"] *= s[:, None]
            if lora(name + key, "B") in leo: leo[lora(name + key, "B")] *= s[:, None]
        for norm, readers in (("input_layernorm", ["self_attn." + k for k in ("q_proj", "k_proj", "v_proj")]),
                              ("post_attention_layernorm", ["mlp.gate_proj", "mlp.up_proj"])):
            s = factors(len(state[name + norm + ".weight"]))
            state[name + norm + ".weight"] *= s
            shrink(readers, s)
        for writer, reader in (("self_attn.v_proj", "self_attn.o_proj"), ("mlp.up_proj", "mlp.down_proj")):
            s = factors(state[name + writer + ".weight"].shape[0])
            grow(writer, s)
            shrink([reader], s)
    s = factors(len(state["model.norm.weight"]))
    state["model.norm.weight"] *= s
    state["lm_head.weight"] /= s
    save_file(state, weights)
    torch.save(leo, os.path.join(target, "leo.pth"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="folder of `leo world tasks`; with --outliers, of checkpoints")
    parser.add_argument("-o", "--output", required=True, help="folder to write, new")
    parser.add_argument("--outliers", type=int, metavar="N",
                        help="instead of training, give every product's input N large channels")
    parser.add_argument("--steps", type=int, nargs=2, default=(700, 400), metavar=("TEXT", "SCENE"))
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if os.path.exists(options.output): sys.exit(f"error: {options.output} exists already")
    rng = random.Random(options.seed)
    if options.outliers is not None and not 1 <= options.outliers <= 64: sys.exit("error: --outliers: expected 1 to 64")
    needed = "llm" if options.outliers else "instruction"
    if not os.path.isdir(os.path.join(options.source, needed)):
        sys.exit(f"error: {options.source}: expected a folder that holds {needed}")
    if options.outliers: return add_outliers(options.source, options.output, options.outliers, rng)
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    samples = read_samples(options.source, rng)
    os.makedirs(os.path.join(options.output, "llm"))
    texts = [SITUATION, ROLE, IMAGE, OBJECTS] + CAPTION_PROMPTS + PLAN_PROMPTS
    symbols = "[" + "".join(ACTIONS.values()) + "]"
    for s in samples: texts += [re.sub(symbols, "", t) for t in [s.situation, s.instruction or "", *s.answers]]
    tokenizer = make_tokenizer(
        [t + " USER: ASSISTANT:" for t in texts if t], os.path.join(options.output, "llm", "tokenizer.model"))
    began = time.process_time()
    pointnet = PointNet()
    scenes = Scenes(options.source, sorted({s.scene for s in samples}), pointnet, rng)
    print(f"{len(samples)} samples, {len(scenes.objects)} scenes, {len(scenes.features)} objects, "
          f"encoded in {time.process_time() - began:.0f} s", flush=True)
    batches = Batches(samples, scenes, tokenizer, rng)
    used = [i for i in range(PIECES) if not tokenizer.id_to_piece(i).startswith("\u2581unused")]
    agent = Agent(used)
    draw = lambda: batches.draw(options.batch)
    train(agent, agent.base(), batches.plain, options.steps[0], 2e-3, "texts", draw)
    for layer in agent.layers:
        for linear in layer.linears.values(): linear.adapted = True
    train(agent, agent.learned(), batches.situated, options.steps[1], 2e-3, "scenes", draw)
    write(agent, pointnet, options.output)


if __name__ == "__main__":
    main()
