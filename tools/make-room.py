#!/usr/bin/env python3
"""Makes the small labelled scan of the demo: tools/make-room.py Examples/Scenes/room.ply

A room of boxes, their surfaces sampled with a fixed seed: a floor, a table with a cup, two chairs, a sofa, a lamp.
"""
import random, struct, sys

#        name     centre               size               colour          points
BOXES = [("floor", (0, 0, 0.01), (4.0, 3.0, 0.02), (150, 130, 110), 400),
         ("table", (0, 0, 0.72), (1.4, 0.8, 0.06), (120, 80, 40), 300),
         ("chair", (-1.0, 0, 0.45), (0.45, 0.45, 0.9), (40, 60, 160), 250),
         ("chair", (1.0, 0, 0.45), (0.45, 0.45, 0.9), (40, 60, 160), 250),
         ("sofa", (0, 1.2, 0.4), (1.8, 0.6, 0.8), (170, 40, 40), 350),
         ("cup", (0.2, 0.1, 0.80), (0.08, 0.08, 0.1), (240, 240, 240), 120),
         ("lamp", (1.7, 1.2, 0.8), (0.25, 0.25, 1.6), (230, 210, 90), 180)]

generator = random.Random(1)
rows = []
for label, (name, centre, size, colour, count) in enumerate(BOXES):
    areas = [size[1] * size[2], size[0] * size[2], size[0] * size[1]]
    for _ in range(count):
        axis = generator.choices(range(3), areas)[0]  # the face's normal
        point = [generator.uniform(-0.5, 0.5) for _ in range(3)]
        point[axis] = generator.choice((-0.5, 0.5))
        shade = generator.randint(-12, 12)
        rows.append(struct.pack("<fff3Bi", *(c + p * s for c, p, s in zip(centre, point, size)),
                                *(max(0, min(255, c + shade)) for c in colour), label))

header = "ply\nformat binary_little_endian 1.0\n" + "".join("comment %d %s\n" % (i, box[0]) for i, box in enumerate(BOXES))
header += "element vertex %d\nproperty float x\nproperty float y\nproperty float z\n" % len(rows)
header += "".join("property uchar %s\n" % c for c in ("red", "green", "blue")) + "property int label\nend_header\n"
with open(sys.argv[1], "wb") as file:
    file.write(header.encode() + b"".join(rows))
