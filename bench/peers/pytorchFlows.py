"""RealNVP and MAF in PyTorch, one JSON line {"ms": ...} for each line "STEPS" read: python pytorchFlows.py maf|realnvp THREADS fused|foreach."""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

kind, threads, adam = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
dim, hidden, batch, layers = 64, 100, 100, 5


class Masked(nn.Module):
    def __init__(self, reverse):
        super().__init__()
        ranks = torch.arange(dim).flip(0) if reverse else torch.arange(dim)
        units = (torch.arange(hidden) * (dim - 1)) // hidden
        self.first, self.second, self.last = nn.Linear(dim, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 2 * dim)
        self.register_buffer("m1", (units[:, None] >= ranks[None]).float())
        self.register_buffer("m2", (units[:, None] >= units[None]).float())
        self.register_buffer("m3", (ranks.repeat(2)[:, None] > units[None]).float())
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        h = F.relu(F.linear(x, self.first.weight * self.m1, self.first.bias))
        h = F.relu(F.linear(h, self.second.weight * self.m2, self.second.bias))
        loc, log_scale = F.linear(h, self.last.weight * self.m3, self.last.bias).chunk(2, -1)
        return (x - loc) * torch.exp(-log_scale), -log_scale.sum(-1)


class Coupling(nn.Module):
    def __init__(self, second):
        super().__init__()
        self.second = second
        half = dim // 2
        self.net = nn.Sequential(
            nn.Linear(half, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2 * half)
        )
        nn.init.zeros_(self.net[4].weight)
        nn.init.zeros_(self.net[4].bias)

    def forward(self, x):
        kept, moved = x.chunk(2, -1)
        if self.second:
            kept, moved = moved, kept
        loc, log_scale = self.net(kept).chunk(2, -1)
        moved = (moved - loc) * torch.exp(-log_scale)
        return torch.cat([moved, kept] if self.second else [kept, moved], -1), -log_scale.sum(-1)


flow = nn.ModuleList([(Masked if kind == "maf" else Coupling)(i % 2 == 1) for i in range(layers)])
optimizer = torch.optim.Adam(flow.parameters(), lr=1e-3, fused=adam == "fused", foreach=adam == "foreach")
data = torch.randn(50, batch, dim)


def step(x):
    optimizer.zero_grad(set_to_none=True)
    z, log_det = x, 0
    for layer in flow:
        z, change = layer(z)
        log_det = log_det + change
    loss = -(-0.5 * (z * z).sum(-1) - 0.5 * dim * math.log(2 * math.pi) + log_det).mean()
    loss.backward()
    optimizer.step()


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    count = int(line)
    for i in range(20):
        step(data[i % 50])
    started = time.perf_counter()
    for i in range(count):
        step(data[i % 50])
    print(json.dumps({"ms": (time.perf_counter() - started) / count * 1e3}), flush=True)
