"""Whole JPEG files to RGB pixels, reading included, one thread: each library as its documentation has it fastest. Prints JSON
with images per second of processor time, the versions, and how many bytes of a hundred differ from Pillow's.

    python bench/peers/decode.py --data DIR --with simplejpeg --seconds 5
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from PIL import Image

from versions import versions_of


def pillow(path):
    return np.asarray(Image.open(path).convert("RGB"))


def opencv():
    import cv2

    cv2.setNumThreads(1)
    return lambda path: cv2.imread(path, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)


def torchvision():
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file

    torch.set_num_threads(1)
    return lambda path: decode_jpeg(read_file(path), ImageReadMode.RGB)


def simplejpeg(**how):
    from simplejpeg import decode_jpeg

    def decode(path):
        with open(path, "rb") as file:
            return decode_jpeg(file.read(), "RGB", **how)

    return decode


LIBRARIES = {
    "pillow": (lambda: pillow, ["pillow"]),
    "opencv": (opencv, ["opencv-python-headless"]),
    "torchvision": (torchvision, ["torchvision"]),
    "simplejpeg": (simplejpeg, ["simplejpeg"]),
    "simplejpeg-fast": (lambda: simplejpeg(fastdct=True, fastupsample=True), ["simplejpeg"]),
}

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--images", type=int, default=500)
parser.add_argument("--seconds", type=float, default=5)
parser.add_argument("--with", dest="library", choices=LIBRARIES, default="pillow")
arguments = parser.parse_args()

files = sorted(str(f) for f in Path(arguments.data).rglob("*") if f.suffix.lower() in (".jpg", ".jpeg"))
files = files[:: max(1, len(files) // arguments.images)][: arguments.images]
make, packages = LIBRARIES[arguments.library]
decode = make()
numbers = different = 0
for file in files[:100]:
    theirs = np.asarray(decode(file))
    if arguments.library == "torchvision":
        theirs = theirs.transpose(1, 2, 0)
    numbers += theirs.size
    different += int((theirs != pillow(file)).sum())
done, begin = 0, time.process_time()
while time.process_time() - begin < arguments.seconds:
    decode(files[done % len(files)])
    done += 1
print(json.dumps({"images_per_second": done / (time.process_time() - begin), "with": versions_of(packages),
                  "different_percent": 100 * different / numbers}))
