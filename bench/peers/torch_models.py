"""Models of the benchmark beyond the plain VAEs, for PyTorch: importance-weighted bounds, flows, sampled log-likelihoods."""

import math

import torch
from torch import nn
from torch.nn import functional as F

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


def normal_log_prob(noise, log_scale):
    """log N of loc + scale · noise, summed over the last axis; 0 for log_scale is the standard normal."""
    return -(0.5 * noise.square() + log_scale + HALF_LOG_TWO_PI).sum(-1)


def bernoulli_log_prob(x, logits):
    """Summed over pixels. Quicker than binary_cross_entropy_with_logits without a reduction, in eager mode and compiled."""
    return (x * logits - F.softplus(logits)).sum(-1)


class ImportanceWeighted(nn.Module):
    """Negative importance-weighted bound of k samples of a VAE; with `dreg` its encoder gradient is doubly reparameterised."""

    def __init__(self, vae, samples, dreg=False):
        super().__init__()
        self.vae, self.samples, self.dreg = vae, samples, dreg

    def log_weights(self, x, samples):
        loc, log_variance = self.vae.encode(x)
        log_scale = 0.5 * log_variance
        noise = torch.randn(samples, *loc.shape)
        z = loc + noise * torch.exp(log_scale)
        if self.dreg:
            # log q sees z move, and neither loc nor scale.
            log_q = normal_log_prob((z - loc.detach()) * torch.exp(-log_scale.detach()), log_scale.detach())
        else:
            log_q = normal_log_prob(noise, log_scale)
        logits = self.vae.decode(z.flatten(0, 1)).unflatten(0, z.shape[:2])
        return bernoulli_log_prob(x, logits) + normal_log_prob(z, torch.zeros(())) - log_q, z

    def forward(self, x):
        log_weights, z = self.log_weights(x, self.samples)
        if self.dreg:
            share = torch.softmax(log_weights.detach(), 0)
            if z.requires_grad:
                z.register_hook(lambda gradient: share.unsqueeze(-1) * gradient)
            return -(share * log_weights).sum()
        return -(torch.logsumexp(log_weights, 0) - math.log(self.samples)).sum()


class MaskedLayer(nn.Module):
    """Gaussian masked autoregressive layer."""

    def __init__(self, dim, hidden, reverse):
        super().__init__()
        ranks = torch.arange(dim).flip(0) if reverse else torch.arange(dim)
        self.order = torch.argsort(ranks).tolist()
        units = [(torch.arange(size) * (dim - 1)) // size for size in hidden]
        degrees = [ranks, *units]
        self.linear = nn.ModuleList(nn.Linear(a, b) for a, b in zip([dim, *hidden], [*hidden, 2 * dim]))
        masks = [(after[:, None] >= before[None]).float() for before, after in zip(degrees, units)]
        masks.append((ranks.repeat(2)[:, None] > degrees[-1][None]).float())
        for i, mask in enumerate(masks):
            self.register_buffer(f"mask{i}", mask)
        start_at_identity(self.linear[-1])

    def numbers(self, x):
        for i, layer in enumerate(self.linear):
            x = F.linear(x if i == 0 else F.relu(x), layer.weight * getattr(self, f"mask{i}"), layer.bias)
        return x.chunk(2, -1)

    def forward(self, x):
        loc, log_scale = self.numbers(x)
        return (x - loc) * torch.exp(-log_scale), -log_scale.sum(-1)

    def inverse(self, z):
        x = torch.zeros_like(z)
        for i in self.order:
            loc, log_scale = self.numbers(x)
            x[:, i] = loc[:, i] + z[:, i] * torch.exp(log_scale[:, i])
        return x


class Coupling(nn.Module):
    """Affine coupling of halves."""

    def __init__(self, dim, hidden, second):
        super().__init__()
        self.second, half = second, dim // 2
        layers = [nn.Linear(a, b) for a, b in zip([half, *hidden], [*hidden, 2 * half])]
        start_at_identity(layers[-1])
        self.net = nn.Sequential(*[part for layer in layers for part in (nn.ReLU(), layer)][1:])

    def run(self, x, inverse):
        kept, moved = x.chunk(2, -1)
        if self.second:
            kept, moved = moved, kept
        loc, log_scale = self.net(kept).chunk(2, -1)
        moved = loc + moved * torch.exp(log_scale) if inverse else (moved - loc) * torch.exp(-log_scale)
        return torch.cat([moved, kept] if self.second else [kept, moved], -1), -log_scale.sum(-1)

    def forward(self, x):
        return self.run(x, False)

    def inverse(self, z):
        return self.run(z, True)[0]


def start_at_identity(linear):
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)


class Flow(nn.Module):
    """Summed negative log-density; layers alternate."""

    def __init__(self, kind, dim=64, length=5, hidden=(100, 100)):
        super().__init__()
        layer = {"maf": MaskedLayer, "realnvp": Coupling}[kind]
        self.dim = dim
        self.layers = nn.ModuleList(layer(dim, list(hidden), i % 2 == 1) for i in range(length))

    def forward(self, x):
        log_det = 0
        for layer in self.layers:
            x, change = layer(x)
            log_det = log_det + change
        return -(normal_log_prob(x, torch.zeros(())) + log_det).sum()

    @torch.inference_mode()
    def sample(self, count):
        x = torch.randn(count, self.dim)
        for layer in reversed(self.layers):
            x = layer.inverse(x)
        return x


@torch.inference_mode()
def log_likelihood(log_weights, images, samples, rows, chunk):
    """Importance-sampled log-likelihood of each image, `rows` images and `chunk` samples at a time."""
    each = []
    for x in images.split(rows):
        total = torch.full((len(x),), -math.inf)
        for first in range(0, samples, chunk):
            part, _ = log_weights(x, min(chunk, samples - first))
            total = torch.logaddexp(total, torch.logsumexp(part, 0))
        each.append(total - math.log(samples))
    return torch.cat(each)
