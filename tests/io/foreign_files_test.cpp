// Files of other frameworks, written by tools/goldens/make_file_fixtures.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <tuple>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/philox.h"
#include "directclr/io/array_index.h"
#include "directclr/io/row_reader.h"
#include "directclr/io/zip_index.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/temporary_folder.h"

namespace directclr::io {
namespace {

using test::error_of;
namespace fs = std::filesystem;

fs::path file(const std::string& name) { return test::fixture("files/" + name); }

// The largest difference from the matrix that all fixtures hold; infinite when the shape is another.
double deviation(const fs::path& path, const std::string& tensor) {
  RowReader reader(path, tensor);
  if (reader.rows() != 20 || reader.columns() != 3) return INFINITY;
  double largest = 0;
  for (int64_t i = 0; i < 20;) {
    const array::Array rows = reader.next(7).to(array::DType::kFloat64);
    for (int64_t k = 0; k < rows.size(0); ++k, ++i) {
      for (int64_t j = 0; j < 3; ++j) {
        const double expected = std::sin(static_cast<double>(i + 10 * j));
        largest = std::max(largest, std::abs(rows.data<double>()[3 * k + j] - expected));
      }
    }
  }
  EXPECT_EQ(reader.next(1).size(0), 0) << "no row after the last";
  return largest;
}

TEST(ForeignFiles, HoldTheSameMatrixInEveryFormat) {
  EXPECT_LT(deviation(file("tensor.pt"), ""), 1e-7);
  EXPECT_LT(deviation(file("bfloat16.pt"), ""), 4e-3);
  EXPECT_LT(deviation(file("checkpoint.pth"), "model.fc.weight"), 1e-7);
  EXPECT_LT(deviation(file("checkpoint.pth"), "parts.0"), 5e-4) << "half";
  EXPECT_LT(deviation(file("checkpoint.pth"), "parts.1"), 1e-7) << "a view that begins inside its storage";
  EXPECT_LT(deviation(file("arrays.npz"), "features"), 1e-7);
  EXPECT_LT(deviation(file("arrays.npz"), ""), 1e-7) << "the labels are no matrix";
  EXPECT_EQ(deviation(file("compressed.npz"), "features"), 0);
  EXPECT_EQ(deviation(file("rows.csv"), ""), 0);
  EXPECT_EQ(deviation(file("embeddings.tar"), "emb.npy"), 0);
}

TEST(TorchFile, NamesTensorsByTheWayToThem) {
  std::set<std::string> names;
  const ArrayIndex index = read_array_index(file("checkpoint.pth"));
  for (const auto& [name, span] : index.arrays) names.insert(name);
  EXPECT_EQ(names, (std::set<std::string>{"model.fc.weight", "model.fc.bias", "model.steps", "parts.0", "parts.1",
                                          "parts.2"}));
  EXPECT_EQ(index.lists, std::vector<std::string>{"parts"});
}

TEST(TorchFile, RunsNoCodeAndSaysWhatItWouldHaveBeen) {
  const std::string error = error_of([] { read_array_index(file("code.pt")); });
  EXPECT_NE(error.find("would run os.getenv when opened"), std::string::npos) << error;
}

TEST(RowReader, SaysWhatIsWrongWithForeignFiles) {
  const auto opening = [](const fs::path& path, const std::string& tensor = "") {
    return error_of([&] { RowReader reader(path, tensor); });
  };
  EXPECT_NE(opening(file("checkpoint.pth")).find("holds several matrices"), std::string::npos);
  EXPECT_NE(opening(file("checkpoint.pth"), "model.fc.wight").find("did you mean 'model.fc.weight'?"),
            std::string::npos);
  EXPECT_NE(opening(file("checkpoint.pth"), "model.fc.bias").find("expected an (N, D) matrix"), std::string::npos);
  EXPECT_NE(opening(file("embeddings.tar")).find("choose one with --tensor: emb.npy, logits.npy"), std::string::npos);
  EXPECT_NE(opening(file("embeddings.tar"), "e.npy").find("no arrays '.e.npy'"), std::string::npos);
  const test::TemporaryFolder folder;
  write_file(folder / "d.xyz", "");
  EXPECT_NE(opening(folder / "d.xyz").find("neither a run directory nor"), std::string::npos);
}

std::string opening(const fs::path& path, const std::string& tensor = "") {
  return error_of([&] { RowReader reader(path, tensor); });
}

// Embeddings and projections of one width beside each other, in every order of containers.
TEST(Vectors, OfSeveralSetsAreRefusedWithNamesThatWork) {
  for (const auto& [name, first, second] :
       {std::tuple("dictionaries.pt", "*.emb", "*.proj"), std::tuple("pairs.pt", "*.0", "*.1"),
        std::tuple("pairs_by_name.pt", "*.0", "*.1"), std::tuple("sets_by_name.pt", "emb.*", "proj.*"),
        std::tuple("pairs_of_batches.pt", "outputs.*.0", "outputs.*.1")}) {
    const std::string error = opening(file(name));
    EXPECT_NE(error.find("holds several "), std::string::npos) << error;
    EXPECT_NE(error.find(std::string("choose one with --tensor: '") + first + "', '" + second + "')"),
              std::string::npos)
        << error;
    EXPECT_LT(deviation(file(name), first), 1e-7) << name;
    EXPECT_GT(deviation(file(name), second), 0.1) << name;
    EXPECT_EQ(RowReader(file(name), second).rows(), 20) << name;
  }
  EXPECT_NE(opening(file("pairs_of_batches.pt"), "outputs").find("'outputs.*.0', 'outputs.*.1'"), std::string::npos);
  EXPECT_NE(opening(file("dictionaries.pt"), "*.x").find("no floating matrices or vectors"), std::string::npos);
  EXPECT_EQ(RowReader(file("dictionaries.pt"), "*").rows(), 40) << "asked for";
}

TEST(Vectors, OfAnArchiveOfNumPyComeInTheOrderOfTheFile) { EXPECT_EQ(deviation(file("by_number.npz"), ""), 0); }

TEST(ListsOfNumbers, AreNamedWithTheWayToSaveThem) {
  RowReader beside(file("numbers_beside.pt"), "");
  EXPECT_EQ(beside.taken().text(),
            "read numbers_beside.pt: tensor 'centroids', float32 (2, 3); passed over: 'emb' lists of numbers (20, 3)")
      << "and not the two settings of an optimiser";
  const std::string alone = opening(file("numbers.pt")), each = opening(file("numbers_in_dictionaries.pt"));
  EXPECT_NE(alone.find("but lists of numbers (20, 3) (save it as a tensor: torch.tensor(list))"), std::string::npos)
      << alone;
  EXPECT_NE(each.find("but '0.emb' a list of numbers (9), "), std::string::npos) << each;
  EXPECT_NE(each.find("torch.tensor(list)"), std::string::npos) << each;
}

TEST(Patterns, SayWhatEveryFileLeavesOut) {
  EXPECT_EQ(RowReader(test::fixture("files") / "shard_?.pt", "").taken().text(),
            "read shard_?.pt: the 4 matrices '0' to '1' of 2 files, one below the other, float32 (19, 3); passed over: "
            "'2' float32 (3) in shard_1.pt");
}

TEST(OtherKinds, OfTensorsHaveAHint) {
  for (const auto& [name, hint] : {std::pair("phases", "torch.view_as_real"), std::pair("sparse", "tensor.to_dense()"),
                                   std::pair("quantized", "tensor.dequantize()")}) {
    EXPECT_NE(opening(file("plain_2.pt"), name).find(hint), std::string::npos) << opening(file("plain_2.pt"), name);
  }
  EXPECT_NE(opening(file("text.npy")).find("(numbers written as text become such"), std::string::npos);
  EXPECT_NE(opening(file("companions.npz"), "records").find("structured_to_unstructured"), std::string::npos);
}

TEST(OtherKinds, OfFilesHaveAHint) {
  const test::TemporaryFolder folder;
  for (const auto& [name, bytes, hint] :
       {std::tuple("a.jsonl", "{\"x\": 1}\n", "it is JSON"), std::tuple("a.json", " [[1, 2]]", "it is JSON"),
        std::tuple("a.dat", "1 2\n3 4\n", "ends in .csv, .tsv or .txt"),
        std::tuple("text", "1,2\n", "a table of text?"),
        std::tuple("table", "PAR1....", "it is a Parquet file: write it as .csv"),
        std::tuple("packed", "\x1f\x8b\x08..", "unpack it first"), std::tuple("raw", "\x01\x02\x03", "numpy.fromfile"),
        std::tuple("none", "", "(the file is empty)"), std::tuple("none.npy", "", "none.npy: is empty"),
        std::tuple("none.pt", "", "none.pt: is empty")}) {
    write_file(folder / name, bytes);
    EXPECT_NE(opening(folder / name).find(hint), std::string::npos) << opening(folder / name);
  }
}

// Whatever is done to a file, reading it gives tensors inside it or an InputError: no crash, no endless work.
TEST(ForeignFiles, SurviveDamage) {
  const test::TemporaryFolder folder;
  for (const std::string name : {"checkpoint.pth", "arrays.npz", "compressed.npz", "tensor.pt", "embeddings.tar"}) {
    const std::string good = read_file(file(name));
    const fs::path path = folder / name;
    int refused = 0;
    RandomStream random(7, Purpose::kSplit);
    for (int round = 0; round < 400; ++round) {
      std::string bad = good;
      if (round % 4 == 0) bad.resize(random.below(static_cast<uint32_t>(bad.size())));
      for (uint32_t k = 0; k < 1 + random.below(6) && !bad.empty(); ++k) {
        bad[random.below(static_cast<uint32_t>(bad.size()))] = static_cast<char>(random.bits());
      }
      write_file(path, bad);
      try {
        RowReader reader(path, name.ends_with("npz")      ? "features"
                               : name == "tensor.pt"      ? ""
                               : name == "embeddings.tar" ? "emb.npy"
                                                          : "parts.1");
        while (reader.next(8).size(0) > 0) {
        }
      } catch (const InputError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 100) << name;
  }
}

// A dictionary of the archive with sizes that reach outside it, and containers that hold one another.
TEST(ForeignFiles, RefuseHostileSizesAndNesting) {
  const test::TemporaryFolder folder;
  std::string bad = read_file(file("tensor.pt"));
  const size_t directory = bad.rfind("PK\x01\x02");
  const uint32_t huge = 0xFFFFFFF0;
  std::memcpy(bad.data() + directory + 20, &huge, 4);
  std::memcpy(bad.data() + directory + 24, &huge, 4);
  write_file(folder / "huge.pt", bad);
  EXPECT_NE(error_of([&] { read_zip_index(folder / "huge.pt"); }).find("outside the file"), std::string::npos);

  // The pickle of a list that holds itself: ] q0 h0 a . in place of the real one, which is longer.
  std::string nested = read_file(file("tensor.pt"));
  const size_t entry = nested.find("tensor/data.pkl");
  const size_t pickle = nested.find('\x80', entry);
  ASSERT_NE(pickle, std::string::npos);
  std::memcpy(nested.data() + pickle, "]q\0h\0a.", 7);
  write_file(folder / "nested.pt", nested);
  EXPECT_NE(error_of([&] { read_array_index(folder / "nested.pt"); }).find("nested without end"), std::string::npos);
}

}  // namespace
}  // namespace directclr::io
