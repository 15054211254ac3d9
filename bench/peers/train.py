"""The whole training loop in eager PyTorch, as users run it: torchvision transforms on Pillow images, a DataLoader with
worker processes, a bottleneck ResNet in channels_last, InfoNCE, SGD. Prints JSON.

    python bench/peers/train.py --data DIR --precision bfloat16 --workers 2 --seconds 20

DIR holds CIFAR-like images in class folders; they are decoded into memory first, as directclr's binary sources are.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms as T

from model import encoder, info_nce, training_step


class TwoViews(torch.utils.data.Dataset):
    def __init__(self, folder, limit):
        files = sorted(Path(folder).rglob("*.jpg"))[:: max(1, 50000 // limit)][:limit]
        self.images = [np.asarray(Image.open(f).convert("RGB")) for f in files]
        self.transform = T.Compose([
            T.RandomResizedCrop(32, interpolation=T.InterpolationMode.BICUBIC),
            T.RandomHorizontalFlip(),
            T.RandomApply([T.ColorJitter(0.4, 0.4, 0.2, 0.1)], p=0.8),
            T.RandomGrayscale(0.2),
            T.ToTensor(),
            T.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        ])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = Image.fromarray(self.images[index])
        return self.transform(image), self.transform(image)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--limit", type=int, default=10000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--compile", action="store_true", help="torch.compile of the network and of the loss")
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    data = TwoViews(args.data, args.limit)
    net, _ = encoder((2, 2, 2, 2), 16, "small")
    net = net.to(args.device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-4, fused=True)
    loss = info_nce
    if args.compile:
        net, loss = torch.compile(net), torch.compile(info_nce)
    loader = torch.utils.data.DataLoader(data, 256, shuffle=True, drop_last=True, num_workers=args.workers,
                                         persistent_workers=True, prefetch_factor=4, pin_memory=args.device != "cpu")
    steps, begin = 0, None
    while begin is None or time.perf_counter() - begin < args.seconds:
        for a, b in loader:
            if steps == 5:
                begin = time.perf_counter()
            a, b = (view.to(args.device, non_blocking=True) for view in (a, b))
            images = torch.cat([a, b]).to(memory_format=torch.channels_last)
            training_step(net, optimizer, images, args.precision == "bfloat16", loss).item()
            steps += 1
            if begin and time.perf_counter() - begin >= args.seconds:
                break
    rate = (steps - 5) * 256 / (time.perf_counter() - begin)
    print(json.dumps({"peer": "pytorch + torchvision", "precision": args.precision, "workers": args.workers,
                      "threads": args.threads, "images_per_second": round(rate, 1)}))


if __name__ == "__main__":
    main()
