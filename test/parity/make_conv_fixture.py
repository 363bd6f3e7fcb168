"""Convolutions and poolings by PyTorch on whole numbers, so that results are exact.

    python3 test/parity/make_conv_fixture.py

Writes packages/tensor/test/fixtures/conv.json. Element i of the operand with seed s is (i·i·7 + 13·i + 5·s) mod 11 − 5;
gradients are of Σ c·y with c made the same way, seed 4.
"""

import json
import math
from pathlib import Path

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(__file__).resolve().parents[2] / "packages/tensor/test/fixtures/conv.json"
BATCH, INPUTS, OUTPUTS, HEIGHT, WIDTH = 2, 2, 3, 7, 6


def numbers(seed, shape):
    i = torch.arange(math.prod(shape), dtype=torch.int64)
    return ((i * i * 7 + 13 * i + 5 * seed) % 11 - 5).double().reshape(shape)


def case(name, operands, options, fn):
    inputs = [x.requires_grad_() for x in operands]
    y = fn(*inputs)
    gradients = torch.autograd.grad((numbers(4, y.shape) * y).sum(), inputs)
    return {
        "name": name,
        "options": options,
        "shapes": [list(x.shape) for x in inputs],
        "result": {"shape": list(y.shape), "data": y.flatten().tolist()},
        "gradients": [g.flatten().tolist() for g in gradients],
    }


def cases():
    image = (BATCH, INPUTS, HEIGHT, WIDTH)
    for kernel in (1, 3, 4, 5):
        for stride in (1, 2):
            for padding in (0, 1, 2):
                window = {"stride": stride, "padding": padding}
                operands = [numbers(1, image), numbers(2, (OUTPUTS, INPUTS, kernel, kernel)), numbers(3, (OUTPUTS,))]
                yield case("conv2d", operands, window, lambda x, w, b: F.conv2d(x, w, b, stride, padding))
                for extra in range(stride):
                    operands = [numbers(1, image), numbers(2, (INPUTS, OUTPUTS, kernel, kernel)), numbers(3, (OUTPUTS,))]
                    yield case(
                        "convTranspose2d",
                        operands,
                        window | {"outputPadding": extra},
                        lambda x, w, b: F.conv_transpose2d(x, w, b, stride, padding, extra),
                    )
    # Different values within a window: PyTorch gives the gradient of equal ones to the first.
    distinct = torch.randperm(math.prod(image), generator=torch.Generator().manual_seed(0)).double().reshape(image)
    for size, stride, padding in ((2, 2, 0), (3, 2, 1), (3, 1, 1)):
        options = {"size": size, "stride": stride, "padding": padding}
        yield case("avgPool2d", [36 * numbers(1, image)], options, lambda x: F.avg_pool2d(x, size, stride, padding))
        pooled = case("maxPool2d", [distinct], options, lambda x: F.max_pool2d(x, size, stride, padding))
        yield pooled | {"image": distinct.flatten().tolist()}


def whole(value):
    if isinstance(value, dict):
        return {k: whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole(v) for v in value]
    return round(value, 12) if isinstance(value, float) and value % 1 else int(value) if isinstance(value, float) else value


OUT.parent.mkdir(exist_ok=True)
OUT.write_text(json.dumps({"madeBy": "test/parity/make_conv_fixture.py", "cases": whole(list(cases()))}) + "\n")
