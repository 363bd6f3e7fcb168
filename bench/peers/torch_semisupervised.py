"""M2 of the benchmark for PyTorch: the class summed out of the rows that have no label."""

import json
import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from torch_models import bernoulli_log_prob

PIXELS, HIDDEN, LATENT, CLASSES, LABELLED, ALPHA = 784, 500, 50, 10, 100, 0.1


def network(inputs):
    return nn.Sequential(nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU())


class SemiSupervised(nn.Module):
    """
    Mean over a batch (x, one-hot labels of its first rows) of −J^α. All rows with a class go through encoder and decoder as
    one batch: the labelled ones, then the others with class 0, with class 1, ... With `split` the encoder's first layer is
    x·W_x, once a row, + W_y[y].
    """

    is_mean = True

    def __init__(self, split=False, others=100):
        super().__init__()
        self.split = split
        self.encoder = network(PIXELS if split else PIXELS + CLASSES)
        self.by_class = nn.Linear(CLASSES, HIDDEN, bias=False) if split else None
        self.posterior = nn.Linear(HIDDEN, 2 * LATENT)
        self.decoder = network(LATENT + CLASSES)
        self.output = nn.Linear(HIDDEN, PIXELS)
        self.classifier = nn.Sequential(network(PIXELS), nn.Linear(HIDDEN, CLASSES))
        self.register_buffer("every_class", torch.eye(CLASSES).repeat_interleave(others, 0), persistent=False)

    def encode(self, x, repeated, y, condition):
        if not self.split:
            h = self.encoder(torch.cat([repeated, condition], 1))
        else:
            h = self.encoder[0](x)
            own = h[: len(y)] + self.by_class(y)
            others = h[len(y) :] + self.by_class.weight.t().unsqueeze(1)
            h = self.encoder[1:](torch.cat([own, others.flatten(0, 1)]))
        return self.posterior(h).chunk(2, -1)

    def forward(self, batch, noise=None):
        x, y = batch
        labelled = len(y)
        repeated = torch.cat([x[:labelled], x[labelled:].repeat(CLASSES, 1)])
        condition = torch.cat([y, self.every_class])
        loc, log_variance = self.encode(x, repeated, y, condition)
        noise = torch.randn_like(loc) if noise is None else noise
        z = loc + noise * torch.exp(0.5 * log_variance)
        logits = self.output(self.decoder(torch.cat([z, condition], 1)))
        rate = 0.5 * (loc.square() + log_variance.exp() - log_variance - 1).sum(-1)
        cost = rate - bernoulli_log_prob(repeated, logits)
        log_q = F.log_softmax(self.classifier(x), -1)
        log_others = log_q[labelled:].t()
        others = log_others.exp() * (cost[labelled:].view(CLASSES, -1) + log_others)
        bound = (cost[:labelled].sum() + others.sum()) / len(x) + math.log(CLASSES)
        return bound - ALPHA / labelled * (y * log_q[:labelled]).sum()


def batches(size):
    """Eight batches of random binary pixels and labels."""
    generator = torch.Generator().manual_seed(0)
    pixels = [(torch.rand(size, PIXELS, generator=generator) < 0.13).float() for _ in range(8)]
    classes = [torch.randint(CLASSES, (LABELLED,), generator=generator) for _ in pixels]
    return [(x, F.one_hot(y, CLASSES).float()) for x, y in zip(pixels, classes)]


def compare(split, folder):
    """Loss at the weights and the noise in `folder`, and how far each gradient is from the one there, relative to its norm."""
    folder = Path(folder)
    given = {
        name: torch.from_file(str(folder / f"{name}.f32"), size=math.prod(shape), dtype=torch.float32).view(shape)
        for name, shape in json.loads((folder / "shapes.json").read_text()).items()
    }
    model = SemiSupervised(split, len(given["x"]) - LABELLED)
    weights = {name.removeprefix("params."): value.clone() for name, value in given.items() if name.startswith("params.")}
    if split:
        whole = weights["encoder.0.weight"]
        weights["encoder.0.weight"], weights["by_class.weight"] = whole[:, :PIXELS], whole[:, PIXELS:]
    model.load_state_dict(weights)
    noise = given["noise"]
    noise = torch.cat([noise[0, :LABELLED], noise[:, LABELLED:].flatten(0, 1)])
    loss = model((given["x"], given["targets"]), noise)
    loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    if split:
        parts = gradients["encoder.0.weight"], gradients.pop("by_class.weight")
        gradients["encoder.0.weight"] = torch.cat(parts, 1)
    differences = {}
    for name, gradient in gradients.items():
        want = given[f"gradient.{name}"]
        differences[name] = ((gradient - want).norm() / want.norm()).item()
    return {"loss": loss.item(), "gradients": differences}
