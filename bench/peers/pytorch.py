"""The training step of the benchmark in PyTorch, on the CPU.

    python3 bench/peers/pytorch.py [--threads 1] [--blas-threads 1] [--malloc tuned|default]

Reads JSON commands on stdin, answers with one JSON line each on stdout (bench/peers/README.md).
Thread counts and the allocator are fixed before PyTorch is loaded, so each setting is a process of its own.
"""

import argparse
import json
import os
import statistics
import sys
import time

MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(64 << 20),
}
PREPARED = "REPARAM_BENCH_PREPARED"

# torchvision probes for a package called pytorch, and would find this file.
if __name__ != "__main__":
    raise ImportError("bench/peers/pytorch.py is a program, not a module")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--blas-threads", type=int)
    parser.add_argument("--malloc", choices=["tuned", "default"], default="tuned")
    return parser.parse_args()


def prepare(options):
    """Replace this process by one whose environment has the wanted threads and allocator."""
    if PREPARED in os.environ:
        return
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE" and k not in MALLOC}
    blas = str(options.blas_threads or options.threads)
    environment |= {
        PREPARED: "1",
        "OMP_NUM_THREADS": str(options.threads),
        "MKL_NUM_THREADS": blas,
        "OPENBLAS_NUM_THREADS": blas,
    }
    if options.malloc == "tuned":
        environment |= MALLOC
    os.execve(sys.executable, [sys.executable, *sys.argv], environment)


options = arguments()
prepare(options)
# Whatever a library prints must not end up between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    for line in sys.stdin:
        if json.loads(line)["cmd"] == "exit":
            break
        answer({"missing": f"this Python has no PyTorch ({error})"})
    sys.exit(0)

sys.dont_write_bytecode = True
import example_epoch
import torch_models
import torch_semisupervised

if options.blas_threads in (None, options.threads):
    torch.set_num_threads(options.threads)

MODELS = {"vae-pytorch": ([400], 20, F.relu), "vae": ([200, 200], 50, torch.tanh)}


class Vae(nn.Module):
    """Multilayer perceptrons either way, a diagonal normal posterior from two heads, Bernoulli logits."""

    def __init__(self, hidden, latent, activation):
        super().__init__()
        sizes = [784, *hidden]
        self.encoder = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.loc = nn.Linear(sizes[-1], latent)
        self.log_variance = nn.Linear(sizes[-1], latent)
        sizes = [latent, *reversed(hidden)]
        self.decoder = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.logits = nn.Linear(sizes[-1], 784)
        self.activation = activation

    def encode(self, x):
        for layer in self.encoder:
            x = self.activation(layer(x))
        return self.loc(x), self.log_variance(x)

    def decode(self, z):
        for layer in self.decoder:
            z = self.activation(layer(z))
        return self.logits(z)

    def forward(self, x):
        loc, log_variance = self.encode(x)
        z = loc + torch.randn_like(loc) * torch.exp(0.5 * log_variance)
        distortion = F.binary_cross_entropy_with_logits(self.decode(z), x, reduction="sum")
        rate = -0.5 * torch.sum(1 + log_variance - loc.pow(2) - log_variance.exp())
        return distortion + rate


# Sizes of an image, widths of the convolutions (4×4, stride 2, padding 1), latent dimensions.
CONVOLUTIONAL = {"conv-mnist": ((1, 28, 28), [32, 64], 16), "conv-cifar": ((3, 32, 32), [32, 64, 128], 64)}


class ConvVae(nn.Module):
    """Strided convolutions, two heads, and the mirror image of it all; ReLU, Bernoulli logits."""

    def __init__(self, image, widths, latent):
        super().__init__()
        channels, height, width = image
        sizes = [channels, *widths]
        self.top = (widths[-1], height >> len(widths), width >> len(widths))
        flat = self.top[0] * self.top[1] * self.top[2]
        self.encoder = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(sizes, sizes[1:]))
        self.loc = nn.Linear(flat, latent)
        self.log_variance = nn.Linear(flat, latent)
        self.spread = nn.Linear(latent, flat)
        sizes.reverse()
        self.decoder = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in zip(sizes, sizes[1:]))

    def forward(self, x):
        h = x
        for layer in self.encoder:
            h = F.relu(layer(h))
        h = h.flatten(1)
        loc, log_variance = self.loc(h), self.log_variance(h)
        z = loc + torch.randn_like(loc) * torch.exp(0.5 * log_variance)
        h = F.relu(self.spread(z)).unflatten(1, self.top)
        if x.is_contiguous(memory_format=torch.channels_last):
            h = h.contiguous(memory_format=torch.channels_last)
        for layer in self.decoder[:-1]:
            h = F.relu(layer(h))
        distortion = F.binary_cross_entropy_with_logits(self.decoder[-1](h), x, reduction="sum")
        rate = -0.5 * torch.sum(1 + log_variance - loc.pow(2) - log_variance.exp())
        return distortion + rate


FLOWS = ("realnvp", "maf")
MAKE = {
    **{name: lambda sizes=sizes: Vae(*sizes) for name, sizes in MODELS.items()},
    **{name: lambda sizes=sizes: ConvVae(*sizes) for name, sizes in CONVOLUTIONAL.items()},
    **{name: lambda name=name: torch_models.Flow(name) for name in FLOWS},
    "iwae": lambda: torch_models.ImportanceWeighted(Vae(*MODELS["vae"]), 50),
    "m2": lambda: torch_semisupervised.SemiSupervised(),
    "m2-split": lambda: torch_semisupervised.SemiSupervised(split=True),
    "iwae-dreg": lambda: torch_models.ImportanceWeighted(Vae(*MODELS["vae"]), 50, dreg=True),
}


def batches_for(name, batch, channels_last=False):
    if name.startswith("m2"):
        return torch_semisupervised.batches(batch)
    if name in FLOWS:
        return list(torch.randn(32, batch, 64, generator=torch.Generator().manual_seed(0)))
    return random_batches(batch, CONVOLUTIONAL[name][0] if name in CONVOLUTIONAL else (784,), channels_last)


class Trainer:
    """One model with its optimiser; `step` is a whole training step and returns the summed loss."""

    def __init__(self, name, adam="default", compiled=None, compile_optimizer=False, channels_last=False):
        torch.manual_seed(1)
        self.model = MAKE[name]()
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        flags = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}[adam]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, **flags)
        mode = None if compiled in (None, False, True, "default") else compiled
        self.loss = torch.compile(self.model, mode=mode) if compiled else self.model
        self.update = torch.compile(self.optimizer.step) if compile_optimizer else self.optimizer.step

    def step(self, x):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x)
        loss.backward()
        self.update()
        return loss.item()


def random_batches(batch, shape, channels_last=False):
    generator = torch.Generator().manual_seed(0)
    batches = [(torch.rand(batch, *shape, generator=generator) < 0.13).float() for _ in range(32)]
    return [x.contiguous(memory_format=torch.channels_last) for x in batches] if channels_last else batches


def timed(trainer, batches, steps, first=0):
    """Milliseconds of each step, and the last loss per example."""
    times = []
    for i in range(first, first + steps):
        x = batches[i % len(batches)]
        start = time.perf_counter()
        loss = trainer.step(x)
        times.append(1e3 * (time.perf_counter() - start))
    return times, loss if getattr(trainer.model, "is_mean", False) else loss / len(x)


def fastest(candidates, batches):
    """The key of the trainer with the lowest median over a few interleaved rounds."""
    times = {key: [] for key in candidates}
    for _ in range(4):
        for key, trainer in candidates.items():
            times[key] += timed(trainer, batches, 25)[0][5:]
    medians = {key: statistics.median(values) for key, values in times.items()}
    return min(medians, key=medians.get), medians


class Peer:
    def __init__(self):
        self.trainer = self.batches = self.images = None
        self.position = 0
        self.size = 128

    def hello(self, _):
        return {
            "peer": "pytorch",
            "version": torch.__version__,
            "threads": torch.get_num_threads(),
            "blasThreads": options.blas_threads or options.threads,
            "blas": "mkl" if torch.backends.mkl.is_available() else "openblas or other",
            "malloc": options.malloc,
            "cpu": torch.backends.cpu.get_cpu_capability(),
            "commands": ["setup", "round", "gradients", "epoch", "importance", "sample"],
        }

    def setup(self, command):
        name = command["model"]
        if name not in MAKE:
            raise ValueError(f"unknown model {name!r}; known: {', '.join(MAKE)}")
        variant = command.get("variant", {})
        name += "-split" if variant.get("split") else ""
        self.size = command.get("batch", 128)
        channels_last = variant.get("channelsLast", False)
        self.batches, self.position = batches_for(name, self.size, channels_last), 0
        torch.set_flush_denormal(variant.get("flushDenormal", False))
        adam, medians = variant.get("adam", "best"), None
        compiled, compile_optimizer = variant.get("compile"), variant.get("compileOptimizer", False)
        if adam == "best":
            candidates = {key: Trainer(name, key, channels_last=channels_last) for key in ("default", "foreach", "fused")}
            adam, medians = fastest(candidates, self.batches)
        self.trainer = Trainer(name, adam, compiled, compile_optimizer, channels_last)
        start = time.perf_counter()
        self.trainer.step(self.batches[0])
        first = time.perf_counter() - start
        timed(self.trainer, self.batches, 10)
        title = "pytorch torch.compile" if compiled else "pytorch eager"
        return {"ok": True, "peer": title, "adam": adam, "adamMedianMs": medians, "firstStepSeconds": first}

    def round(self, command):
        times, loss = timed(self.trainer, self.batches, command["steps"], self.position)
        self.position += command["steps"]
        return {"ms": times, "loss": loss}

    def gradients(self, command):
        return torch_semisupervised.compare(command.get("variant", {}).get("split", False), command["folder"])

    def epoch(self, command):
        if self.images is None:
            self.images = example_epoch.mnist_images()
        kind = command.get("loader", "dataloader")
        if kind not in example_epoch.SOURCES:
            raise ValueError(f"unknown loader {kind!r}; known: {', '.join(example_epoch.SOURCES)}")
        batches, how = example_epoch.SOURCES[kind](self.images, self.size)
        steps, total = 0, 0.0
        start = time.perf_counter()
        for x in batches:
            total += self.trainer.step(x)
            steps += 1
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "steps": steps, "loader": kind, "data": how, "loss": total / len(self.images)}

    def importance(self, command):
        """Log-likelihood by importance sampling; `rows` and `chunk` are how much of it is computed at a time."""
        images, samples = command["images"], command["numSamples"]
        rows, chunk = command.get("rows", 20), command.get("chunk", 50)
        key = (images, command.get("compile"))
        if getattr(self, "sampled", (None,))[0] != key:
            model = torch_models.ImportanceWeighted(Vae(*MODELS["vae"]), samples)
            function = torch.compile(model.log_weights, dynamic=False) if command.get("compile") else model.log_weights
            self.sampled = key, function, random_batches(images, (784,))[0]
        _, function, x = self.sampled
        start = time.perf_counter()
        each = torch_models.log_likelihood(function, x, samples, rows, chunk)
        return {"seconds": time.perf_counter() - start, "logLikelihood": each.mean().item()}

    def sample(self, command):
        flow = MAKE[command["model"]]()
        start = time.perf_counter()
        flow.sample(command["count"])
        return {"seconds": time.perf_counter() - start}


def serve():
    peer = Peer()
    commands = {
        name: getattr(peer, name) for name in ("hello", "setup", "round", "gradients", "epoch", "importance", "sample")
    }
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


serve()
