import copy
import json
import os
import pickle

import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")

ROWS = np.random.default_rng(3).normal(size=(600, 24)) * np.geomspace(1, 0.1, 24)


def eigenvalues(x):
    centred = x - x.mean(0)
    return np.linalg.eigvalsh(centred.T @ centred / len(x))[::-1]


def test_values_and_measures_are_those_of_numpy():
    s = directclr.spectrum(ROWS)
    values = eigenvalues(ROWS)
    np.testing.assert_allclose(s.values, values, rtol=1e-10)
    p = values / values.sum()
    assert s["effective-rank"] == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-10)
    sigma = np.linalg.svd(ROWS, compute_uv=False)
    q = sigma / sigma.sum()
    assert directclr.rankme(ROWS) == pytest.approx(np.exp(-(q * np.log(q)).sum()), rel=1e-9)
    assert s.samples == 600 and s.verdict == "healthy" and s.dead == 0


def test_every_holder_of_the_same_rows_gives_the_same(tmp_path):
    rows = ROWS.astype(np.float32)
    expected = directclr.spectrum(rows).values
    np.save(tmp_path / "rows.npy", rows)
    same = [np.asfortranarray(rows), iter([rows]), tmp_path / "rows.npy", str(tmp_path / "rows.npy")]
    for x in same:
        np.testing.assert_array_equal(directclr.spectrum(x).values, expected)
    blocks = directclr.spectrum(rows[i : i + 50] for i in range(0, 600, 50))
    np.testing.assert_allclose(blocks.values, expected, rtol=1e-9)
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(rows, requires_grad=True)
    np.testing.assert_array_equal(directclr.spectrum(tensor).values, expected)
    half = directclr.spectrum(torch.tensor(rows).bfloat16())
    np.testing.assert_allclose(half.values[:8], expected[:8], rtol=0.02)


def test_arrays_of_jax_are_rows():
    jax = pytest.importorskip("jax")
    rows = ROWS.astype(np.float32)
    expected = directclr.spectrum(rows).values
    np.testing.assert_array_equal(directclr.spectrum(jax.numpy.asarray(rows)).values, expected)
    half = directclr.spectrum(jax.numpy.asarray(rows).astype("bfloat16"))
    np.testing.assert_allclose(half.values[:8], expected[:8], rtol=0.02)
    assert directclr.cka(jax.numpy.asarray(rows), rows).plain == pytest.approx(1)


def test_what_rounding_hides_is_no_collapse():
    rng = np.random.default_rng(0)
    for rows in ((0.02 * rng.normal(size=(500, 32)) + 30).astype("f2"), (rng.normal(size=(500, 32)) + 3e7).astype("f4")):
        kept = directclr.Moments(32).partial_fit(rows)
        again = directclr.Moments(32).restore(kept.state())
        for s in (directclr.spectrum(rows), kept.summary(), again.summary()):
            assert s.verdict == "too coarse to tell" and s.dead == 0 and s["dead-directions"] is None
            exact = np.linalg.eigvalsh(np.cov(rows.astype(np.float64), rowvar=False, bias=True))[::-1]
            np.testing.assert_allclose(s.values, exact, rtol=1e-3)  # as measured, none is 0


def test_a_dead_half_is_a_collapse():
    rows = ROWS.copy()
    rows[:, 12:] = 0
    s = directclr.spectrum(rows)
    assert s.verdict == "dimensional collapse" and s.dead == 12
    assert directclr.spectrum(rows, collapsed_share=0.9).verdict == "healthy"
    assert "<svg" in s._repr_html_() and "dimensional collapse" in repr(s)
    assert s.to_dict()["verdict"]["kind"] == "dimensional collapse"


def test_a_spectrum_is_a_mapping_of_its_measures():
    s = directclr.spectrum(ROWS, views=3, neighbours=True)
    assert dict(s) == s.measures and list(s) == list(s.keys()) and len(s) == len(s.measures)
    assert "rankme" in s and "rank" not in s and 0 not in s
    assert s["lidar"] == pytest.approx(directclr.lidar(ROWS, 3)) and s["uniformity"] == pytest.approx(directclr.uniformity(ROWS))
    s["constant-dimensions"].append(1)
    assert s["constant-dimensions"] == []
    with pytest.raises(KeyError, match="0: one of effective-rank"):
        s[0]


def test_copies_of_a_spectrum_say_the_same():
    s = directclr.spectrum(ROWS)
    for again in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s), copy.deepcopy(pickle.loads(pickle.dumps(s)))):
        np.testing.assert_array_equal(again.values, s.values)
        assert str(again) == str(s) and repr(again) == repr(s) and again.explain() == s.explain()
        assert again.to_dict() == s.to_dict() and again.verdict == s.verdict and again.dead == s.dead == 0


def test_rows_left_out_are_numbered():
    rows = ROWS.copy()
    bad = np.sort(np.random.default_rng(5).choice(600, 130, replace=False))
    rows[bad, bad % 24] = np.resize([np.nan, np.inf, -np.inf], 130)
    s = directclr.spectrum((rows[i : i + 70] for i in range(0, 600, 70)), skip_nonfinite=True)
    protocol = s.to_dict()["protocol"]
    assert s.samples == 470 and protocol["skipped_rows"] == 130
    assert protocol["skipped_row_numbers"] == bad[:100].tolist()
    np.testing.assert_allclose(s.values, eigenvalues(np.delete(rows, bad, 0)), rtol=1e-9)


def test_bad_input_is_named():
    with pytest.raises(directclr.InputError, match="did you mean dead_below"):
        directclr.spectrum(ROWS, dead_bellow=1e-3)
    with pytest.raises(ValueError, match="out of range"):
        directclr.spectrum(ROWS, dead_below=2)
    with pytest.raises(ValueError, match=r"expected \(N, D\), got \(4, 5, 3\).*pool"):
        directclr.spectrum(np.zeros((4, 5, 3)))
    with pytest.raises(ValueError, match="expected floating numbers, got int64"):
        directclr.spectrum(np.zeros((4, 5), np.int64))
    with pytest.raises(directclr.InputError, match="fewer than 2"):
        directclr.spectrum(ROWS[:1])
    with pytest.raises(directclr.InputError, match="there are none"):
        directclr.spectrum(iter([]))
    with pytest.raises(directclr.NumericalError):
        directclr.spectrum(np.full((3, 2), np.nan))
    with pytest.raises(directclr.InputError, match="absent.npy"):
        directclr.spectrum("absent.npy")


def test_moments_merge_keep_and_restore():
    whole = directclr.Moments(24).partial_fit(ROWS)
    parts = directclr.Moments(24).partial_fit(ROWS[:100]).merge(directclr.Moments(24).partial_fit(ROWS[100:]))
    np.testing.assert_allclose(parts.summary().values, whole.summary().values, rtol=1e-10)
    again = pickle.loads(pickle.dumps(parts)).partial_fit(ROWS[:10])
    assert again.count == 610 and parts.count == 600
    with pytest.raises(ValueError, match="cannot be merged"):
        whole.merge(directclr.Moments(24, l2_normalize=True))
    with pytest.raises(directclr.InputError, match="another width"):
        directclr.Moments(23).restore(whole.state())


def test_moments_restore_what_state_gave_and_nothing_else():
    whole = directclr.Moments(24).partial_fit(ROWS)
    state = whole.state()
    lists = json.loads(json.dumps({k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in state.items()}))
    np.testing.assert_array_equal(directclr.Moments(24).restore(lists).summary().values, whole.summary().values)
    older = {k: v for k, v in state.items() if k != "l2_normalize"}
    assert directclr.Moments(24, l2_normalize=True).restore(older).count == 600
    with pytest.raises(directclr.InputError, match="state: is of l2_normalize=False, these Moments have True"):
        directclr.Moments(24, l2_normalize=True).restore(state)
    for wrong in ({**state, "skipped": -5}, {**state, "count": "many"}, {**state, "mean": "x"}, {**state, "scatter": None},
                  {**state, "mean": state["mean"] * np.nan}, {**state, "unit_sum": state["unit_sum"][:3]}, {}, None, [1]):
        with pytest.raises(directclr.InputError, match="^state: [^\n]*$"):
            directclr.Moments(24).restore(wrong)


def test_measures_at_the_ends_of_float64():
    for scale in (1e200, 1e-200):
        assert directclr.spectrum(ROWS * scale, l2_normalize=True).verdict == "healthy"
        assert directclr.uniformity(ROWS * scale) == pytest.approx(directclr.uniformity(ROWS), rel=1e-12)
        assert directclr.cka(ROWS * scale, ROWS) == pytest.approx((1, 1), rel=1e-12)
        with pytest.raises(directclr.NumericalError, match="^rows: the values are so (large|small)"):
            directclr.spectrum(ROWS * scale)
        with pytest.raises(directclr.NumericalError, match="^the values are so (large|small)"):
            directclr.Moments(24).partial_fit(ROWS * scale).summary()
    assert directclr.alignment([[1e200, 0.0]], [[0.0, 1e200]]) == 2
    assert directclr.uniformity(np.zeros((5, 3))) == 0
    assert directclr.spectrum(np.zeros((50, 3)), neighbours=True).to_dict()["geometry"]["uniformity"] == 0
    assert directclr.cka(np.full((600, 3), 0.1), ROWS) == (None, None)
    for delta in (-1, 0, np.nan, np.inf, "x", None):
        with pytest.raises(directclr.InputError, match="^delta: expected a finite number above 0"):
            directclr.lidar(ROWS, 3, delta)


def test_errors_name_arguments_as_python_has_them(tmp_path):
    with pytest.raises(directclr.InputError, match="^views: 601 rows"):
        directclr.spectrum(np.vstack([ROWS, ROWS[:1]]), views=2)
    with pytest.raises(directclr.InputError, match="^jackknife: "):
        directclr.spectrum(ROWS, jackknife=301)
    np.savez(tmp_path / "two.npz", a=ROWS, b=ROWS)
    with pytest.raises(directclr.InputError, match="tensor=.*a, b"):
        directclr.spectrum(tmp_path / "two.npz")
    np.save(tmp_path / "bad.npy", np.where(ROWS > 2, np.nan, ROWS))
    with pytest.raises(directclr.NumericalError, match=r"\(leave them out with skip_nonfinite=\)"):
        directclr.spectrum(tmp_path / "bad.npy")

    class Bytes:
        def __fspath__(self):
            return str(tmp_path / "rows.npy").encode()

    np.save(tmp_path / "rows.npy", ROWS)
    os.PathLike.register(Bytes)
    assert directclr.spectrum(Bytes(), l2_normalize=np.False_).samples == 600


def test_pairs():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(24, 24)))[0]
    assert directclr.cka(ROWS, ROWS @ turn * 3).plain == pytest.approx(1)
    x, y = ROWS - ROWS.mean(0), ROWS[:, ::-1] ** 2 - (ROWS[:, ::-1] ** 2).mean(0)
    expected = np.linalg.norm(y.T @ x) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    assert directclr.cka(ROWS, ROWS[:, ::-1] ** 2).plain == pytest.approx(expected)
    assert directclr.cka(ROWS, np.ones((600, 3))).plain is None
    with pytest.raises(ValueError, match="600 rows, y 599"):
        directclr.cka(ROWS, ROWS[:-1])
    unit = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    distances = ((unit[:, None] - unit[None]) ** 2).sum(-1)
    pairs = distances[np.triu_indices(600, 1)]
    assert directclr.uniformity(ROWS) == pytest.approx(np.log(np.exp(-2 * pairs).mean()))
    assert directclr.alignment(ROWS, ROWS[::-1]) == pytest.approx(((unit - unit[::-1]) ** 2).sum(1).mean())
    plain = np.sort(np.sqrt(((ROWS[:, None] - ROWS[None]) ** 2).sum(-1)), axis=1)[:, 1:4]
    np.testing.assert_allclose(np.sort(directclr.neighbours(ROWS, 3).distances, axis=0), np.sort(plain, axis=0), rtol=1e-9)


def test_the_program_comes_along():
    done = directclr.run(["--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == directclr.__version__
