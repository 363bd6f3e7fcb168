"""Losses, gradients and optimiser steps of small VAEs by PyTorch in float64, for the parity tests.

    python3 test/parity/make_fixture.py

Writes packages/reparam/test/fixtures/parity-<activation>-<likelihood>.json. Inputs and weights are multiples of
1/1024, so they are the same numbers in float32. Nothing depends on PyTorch's random numbers.
"""

import json
import math
import random
from pathlib import Path

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "packages/reparam/test/fixtures"
PIXELS, HIDDEN, LATENT, BATCH = 12, 8, 3, 5
STEPS, RATE = 3, 1e-3
BETA = 4.0
# A unit this close to the kink of relu could fall on its other side in float32.
KINK = 2e-4
LAYERS = {
    "encoder.0": (PIXELS, HIDDEN),
    "posterior.loc": (HIDDEN, LATENT),
    "posterior.logVariance": (HIDDEN, LATENT),
    "decoder.0": (LATENT, HIDDEN),
    "output": (HIDDEN, PIXELS),
}
LIKELIHOODS = {
    "bernoulli": {"kind": "bernoulli"},
    "gaussian-fixed": {"kind": "gaussian", "scale": 0.75},
    "gaussian-shared": {"kind": "gaussian", "scale": "shared"},
    "gaussian-per-dimension": {"kind": "gaussian", "scale": "per-dimension"},
}
# The objectives beyond the plain bounds, and the optimisers, are checked on these.
FULL = {("tanh", "bernoulli"), ("relu", "gaussian-shared")}
NOTES = {
    "madeBy": "test/parity/make_fixture.py",
    "torch": torch.__version__,
    "layout": "Every array is {shape, data}, data row-major. weight is [in, out]: y = x weight + bias. "
    "encoder.0 and decoder.0 are hidden layers followed by the activation; posterior.loc, posterior.logVariance "
    "and output are linear. z = loc + exp(logVariance / 2) eps. likelihood.logScale is log sigma.",
    "unit": "nats per example: summed over event dimensions, averaged over the batch (and over draws of z)",
    "eps": "key k holds the noise of k draws: [5, 3] for one draw, else [k, 5, 3]",
}


class Draws:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def normal(self, shape, scale=1.0):
        values = [round(self.random.gauss(0, scale) * 1024) / 1024 for _ in range(math.prod(shape))]
        return torch.tensor(values).reshape(shape)

    def bits(self, shape):
        return torch.tensor([float(self.random.random() < 0.4) for _ in range(math.prod(shape))]).reshape(shape)


def draw_params(draws, likelihood):
    params = {}
    for name, (inputs, outputs) in LAYERS.items():
        params[name + ".weight"] = draws.normal((inputs, outputs), 1 / math.sqrt(inputs))
        params[name + ".bias"] = draws.normal((outputs,), 0.3)
    scale = likelihood.get("scale")
    if isinstance(scale, str):
        params["likelihood.logScale"] = draws.normal(() if scale == "shared" else (PIXELS,), 0.3)
    return {name: value.requires_grad_() for name, value in params.items()}


class Model:
    """The densities of one VAE at given parameters; `nearest_kink` is the smallest hidden preactivation met."""

    def __init__(self, activation, likelihood, params):
        self.activation = {"tanh": torch.tanh, "relu": torch.relu}[activation]
        self.is_smooth = activation == "tanh"
        self.likelihood, self.params = likelihood, params
        self.nearest_kink = math.inf

    def linear(self, name, x):
        return x @ self.params[name + ".weight"] + self.params[name + ".bias"]

    def hidden(self, name, x):
        h = self.linear(name, x)
        if not self.is_smooth:
            self.nearest_kink = min(self.nearest_kink, h.abs().min().item())
        return self.activation(h)

    def encode(self, x):
        h = self.hidden("encoder.0", x)
        scale = torch.exp(self.linear("posterior.logVariance", h) / 2)
        return torch.distributions.Normal(self.linear("posterior.loc", h), scale)

    def log_likelihood(self, z, x):
        output = self.linear("output", self.hidden("decoder.0", z))
        if self.likelihood["kind"] == "bernoulli":
            target = x.expand_as(output)
            return -F.binary_cross_entropy_with_logits(output, target, reduction="none").sum(-1)
        scale = self.likelihood["scale"]
        sigma = torch.tensor(scale) if isinstance(scale, float) else torch.exp(self.params["likelihood.logScale"])
        return torch.distributions.Normal(output, sigma).log_prob(x).sum(-1)


PRIOR = torch.distributions.Normal(torch.tensor(0.0), torch.tensor(1.0))


def bounds(model, x, eps):
    """Every quantity the objectives are made of, for draws eps of shape [..., batch, latent]."""
    q = model.encode(x)
    z = q.loc + q.scale * eps
    log_ratio = (q.log_prob(z) - PRIOR.log_prob(z)).sum(-1)
    log_likelihood = model.log_likelihood(z, x)
    kl = torch.distributions.kl_divergence(q, PRIOR)
    return q, log_likelihood, log_ratio, kl


def elbo(model, x, eps, sampled=False, beta=1.0, free_bits=None):
    _, log_likelihood, log_ratio, kl = bounds(model, x, eps)
    distortion = -log_likelihood.mean()
    rate = log_ratio.mean() if sampled else kl.sum(-1).mean()
    charged = rate if free_bits is None else torch.clamp(kl.mean(0), min=free_bits).sum()
    return distortion + beta * charged, {"elbo": -(distortion + rate), "rate": rate, "distortion": distortion}


def iwae(model, x, eps):
    _, log_likelihood, log_ratio, _ = bounds(model, x, eps)
    log_weights = log_likelihood - log_ratio
    bound = (torch.logsumexp(log_weights, 0) - math.log(len(eps))).mean()
    distortion, rate = -log_likelihood.mean(), log_ratio.mean()
    terms = {"elbo": -(distortion + rate), "rate": rate, "distortion": distortion, "iwaeBound": bound}
    return -bound, terms


def array(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().reshape(-1).tolist()}


def arrays(tensors):
    return {name: array(value) for name, value in tensors.items()}


def expected(objective, draws, loss_and_terms, params):
    loss, terms = loss_and_terms
    gradient = dict(zip(params, torch.autograd.grad(loss, list(params.values()))))
    return {
        "objective": objective,
        "draws": draws,
        "loss": loss.item(),
        "terms": {name: value.item() for name, value in terms.items()},
        "gradient": arrays(gradient),
    }


OPTIMIZERS = {
    "adam": ({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}, lambda p: torch.optim.Adam(p, lr=RATE, eps=1e-8)),
    "adamw": (
        {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.01},
        lambda p: torch.optim.AdamW(p, lr=RATE, eps=1e-8, weight_decay=0.01),
    ),
    "sgd": ({"momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=RATE, momentum=0.9)),
}


def optimizer_steps(activation, likelihood, start, x, eps):
    """Parameters after a few steps on the single-draw ELBO with the same x and eps; and the losses before each."""
    results, nearest = [], math.inf
    for name, (settings, make) in OPTIMIZERS.items():
        params = {key: value.detach().clone().requires_grad_() for key, value in start.items()}
        optimizer, losses = make(list(params.values())), []
        for _ in range(STEPS):
            model = Model(activation, likelihood, params)
            optimizer.zero_grad()
            loss, _ = elbo(model, x, eps)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            nearest = min(nearest, model.nearest_kink)
        results.append(
            {"name": name, "settings": settings, "learningRate": RATE, "losses": losses, "params": arrays(params)}
        )
    return results, nearest


def make(activation, name, seed):
    """One fixture, or nothing when this seed puts a unit on the kink of relu or leaves free bits nothing to do."""
    likelihood, draws = LIKELIHOODS[name], Draws(seed)
    params = draw_params(draws, likelihood)
    x = draws.bits((BATCH, PIXELS)) if name == "bernoulli" else draws.normal((BATCH, PIXELS))
    eps = {1: draws.normal((BATCH, LATENT)), 2: draws.normal((2, BATCH, LATENT)), 5: draws.normal((5, BATCH, LATENT))}
    model = Model(activation, likelihood, params)

    results = [expected({"kind": "elbo", "kl": "analytic"}, k, elbo(model, x, eps[k]), params) for k in (1, 2)]
    results.append(expected({"kind": "iwae"}, 5, iwae(model, x, eps[5]), params))
    fixture = {
        **NOTES,
        "activation": activation,
        "likelihood": likelihood,
        "sizes": {"pixels": PIXELS, "hidden": HIDDEN, "latent": LATENT, "batch": BATCH},
        "x": array(x),
        "eps": {str(k): array(value) for k, value in eps.items()},
        "params": arrays(params),
        "expected": results,
    }
    nearest = model.nearest_kink
    if (activation, name) in FULL:
        kl = bounds(model, x, eps[1])[3].mean(0).detach()
        low, middle, _ = sorted(kl.tolist())
        free_bits = round((low + middle) / 2 * 64) / 64
        if (kl - free_bits).abs().min() < 0.02 or not low < free_bits < middle:
            return None
        kind = {"kind": "elbo", "kl": "analytic"}
        results.append(expected({"kind": "elbo", "kl": "sampled"}, 2, elbo(model, x, eps[2], sampled=True), params))
        results.append(expected({**kind, "beta": BETA}, 1, elbo(model, x, eps[1], beta=BETA), params))
        free = elbo(model, x, eps[1], free_bits=free_bits)
        results.append(expected({**kind, "freeBits": free_bits}, 1, free, params))
        fixture["steps"] = STEPS
        fixture["optimizers"], stepped = optimizer_steps(activation, likelihood, params, x, eps[1])
        nearest = min(nearest, model.nearest_kink, stepped)
    return fixture if nearest > KINK else None


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for activation in ("tanh", "relu"):
        for name in LIKELIHOODS:
            seed = next(seed for seed in range(1000) if make(activation, name, seed))
            text = json.dumps({"seed": seed, **make(activation, name, seed)}, separators=(",", ":"), allow_nan=False)
            (OUT / f"parity-{activation}-{name}.json").write_text(text + "\n")


main()
