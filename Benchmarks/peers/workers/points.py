"""Farthest-point sampling and ball query by public packages: points.py LIBRARY OPERATION BATCH COUNT SAMPLES"""
import importlib.metadata
import os
import sys

import numpy as np

from turns import serve

library, operation = sys.argv[1:3]
batch, count, samples = map(int, sys.argv[3:6])
random = np.random.default_rng(1)
points = random.uniform(-1, 1, (batch, count, 3)).astype(np.float32)
title = f"{library} {importlib.metadata.version(library)}"

if library == "fpsample":
    import fpsample
    if operation == "plain":
        serve(title + " fps_sampling", lambda: [fpsample.fps_sampling(cloud, samples, start_idx=0) for cloud in points])
    else:
        # The height its documentation advises: 3 for small clouds, 7 for large ones.
        height = 3 if count < 5000 else 5 if count < 50000 else 7
        serve(title + f" bucket_fps_kdline_sampling h={height}",
              lambda: [fpsample.bucket_fps_kdline_sampling(cloud, samples, h=height, start_idx=0) for cloud in points])
elif library == "torch_quickfps":
    import torch
    import torch_quickfps
    torch.set_num_threads(int(os.environ.get("PEER_THREADS", "1")))
    clouds = torch.from_numpy(points)
    if operation == "plain":
        serve(title + " sample_idx_baseline", lambda: torch_quickfps.sample_idx_baseline(clouds, samples))
    else:
        serve(title + " sample_idx", lambda: torch_quickfps.sample_idx(clouds, samples))
elif library == "scipy":
    from scipy.spatial import cKDTree
    workers = int(os.environ.get("PEER_THREADS", "1"))
    limit, radius = 32, 0.2

    def query():
        for cloud in points:
            found = cKDTree(cloud).query_ball_point(cloud[:samples], radius, workers=workers, return_sorted=True)
            rows = np.zeros((samples, limit), np.int32)
            for row, indices in zip(rows, found):
                chosen = indices[:limit]
                row[:] = chosen[0] if chosen else 0
                row[:len(chosen)] = chosen
    serve(title + " cKDTree", query)
