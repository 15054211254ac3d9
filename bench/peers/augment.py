"""Two views of every image, one thread, from JPEG bytes in memory or from decoded pixels: as the paper's code makes them
(torchvision's transforms on Pillow images), or with albumentations (OpenCV) or DALI on the processor, whose pictures are not
the same bytes. Prints JSON with images per second of processor time.

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--preset", choices=["imagenet", "cifar"], required=True)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--with", dest="library", choices=["torchvision", "albumentations", "dali"], default="torchvision")
    parser.add_argument("--decoded", action="store_true", help="start from decoded pixels")
    arguments = parser.parse_args()

    files = sorted(f for f in Path(arguments.data).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
    step = max(1, len(files) // arguments.images)
    inputs = [f.read_bytes() for f in files[::step][: arguments.images]]
    if arguments.library == "torchvision":
        decode = lambda data: Image.open(io.BytesIO(data)).convert("RGB")
        pixels, from_pixels = np.asarray, Image.fromarray
        make, version = with_torchvision, torchvision.__version__
    elif arguments.library == "albumentations":
        import albumentations
        import cv2

        decode = lambda data: cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        pixels = from_pixels = lambda image: image
        make, version = with_albumentations, albumentations.__version__
    else:
        import nvidia.dali

        version = nvidia.dali.__version__
        decode = lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        pixels = lambda image: image
    if arguments.decoded:
        inputs = [pixels(decode(data)) for data in inputs]
        decode = from_pixels if arguments.library != "dali" else None
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
    print(json.dumps({"images_per_second": done / elapsed, arguments.library: version, "images": len(inputs)}))


if __name__ == "__main__":
    main()
