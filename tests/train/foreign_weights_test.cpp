#include "directclr/train/foreign_weights.h"

#include <gtest/gtest.h>

#include <string>

#include "directclr/core/error.h"
#include "directclr/model/resnet.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/contrastive_model.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::train {
namespace {

model::ResNet small_encoder(const std::string& arch, const std::string& stem, uint64_t seed) {
  settings::EncoderSettings settings;
  settings.arch = arch;
  settings.stem = stem;
  return model::make_encoder(settings, 32, seed);
}

// Every parameter and buffer is the other's, number for number.
bool have_same_tensors(const torch::nn::Module& a, const torch::nn::Module& b) {
  const auto first = named_tensors(a, "", true), second = named_tensors(b, "", true);
  for (size_t i = 0; i < first.size(); ++i) {
    if (!torch::equal(first[i].second, second[i].second)) return false;
  }
  return first.size() == second.size();
}

class ForeignWeights : public ::testing::Test {
 protected:
  ForeignWeights() {
    tensor::TensorFile file;
    // Sorted names put encoder_k first, as the JSON of a safetensors file does.
    for (const auto& [prefix, encoder] : {std::pair{"module.encoder_k.", key_}, {"module.encoder_q.", query_}}) {
      for (const auto& [name, tensor] : named_tensors(*encoder, "", true)) file.add(prefix + name, tensor);
    }
    file.add("module.encoder_q.fc.weight", torch::zeros({3, 32}));
    tensor::write_safetensors(path_, file);
  }

  const model::ResNet query_ = small_encoder("basic:1,1,1,1:4", "imagenet", 1),
                      key_ = small_encoder("basic:1,1,1,1:4", "imagenet", 2);
  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "moco.safetensors";
};

TEST_F(ForeignWeights, AreOfTheNetworkThatLeadsUnlessAskedOtherwise) {
  auto encoder = small_encoder("basic:1,1,1,1:4", "imagenet", 3);
  const auto read = load_foreign_weights(*encoder, path_);
  EXPECT_TRUE(have_same_tensors(*encoder, *query_));
  EXPECT_EQ(read.prefix, "module.encoder_q.");
  EXPECT_EQ(read.tensors, static_cast<int64_t>(named_tensors(*encoder, "", true).size()));
  EXPECT_NE(read.text().find("'module.encoder_k.' (--prefix picks)"), std::string::npos) << read.text();
  EXPECT_NE(read.text().find("1 tensor that the encoder does not have, 'module.encoder_q.fc.weight'"),
            std::string::npos)
      << read.text();
  load_foreign_weights(*encoder, path_, "encoder_k");
  EXPECT_TRUE(have_same_tensors(*encoder, *key_));
}

TEST_F(ForeignWeights, OfOtherShapesAreRefusedWithBothAndTheOptionThatFits) {
  const auto refused = [&](const std::string& arch, const std::string& stem) {
    auto encoder = small_encoder(arch, stem, 3);
    return test::error_of([&] { load_foreign_weights(*encoder, path_); });
  };
  const std::string stem = refused("basic:1,1,1,1:4", "cifar");
  EXPECT_NE(stem.find("'module.encoder_q.conv1.weight' has another shape: (4, 3, 7, 7), the encoder's is (4, 3, 3, 3) "
                      "(--stem imagenet?)"),
            std::string::npos)
      << stem;
  EXPECT_NE(refused("basic:1,1,1,1:8", "imagenet").find("(--arch basic:1,1,1,1:4?)"), std::string::npos);
  EXPECT_NE(refused("basic:1,2,1,1:4", "imagenet").find("has no tensor 'module.encoder_q.layer2.1."),
            std::string::npos);
}

}  // namespace
}  // namespace directclr::train
