"""Logistic regression of the benchmark in scikit-learn.

    python3 bench/peers/scikit_learn.py [--threads 1]

Speaks the protocol of bench/peers/README.md. Threads are fixed before NumPy is loaded.
"""

import argparse
import gzip
import json
import os
import sys
import time
import warnings
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()
PREPARED = "REPARAM_BENCH_PREPARED"
if PREPARED not in os.environ:
    environment = {key: value for key, value in os.environ.items() if key != "OPENBLAS_CORETYPE"}
    threads = str(options.threads)
    environment |= {PREPARED: "1", "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)

# Whatever a library prints must not end up between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def serve_missing(reason):
    for _ in sys.stdin:
        answer({"missing": reason})
    sys.exit()


try:
    import numpy as np
    import sklearn
    from sklearn.linear_model import LogisticRegression
except ImportError as error:
    serve_missing(str(error))


def read(name, header):
    folder = Path(os.environ["REPARAM_BENCH_MNIST"])
    plain, packed = folder / name, folder / f"{name}.gz"
    data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(data, np.uint8, offset=header)


def logistic(command):
    """Fits rows of MNIST; reading and conversion to numbers in [0, 1] are not timed."""
    rows, strength = command["rows"], command["strength"]
    x = read("train-images-idx3-ubyte", 16).reshape(-1, 784)[:rows] / 255
    y = read("train-labels-idx1-ubyte", 8)[:rows].astype(np.int64)
    own = np.ascontiguousarray(x, dtype=command.get("dtype", "float64"))
    model = LogisticRegression(C=1 / (strength * rows), tol=command["tolerance"], max_iter=command["maxIterations"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model.fit(own, y)
        seconds = time.perf_counter() - start
    log_probs = model.predict_log_proba(x)
    loss = -log_probs[np.arange(rows), y].mean()
    objective = loss + strength / 2 * np.square(model.coef_.astype(np.float64)).sum()
    return {"seconds": seconds, "objective": float(objective), "iterations": int(model.n_iter_[0])}


commands = {"hello": lambda _: {"peer": "scikit-learn", "version": sklearn.__version__}, "logistic": logistic}
for line in sys.stdin:
    if not line.strip():
        continue
    try:
        command = json.loads(line)
        if command["cmd"] == "exit":
            break
        answer(commands[command["cmd"]](command))
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"})
