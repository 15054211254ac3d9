import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")
Image = pytest.importorskip("PIL.Image")
PILLOW = int(__import__("PIL").__version__.split(".")[0])

PICTURE = np.random.default_rng(5).integers(0, 256, (60, 80, 3), dtype=np.uint8)
PLAIN = {"jitter_probability": 0, "grayscale_probability": 0, "blur_probability_a": 0, "blur_probability_b": 0,
         "solarize_probability_b": 0}


def as_numpy(view):
    return np.asarray(view).transpose(1, 2, 0)


@pytest.mark.skipif(PILLOW < 13, reason="older versions resize in another order (docs/math.md, Resize)")
def test_crop_resize_and_flip_are_pillows():
    views = directclr.TwoView("imagenet", dtype="uint8", image_size=32, **PLAIN)
    flips = set()
    for index in range(20):
        made = views(PICTURE, index=index)
        for view, drawn in zip(made, views.last_params):
            left, top, width, height = drawn["crop"]
            box = (left, top, left + width, top + height)
            expected = Image.fromarray(PICTURE).crop(box).resize((32, 32), Image.Resampling.BICUBIC)
            if drawn["flip"]:
                expected = expected.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            np.testing.assert_array_equal(as_numpy(view), np.asarray(expected))
            flips.add(drawn["flip"])
    assert flips == {False, True}


def test_a_view_follows_from_seed_epoch_and_index_alone():
    one, two = directclr.TwoView("cifar", seed=4), directclr.TwoView("cifar", seed=4)
    two(PICTURE, index=1)
    for a, b in zip(one(PICTURE, index=7, epoch=2), two(Image.fromarray(PICTURE), index=7, epoch=2)):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    others = [one(PICTURE, index=8, epoch=2), one(PICTURE, index=7, epoch=3)]
    for other in others:
        assert not np.array_equal(np.asarray(other[0]), np.asarray(one(PICTURE, index=7, epoch=2)[0]))


def test_local_views_and_bad_settings():
    views = directclr.TwoView("cifar", local_views=3, local_size=16)(PICTURE)
    assert [tuple(v.shape) for v in views] == [(3, 32, 32)] * 2 + [(3, 16, 16)] * 3
    with pytest.raises(directclr.InputError, match="did you mean"):
        directclr.TwoView("imagenet", jiter_hue=0.1)
    with pytest.raises(directclr.InputError, match="imagenett"):
        directclr.TwoView("imagenett")
    with pytest.raises(directclr.InputError, match="expected uint8"):
        directclr.TwoView("cifar")(np.zeros((8, 8, 3)))
    gray = directclr.TwoView("cifar")(PICTURE[:, :, 0], index=0)
    np.testing.assert_array_equal(gray[0], directclr.TwoView("cifar")(np.stack([PICTURE[:, :, 0]] * 3, 2), index=0)[0])


def test_a_minimum_lies_below_its_maximum():
    for how in ({"blur_sigma_min": 3}, {"crop_scale_min": 0.9, "crop_scale_max": 0.1}, {"crop_ratio_min": 2},
                {"local_scale_min": 0.5}):
        with pytest.raises(directclr.InputError, match=f"^{next(iter(how))}: the minimum is above the maximum$"):
            directclr.TwoView("imagenet", **how)
    for preset in (None, 3, "auto"):
        with pytest.raises(directclr.InputError, match="^preset: "):
            directclr.TwoView(preset)
    assert "auto" not in directclr.TwoView.__doc__ and "image_size=224" in directclr.TwoView.__doc__
