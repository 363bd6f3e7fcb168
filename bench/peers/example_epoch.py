"""An epoch's batches: the well-known PyTorch VAE example's DataLoader, and the fastest plain loop beside it."""

import gzip
import os
import struct

import torch


def mnist_images():
    """The 60,000 training images, uint8 [60000, 28, 28], from $REPARAM_BENCH_MNIST (a folder or the file itself)."""
    place = os.environ.get("REPARAM_BENCH_MNIST")
    if not place:
        raise ValueError("REPARAM_BENCH_MNIST is not set: it must name the folder of train-images-idx3-ubyte")
    if os.path.isdir(place):
        names = [os.path.join(place, "train-images-idx3-ubyte" + end) for end in ("", ".gz")]
        place = next((name for name in names if os.path.exists(name)), names[0])
    with (gzip.open if place.endswith(".gz") else open)(place, "rb") as file:
        magic, count, rows, columns = struct.unpack(">4i", file.read(16))
        if (magic, rows, columns) != (0x803, 28, 28):
            raise ValueError(f"{place} is not an IDX file of 28x28 images")
        pixels = bytearray(file.read(count * rows * columns))
    return torch.frombuffer(pixels, dtype=torch.uint8).view(count, rows, columns)


def per_item_transform():
    """What turns one uint8 image into a float tensor, and its name: torchvision's own where it is installed."""
    try:
        from PIL import Image
        from torchvision.transforms import ToTensor

        convert = ToTensor()
        return lambda image: convert(Image.fromarray(image.numpy(), mode="L")), "torchvision ToTensor"
    except ImportError:
        return lambda image: image.unsqueeze(0).to(torch.float32).div(255), "tensor only (no image object)"


class Digits(torch.utils.data.Dataset):
    """Image by image, as torchvision's MNIST serves them."""

    def __init__(self, images, transform):
        self.images, self.transform = images, transform
        self.labels = torch.zeros(len(images), dtype=torch.int64)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index]), int(self.labels[index])


def loader_batches(images, batch):
    transform, name = per_item_transform()
    loader = torch.utils.data.DataLoader(Digits(images, transform), batch_size=batch, shuffle=True)
    return (data.view(-1, 784) for data, _ in loader), name


def preloaded_batches(images, batch):
    data = images.view(-1, 784).float().div(255)

    def batches():
        for rows in torch.randperm(len(data)).split(batch):
            yield data.index_select(0, rows)

    return batches(), "one float tensor in memory"


SOURCES = {"dataloader": loader_batches, "preloaded": preloaded_batches}
