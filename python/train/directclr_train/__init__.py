"""The part of directclr that trains: libraries for the program, which were built with one version of PyTorch."""
