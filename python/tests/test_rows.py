"""What is taken for rows, and what is refused, in one line that says what it is."""

import array
import dataclasses

import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")

ROWS = (np.random.default_rng(3).normal(size=(60, 8)) * np.geomspace(1, 0.1, 8)).astype(np.float32)
VALUES = directclr.spectrum(ROWS).values


class Frame:
    """Makes an array of itself, as a DataFrame does, and iterates over the names of its columns."""

    shape = ROWS.shape

    def __array__(self, dtype=None, copy=None):
        return ROWS

    def __iter__(self):
        return iter("abcdefgh")


class OnlyDlpack:
    def __dlpack__(self, **how):
        return ROWS.__dlpack__()

    def __dlpack_device__(self):
        return ROWS.__dlpack_device__()


def read_only():
    x = ROWS.copy()
    x.flags.writeable = False
    return x


WIDE = np.zeros((120, 20), np.float32)
WIDE[::2, 3:19:2] = ROWS


@pytest.mark.parametrize("x", [
    Frame(), OnlyDlpack(), memoryview(ROWS), read_only(), np.asfortranarray(ROWS), WIDE[::2, 3:19:2], ROWS[::-1][::-1],
    ROWS.astype(">f4"), ROWS.astype("<f8"), np.ma.masked_array(ROWS), [ROWS[:0], ROWS[:1], ROWS[1:]], (ROWS,),
    [ROWS.tolist()], iter([ROWS])], ids=lambda x: type(x).__name__)
def test_is_taken_for_what_it_holds(x):
    np.testing.assert_allclose(directclr.spectrum(x).values, VALUES, rtol=1e-6)


def test_order_and_lost_bits_change_no_more_than_they_must():
    np.testing.assert_allclose(directclr.spectrum(ROWS[::-1, ::-1]).values, VALUES, rtol=1e-5)
    expected = directclr.spectrum(ROWS.astype(np.float16).astype(np.float64)).values
    np.testing.assert_allclose(directclr.spectrum(ROWS.astype(np.float16)).values, expected, rtol=1e-6)
    same = np.broadcast_to(ROWS[:1], (9, 8))
    assert directclr.spectrum(same).verdict == "complete collapse"


def test_types_of_ml_dtypes():
    types = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e4m3fn"):
        rows = ROWS.astype(getattr(types, name))
        expected = directclr.spectrum(rows.astype(np.float32)).values
        np.testing.assert_allclose(directclr.spectrum(rows).values, expected, rtol=1e-6)
        # Two directions and a mean: what varies along the other six is rounding alone.
        flat = (ROWS[:, :2] @ ROWS[:2] + 20).astype(getattr(types, name))
        assert directclr.spectrum(flat).verdict == "too coarse to tell"
        assert directclr.Moments(8).partial_fit(flat).summary().verdict == "too coarse to tell"


def test_tensors_of_every_kind():
    torch = pytest.importorskip("torch")
    rows = torch.from_numpy(ROWS.copy())
    negated = torch.complex(rows, rows).conj().imag
    assert negated.is_neg()
    for x in (rows, torch.nn.Parameter(rows), rows.t().contiguous().t(), rows.double(), negated, [rows[:9], rows[9:]]):
        np.testing.assert_allclose(directclr.spectrum(x).values, VALUES, rtol=1e-6)
    assert directclr.cka(negated, rows).plain == pytest.approx(1)
    assert directclr.alignment(negated, -rows) == pytest.approx(0, abs=1e-9)
    halves = [torch.float16, torch.bfloat16] + [getattr(torch, name) for name in ("float8_e4m3fn",) if hasattr(torch, name)]
    for dtype in halves:
        expected = directclr.spectrum(rows.to(dtype).float()).values
        np.testing.assert_allclose(directclr.spectrum(rows.to(dtype)).values, expected, rtol=1e-6)
        if dtype.itemsize == 1:
            flat = (rows[:, :2] @ rows[:2] + 20).to(dtype)
            assert directclr.spectrum(flat).verdict == "too coarse to tell"
    for wrong, message in ((rows.to_sparse(), "expected a dense matrix"), (rows.to(torch.complex64), "got torch.complex64"),
                           (rows.to(torch.int8), "got torch.int8"), (rows[0], r"got \(8,\)"),
                           ([(rows, rows[:, 0])], "block 0 of the rows: expected an array, got tuple of 2 parts")):
        with pytest.raises(directclr.InputError, match=message):
            directclr.spectrum(wrong)


@dataclasses.dataclass
class Output:
    hidden: np.ndarray
    pooled: np.ndarray


def nothing():
    return
    yield


class Sparse:
    shape, dtype = ROWS.shape, ROWS.dtype

    def toarray(self):
        return ROWS


MASKED = np.ma.masked_greater(ROWS, 1)


@pytest.mark.parametrize("x, message", [
    (None, "rows: expected an array, got NoneType"), (3.5, "rows: expected an array, got float"), (b"rows.npy", "got bytes"),
    ("no such file.npy", "no such file.npy"), (".", "^[.]: "), ("", "rows: the path is empty"),
    ({"hidden": ROWS, "pooled": ROWS}, "rows: expected an array, got dict of hidden, pooled: give one of them"),
    (Output(ROWS, ROWS), "got Output of hidden, pooled"), (nothing(), "there are none"), ([], "there are none"),
    (ROWS[0], r"rows: expected \(N, D\), got \(8,\)"), (ROWS[None], r"got \(1, 60, 8\): pool tokens"),
    (np.float32(1), r"got \(\)"), (ROWS.astype(int), "expected floating numbers, got int64"), (ROWS > 0, "got bool"),
    (ROWS.astype(complex), "got complex128"), (ROWS.astype(object), "got object"), (ROWS.astype(str), "got <U"),
    (ROWS.astype(np.longdouble), "expected at most float64"), (MASKED, "masked"), (Sparse(), "expected a dense matrix"),
    (ROWS[:0], "fewer than 2"), (ROWS[:1], "fewer than 2"), (ROWS[:, :0], "column"),
    (ROWS.tolist(), r"block 0 of the rows: expected \(n, D\), got \(8,\): of a list of rows make an array first"),
    (array.array("f", [1, 2]), "rows: expected"), ([[[1, 2], [3]]], "block 0 of the rows: expected an array, got list"),
    ([ROWS, ROWS[:, :5]], "block 1 of the rows: expected 8 columns, got 5"), ([ROWS, ROWS[0]], r"block 1 of the rows: .*\(8,\)"), ([ROWS, "text"], "block 1.*got str"),
    (["a.npy", "b.npy"], "block 0 of the rows: expected an array, got str")], ids=str)
def test_is_refused_by_name(x, message):
    with pytest.raises(directclr.InputError, match=message) as raised:
        directclr.spectrum(x)
    assert "\n" not in str(raised.value)


def test_values_that_are_not_finite_are_named_by_their_rows():
    for bad in (np.nan, np.inf, -np.inf):
        rows = ROWS.copy()
        rows[[7, 20], 2] = bad
        for x in (rows, [rows[:10], rows[10:]]):
            with pytest.raises(directclr.NumericalError, match="row.* 7"):
                directclr.spectrum(x)
            assert directclr.spectrum(x, skip_nonfinite=True).samples == 58
    assert not issubclass(directclr.NumericalError, ValueError)


@pytest.mark.parametrize("measure", [
    lambda x: directclr.cka(x, ROWS), lambda x: directclr.alignment(ROWS, x), directclr.uniformity,
    lambda x: directclr.lidar(x, 2), lambda x: directclr.neighbours(x, 2)],
    ids=["cka", "alignment", "uniformity", "lidar", "neighbours"])
def test_measures_of_pairs_refuse_the_same(measure):
    expected = measure(ROWS)
    again = measure(ROWS.tolist()) if measure is directclr.uniformity else None
    assert again is None or again == pytest.approx(expected, rel=1e-6)
    for x, message in ((None, "expected an array, got NoneType"), (ROWS[0], r"expected \(N, D\), got \(8,\)"), (MASKED, "masked"),
                       (ROWS.astype(int), "floating"), ({"a": ROWS}, "give one of them"), (Sparse(), "dense")):
        with pytest.raises(directclr.InputError, match=message):
            measure(x)
    rows = ROWS.copy()
    rows[7, 2] = np.nan
    with pytest.raises(directclr.NumericalError, match=r"^[xy]: row 7 \(counted from 0\) holds values that are not finite$"):
        measure(rows)


def test_measures_of_pairs_say_what_does_not_fit():
    for call, message in (
            (lambda: directclr.cka(ROWS, ROWS[1:]), "x has 60 rows, y 59"), (lambda: directclr.cka(ROWS[:1], ROWS[:1]), "fewer than 2"),
            (lambda: directclr.alignment(ROWS, ROWS[:, :4]), "x has 8 columns, y 4"), (lambda: directclr.alignment(ROWS[:0], ROWS[:0]), "1 rows"),
            (lambda: directclr.uniformity(ROWS[:1]), "fewer than 2"), (lambda: directclr.neighbours(ROWS, 0), "k: 0; at least 1"),
            (lambda: directclr.neighbours(ROWS, 60), "need 61 distinct rows, there are 60"),
            (lambda: directclr.lidar(ROWS, 1), "views: 1; at least 2"), (lambda: directclr.lidar(ROWS, 7), "views: 60 rows"),
            (lambda: directclr.lidar(ROWS, 60), "views: 60 rows")):
        with pytest.raises(directclr.InputError, match=message):
            call()


def test_rows_that_come_in_blocks_must_fill_the_groups():
    for x in (ROWS[:9], (ROWS[i : i + 3] for i in range(0, 9, 3))):
        with pytest.raises(directclr.InputError, match="9 rows do not fill 5 groups of two"):
            directclr.spectrum(x, jackknife=5)
    expected = directclr.spectrum(ROWS[:10], jackknife=5).to_dict()["jackknife"]["effective-rank"]
    found = directclr.spectrum(iter([ROWS[:4], ROWS[4:10]]), jackknife=5).to_dict()["jackknife"]["effective-rank"]
    assert found == pytest.approx(expected, rel=1e-6)


def test_moments_refuse_what_does_not_fit():
    with pytest.raises(directclr.InputError, match="rows: expected 7 columns, got 8"):
        directclr.Moments(7).partial_fit(ROWS)
    for dim in (0, -1):
        with pytest.raises(directclr.InputError, match="at least 1"):
            directclr.Moments(dim)
    with pytest.raises(directclr.InputError, match="fewer than 2"):
        directclr.Moments(8).partial_fit(ROWS[:1]).summary()
    assert directclr.Moments(8).partial_fit(ROWS[:0]).count == 0


def test_numbers_that_do_not_fit_are_named():
    picture = np.zeros((8, 8, 3), np.uint8)
    for call, message in (
            (lambda: directclr.Moments("8"), "dim: expected a whole number, got '8'"),
            (lambda: directclr.Moments(8.0), "dim: expected a whole number, got 8.0"),
            (lambda: directclr.TwoView("cifar", seed=-1), "seed: -1; at least 0"),
            (lambda: directclr.TwoView("cifar", seed=2**64), "seed: .*; at most 18446744073709551615"),
            (lambda: directclr.TwoView("cifar")(picture, index=-1), "index: -1"),
            (lambda: directclr.TwoView("cifar")(picture, index=1.5), "index: expected a whole number"),
            (lambda: directclr.TwoView("cifar")(picture, index=0, epoch=2**32), "epoch: 4294967296; at most"),
            (lambda: directclr.TwoView("cifar")("cat.png"), r"expected uint8 \(height, width, 3\) or a PIL image, got str"),
            (lambda: directclr.TwoView("cifar")(None), "got NoneType"),
            (lambda: directclr.TwoView("cifar")(picture / 255), r"got float64 \(8, 8, 3\)"),
            (lambda: directclr.Source(5), "data: expected a str, as \"folder:DIR\", got int")):
        with pytest.raises(directclr.InputError, match=message):
            call()
    expected = directclr.TwoView("cifar", seed=2**64 - 1)(picture, index=3)[0]
    assert np.array_equal(directclr.TwoView("cifar", seed=np.uint64(2**64 - 1))(picture, index=np.int32(3))[0], expected)


def test_a_package_that_plots_need_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="^Spectrum.plot needs the package matplotlib: pip install matplotlib$"):
        directclr.spectrum(ROWS).plot()
