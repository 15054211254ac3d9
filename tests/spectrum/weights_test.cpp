#include "directclr/spectrum/weights.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/io/safetensors.h"
#include "tests/support/array_matchers.h"
#include "tests/support/error_of.h"
#include "tests/support/matrices.h"
#include "tests/support/temporary_folder.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;
using linalg::SvdMethod;
using test::matrix_of_factors;
using test::orthogonal;

const std::vector<double> kConv = {5, 4, 3, 2, 1, 0.5, 0.25, 0.125}, kHead = {3, 2, 1, 0.5, 0.2},
                          kProject = {7, 1, 0.1, 0.01, 0.001};

// A network: a convolution, a head that takes its eight channels, a 1 x 1 convolution of the head's five outputs, and
// what is no matrix between them.
class Weights : public ::testing::Test {
 protected:
  Weights() {
    const Array conv_left = orthogonal(8, 1), head_left = orthogonal(5, 3);
    io::ArrayFile file;
    file.add("conv.weight", matrix_of_factors(conv_left, kConv, orthogonal(27, 2)).reshaped({8, 3, 3, 3}));
    file.add("conv.bias", Array::zeros({8}, DType::kFloat32));
    file.add("norm.running", Array::zeros({1, 8}, DType::kFloat32));
    file.add("head.steps", Array::zeros({8, 8}, DType::kInt64));
    // The head's leading right vectors are the convolution's leading left ones.
    file.add("head.weight", matrix_of_factors(head_left, kHead, conv_left));
    file.add("head.column", Array::zeros({8, 1}, DType::kFloat64));
    file.add("project.weight", matrix_of_factors(orthogonal(7, 4), kProject, orthogonal(5, 5)).reshaped({7, 5, 1, 1}));
    file.add("same.weight", orthogonal(7, 6));                             // takes seven, all values alike
    file.add("wide.weight", Array::zeros({2, 3, 2, 2}, DType::kFloat16));  // takes others
    file.add("tall.weight", Array::of({3, 0, 0, 4, 0, 0}, {3, 2}).to(DType::kBFloat16));
    io::write_safetensors(path_, file);
  }

  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "model.safetensors";
};

TEST_F(Weights, OfAFileAreItsMatricesInItsOrder) {
  const std::vector<WeightMatrix> weights = read_weight_matrices(path_);
  struct Expected {
    const char* name;
    std::vector<int64_t> shape;
    int64_t inputs;
    bool pointwise;
  };
  const std::vector<Expected> expected = {{"conv.weight", {8, 27}, 3, false},  {"head.weight", {5, 8}, 8, true},
                                          {"project.weight", {7, 5}, 5, true}, {"same.weight", {7, 7}, 7, true},
                                          {"wide.weight", {2, 12}, 3, false},  {"tall.weight", {3, 2}, 2, true}};
  ASSERT_EQ(weights.size(), expected.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(weights[i].name, expected[i].name);
    EXPECT_EQ(weights[i].matrix.shape(), expected[i].shape) << expected[i].name;
    EXPECT_EQ(weights[i].inputs, expected[i].inputs) << expected[i].name;
    EXPECT_EQ(weights[i].pointwise, expected[i].pointwise) << expected[i].name;
  }
  EXPECT_EQ(array::to_doubles(weights[5].matrix), (std::vector<double>{3, 0, 0, 4, 0, 0}));
  EXPECT_THROW(read_weight_matrices(folder_ / "none.safetensors"), InputError);
}

TEST_F(Weights, HaveTheSingularValuesTheyWereMadeOfAndMeetWhereTheyFit) {
  const std::vector<WeightMatrix> weights = read_weight_matrices(path_);
  for (const auto method : {SvdMethod::kGram, SvdMethod::kExact}) {
    const WeightSpectra spectra = weight_spectra(weights, method);
    const double limit = method == SvdMethod::kGram ? 1e-8 : 1e-14;
    ASSERT_EQ(spectra.singular_values.size(), 6U);
    const std::vector<std::vector<double>> expected = {kConv,  kHead, kProject, std::vector<double>(7, 1),
                                                       {0, 0}, {4, 3}};
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_TRUE(test::all_close(spectra.singular_values[i], expected[i], limit)) << weights[i].name;
    }
    // Nothing meets the fourth, whose values are all alike, nor the others, whose channels do not fit.
    ASSERT_EQ(spectra.pairs.size(), 2U);
    EXPECT_EQ(spectra.pairs[0].first, 0U);
    EXPECT_EQ(spectra.pairs[0].second, 1U);
    EXPECT_EQ(spectra.pairs[1].first, 1U);
    EXPECT_EQ(spectra.pairs[1].second, 2U);
    const LayerAlignment& aligned = spectra.pairs[0].alignment;
    EXPECT_EQ(aligned.matrix.shape(), (std::vector<int64_t>{5, 8}));
    EXPECT_NEAR(aligned.leading_diagonal, 1, 1e-10);
    EXPECT_NEAR(aligned.off_diagonal, 0, 1e-10);
    EXPECT_LT(spectra.pairs[1].alignment.leading_diagonal, 0.9) << "strangers";
  }
}

TEST_F(Weights, AlignAsTheLayersAloneDo) {
  const std::vector<WeightMatrix> weights = read_weight_matrices(path_);
  const WeightSpectra spectra = weight_spectra(weights, SvdMethod::kGram);
  for (const auto& pair : spectra.pairs) {
    const LayerAlignment alone = layer_alignment(weights[pair.first].matrix, weights[pair.second].matrix);
    EXPECT_TRUE(test::identical(pair.alignment.matrix, alone.matrix)) << weights[pair.first].name;
    EXPECT_EQ(pair.alignment.first, alone.first);
    EXPECT_EQ(pair.alignment.second, alone.second);
  }
}

TEST(WeightSpectra, NameTheMatrixThatIsNotFinite) {
  Array bad = test::normal_array(4, 3, 1);
  bad.mutable_values<double>()[5] = INFINITY;
  const std::vector<WeightMatrix> weights = {{"good", test::normal_array(4, 3, 2), 3, true}, {"bad", bad, 3, true}};
  for (const auto method : {SvdMethod::kGram, SvdMethod::kExact}) {
    EXPECT_THROW(weight_spectra(weights, method), NumericalError);
    EXPECT_NE(test::error_of([&] { weight_spectra(weights, method); }).find("'bad'"), std::string::npos);
  }
}

TEST(WeightSpectra, StopWhenAskedAndMayBeNone) {
  std::atomic<int> stop = 2;
  Context context;
  context.stop = &stop;
  EXPECT_THROW(weight_spectra({{"one", test::normal_array(4, 3, 1), 3, true}}, SvdMethod::kGram, context), Interrupted);
  EXPECT_TRUE(weight_spectra({}, SvdMethod::kGram).pairs.empty());
}

}  // namespace
}  // namespace directclr::spectrum
