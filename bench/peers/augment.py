"""Two views of every image, one thread, from JPEG bytes in memory or from decoded pixels: as the paper's code makes them
(torchvision's transforms on Pillow images), or with torchvision's v2 transforms on tensors of bytes, albumentations or its
successor AlbumentationsX (OpenCV), or DALI on the processor, whose pictures are not the same bytes. Prints JSON with images
per second of processor time, and the versions.

    python bench/peers/augment.py --data DIR --preset imagenet --seconds 10 [--decoded] [--with albumentationsx]
"""

import argparse
import io
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms as T

from versions import versions_of

torch.set_num_threads(1)
# albumentations answers an argument that it does not know with a warning, and leaves it out.
warnings.filterwarnings("error", category=UserWarning)


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


def with_torchvision_v2(preset, blur, solarize):
    """On tensors of bytes, as torchvision's documentation advises."""
    from torchvision.transforms import v2

    steps = [
        v2.RandomResizedCrop(224 if preset == "imagenet" else 32, interpolation=v2.InterpolationMode.BICUBIC, antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
        v2.RandomGrayscale(0.2),
    ]
    if preset == "imagenet":
        steps += [v2.RandomApply([v2.GaussianBlur(15, (0.1, 2.0))], p=blur), v2.RandomSolarize(128, solarize)]
    return v2.Compose(steps + [v2.ToDtype(torch.float32, scale=True), v2.Normalize(*statistics(preset))])


def with_albumentations(preset, blur, solarize, of_blur={"blur_limit": 0, "sigma_limit": (0.1, 2.0)}, of_compose={}):
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
        steps += [A.GaussianBlur(**of_blur, p=blur), A.Solarize((0.5, 0.5), p=solarize)]
    chain = A.Compose(steps + [A.Normalize(*statistics(preset))], **of_compose)
    return lambda image: chain(image=image)["image"]


def with_albumentationsx(preset, blur, solarize):
    return with_albumentations(preset, blur, solarize, {"blur_range": (0, 0), "sigma_range": (0.1, 2.0)}, {"telemetry": False})


def decode_with_pillow(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def decode_with_opencv(data):
    import cv2

    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def decode_with_torchvision(data):
    from torchvision.io import ImageReadMode, decode_jpeg

    return decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8), ImageReadMode.RGB)


def same(image):
    return image


def with_dali(preset, inputs, decoded):
    """Runs a batch, and tells how many images it had. One decode gives both views; colours are turned in one matrix."""
    from nvidia.dali import fn, pipeline_def, types

    side = 224 if preset == "imagenet" else 32
    mean, std = ([255 * x for x in values] for values in statistics(preset))
    batch = 32 if preset == "imagenet" else 256
    place = 0

    def next_batch():
        nonlocal place
        place += batch
        return [inputs[(place + i) % len(inputs)] for i in range(batch)]

    def view(image, blur, solarize):
        x = fn.random_resized_crop(image, size=side, random_area=[0.08, 1.0], interp_type=types.INTERP_CUBIC)
        if fn.random.coin_flip(probability=0.8, dtype=types.BOOL):
            x = fn.color_twist(x, brightness=fn.random.uniform(range=[0.6, 1.4]), contrast=fn.random.uniform(range=[0.6, 1.4]),
                               saturation=fn.random.uniform(range=[0.8, 1.2]), hue=fn.random.uniform(range=[-36.0, 36.0]))
        if fn.random.coin_flip(probability=0.2, dtype=types.BOOL):
            x = fn.saturation(x, saturation=0.0)
        if preset == "imagenet":
            if fn.random.coin_flip(probability=blur, dtype=types.BOOL):
                x = fn.gaussian_blur(x, sigma=fn.random.uniform(range=[0.1, 2.0]))
            if solarize > 0 and fn.random.coin_flip(probability=solarize, dtype=types.BOOL):
                bright = x >= np.uint8(128)
                x = fn.cast(bright * (255 - x) + (x < np.uint8(128)) * x, dtype=types.UINT8)
        return fn.crop_mirror_normalize(x, mirror=fn.random.coin_flip(), mean=mean, std=std, output_layout="HWC")

    @pipeline_def(batch_size=batch, num_threads=1, device_id=None, enable_conditionals=True, exec_async=False,
                  exec_pipelined=False, prefetch_queue_depth=1)
    def two_views():
        image = fn.external_source(source=next_batch, dtype=types.UINT8, layout="HWC" if decoded else None)
        if not decoded:
            image = fn.decoders.image(image)
        return view(image, 1.0, 0.0), view(image, 0.1, 0.2)

    pipeline = two_views()
    pipeline.build()

    def run():
        pipeline.run()
        return batch

    return run


# Of each library: decode, pixels to keep in memory, an image of these, the transforms, the packages.
LIBRARIES = {
    "torchvision": (decode_with_pillow, np.asarray, Image.fromarray, with_torchvision, ["torchvision", "pillow"]),
    "torchvision-v2": (decode_with_torchvision, same, same, with_torchvision_v2, ["torchvision"]),
    "albumentations": (decode_with_opencv, same, same, with_albumentations, ["albumentations", "opencv-python-headless"]),
    "albumentationsx": (decode_with_opencv, same, same, with_albumentationsx, ["albumentationsx", "opencv-python-headless"]),
    "dali": (decode_with_pillow, np.asarray, None, None, ["nvidia-dali-cuda120"]),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--preset", choices=["imagenet", "cifar"], required=True)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--with", dest="library", choices=LIBRARIES, default="torchvision")
    parser.add_argument("--decoded", action="store_true", help="start from decoded pixels")
    arguments = parser.parse_args()

    files = sorted(f for f in Path(arguments.data).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
    step = max(1, len(files) // arguments.images)
    inputs = [f.read_bytes() for f in files[::step][: arguments.images]]
    decode, pixels, from_pixels, make, packages = LIBRARIES[arguments.library]
    versions = versions_of(packages)
    if arguments.decoded:
        inputs, decode = [pixels(decode(data)) for data in inputs], from_pixels
    if arguments.library == "dali":
        if not arguments.decoded:
            inputs = [np.frombuffer(data, np.uint8) for data in inputs]
        run = with_dali(arguments.preset, inputs, arguments.decoded)
        run()  # what is set up once does not count
    else:
        first, second = make(arguments.preset, 1.0, 0.0), make(arguments.preset, 0.1, 0.2)

        def run():
            image = decode(inputs[done % len(inputs)])
            first(image), second(image)
            return 1

    done, begin = 0, time.process_time()
    while time.process_time() - begin < arguments.seconds:
        done += run()
    elapsed = time.process_time() - begin
    print(json.dumps({"images_per_second": done / elapsed, "with": versions, "images": len(inputs)}))


if __name__ == "__main__":
    main()
