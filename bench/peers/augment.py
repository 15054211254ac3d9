"""Two views of every image, one thread, from JPEG bytes in memory or from decoded pixels: as the paper's code makes them
(torchvision's transforms on Pillow images), or with albumentations (OpenCV), whose pictures are not the same bytes.
Prints JSON with images per second of processor time.

    python bench/peers/augment.py --data DIR --preset imagenet --seconds 10 [--decoded] [--with albumentations]
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


def statistics(preset):
    if preset == "imagenet":
        return (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def with_torchvision(preset, blur, solarize):
    steps = [
        T.RandomResizedCrop(224 if preset == "imagenet" else 32, interpolation=T.InterpolationMode.BICUBIC),
        T.RandomHorizontalFlip(),
        T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
        T.RandomGrayscale(0.2),
    ]
    if preset == "imagenet":
        steps += [Blur(blur), Solarize(solarize)]
    return T.Compose(steps + [T.ToTensor(), T.Normalize(*statistics(preset))])


def with_albumentations(preset, blur, solarize):
    import albumentations as A
    import cv2

    cv2.setNumThreads(1)
    side = 224 if preset == "imagenet" else 32
    steps = [
        A.RandomResizedCrop(size=(side, side), interpolation=cv2.INTER_CUBIC),
        A.HorizontalFlip(p=0.5),
        A.ColorJitter((0.6, 1.4), (0.6, 1.4), (0.8, 1.2), (-0.1, 0.1), p=0.8),
        A.ToGray(p=0.2),
    ]
    if preset == "imagenet":
        steps += [A.GaussianBlur(blur_limit=0, sigma_limit=(0.1, 2.0), p=blur), A.Solarize((0.5, 0.5), p=solarize)]
    chain = A.Compose(steps + [A.Normalize(*statistics(preset))])
    return lambda image: chain(image=image)["image"]


parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--preset", choices=["imagenet", "cifar"], required=True)
parser.add_argument("--images", type=int, default=500)
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--with", dest="library", choices=["torchvision", "albumentations"], default="torchvision")
parser.add_argument("--decoded", action="store_true", help="start from decoded pixels")
arguments = parser.parse_args()

files = sorted(f for f in Path(arguments.data).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
step = max(1, len(files) // arguments.images)
inputs = [f.read_bytes() for f in files[::step][: arguments.images]]
if arguments.library == "torchvision":
    decode = lambda data: Image.open(io.BytesIO(data)).convert("RGB")
    pixels, from_pixels = np.asarray, Image.fromarray
    make, version = with_torchvision, torchvision.__version__
else:
    import albumentations
    import cv2

    decode = lambda data: cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    pixels = from_pixels = lambda image: image
    make, version = with_albumentations, albumentations.__version__
if arguments.decoded:
    inputs = [pixels(decode(data)) for data in inputs]
    decode = from_pixels
first, second = make(arguments.preset, 1.0, 0.0), make(arguments.preset, 0.1, 0.2)
done, begin = 0, time.process_time()
while time.process_time() - begin < arguments.seconds:
    image = decode(inputs[done % len(inputs)])
    first(image), second(image)
    done += 1
elapsed = time.process_time() - begin
print(json.dumps({"images_per_second": done / elapsed, arguments.library: version, "images": len(inputs)}))
