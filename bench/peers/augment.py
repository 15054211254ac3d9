"""Two views of every image as the paper's code makes them: torchvision's transforms on Pillow images, one thread, from
JPEG bytes in memory (or, at 32 px, from decoded pixels). Prints JSON with images per second of processor time.

    python bench/peers/augment.py --data DIR --preset imagenet --seconds 10
"""

import argparse
import io
import json
import time
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms as T

torch.set_num_threads(1)


class Blur:
    def __init__(self, p):
        self.p = p

    def __call__(self, image):
        if np.random.random() >= self.p:
            return image
        return image.filter(ImageFilter.GaussianBlur(radius=np.random.uniform(0.1, 2.0)))


class Solarize:
    def __init__(self, p):
        self.p = p

    def __call__(self, image):
        return ImageOps.solarize(image) if np.random.random() < self.p else image


def transform(preset, blur, solarize):
    steps = [
        T.RandomResizedCrop(224 if preset == "imagenet" else 32, interpolation=T.InterpolationMode.BICUBIC),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
        T.RandomGrayscale(0.2),
    ]
    if preset == "imagenet":
        steps += [Blur(blur), Solarize(solarize)]
    mean, std = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)) if preset == "imagenet" else (
        (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616))
    return T.Compose(steps + [T.ToTensor(), T.Normalize(mean, std)])


parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--preset", choices=["imagenet", "cifar"], required=True)
parser.add_argument("--images", type=int, default=500)
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--decoded", action="store_true", help="start from decoded pixels")
arguments = parser.parse_args()

files = sorted(f for f in Path(arguments.data).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
step = max(1, len(files) // arguments.images)
inputs = [f.read_bytes() for f in files[::step][: arguments.images]]
decode = lambda data: Image.open(io.BytesIO(data)).convert("RGB")
if arguments.decoded:
    inputs = [np.asarray(decode(data)) for data in inputs]
    decode = Image.fromarray
first, second = transform(arguments.preset, 1.0, 0.0), transform(arguments.preset, 0.1, 0.2)
done, begin = 0, time.process_time()
while time.process_time() - begin < arguments.seconds:
    image = decode(inputs[done % len(inputs)])
    first(image), second(image)
    done += 1
elapsed = time.process_time() - begin
print(json.dumps({"images_per_second": done / elapsed, "torchvision": torchvision.__version__, "images": len(inputs)}))
