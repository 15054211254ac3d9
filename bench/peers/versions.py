from importlib.metadata import version


def versions_of(packages):
    """"albumentationsx 2.5.1, opencv-python-headless 5.0.0.93": what ran, as it is installed."""
    return ", ".join(f"{name} {version(name)}" for name in packages)
