// Arrays and checkpoints of all kinds, written by NumPy and PyTorch: tools/goldens/make_file_fixtures.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/io/network_tensors.h"
#include "directclr/io/npy.h"
#include "directclr/io/row_reader.h"
#include "directclr/io/safetensors.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/temporary_folder.h"

namespace directclr::io {
namespace {

using test::error_of;
namespace fs = std::filesystem;

fs::path file(const std::string& name) { return test::fixture("files/" + name); }

std::vector<double> values(const fs::path& path, const std::string& tensor, int64_t at_a_time = 7) {
  RowReader reader(path, tensor);
  std::vector<double> all;
  for (array::Array rows = reader.next(at_a_time); rows.size(0) > 0; rows = reader.next(at_a_time)) {
    EXPECT_TRUE(array::is_floating(rows.dtype()));
    const auto numbers = array::to_doubles(rows);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  return all;
}

// The largest difference from the matrix that the fixtures hold, sin(i + 10 j); infinite when the shape is another.
double off(const fs::path& path, const std::string& tensor) {
  const auto numbers = values(path, tensor);
  if (numbers.size() != 60) return INFINITY;
  double largest = 0;
  for (size_t k = 0; k < 60; ++k) {
    largest = std::max(largest, std::abs(numbers[k] - std::sin(static_cast<double>(k / 3 + 10 * (k % 3)))));
  }
  return largest;
}

std::string opening(const fs::path& path, const std::string& tensor = "") {
  return error_of([&] { RowReader reader(path, tensor); });
}

TEST(Arrays, AreReadInEveryOrderOfElementsAndBytes) {
  EXPECT_EQ(off(file("fortran.npy"), ""), 0);
  EXPECT_LT(off(file("big_endian.npy"), ""), 1e-7);
  EXPECT_LT(off(file("companions.npz"), "features"), 1e-7) << "both at once";
  EXPECT_LT(off(file("fortran_compressed.npz"), ""), 1e-7);
  const array::Array whole = read_npy(file("fortran.npy"));
  EXPECT_EQ(whole.shape(), (std::vector<int64_t>{20, 3}));
  EXPECT_EQ(array::to_doubles(whole), values(file("fortran.npy"), ""));
}

TEST(Arrays, OfIntegersAreReadOnRequest) {
  EXPECT_NE(opening(file("integers.npy")).find("got int16 (4, 3) (integers are often labels"), std::string::npos);
  EXPECT_EQ(values(file("companions.npz"), "counts").size(), 40U);
  EXPECT_EQ(values(file("companions.npz"), "counts")[39], 39);
  const std::string error = opening(file("no_matrix.npz"));
  EXPECT_NE(error.find("holds no matrix of floating numbers, but "), std::string::npos) << error;
  EXPECT_NE(error.find("'labels' int32 (20), 'counts' int64 (20, 2), "), std::string::npos) << "as saved: " << error;
  EXPECT_NE(error.find("--tensor counts reads integers"), std::string::npos) << error;
}

TEST(Arrays, OfOtherKindsArePassedOverAndNamed) {
  RowReader reader(file("companions.npz"), "");
  EXPECT_EQ(reader.name(), "companions.npz, tensor 'features'");
  EXPECT_EQ(reader.columns(), 3);
  EXPECT_NE(reader.taken().passed_over.find("'labels' int32 (20)"), std::string::npos) << reader.taken().passed_over;
  EXPECT_NE(opening(file("companions.npz"), "names").find("text <U5 (2)"), std::string::npos);
  EXPECT_NE(opening(file("companions.npz"), "records").find("records [('x', '<f4'), ('y', '<i4', (3,))] (20)"),
            std::string::npos);
  EXPECT_NE(opening(file("companions.npz"), "phases").find("complex numbers <c16 (20, 3)"), std::string::npos);
  EXPECT_NE(opening(file("companions.npz"), "labels").find("expected an (N, D) matrix, got an array (20)"),
            std::string::npos);
  EXPECT_NE(opening(file("text.npy")).find("text <U1 (1, 2)"), std::string::npos);
  EXPECT_NE(opening(file("fortran.npy"), "x").find("holds one array without a name"), std::string::npos);
}

TEST(Arrays, OfEightBitsAreWhatPyTorchTakesThemFor) {
  for (const char* name : {"e4m3", "e5m2"}) {
    const auto expected = values(file("float8_values.npz"), name);
    for (const char* from : {"float8.safetensors", "float8.pt"}) {
      const auto read = values(file(from), name);
      ASSERT_EQ(read.size(), 256U) << from;
      for (size_t i = 0; i < 256; ++i) {
        if (std::isnan(expected[i])) {
          EXPECT_TRUE(std::isnan(read[i])) << from << ", " << i;
        } else {
          EXPECT_EQ(read[i], expected[i]) << from << ", " << name << ", " << i;
        }
      }
    }
  }
}

TEST(Arrays, OfEightBitsKeepTheirNameAndTheirRounding) {
  for (const auto& [name, type, roundoff] :
       {std::tuple("e4m3", "float8_e4m3fn", 0x1p-4), std::tuple("e5m2", "float8_e5m2", 0x1p-3)}) {
    for (const char* from : {"float8.safetensors", "float8.pt"}) {
      const RowReader reader(file(from), name);
      EXPECT_EQ(reader.taken().type, type) << from;
      EXPECT_EQ(reader.roundoff(), roundoff) << from << ": half of what 1 and the next number differ by";
    }
  }
  EXPECT_EQ(RowReader(file("bfloat16.pt"), "").roundoff(), 0x1p-8);
}

TEST(NpyHeaders, OfPython2AndInAnyLayoutAreRead) {
  const test::TemporaryFolder folder;
  const auto with_header = [&](std::string header, const std::string& data) {
    header.resize(118, ' ');
    write_file(folder / "a.npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + data);
    return folder / "a.npy";
  };
  const std::string two("\x00\x00\x80\x3f\x00\x00\x00\x40", 8);
  const std::vector<double> expected = {1, 2};
  EXPECT_EQ(values(with_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 2L), }\n", two), ""), expected);
  EXPECT_EQ(values(with_header("{\"shape\":(1,2),\"fortran_order\":True,\"descr\":\"<f4\"}\n", two), ""), expected);
  for (const char* bad :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", "{'descr': '<f4', 'shape': (1, 2), }",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1, 2), }", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, -2), }", "no dictionary",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2", "{'descr': '<f4' 'x', : 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"}) {
    EXPECT_NE(opening(with_header(bad, two)), "no error") << bad;
  }
}

TEST(TorchViews, AreReadAsTorchSeesThem) {
  for (const char* name : {"turned", "columns", "every_second"}) EXPECT_LT(off(file("views.pt"), name), 1e-7) << name;
  const auto repeated = values(file("views.pt"), "repeated");
  ASSERT_EQ(repeated.size(), 60U);
  for (size_t k = 0; k < 60; ++k) EXPECT_NEAR(repeated[k], std::sin(10.0 * static_cast<double>(k % 3)), 1e-7) << k;
  EXPECT_NE(opening(file("views.pt"), "number").find("got an array ()"), std::string::npos);
  EXPECT_NE(opening(file("views.pt"), "column").find("got an array (20)"), std::string::npos);
  EXPECT_EQ(values(file("views.pt"), "empty").size(), 0U);
  for (const auto& [name, span] : read_array_index(file("views.pt")).arrays) {
    if (name == "column") {
      const auto column = array::to_doubles(read_array(file("views.pt"), span));
      ASSERT_EQ(column.size(), 20U);
      EXPECT_NEAR(column[19], std::sin(19.0), 1e-7);
    } else if (name == "number") {
      EXPECT_EQ(array::to_doubles(read_array(file("views.pt"), span)), std::vector<double>{1.5});
    }
  }
}

TEST(TorchFiles, HoldBesideTensorsWhatWeightsOnlyReads) {
  for (const char* protocol : {"plain_2.pt", "plain_4.pt", "plain_5.pt"}) {
    EXPECT_LT(off(file(protocol), ""), 1e-7) << protocol;
    const ArrayIndex index = read_array_index(file(protocol));
    ASSERT_EQ(index.arrays.size(), 3U) << protocol;
    EXPECT_EQ(index.arrays[1].second.describe(), "uint16 (20)");
    EXPECT_EQ(index.arrays[2].second.describe(), "bool (20)");
    EXPECT_EQ(names_of(index.others),
              "'phases' complex64 (20, 3), 'sparse' a sparse tensor, 'quantized' a quantized tensor")
        << protocol;
  }
}

TEST(TorchFiles, PassOverObjectsAndNameThem) {
  EXPECT_LT(off(file("objects.pth"), ""), 1e-7);
  EXPECT_EQ(RowReader(file("objects.pth"), "").taken().passed_over,
            "'args' argparse.Namespace, 'path' pathlib.PurePosixPath, 'model' torch.nn.modules.linear.Linear, whose "
            "code the tensors in it depend on");
  EXPECT_NE(opening(file("objects.pth"), "args").find("'args' is no matrix of numbers: argparse.Namespace"),
            std::string::npos);
  const std::string module = opening(file("module.pt"));
  EXPECT_NE(module.find("torch.nn.modules.linear.Linear"), std::string::npos) << module;
  EXPECT_NE(module.find("torch.save(model.state_dict(), ...)"), std::string::npos) << module;
  const std::string no_first =
      error_of([] { network_tensors("m.pt", read_array_index(file("module.pt")), "", "conv1.weight"); });
  EXPECT_NE(no_first.find("but torch.nn.modules.linear.Linear"), std::string::npos) << no_first;
  EXPECT_NE(opening(file("numpy_in_pickle.pt")).find("'f' an array of NumPy in a pickle"), std::string::npos);
}

TEST(TorchFiles, OfOtherTimesAreNamedWithTheWayToConvertThem) {
  for (const char* name : {"legacy.pt", "legacy.pth.tar"}) {
    EXPECT_NE(opening(file(name)).find("torch.save(torch.load(f), f)"), std::string::npos) << opening(file(name));
  }
  EXPECT_NE(opening(file("pickle.pkl")).find("is a pickle of Python"), std::string::npos);
}

TEST(TorchFiles, AreKnownByTheirContent) {
  const test::TemporaryFolder folder;
  for (const char* name : {"a.PTH", "b", "c.bin", "d.pth.tar", "e.csv", "f.npy", "g.tar", "h.pkl"}) {
    write_file(folder / name, read_file(file("tensor.pt")));
    EXPECT_LT(off(folder / name, ""), 1e-7) << name;
  }
  write_file(folder / "npz", read_file(file("arrays.npz")));
  EXPECT_LT(off(folder / "npz", ""), 1e-7);
  write_file(folder / "npy.pt", read_file(file("fortran.npy")));
  EXPECT_EQ(off(folder / "npy.pt", ""), 0);
  write_file(folder / "safetensors.bin", read_file(file("float8.safetensors")));
  EXPECT_EQ(values(folder / "safetensors.bin", "e5m2").size(), 256U);
}

TEST(Batches, AreOneMatrixAndSoAreVectorsByName) {
  EXPECT_LT(off(file("batches.pt"), ""), 1e-7);
  EXPECT_EQ(RowReader(file("batches.pt"), "").name(), "batches.pt, the 2 matrices '0' to '1', one below the other");
  EXPECT_LT(off(file("outputs.pt"), ""), 1e-7) << "(features, labels) a batch";
  EXPECT_LT(off(file("outputs.pt"), "outputs"), 1e-7);
  EXPECT_EQ(values(file("outputs.pt"), "outputs.0.0").size(), 24U);
  EXPECT_LT(off(file("by_name.pt"), ""), 1e-7);
  EXPECT_EQ(RowReader(file("by_name.pt"), "").name(),
            "by_name.pt, the 20 vectors 'img0.jpg', 'img1.jpg', .. as its rows");
  EXPECT_NE(opening(file("mean_beside.pt")).find("--tensor rows takes those of the list"), std::string::npos);
  EXPECT_LT(off(file("mean_beside.pt"), "rows"), 1e-7);
  EXPECT_EQ(RowReader(file("mean_beside.pt"), "*").rows(), 21) << "all vectors";
  EXPECT_NE(opening(file("two_sets.pt")).find("holds several matrices"), std::string::npos) << "these are no batches";
}

TEST(NetworkWeights, AreNotTakenForEmbeddings) {
  for (const char* name : {"pytorch_model.bin", "moco.pth.tar", "moco.safetensors", "lightning.ckpt", "dino.pth"}) {
    const std::string error = opening(file(name));
    EXPECT_NE(error.find("holds the weights of a network"), std::string::npos) << name << ": " << error;
    EXPECT_NE(error.find("--weights"), std::string::npos);
  }
  EXPECT_EQ(values(file("pytorch_model.bin"), "fc.0.weight").size(), 16U) << "asked for by name";
  const test::TemporaryFolder folder;
  ArrayFile linear;
  linear.add("head.weight", array::Array::zeros({20, 3}, array::DType::kFloat32));
  write_safetensors(folder / "alone.safetensors", linear);
  EXPECT_EQ(opening(folder / "alone.safetensors"), "no error") << "a matrix may have any name";
  linear.add("head.bias", array::Array::zeros({20}, array::DType::kFloat32));
  write_safetensors(folder / "linear.safetensors", linear);
  EXPECT_NE(opening(folder / "linear.safetensors").find("holds the weights of a network"), std::string::npos);
  ArrayFile dense;  // as JAX and Keras name and lay them
  dense.add("params/Dense_0/kernel", array::Array::zeros({20, 3}, array::DType::kFloat32));
  write_safetensors(folder / "kernel.safetensors", dense);
  EXPECT_EQ(opening(folder / "kernel.safetensors"), "no error");
  dense.add("params/Dense_0/bias", array::Array::zeros({3}, array::DType::kFloat32));
  write_safetensors(folder / "dense.safetensors", dense);
  EXPECT_NE(opening(folder / "dense.safetensors").find("holds the weights of a network"), std::string::npos);
}

NetworkTensors network(const char* name, const std::string& prefix = "", const std::string& first = "") {
  return network_tensors(name, read_array_index(file(name)), prefix, first);
}

TEST(Networks, AreFoundTheSameWayInEveryContainer) {
  const auto torch = network("moco.pth.tar"), other = network("moco.safetensors");
  EXPECT_EQ(torch.read.prefix, "state_dict.module.encoder_q.");
  EXPECT_EQ(other.read.prefix, "module.encoder_q.");
  EXPECT_EQ(torch.read.tensors, 8);
  EXPECT_EQ(other.read.tensors, 8);
  EXPECT_EQ(
      torch.read.text(),
      "a file of torch.save: 8 tensors under 'state_dict.module.encoder_q.'; passed over: another network, "
      "'state_dict.module.encoder_k.' (--prefix picks); 1 tensor an optimiser's; 1 tensor of a queue of embeddings");
  for (const char* name : {"moco.pth.tar", "moco.safetensors"}) {
    EXPECT_TRUE(network(name, "", "conv1.weight").read.prefix.ends_with("module.encoder_q.")) << name;
    for (const char* prefix : {"module.encoder_k", "encoder_k.", "encoder_k"}) {
      EXPECT_TRUE(network(name, prefix).read.prefix.ends_with("module.encoder_k.")) << name << ", " << prefix;
      EXPECT_EQ(network(name, prefix, "conv1.weight").read.tensors, 8);
    }
  }
  EXPECT_EQ(network("dino.pth").read.prefix, "student.module.backbone.") << "the teacher is not wrapped";
  EXPECT_EQ(network("dino.pth", "teacher", "conv1.weight").read.prefix, "teacher.backbone.");
  EXPECT_EQ(network("lightning.ckpt", "", "conv1.weight").read.prefix, "state_dict.model._orig_mod.");
  EXPECT_NE(
      network("lightning.ckpt").read.text().find("'hyper_parameters' lightning.fabric.utilities.data.AttributeDict"),
      std::string::npos);
  EXPECT_EQ(network("pytorch_model.bin").read.text(), "a file of torch.save: 8 tensors");
  EXPECT_NE(error_of([] { network("moco.pth.tar", "encoder_x"); }).find("has no tensors under 'encoder_x.'"),
            std::string::npos);
  EXPECT_NE(error_of([] { network("moco.pth.tar", "", "conv2.weight"); }).find("has no tensor 'conv2.weight'"),
            std::string::npos);
}

TEST(Networks, OfTransformersKeepTheirKeys) {
  ArrayIndex index;
  for (const char* part : {"q_proj", "k_proj", "key", "query"}) {
    ArraySpan span;
    span.shape = {8, 8};
    index.arrays.emplace_back(std::string("blocks.0.attention.") + part + ".weight", span);
  }
  EXPECT_EQ(network_tensors("f", index).read.tensors, 4);
}

// A pickle in place of a file's own, which is longer.
fs::path with_pickle(const fs::path& folder, std::string pickle) {
  std::string bytes = read_file(file("plain_2.pt"));
  const size_t at = bytes.find('\x80', bytes.find("/data.pkl"));
  bytes.replace(at, pickle.size(), pickle);
  write_file(folder / "hostile.pt", bytes);
  return folder / "hostile.pt";
}

// Some bytes that describe much: refused before they cost memory or time.
TEST(Pickles, ThatAreHostileAreRefused) {
  const test::TemporaryFolder folder;
  using namespace std::string_literals;
  // Lists of ten, each of the list before: 10^30 in all.
  std::string bomb = "]q\0"s;
  for (char level = 1; level <= 30; ++level) {
    bomb += "(";
    for (int i = 0; i < 10; ++i) bomb += "h"s + static_cast<char>(level - 1);
    bomb += "lq"s + level;
  }
  const auto refused = [&](const std::string& pickle) { return opening(with_pickle(folder.path(), pickle + ".")); };
  EXPECT_NE(refused(bomb).find("nested without end"), std::string::npos);
  EXPECT_NE(refused("]" + std::string(100, '\x85')).find("nested without end"), std::string::npos);
  EXPECT_NE(refused("]r\xFF\xFF\xFF\x7F"s).find("damaged"), std::string::npos) << "a place that nobody counted to";
  EXPECT_NE(refused("\x8e\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"s).find("damaged"), std::string::npos);
  for (const char* call : {"cos\nsystem\n(S'x'\ntR", "c__builtin__\neval\n(S'x'\ntR", "(S'x'\niposix\nsystem\n",
                           "(cbuiltins\nexec\nS'x'\no", "csubprocess\nPopen\n)\x81"}) {
    EXPECT_NE(refused(call).find("would run "), std::string::npos) << call;
  }
  // A tensor of 2^40 rows that are all the same number, and one beyond its storage.
  const auto tensor = [](const std::string& shape, const std::string& strides) {
    const std::string storage = "X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"s + "0X\3\0\0\0cpuK\1tQ"s;
    return "ctorch._utils\n_rebuild_tensor_v2\n(("s + storage + "K\0("s + shape + "t(" + strides + "t\x89NtR";
  };
  EXPECT_NE(refused(tensor("L1099511627776L\nK\1", "K\0K\0"s)).find("repeats its elements"), std::string::npos);
  EXPECT_NE(refused(tensor("K\2K\2", "M\xFF\xFFK\1")).find("larger than the data"), std::string::npos);
  EXPECT_EQ(refused(tensor("K\2K\2", "K\2K\1")), "no error") << "the same way, and right";
}

TEST(ChannelsLast, HoldsTheSameNumbers) {
  const auto plain = read_array_index(file("pytorch_model.bin")), turned = read_array_index(file("channels_last"));
  ASSERT_EQ(plain.arrays.size(), turned.arrays.size());
  for (size_t i = 0; i < plain.arrays.size(); ++i) {
    EXPECT_EQ(plain.arrays[i].first, turned.arrays[i].first);
    EXPECT_EQ(array::to_doubles(read_array(file("pytorch_model.bin"), plain.arrays[i].second)),
              array::to_doubles(read_array(file("channels_last"), turned.arrays[i].second)))
        << plain.arrays[i].first;
  }
}

}  // namespace
}  // namespace directclr::io
