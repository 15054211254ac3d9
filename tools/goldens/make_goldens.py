#!/usr/bin/env python3
"""Writes tests/fixtures and tests/goldens from the pinned peers (tools/setup --peers).

    .deps/peers/bin/python tools/goldens/make_goldens.py

Images come from Pillow and torchvision, networks from torchvision, losses and optimisers from plain PyTorch. A golden
file carries its cases as JSON in its metadata, so the tests read parameters and expected results from one place.
"""

import io
import json
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter, ImageOps
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet, resnet18, resnet50
from torchvision.transforms import functional as TF

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
GOLDENS = ROOT / "tests" / "goldens"
random = np.random.default_rng(20220425)


def picture(width, height):
    """A smooth colourful picture with edges and some noise, so that every operation has something to do."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    red = 255 * (0.5 + 0.5 * np.sin(7 * x + 3 * y))
    green = 255 * np.clip(1.2 * x * y + 0.3 * np.cos(11 * y), 0, 1)
    blue = 255 * ((x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.09)
    noise = random.normal(0, 12, (height, width, 3))
    return np.clip(np.stack([red, green, blue], 2) + noise, 0, 255).astype(np.uint8)


def extremes(width, height):
    """Black, white and saturated pixels beside random ones: everything clips."""
    pixels = random.integers(0, 256, (height, width, 3))
    pixels[random.random((height, width, 3)) < 0.5] = 0
    pixels[random.random((height, width, 3)) < 0.4] = 255
    return pixels.astype(np.uint8)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def crc(image):
    return zlib.crc32(np.asarray(image).tobytes())


def write(name, tensors, cases):
    GOLDENS.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.contiguous() for key, value in tensors.items()}
    save_file(tensors, GOLDENS / f"{name}.safetensors", metadata={"cases": json.dumps(cases)})
    print(f"{name}: {len(cases)} cases, {(GOLDENS / (name + '.safetensors')).stat().st_size} bytes")


def make_fixtures():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    colour = Image.fromarray(picture(45, 37))
    files = {}

    def add(name, image, format, **options):
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        files[name] = buffer.getvalue()

    add("rgb_444.jpg", colour, "JPEG", quality=92, subsampling=0)
    add("rgb_422.jpg", colour, "JPEG", quality=85, subsampling=1)
    add("rgb_420.jpg", colour, "JPEG", quality=85, subsampling=2)
    add("progressive.jpg", colour, "JPEG", quality=80, progressive=True)
    add("restart.jpg", colour, "JPEG", quality=80, restart_marker_blocks=2)
    add("gray.jpg", colour.convert("L"), "JPEG", quality=90)
    add("cmyk.jpg", colour.convert("CMYK"), "JPEG", quality=90)
    add("rgb.png", colour, "PNG")
    add("png_named.JPEG", colour, "PNG")
    add("gray.png", colour.convert("L"), "PNG")
    add("palette.png", colour.convert("P", palette=Image.Palette.ADAPTIVE, colors=17), "PNG")
    add("bilevel.png", colour.convert("1"), "PNG")
    alpha = colour.copy()
    alpha.putalpha(Image.fromarray(picture(45, 37)[:, :, 0]))
    add("alpha.png", alpha, "PNG")
    add("gray_alpha.png", alpha.convert("LA"), "PNG")
    add("wide_gray.png", Image.fromarray((picture(45, 37)[:, :, 1].astype(np.uint16) << 8) | 77), "PNG")
    for name, data in files.items():
        (FIXTURES / name).write_bytes(data)
    (FIXTURES / "truncated.jpg").write_bytes(files["rgb_444.jpg"][: len(files["rgb_444.jpg"]) // 2])
    (FIXTURES / "text.jpg").write_text("this is no picture\n")
    tensors, cases = {}, []
    for name in files:
        image = Image.open(FIXTURES / name)
        if name == "wide_gray.png":  # Pillow clips 16-bit gray at 255; the high byte is what a picture means
            pixels = np.repeat((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)[:, :, None], 3, 2)
        else:
            pixels = np.asarray(image.convert("RGB"))
        tensors[name] = tensor(pixels)
        cases.append({"file": name})
    write("decode", tensors, cases)


def bmp_file(bits, size, body, compression=0, palette=b"", masks=b""):
    width, height = size
    offset = 54 + len(masks) + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(body), 2835, 2835, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + masks + palette + body


def tiff_file(size, tags, blocks):
    """Blocks are uncompressed strips, or with the tag TileWidth tiles; everything little-endian."""
    width, height = size
    where, body = [], b""
    for block in blocks:
        where.append(8 + len(body))
        body += block
    offsets, counts = (324, 325) if 322 in tags else (273, 279)
    entries = {256: [width], 257: [height], 259: [1], **tags, offsets: where, counts: [len(b) for b in blocks]}
    directory, extra = b"", b""
    start = 8 + len(body)
    after = start + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        long = tag in (256, 257, 273, 279, 324, 325)
        data = struct.pack(f"<{len(values)}{'I' if long else 'H'}", *values)
        if len(data) > 4:
            extra_at, extra = after + len(extra), extra + data
            data = struct.pack("<I", extra_at)
        directory += struct.pack("<HHI", tag, 4 if long else 3, len(values)) + data.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", start) + body + struct.pack("<H", len(entries)) + directory + bytes(4) + extra


def png_file(size, depth, colour, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows)))
            + chunk(b"IEND", b""))


def make_formats():
    """Small pictures of many kinds of file, with Pillow's pixels; and photographs held in eight ways, turned upright."""
    folder = FIXTURES / "formats"
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(7)
    y, x = np.mgrid[0:19, 0:23]
    pixels = np.stack([11 * x, 13 * y, 6 * x + 6 * y], 2) + draw.integers(0, 9, (19, 23, 3))
    colour = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    array, size, files = np.asarray(colour), colour.size, {}

    def add(name, image, format, **options):
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        files[name] = buffer.getvalue()

    gray, wide = colour.convert("L"), (np.asarray(colour).astype(np.uint16) << 8) | 99
    alpha = colour.copy()
    alpha.putalpha(Image.fromarray((10 * x + 2 * y).clip(0, 255).astype(np.uint8)))
    few = colour.quantize(13)
    other = Image.fromarray(255 - np.asarray(colour))
    add("lossy.webp", colour, "WEBP", quality=80)
    add("lossless.webp", colour, "WEBP", lossless=True)
    add("alpha.webp", alpha, "WEBP", quality=70)
    add("alpha_lossless.webp", alpha, "WEBP", lossless=True)
    add("animated.webp", colour, "WEBP", save_all=True, append_images=[other], duration=100, lossless=True)
    for mode in ("RGB", "RGBA", "L", "1"):
        add(f"{mode}.bmp", alpha.convert(mode), "BMP")
    add("palette.bmp", few, "BMP")
    indices = np.asarray(few)
    colours = b"".join(bytes(few.getpalette()[3 * i + c] for c in (2, 1, 0)) + b"\0" for i in range(13))
    flipped = indices[::-1]
    nibbles = np.pad(flipped, ((0, 0), (0, 1)))
    files["four_bits.bmp"] = bmp_file(4, size, b"".join(bytes(r[0::2] << 4 | r[1::2]) for r in nibbles), palette=colours)
    runs8 = b"".join(b"".join(bytes([1, v]) for v in r[:10]) + bytes([0, 13]) + bytes(r[10:]) + b"\0" + b"\0\0" for r in flipped)
    files["runs.bmp"] = bmp_file(8, size, runs8 + b"\0\1", 1, colours)
    steps = np.zeros((19, 23), np.uint8)
    steps[::-1][:, :7], steps[::-1][4, 9:12] = 5, (3, 4, 3)
    runs4 = b""
    for row in range(19):
        runs4 += bytes([7, 0x55]) + (bytes([0, 2, 2, 0, 3, 0x34, 11, 0]) if row == 4 else bytes([16, 0])) + (b"" if row == 18 else b"\0\0")
    files["runs_of_four.bmp"] = bmp_file(4, size, runs4 + b"\0\1", 2, colours)
    five = np.asarray(colour).astype(np.uint32)
    as_555 = five[:, :, 0] >> 3 << 10 | five[:, :, 1] >> 3 << 5 | five[:, :, 2] >> 3
    as_565 = five[:, :, 0] >> 3 << 11 | five[:, :, 1] >> 2 << 5 | five[:, :, 2] >> 3
    rows = lambda a: b"".join(r.astype("<u2").tobytes() + b"\0\0" for r in a[::-1])
    files["sixteen_bits.bmp"] = bmp_file(16, size, rows(as_555))
    files["five_six_five.bmp"] = bmp_file(16, size, rows(as_565), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
    files["top_down.bmp"] = bmp_file(24, (23, -19), b"".join(r[:, ::-1].tobytes() + b"\0\0\0" for r in np.asarray(colour)))
    behind = np.dstack([np.full((19, 23), 7, np.uint8), array[::-1, :, ::-1]])
    files["masks.bmp"] = bmp_file(32, size, behind.tobytes(), 3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00))
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"):
        add(f"{compression or 'plain'}.tiff", colour, "TIFF", compression=compression)
    add("jpeg.tiff", colour, "TIFF", compression="jpeg", quality=90)
    add("jpeg_gray.tiff", gray, "TIFF", compression="jpeg")
    add("gray.tiff", gray, "TIFF")
    add("gray_alpha.tiff", alpha.convert("LA"), "TIFF")
    add("alpha.tiff", alpha, "TIFF", compression="tiff_lzw")
    add("palette.tiff", few, "TIFF", compression="tiff_lzw")
    add("cmyk.tiff", colour.convert("CMYK"), "TIFF")
    add("fax.tiff", colour.convert("1"), "TIFF", compression="group4")
    add("bilevel.tiff", colour.convert("1"), "TIFF")
    add("several.tiff", colour, "TIFF", save_all=True, append_images=[other])
    add("turned.tiff", colour, "TIFF", tiffinfo={274: 6})
    rgb = {258: [8, 8, 8], 262: [2], 277: [3]}
    files["sixteen_bits.tiff"] = tiff_file(size, {**rgb, 258: [16] * 3, 278: [19]}, [wide.astype("<u2").tobytes()])
    files["sixteen_bit_gray.tiff"] = tiff_file(size, {258: [16], 262: [1], 277: [1], 278: [19]}, [wide[:, :, 1].astype("<u2").tobytes()])
    files["planes.tiff"] = tiff_file(size, {**rgb, 284: [2], 278: [10]}, [array[a:b, :, c].tobytes() for c in range(3) for a, b in ((0, 10), (10, 19))])
    padded = np.pad(array, ((0, 13), (0, 9), (0, 0)))
    files["tiles.tiff"] = tiff_file(size, {**rgb, 322: [16], 323: [16]},
                                    [padded[a : a + 16, b : b + 16].tobytes() for a in (0, 16) for b in (0, 16)])
    files["premultiplied.tiff"] = tiff_file(size, {258: [8] * 4, 262: [2], 277: [4], 338: [1], 278: [19]},
                                            [(np.asarray(alpha) // [2, 2, 2, 1]).astype(np.uint8).tobytes()])
    files["white_is_zero.tiff"] = tiff_file(size, {258: [8], 262: [0], 277: [1], 278: [19]}, [np.asarray(gray).tobytes()])
    files["four_bits.tiff"] = tiff_file(size, {258: [4], 262: [1], 277: [1], 278: [19]},
                                        [b"".join(bytes(r[0::2] << 4 | r[1::2]) for r in np.pad(indices, ((0, 0), (0, 1))))])
    add("plain.gif", few, "GIF")
    add("gray.gif", gray, "GIF")
    add("interlaced.gif", few, "GIF", interlace=1)
    add("animated.gif", few, "GIF", save_all=True, append_images=[other.quantize(9)], duration=100)
    add("transparent.gif", few, "GIF", transparency=2)
    for name in ("plain", "transparent"):  # the same frame on a canvas of 30 x 25, at (4, 3)
        data = bytearray(files[f"{name}.gif"])
        frame = data.index(b"\x2c\0\0\0\0" + struct.pack("<HH", *size))
        data[6:10], data[frame + 1 : frame + 5] = struct.pack("<HH", 30, 25), struct.pack("<HH", 4, 3)
        files[f"{name}_on_canvas.gif"] = bytes(data)
    head = lambda kind, most="": f"P{kind}\n# a comment\n23 19\n{most}".encode()
    numbers = lambda a: " ".join(map(str, np.asarray(a).ravel())).encode()
    bits = np.asarray(colour.convert("1")).astype(np.uint8) ^ 1
    files["text.pbm"] = head(1) + "".join(map(str, bits.ravel())).encode()
    files["text.pgm"] = head(2, "255\n") + numbers(gray)
    files["text.ppm"] = head(3, "31\n") + numbers(array // 9)
    add("bytes.pbm", colour.convert("1"), "PPM")
    add("bytes.pgm", gray, "PPM")
    add("bytes.ppm", colour, "PPM")
    files["small_range.pgm"] = head(5, "100\n") + (np.asarray(gray) // 3).tobytes()
    files["wide.ppm"] = head(6, "1000\n") + (array.astype(np.uint16) * 3).astype(">u2").tobytes()
    files["wide.pgm"] = head(5, "65535\n") + wide[:, :, 1].astype(">u2").tobytes()
    files["sixteen_bits.png"] = png_file(size, 16, 2, [r.astype(">u2").tobytes() for r in wide])
    add("animated.png", colour, "PNG", save_all=True, append_images=[other])
    add("cmyk_without_adobe.jpg", colour.convert("CMYK"), "JPEG", quality=90)
    adobe = files["cmyk_without_adobe.jpg"].index(b"\xff\xee")
    files["cmyk_without_adobe.jpg"] = files["cmyk_without_adobe.jpg"][:adobe] + files["cmyk_without_adobe.jpg"][adobe + 16 :]
    wide_gray = {"sixteen_bit_gray.tiff": np.asarray(wide[:, :, 1] >> 8), "wide.pgm": np.rint(wide[:, :, 1] / 65535 * 255)}
    tensors, cases = {}, []
    for name, data in files.items():
        (folder / name).write_bytes(data)
        image = Image.open(folder / name)
        if name in wide_gray:  # Pillow clips 16-bit gray at 255
            shown = np.repeat(wide_gray[name].astype(np.uint8)[:, :, None], 3, 2)
        else:
            shown = np.asarray(image.convert("RGB"))
        tensors[name] = tensor(shown)
        cases.append({"file": name, "upright": False})
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[274] = orientation
        for suffix, options in (("jpg", {"quality": 90}), ("png", {}), ("webp", {"lossless": True})):
            if suffix != "jpg" and orientation not in (6, 7):
                continue
            name = f"held_{orientation}.{suffix}"
            colour.save(folder / name, exif=exif, **options)
            image = Image.open(folder / name)
            tensors[name] = tensor(np.asarray(ImageOps.exif_transpose(image).convert("RGB")))
            cases.append({"file": name, "upright": True, "orientation": orientation})
    write("formats", tensors, cases)


def jitter(image, order, factors):
    brightness, contrast, saturation, hue = factors
    for operation in order:
        if operation == 0:
            image = TF.adjust_brightness(image, brightness)
        elif operation == 1:
            image = TF.adjust_contrast(image, contrast)
        elif operation == 2:
            image = TF.adjust_saturation(image, saturation)
        else:
            image = TF.adjust_hue(image, hue)
    return image


def f32(value):
    """The nearest float32 as a Python float: what Pillow's C code will see."""
    return float(np.float32(value))


def make_jpeg_ends():
    """JPEGs without their last bytes: what Pillow reads of some, and that it refuses the others."""
    draw = np.random.default_rng(11)
    kinds = {"gray": {}, "444": {"subsampling": 0}, "422": {"subsampling": 1}, "420": {"subsampling": 2}, "CMYK": {},
             "restarts": {"subsampling": 2, "restart_marker_blocks": 2}, "progressive": {"progressive": True}}
    tensors, cases = {}, []
    for kind, options in kinds.items():
        for cut in (1, 2, 3):
            left = {True: 3, False: 3}
            for _ in range(150):
                width, height = draw.integers(1, 40, 2)
                image = Image.fromarray(draw.integers(0, 256, (3, 3, 3)).astype(np.uint8)).resize((width, height))
                buffer = io.BytesIO()
                image.convert({"gray": "L", "CMYK": "CMYK"}.get(kind, "RGB")).save(buffer, "JPEG", quality=80, **options)
                data = buffer.getvalue()[:-cut]
                try:
                    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
                except OSError:
                    pixels = None
                if left[pixels is not None] == 0:
                    continue
                left[pixels is not None] -= 1
                name = f"{kind}, {cut} cut, {len(cases)}"
                tensors[f"file/{name}"] = tensor(np.frombuffer(data, np.uint8))
                if pixels is not None:
                    tensors[name] = tensor(pixels)
                cases.append({"name": name, "read": pixels is not None})
    write("jpeg_ends", tensors, cases)


def make_operations():
    inputs = {"natural": picture(53, 41), "extreme": extremes(53, 41)}
    tensors = {f"in/{name}": tensor(pixels) for name, pixels in inputs.items()}
    cases = []

    def add(operation, source, image, **parameters):
        key = f"out/{len(cases)}"
        tensors[key] = tensor(np.asarray(image))
        cases.append({"operation": operation, "in": f"in/{source}", "out": key, **parameters})

    filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    for source, pixels in inputs.items():
        image = Image.fromarray(pixels)
        for name, resample in filters.items():
            for left, top, width, height, out_w, out_h in [
                (0, 0, 53, 41, 24, 24), (3, 5, 17, 29, 24, 24), (10, 2, 24, 31, 24, 24), (0, 0, 53, 24, 24, 24),
                (7, 9, 24, 24, 24, 24), (50, 38, 3, 2, 24, 24), (52, 40, 1, 1, 8, 8), (0, 0, 53, 41, 1, 1),
                (0, 0, 53, 41, 106, 82), (1, 0, 52, 40, 31, 17),
            ]:
                box = image.crop((left, top, left + width, top + height))
                add("resize", source, box.resize((out_w, out_h), resample), filter=name,
                    box=[left, top, width, height], size=[out_w, out_h])
        for factor in [0.0, 0.3, 0.6, 0.99, 1.0, 1.01, 1.4, 2.0, 3.7]:
            add("brightness", source, TF.adjust_brightness(image, f32(factor)), factor=f32(factor))
            add("contrast", source, TF.adjust_contrast(image, f32(factor)), factor=f32(factor))
            add("saturation", source, TF.adjust_saturation(image, f32(factor)), factor=f32(factor))
        for shift in [-0.5, -0.1, -0.0999, -0.037, 0.0, 0.003, 0.0041, 0.1, 0.33, 0.5]:
            add("hue", source, TF.adjust_hue(image, shift), factor=shift)
        for sigma in [0.1, 0.3, 0.5, 0.77, 1.0, 1.2, 1.41, 1.42, 1.7, 2.0, 3.3, 9.0]:
            add("blur", source, image.filter(ImageFilter.GaussianBlur(sigma)), factor=sigma)
        add("grayscale", source, TF.rgb_to_grayscale(image, 3))
        add("solarize", source, TF.solarize(image, 128))
    tiny = Image.fromarray(inputs["natural"]).crop((0, 0, 2, 3))
    tensors["in/tiny"] = tensor(np.asarray(tiny))
    for sigma in [0.5, 2.0, 5.0]:
        add("blur", "tiny", tiny.filter(ImageFilter.GaussianBlur(sigma)), factor=sigma)
    write("operations", tensors, cases)


def make_exhaustive():
    """Every one of the 2^24 colours, as a 4096 x 4096 picture; only a checksum of the result is kept."""
    index = np.arange(1 << 24, dtype=np.uint32)
    colours = np.stack([index >> 16, index >> 8, index], 1).astype(np.uint8).reshape(4096, 4096, 3)
    image = Image.fromarray(colours)
    cases = [{"operation": "grayscale", "crc32": crc(TF.rgb_to_grayscale(image, 3))}]
    for shift in [-0.1, 0.0, 0.05, 0.5]:
        cases.append({"operation": "hue", "factor": shift, "crc32": crc(TF.adjust_hue(image, shift))})
    for factor in [0.8, 1.2]:
        cases.append({"operation": "saturation", "factor": f32(factor), "crc32": crc(TF.adjust_saturation(image, f32(factor)))})
    write("exhaustive", {"none": torch.zeros(1)}, cases)


def make_pipelines():
    """Whole views: crop, flip, jitter in random order, gray, blur, solarize, with given parameters."""
    inputs = {"natural": picture(61, 47), "extreme": extremes(61, 47)}
    tensors = {f"in/{name}": tensor(pixels) for name, pixels in inputs.items()}
    cases = []
    for number in range(400):
        source = list(inputs)[number % 2]
        image = Image.fromarray(inputs[source])
        size = [24, 32, 40][number % 3]
        width, height = int(random.integers(4, 62)), int(random.integers(4, 48))
        left, top = int(random.integers(0, 62 - width)), int(random.integers(0, 48 - height))
        order = [int(v) for v in random.permutation(4)]
        factors = [f32(random.uniform(0.6, 1.4)), f32(random.uniform(0.6, 1.4)), f32(random.uniform(0.8, 1.2)),
                   float(random.uniform(-0.1, 0.1))]
        case = {"in": f"in/{source}", "size": size, "crop": [left, top, width, height],
                "flip": bool(random.random() < 0.5), "jitter": bool(random.random() < 0.8), "order": order,
                "factors": factors, "grayscale": bool(random.random() < 0.2),
                "blur": float(random.uniform(0.1, 2.0)) if random.random() < 0.5 else 0.0,
                "solarize": bool(random.random() < 0.2)}
        view = TF.resized_crop(image, top, left, height, width, [size, size], TF.InterpolationMode.BICUBIC)
        if case["flip"]:
            view = TF.hflip(view)
        if case["jitter"]:
            view = jitter(view, order, factors)
        if case["grayscale"]:
            view = TF.rgb_to_grayscale(view, 3)
        if case["blur"] > 0:
            view = view.filter(ImageFilter.GaussianBlur(case["blur"]))
        if case["solarize"]:
            view = TF.solarize(view, 128)
        case["crc32"] = crc(view)
        cases.append(case)
    write("pipelines", tensors, cases)
    cases = []
    for number, (width, height, size, fraction) in enumerate(
        [(61, 47, 32, 0.875), (47, 61, 32, 0.875), (61, 47, 24, 1.0), (61, 61, 61, 1.0), (33, 60, 28, 0.8)]
    ):
        image = Image.fromarray(picture(width, height))
        tensors[f"eval/{number}"] = tensor(np.asarray(image))
        view = TF.center_crop(TF.resize(image, round(size / fraction)), [size, size])
        normalized = TF.normalize(TF.to_tensor(view), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        tensors[f"normalized/{number}"] = normalized.permute(1, 2, 0)
        cases.append({"in": f"eval/{number}", "out": f"normalized/{number}", "size": size, "fraction": fraction})
    write("evaluation", {k: v for k, v in tensors.items() if k[:2] != "in"}, cases)


def fill(module):
    """Weights by formula, the same in the test: nothing needs to be stored."""
    with torch.no_grad():
        for number, (name, parameter) in enumerate(sorted(module.named_parameters())):
            index = torch.arange(parameter.numel(), dtype=torch.float64)
            values = torch.sin(0.7 * index + number)
            if parameter.dim() > 1:
                values = values * math.sqrt(2.0 / (parameter.numel() / parameter.shape[0]))
            elif name.endswith("weight"):
                values = 1 + 0.3 * values
            else:
                values = 0.1 * values
            parameter.copy_(values.view_as(parameter))


def shrink(net, block, blocks, width):
    """Rebuilds a torchvision ResNet with another first width."""
    net.inplanes = width
    net.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
    net.bn1 = nn.BatchNorm2d(width)
    for stage in range(4):
        layer = net._make_layer(block, width << stage, blocks[stage], stride=1 if stage == 0 else 2)
        setattr(net, f"layer{stage + 1}", layer)
    return net


def make_networks():
    tensors, cases = {}, []
    nets = {
        "resnet18": resnet18(),
        "resnet50": resnet50(),
        "bottleneck:1,2,1,1:4": shrink(ResNet(Bottleneck, [1, 2, 1, 1]), Bottleneck, [1, 2, 1, 1], 4),
        "basic:1,1,2,1:4": shrink(ResNet(BasicBlock, [1, 1, 2, 1]), BasicBlock, [1, 1, 2, 1], 4),
    }
    for number, (arch, net) in enumerate(nets.items()):
        net.fc = nn.Identity()
        net = net.double().train()
        fill(net)
        index = torch.arange(4 * 3 * 48 * 48, dtype=torch.float64)
        images = torch.sin(0.01 * index * (1 + index % 7)).view(4, 3, 48, 48)
        r = net(images)
        (r * torch.cos(torch.arange(r.numel(), dtype=torch.float64)).view_as(r)).sum().backward()
        tensors[f"{number}/r"] = r.detach()
        names = [name for name, _ in sorted(net.named_parameters())]
        for name, parameter in net.named_parameters():
            gradient = parameter.grad.flatten()
            picks = torch.linspace(0, gradient.numel() - 1, 7).long()
            tensors[f"{number}/grad/{name}"] = torch.cat([gradient.norm().view(1), gradient.sum().view(1), gradient[picks]])
        buffers = [name for name, _ in net.named_buffers()]
        net.eval()
        tensors[f"{number}/r_eval"] = net(images).detach()
        cases.append({"arch": arch, "prefix": f"{number}/", "parameters": names, "buffers": buffers})
    write("networks", tensors, cases)


def make_losses():
    tensors, cases = {}, []
    for number, (n, p, tau) in enumerate([(1, 3, 0.1), (2, 5, 0.1), (16, 8, 0.1), (16, 8, 1.0), (33, 20, 0.05), (8, 4, 0.01)]):
        z_a = torch.randn(n, p, dtype=torch.float64, requires_grad=True)
        z_b = torch.randn(n, p, dtype=torch.float64, requires_grad=True)
        a, b = F.normalize(z_a), F.normalize(z_b)
        logits = a @ b.T / tau
        target = torch.arange(n)
        info_nce = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        gradients = torch.autograd.grad(info_nce, [z_a, z_b], retain_graph=True)
        both = torch.cat([a, b])
        all_logits = (both @ both.T / tau).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
        nt_xent = F.cross_entropy(all_logits, torch.cat([target + n, target]))
        nt_gradients = torch.autograd.grad(nt_xent, [z_a, z_b]) if n > 1 else [torch.zeros_like(z_a), torch.zeros_like(z_a)]
        key = f"{number}/"
        tensors.update({key + "z_a": z_a.detach(), key + "z_b": z_b.detach(),
                        key + "infonce/grad_a": gradients[0], key + "infonce/grad_b": gradients[1],
                        key + "ntxent/grad_a": nt_gradients[0].clone(), key + "ntxent/grad_b": nt_gradients[1].clone()})
        cases.append({"prefix": key, "tau": tau, "infonce": info_nce.item(), "ntxent": nt_xent.item()})
    write("losses", tensors, cases)


def make_relatives():
    """Losses beside the contrastive ones, from torch's own batch_norm, cov and pdist."""
    generator = torch.Generator().manual_seed(5)
    tensors, cases = {}, []
    for number, (n, p, weights) in enumerate([(2, 4, (1, 1, 2, 5e-3, 25, 25, 1)), (16, 8, (1, 1, 2, 5e-3, 25, 25, 1)),
                                              (33, 20, (0.7, 1.4, 3, 0.05, 10, 5, 2))]):
        align_weight, uniform_weight, uniform_t, barlow_lambda, invariance, variance, covariance = weights
        z_a = torch.randn(n, p, dtype=torch.float64, generator=generator) * torch.linspace(0.2, 2, p)
        z_b = z_a + 0.4 * torch.randn(n, p, dtype=torch.float64, generator=generator)
        z_a.requires_grad_(True), z_b.requires_grad_(True)
        a, b = F.normalize(z_a), F.normalize(z_b)
        uniform = [torch.pdist(x).square().mul(-uniform_t).exp().mean().log() for x in (a, b)]
        align = (a - b).norm(dim=1).square().mean()
        standard = [F.batch_norm(z, None, None, training=True, eps=1e-5) for z in (z_a, z_b)]
        correlation = standard[0].T @ standard[1] / n
        off = ~torch.eye(p, dtype=torch.bool)
        values = {
            "align-uniform": align_weight * align + uniform_weight * sum(uniform) / 2,
            "barlow-twins": (correlation.diagonal() - 1).square().sum() + barlow_lambda * correlation[off].square().sum(),
            "vicreg": invariance * F.mse_loss(z_a, z_b)
            + variance * sum(F.relu(1 - (z.var(dim=0) + 1e-4).sqrt()).mean() for z in (z_a, z_b)) / 2
            + covariance * sum(torch.cov(z.T)[off].square().sum() / p for z in (z_a, z_b)),
        }
        key = f"{number}/"
        tensors.update({key + "z_a": z_a.detach(), key + "z_b": z_b.detach()})
        for name, value in values.items():
            gradients = torch.autograd.grad(value, [z_a, z_b], retain_graph=True)
            tensors.update({key + name + "/grad_a": gradients[0].contiguous(), key + name + "/grad_b": gradients[1].contiguous()})
        cases.append({"prefix": key, "align_weight": align_weight, "uniform_weight": uniform_weight, "uniform_t": uniform_t,
                      "barlow_lambda": barlow_lambda, "vicreg_invariance": invariance, "vicreg_variance": variance,
                      "vicreg_covariance": covariance, **{name: value.item() for name, value in values.items()}})
    write("relatives", tensors, cases)


def make_lars():
    """Fifty steps of LARS, written out plainly, on a small network with batch norm."""
    torch.manual_seed(3)
    net = nn.Sequential(nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 4)).double()
    x, y = torch.randn(20, 6, dtype=torch.float64), torch.randint(0, 4, (20,))
    tensors = {f"initial/{name}": p.detach().clone() for name, p in net.named_parameters()}
    tensors.update({"x": x, "y": y})
    momentum, decay, eta, peak, steps, warmup = 0.9, 0.01, 0.02, 2.0, 50, 10
    buffers = {name: torch.zeros_like(p) for name, p in net.named_parameters()}
    for step in range(steps):
        if step < warmup:
            lr = peak * step / warmup
        else:
            q = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
            lr = peak * q + 0.001 * peak * (1 - q)
        net.zero_grad()
        F.cross_entropy(net(x), y).backward()
        with torch.no_grad():
            for name, p in net.named_parameters():
                update = p.grad
                if p.dim() > 1:
                    update = update + decay * p
                    p_norm, u_norm = p.norm(), update.norm()
                    if p_norm > 0 and u_norm > 0:
                        update = update * (eta * p_norm / u_norm)
                buffers[name].mul_(momentum).add_(update)
                p.sub_(lr * buffers[name])
    tensors.update({f"final/{name}": p.detach() for name, p in net.named_parameters()})
    write("lars", tensors, [{"momentum": momentum, "decay": decay, "eta": eta, "peak": peak, "steps": steps, "warmup": warmup}])


if __name__ == "__main__":
    torch.manual_seed(1)
    make_fixtures()
    make_formats()
    make_jpeg_ends()
    make_operations()
    make_exhaustive()
    make_pipelines()
    make_networks()
    make_losses()
    make_relatives()
    make_lars()
