import itertools
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import threading
import time

import numpy as np
import pytest

directclr = pytest.importorskip("directclr._core", reason="the native part is not installed") and __import__("directclr")
Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (root / "train" / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)).save(root / "train" / name / f"{i:02}.png")
    return f"folder:{root}"


def loader(folder, **how):
    return directclr.Loader(folder, **{"batch_size": 8, "framework": "numpy", "preset": "cifar", **how})


def batches_of(iterator):
    return ((b.views[0].copy(), b.views[1].copy(), b.labels.copy(), b.indices.copy()) for b in iterator)


def batches(loader):
    return list(batches_of(loader))


def same(a, b):
    return len(a) == len(b) and all(all(np.array_equal(x, y) for x, y in zip(p, q)) for p, q in zip(a, b))


def test_an_epoch_has_every_image_once_as_the_two_view_transform_makes_it(folder):
    source = directclr.Source(folder)
    views = directclr.TwoView("cifar", seed=0)
    seen = []
    made = loader(folder)
    assert len(made) == 5 and source.class_names == ["cat", "dog"]
    for batch in made:
        for k, index in enumerate(batch.indices.tolist()):
            pixels, label = source[index]
            assert label == batch.labels[k]
            a, b = views(pixels, index=index)
            np.testing.assert_array_equal(np.asarray(a), batch.views[0][k])
            np.testing.assert_array_equal(np.asarray(b), batch.views[1][k])
            seen.append(index)
    assert sorted(seen) == list(range(40))


def test_it_goes_on_where_it_was(folder):
    first = loader(folder)
    whole = [batches(first), batches(first)]
    assert not same(whole[0], whole[1])
    stopped = loader(folder, workers=1)
    iterator = iter(stopped)
    for _ in range(3):
        next(iterator)
    state = stopped.state_dict()
    again = loader(folder)
    again.load_state_dict(state)
    assert same(batches(again), whole[0][3:])
    assert same(batches(again), whole[1])
    again.set_epoch(0)
    assert same(batches(again), whole[0])
    with pytest.raises(ValueError, match="seed"):
        loader(folder, seed=1).load_state_dict(state)


def test_each_loop_is_an_epoch_of_its_own(folder):
    made = loader(folder)
    epochs = [batches(made) for _ in range(3)]
    left = loader(folder)
    next(iter(left))  # a look at a batch, or a break
    assert (left.epoch, left.state_dict()["batch"]) == (0, 1)
    assert len(left) == 5 and same(batches(left), epochs[1]) and left.epoch == 2
    two = loader(folder)
    pairs = list(itertools.zip_longest(batches_of(iter(two)), batches_of(iter(two))))
    assert same([a for a, _ in pairs], epochs[0]) and same([b for _, b in pairs], epochs[1])
    assert (two.epoch, two.state_dict()["batch"]) == (2, 0)


def test_threads_that_share_a_loop_get_a_batch_each(folder):
    made = loader(folder, batch_size=2)
    shared, found = iter(made), []
    threads = [threading.Thread(target=lambda: found.extend(batches_of(shared))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = batches(loader(folder, batch_size=2))
    order = {batch[3].tobytes(): batch for batch in found}
    assert len(found) == 20 and same([order[batch[3].tobytes()] for batch in expected], expected)
    assert (made.epoch, made.state_dict()["batch"]) == (1, 0)


def test_another_place_is_for_the_next_loop(folder):
    made = loader(folder)
    epochs = [batches(made) for _ in range(3)]
    running = loader(folder)
    iterator = iter(running)
    next(iterator)
    running.set_epoch(2)
    assert same(list(batches_of(iterator)), epochs[0][1:]) and running.epoch == 2
    assert same(batches(running), epochs[2]) and running.epoch == 3
    iterator = iter(running)
    running.load_state_dict({**running.state_dict(), "epoch": 1, "batch": 4})
    next(iterator)
    assert same(batches(running), epochs[1][4:]) and same(batches(running), epochs[2])
    running.load_state_dict({**running.state_dict(), "epoch": 1, "batch": 5})  # after its last batch
    assert batches(running) == [] and same(batches(running), epochs[2])


def test_states_of_other_loaders_are_refused(folder):
    state = loader(folder).state_dict()
    for how in ({"batch_size": 5}, {"shuffle": False}, {"seed": 1}):
        (name, value), = how.items()
        with pytest.raises(ValueError, match=f"^state: is of {name}={state[name]}, this loader has {name}={value}$"):
            loader(folder, **how).load_state_dict(state)
    older = {name: state[name] for name in ("epoch", "batch", "seed", "images")}
    made = loader(folder, rank=1, world_size=2, workers=1)  # a place is one of whole batches
    made.load_state_dict({**older, "epoch": 3, "batch": 2})
    assert (made.epoch, made.state_dict()["batch"]) == (3, 2) and len(batches(made)) == 3
    for wrong in ({**state, "epoch": -1}, {**state, "epoch": "0"}, {**state, "batch": 1.0}, {**state, "batch": 6}, {}, None, [0]):
        with pytest.raises(ValueError, match="^state: [^\n]*$"):
            loader(folder).load_state_dict(wrong)


def test_ranks_share_out_each_batch(folder):
    whole = batches(loader(folder))
    halves = [batches(loader(folder, rank=r, world_size=2)) for r in range(2)]
    for k, (a, _, _, indices) in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([halves[0][k][0], halves[1][k][0]]), a)
        np.testing.assert_array_equal(np.concatenate([halves[0][k][3], halves[1][k][3]]), indices)


def test_batches_last_as_long_as_they_are_held_and_their_memory_comes_back(folder):
    whole = batches(loader(folder))  # copies, batch by batch
    held = list(loader(folder))
    made = loader(folder)
    iterator = iter(made)
    labels = next(iterator).labels  # one array alone keeps its batch
    del made
    rest = list(iterator)
    del iterator
    assert [np.array_equal(batch.views[0], a) for batch, (a, *_) in zip(held, whole)] == [True] * len(whole)
    assert np.array_equal(labels, whole[0][2]) and np.array_equal(rest[-1].views[1], whole[-1][1])
    held[0].views[0][:] = 7  # they are the user's
    assert np.array_equal(held[1].views[0], whole[1][0]) and (held[0].views[0] == 7).all()
    places = [batch.views[0].__array_interface__["data"][0] for batch in loader(folder, batch_size=2)]
    assert len(places) > 10 and len(set(places)) <= 6


def test_an_epoch_is_in_the_memory_of_the_one_before(folder):
    made = loader(folder, image_size=448)  # batches of 38 MB, which the C library would not keep
    page_faults = []
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for batch in made:
            size = batch.views[0].nbytes + batch.views[1].nbytes
        page_faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        del batch
    pages = size // resource.getpagesize()
    assert page_faults[1] < pages, page_faults


def test_a_batch_equals_itself_alone_and_shows_itself_in_a_line(folder):
    one, other = list(loader(folder))[:2]
    assert one == one and one != other
    assert repr(one) == "<Batch: 8 images, 2 views, 0 local views>"


def test_tensors_are_channels_last(folder):
    torch = pytest.importorskip("torch")
    batch = next(iter(loader(folder, framework="torch", dtype="bfloat16", local_views=2, local_size=16)))
    assert batch.views[0].shape == (8, 3, 32, 32) and batch.views[0].dtype == torch.bfloat16
    assert batch.views[0].is_contiguous(memory_format=torch.channels_last)
    assert len(batch.local) == 2 and batch.local[0].shape == (8, 3, 16, 16)
    assert batch.labels.dtype == torch.int64
    plain = next(iter(loader(folder, framework="torch", local_views=2, local_size=16)))
    assert torch.equal(plain.views[1].bfloat16(), batch.views[1])


def test_arrays_of_jax_are_the_same_numbers(folder):
    jax = pytest.importorskip("jax")
    plain = batches(loader(folder, local_views=2, local_size=16))
    for dtype in ("float32", "uint8", "bfloat16"):
        made = list(loader(folder, framework="jax", dtype=dtype, local_views=2, local_size=16))
        assert isinstance(made[0].views[0], jax.Array) and made[0].views[0].dtype == dtype and made[0].labels.dtype == "int32"
        assert made[0].views[0].shape == (8, 32, 32, 3) and made[0].local[1].shape == (8, 16, 16, 3)
        for batch, (a, _, labels, indices) in zip(made, plain):  # all kept: none is overwritten by a later one
            np.testing.assert_array_equal(batch.labels, labels)
            np.testing.assert_array_equal(batch.indices, indices)
            if dtype != "uint8":
                found = np.asarray(batch.views[0].astype("float32")).transpose(0, 3, 1, 2)
                np.testing.assert_array_equal(found, np.asarray(jax.numpy.asarray(a).astype(dtype).astype("float32")))


def test_bad_input_is_named(folder):
    for how, error in (({"batch_size": 64}, "batch"), ({"dtype": "int8"}, "dtype"), ({"transform": "x"}, "transform"),
                       ({"rank": 2, "world_size": 2}, "rank: 2; at most 1"), ({"rank": 0, "world_size": 0}, "world_size: 0"),
                       ({"batch_size": 0}, "batch_size: 0; at least 1"), ({"batch_size": "4"}, "batch_size: expected a whole"),
                       ({"seed": -1}, "seed: -1"), ({"workers": 0}, "workers: 0"), ({"image_sise": 3}, "did you mean image_size"),
                       ({"workers": 1025}, "workers: 1025; at most 1024"), ({"rank": 1}, "rank and world_size go together"),
                       ({"world_size": 4}, "rank and world_size go together"), ({"shuffle": "no"}, "^shuffle: expected True or False, got 'no'"),
                       ({"shuffle": None}, "^shuffle: "), ({"drop_last": 2}, "^drop_last: "), ({"skip_bad": "x"}, "^skip_bad: "),
                       ({"preset": None}, "^preset: expected a str"), ({"transform": 3}, "^transform: "), ({"dtype": np.uint8}, "^dtype: "),
                       ({"crop_scale_min": 0.9, "crop_scale_max": 0.1}, "^crop_scale_min: the minimum"), ({"blur_sigma_min": 3}, "^blur_sigma_min: "),
                       ({"framework": "tensorflow"}, "framework"), ({"dtype": "bfloat16"}, "NumPy has no such type")):
        with pytest.raises(ValueError, match=error):
            loader(folder, **how)
    with pytest.raises(directclr.InputError, match="absent"):
        directclr.Loader("folder:/absent")
    with pytest.raises(ValueError, match="^batch_size: 64 is larger than the data"):
        loader(folder, batch_size=64)
    assert len(loader(folder, shuffle=np.True_)) == 5
    with pytest.raises(ValueError, match="^split: 'test', and the Source is of split 'train'$"):
        loader(directclr.Source(folder), split="test")
    assert len(directclr.Loader(folder, batch_size=64, drop_last=False, framework="numpy")) == 1
    source = directclr.Source(folder)
    for index in (len(source), -len(source) - 1):
        with pytest.raises(IndexError, match=f"index {index}: there are {len(source)} images"):
            source[index]
    with pytest.raises(TypeError, match="slice"):
        source[0:3]
    assert [label for _, label in source] == [source[i - len(source)][1] for i in range(len(source))]


def test_multi_crop_bytes_and_pinned_words(folder):
    made = loader(folder, local_views=3, local_size=16, dtype="uint8")
    batch = next(iter(made))
    assert [v.shape for v in batch.local] == [(8, 3, 16, 16)] * 3 and batch.views[0].dtype == np.uint8
    views = directclr.TwoView("cifar", seed=0, dtype="uint8", local_views=3, local_size=16)
    for k, index in enumerate(batch.indices.tolist()):
        expected = views(made.source[index][0], index=index)
        for found, view in zip([*batch.views, *batch.local], expected):
            np.testing.assert_array_equal(np.asarray(view), found[k])
    with pytest.raises(ValueError, match="pin_memory"):
        loader(folder, pin_memory=True)


def test_batches_of_jax(folder):
    jnp = pytest.importorskip("jax.numpy", reason="the package jax is not installed")
    plain = next(iter(loader(folder)))
    batch = next(iter(loader(folder, framework="jax")))
    np.testing.assert_array_equal(np.asarray(batch.views[0]).transpose(0, 3, 1, 2), plain.views[0])
    assert batch.labels.tolist() == plain.labels.tolist()
    half = next(iter(loader(folder, framework="jax", dtype="bfloat16")))
    assert half.views[1].dtype == jnp.bfloat16
    np.testing.assert_array_equal(half.views[1], batch.views[1].astype(jnp.bfloat16))


def _all_indices(made, queue):
    queue.put([b.indices.tolist() for b in made] + [float(directclr.spectrum(np.eye(4) + 1.0).values[0])])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_it_works_in_processes_begun_either_way(folder, method):
    made = loader(folder)
    iterator = iter(made)
    first = next(iterator)  # threads are running while the child begins
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    other = loader(folder)
    child = context.Process(target=_all_indices, args=(other, queue))
    child.start()
    found = queue.get(timeout=120)
    child.join()
    assert child.exitcode == 0
    assert found[0] == first.indices.tolist()
    assert found[:-1] == [first.indices.tolist()] + [b.indices.tolist() for b in iterator]
    assert found[-1] == pytest.approx(0.25)


def test_pickled_it_goes_on_where_it_was(folder):
    made = loader(folder)
    iterator = iter(made)
    next(iterator)
    again = pickle.loads(pickle.dumps(made))
    assert same(batches(again), batches(loader(folder))[1:])


@pytest.mark.parametrize("what", ["drops it", "asks it for a batch", "leaves by sys.exit"])
def test_a_loop_of_the_parent_does_not_hang_a_child(folder, what):
    for _ in range(5):
        made = loader(folder, workers=4)
        held = [iter(made)]
        next(held[0])
        child = os.fork()
        if child == 0:
            status = 3
            try:
                if what == "drops it":
                    held.clear()
                    del made
                    status = 0
                elif what == "asks it for a batch":
                    next(held[0])
                else:
                    sys.exit(0)
            except directclr.Error as error:
                status = 0 if "another process began this loop" in str(error) else 4
            except SystemExit:
                held.clear()
                status = 0
            finally:
                os._exit(status)
        assert status_of(child) == 0
        assert len(list(held[0])) == 4  # the parent's goes on


def status_of(child, patience=120):
    for _ in range(patience * 20):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"
