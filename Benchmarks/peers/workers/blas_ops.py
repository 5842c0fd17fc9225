"""sgemm of the OpenBLAS that NumPy brings: blas_ops.py M N K"""
import sys

import numpy as np

from turns import serve

m, n, k = map(int, sys.argv[1:4])
random = np.random.default_rng(1)
x, w = random.standard_normal((m, k), dtype=np.float32), random.standard_normal((n, k), dtype=np.float32)
y = np.empty((m, n), np.float32)
blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
if "openblas" not in blas.get("name", ""):
    raise SystemExit(f"this NumPy uses {blas.get('name')}, not OpenBLAS")
serve(f"{blas['name']} {blas.get('version', '')} (NumPy {np.__version__})", lambda: np.matmul(x, w.T, out=y))
