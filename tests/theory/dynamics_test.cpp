// Networks, flows, descent and singular dynamics against PyTorch's goldens and closed forms.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/covariance_matrix.h"
#include "directclr/theory/descent.h"
#include "directclr/theory/embedding_spectrum.h"
#include "directclr/theory/integrate.h"
#include "directclr/theory/random.h"
#include "directclr/theory/singular_dynamics.h"
#include "directclr/theory/two_layer_flow.h"
#include "tests/support/error_of.h"
#include "tests/support/theory_golden.h"

namespace directclr::theory {
namespace {

TEST(Descent, FiftyStepsEqualPyTorchs) {
  const test::Golden golden("theory");
  for (const auto& item : golden.cases) {
    if (item.at("kind") != "descent") continue;
    const auto prefix = item.at("prefix").get<std::string>();
    const Views views{test::matrix_of(golden[prefix + "x"]), test::matrix_of(golden[prefix + "x_prime"])};
    Network network{{}, item.at("relu").get<bool>()};
    const auto layers = item.at("layers").get<size_t>();
    for (size_t l = 0; l < layers; ++l) {
      network.weights.push_back(test::matrix_of(golden[prefix + "initial" + std::to_string(l)]));
    }
    NetworkGradient gradient({});
    std::vector<Matrix> gradients;
    double loss = 0;
    const auto samples = static_cast<double>(views.x.cols());
    for (int step = 0; step < 50; ++step) {
      loss = gradient(network, views, gradients) / samples;
      for (size_t l = 0; l < layers; ++l) network.weights[l] -= 0.1 / samples * gradients[l];
    }
    EXPECT_NEAR(loss, item.at("loss").get<double>(), 1e-11) << prefix;
    for (size_t l = 0; l < layers; ++l) {
      EXPECT_TRUE(test::near(network.weights[l], test::matrix_of(golden[prefix + "final" + std::to_string(l)]), 1e-10))
          << prefix << " layer " << l;
    }
  }
}

TEST(SingularDynamics, EqualPyTorchsDerivatives) {
  const test::Golden golden("theory");
  for (const auto& item : golden.cases) {
    if (item.at("kind") != "matrix") continue;
    const auto prefix = item.at("prefix").get<std::string>();
    const Matrix w = test::matrix_of(golden[prefix + "w"]), rate = test::matrix_of(golden[prefix + "rate"]);
    const Svd decomposition = svd(w);
    EXPECT_TRUE(test::near(decomposition.s, test::matrix_of(golden[prefix + "values"]), 1e-13));
    EXPECT_TRUE(
        test::near(singular_value_rates(decomposition, rate), test::matrix_of(golden[prefix + "values_rate"]), 1e-11));
    const VectorRates rates = singular_vector_rates(decomposition, rate);
    const array::Array projectors = golden[prefix + "projectors_rate"];  // (n, n, n): d(u_k v_k^T)/dt
    for (Index k = 0; k < w.rows(); ++k) {
      const Matrix actual =
          rates.u.col(k) * decomposition.v.col(k).transpose() + decomposition.u.col(k) * rates.v.col(k).transpose();
      const array::Array expected = projectors.slice(k, k + 1).reshaped({w.rows(), w.rows()});
      EXPECT_TRUE(test::near(actual, test::matrix_of(expected), 1e-9)) << prefix << " vector " << k;
    }
  }
}

TEST(Flow, ReproducesTheMatrixExponential) {
  const test::Golden golden("theory");
  for (const auto& item : golden.cases) {
    if (item.at("kind") != "matrix") continue;
    const auto prefix = item.at("prefix").get<std::string>();
    const Matrix x = test::matrix_of(golden[prefix + "symmetric"]);
    std::vector<Matrix> state = {Matrix::Identity(x.rows(), x.rows())};
    const Vector end = integrate(
        [&](const Vector& at, Vector& rate) {
          std::vector<Matrix> w = state;
          unpack(at, w);
          rate = pack({w[0] * x});
        },
        pack(state), item.at("time").get<double>(), {1e-12, 1e-14});
    unpack(end, state);
    EXPECT_TRUE(test::near(state[0], test::matrix_of(golden[prefix + "exponential"]), 1e-9)) << prefix;
  }
}

// The harmonic oscillator: y(t) = (cos t, -sin t).
void oscillate(const Vector& state, Vector& rate) { rate = Eigen::Vector2d(state(1), -state(0)); }

TEST(Flow, MethodsHaveTheirOrder) {
  const Vector start = Eigen::Vector2d(1, 0);
  const auto error = [&](FixedStep method, int steps) {
    return (integrate_fixed(oscillate, start, 2, steps, method) - Vector(Eigen::Vector2d(std::cos(2), -std::sin(2))))
        .norm();
  };
  for (const auto& [method, order] : {std::pair{FixedStep::kEuler, 1.0}, std::pair{FixedStep::kRungeKutta4, 4.0},
                                      std::pair{FixedStep::kDormandPrince5, 5.0}}) {
    EXPECT_NEAR(std::log2(error(method, 40) / error(method, 80)), order, 0.15) << "order " << order;
  }
}

TEST(Flow, ErrorFollowsTheTolerance) {
  const Vector start = Eigen::Vector2d(1, 0);
  const Vector exact = Eigen::Vector2d(std::cos(20), -std::sin(20));
  double previous = 1;
  for (const double tolerance : {1e-4, 1e-7, 1e-10}) {
    const double error = (integrate(oscillate, start, 20, {tolerance, tolerance}) - exact).norm();
    EXPECT_LE(error, 100 * tolerance);
    EXPECT_LT(error, previous / 100);
    previous = error;
  }
}

TEST(Flow, NamesTheTimeOfABlowUp) {
  // y' = y^2 from 1 blows up at t = 1.
  const auto blow_up = [](const Vector& state, Vector& rate) { rate = state.cwiseAbs2(); };
  const std::string error = test::error_of([&] { integrate(blow_up, Vector::Ones(1), 2); });
  EXPECT_NE(error.find("the flow is not finite at time"), std::string::npos) << error;
  EXPECT_NEAR(integrate(blow_up, Vector::Ones(1), 0.9)(0), 10, 1e-7);
  EXPECT_THROW(integrate_fixed(blow_up, Vector::Ones(1), 1, 0, FixedStep::kEuler), InputError);
}

TEST(Flow, OneLayerOnDataFollowsItsContrastMatrix) {
  RandomStream random(5, Purpose::kTheoryCheck);
  Views views;
  views.x = normal(random, 3, 20);
  views.x_prime = views.x + 0.3 * normal(random, 3, 20);
  const Network network{{normal(random, 3, 3)}, false};
  Vector rate;
  batch_flow(network, views)(pack(network.weights), rate);
  const Matrix expected = network.weights[0] * contrast_matrix(network.weights[0], views) / 20;
  EXPECT_TRUE(test::near(rate, pack({expected}), 1e-13));
}

TEST(Descent, IsTheFlowAsTheStepGoesToZero) {
  RandomStream random(6, Purpose::kTheoryCheck);
  Views views;
  views.x = normal(random, 4, 16);
  views.x_prime = views.x + 0.3 * normal(random, 4, 16);
  const Network network{{normal(random, 4, 4) / 2, normal(random, 4, 4) / 2}, false};
  const Flow flow = batch_flow(network, views);
  const Vector exact = integrate(flow, pack(network.weights), 1);
  const double coarse = (integrate_fixed(flow, pack(network.weights), 1, 100, FixedStep::kEuler) - exact).norm();
  const double fine = (integrate_fixed(flow, pack(network.weights), 1, 200, FixedStep::kEuler) - exact).norm();
  EXPECT_NEAR(coarse / fine, 2, 0.1);
}

TEST(Descent, RepeatsBitForBitAndStopsWhenAsked) {
  const GaussianData data(Matrix::Identity(4, 4), block_noise(4, 2, 0.5), true, 50, 3);
  const auto train = [&](const Context& context) {
    Network network = make_network({4, 4}, false, {}, 3);
    descend(
        network, data, {}, {0.1, 30, 8}, 10, [](int64_t, const Network&) {}, context);
    return network.weights[0];
  };
  EXPECT_EQ(train({}), train({}));
  const std::atomic<int> stop = 2;
  Context stopping;
  stopping.stop = &stop;
  EXPECT_THROW(train(stopping), Interrupted);
}

TEST(Descent, NamesIterationAndLearningRateWhenItDiverges) {
  const GaussianData data(Matrix::Identity(4, 4), block_noise(4, 2, 0.5), false, 50, 3);
  Network network = make_network({4, 4}, false, {}, 3);
  const std::string error = test::error_of([&] {
    descend(network, data, {Similarity::kDot, Negatives::kOtherBranch, 0.01}, {1e12, 500, 8}, 100,
            [](int64_t, const Network&) {}, {});
  });
  EXPECT_NE(error.find("the loss is not finite at iteration"), std::string::npos) << error;
  EXPECT_NE(error.find("learning rate 1e+12"), std::string::npos) << error;
}

TEST(Descent, ObservesFirstLastAndBetween) {
  const GaussianData data(Matrix::Identity(2, 2), block_noise(2, 0, 0), false, 10, 1);
  Network network = make_network({2, 2}, false, {}, 1);
  std::vector<int64_t> seen;
  descend(network, data, {}, {0.1, 7, 4}, 3, [&](int64_t i, const Network&) { seen.push_back(i); }, {});
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 3, 6, 7}));
}

TEST(MakeNetwork, StartsFromTheSpectrumAskedFor) {
  const Network network = make_network({5, 5, 5}, false, {"spectrum", 2, 0.35}, 7);
  for (const auto& w : network.weights) {
    const Vector values = singular_values(w);
    for (Index i = 0; i < 5; ++i) EXPECT_NEAR(values(i), 2 * std::exp(-0.35 * static_cast<double>(i)), 1e-13);
  }
  const Network gaussian = make_network({400, 300}, false, {"gaussian", 3, 0}, 7);
  EXPECT_NEAR(gaussian.weights[0].norm() / std::sqrt(120000.0), 3 / std::sqrt(400.0), 0.002);
  EXPECT_THROW(make_network({3}, false, {}, 0), InputError);
  EXPECT_THROW(make_network({3, 0}, false, {}, 0), InputError);
  EXPECT_THROW(make_network({3, 3}, false, {"ones", 1, 0}, 0), InputError);
}

TEST(EmbeddingSpectrum, IsThatOfTheCentredEmbeddings) {
  const GaussianData data(Matrix::Identity(4, 4), block_noise(4, 2, 0.5), false, 300, 3);
  for (const bool relu : {false, true}) {
    const Network network = make_network({4, 6, 5}, relu, {}, 4);
    const Matrix z = network.forward(data.points());
    const Matrix centred = z.colwise() - z.rowwise().mean();
    const Vector expected = singular_values(centred * centred.transpose() / 300);
    EXPECT_TRUE(test::near(embedding_spectrum(network, data), expected, 1e-12)) << relu;
  }
}

TEST(RandomOrthogonal, IsOrthogonal) {
  RandomStream random(8, Purpose::kTheoryCheck);
  const Matrix q = random_orthogonal(random, 9);
  EXPECT_TRUE(test::near(q * q.transpose(), Matrix::Identity(9, 9), 1e-14));
}

TEST(Normal, HasTheMomentsOfAStandardNormal) {
  RandomStream random(9, Purpose::kTheoryCheck);
  const Matrix sample = normal(random, 1, 200001);  // an odd number: half a pair is left over
  EXPECT_NEAR(sample.mean(), 0, 0.01);
  EXPECT_NEAR(sample.array().square().mean(), 1, 0.02);
  EXPECT_NEAR(sample.array().pow(4).mean(), 3, 0.1);
  EXPECT_LT(sample.cwiseAbs().maxCoeff(), 6.8);
}

TEST(GaussianDataTest, NoiseHasTheCovarianceAndTheSidesAskedFor) {
  const Index samples = 20000;
  const Matrix noise = (Matrix(3, 3) << 1, 0.5, 0, 0.5, 2, 0, 0, 0, 0).finished();
  for (const bool two_sided : {false, true}) {
    const GaussianData data(Matrix::Identity(3, 3), noise, two_sided, 100, 5);
    Views views;
    data.sample(samples, 3, views);
    const Matrix step = views.x_prime - views.x;
    EXPECT_TRUE(test::near(step * step.transpose() / samples, (two_sided ? 2 : 1) * noise, 0.05)) << two_sided;
    Views again;
    data.sample(samples, 3, again);
    EXPECT_EQ(again.x_prime, views.x_prime);
    data.sample(samples, 4, again);
    EXPECT_NE(again.x_prime, views.x_prime);
  }
  const GaussianData one(Matrix::Identity(3, 3), noise, false, 100, 5);
  Views all;
  one.sample(0, 0, all);
  EXPECT_EQ(all.x, one.points());
  EXPECT_TRUE(test::near(one.covariance_factor() * one.covariance_factor().transpose(),
                         (one.points().colwise() - one.points().rowwise().mean()) *
                             (one.points().colwise() - one.points().rowwise().mean()).transpose() / 100,
                         1e-12));
}

TEST(CovarianceMatrix, ReadsItsFormsAndRefusesTheRest) {
  EXPECT_EQ(read_covariance("identity", 3, "c"), Matrix(Matrix::Identity(3, 3)));
  EXPECT_TRUE(test::near(read_covariance("power:2", 3, "c").diagonal(), Eigen::Vector3d(1, 0.25, 1.0 / 9), 1e-15));
  EXPECT_TRUE(test::near(read_covariance("diagonal:3,0,1", 3, "c").diagonal(), Eigen::Vector3d(3, 0, 1), 0));
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::string>>{{"diagonal:1,2", "2 values where the data have 3 dimensions"},
                                                        {"diagonal:1,-2,1", "not positive semi-definite"},
                                                        {"diagonal:1,x,1", "'x' is not a number"},
                                                        {"power:", "is not power:NUMBER"},
                                                        {"/nowhere.csv", "/nowhere.csv"}}) {
    const std::string error = test::error_of([&text = text] { read_covariance(text, 3, "c"); });
    EXPECT_NE(error.find(expected), std::string::npos) << text << ": " << error;
  }
  EXPECT_NE(test::error_of([] { covariance_root((Matrix(2, 2) << 1, 2, 0, 1).finished(), "c"); }).find("not symmetric"),
            std::string::npos);
  EXPECT_THROW(block_noise(4, 2, -1), InputError);
  EXPECT_THROW(block_noise(4, 5, 1), InputError);
  EXPECT_THROW(GaussianData(Matrix::Identity(2, 2), block_noise(2, 1, 1), false, 1, 0), InputError);
}

}  // namespace
}  // namespace directclr::theory
