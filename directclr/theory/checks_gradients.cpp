// Statements about gradients: Eqn 4, Lemmas 1 to 3, and where X turns negative.
#include <cmath>

#include "directclr/theory/check_registry.h"
#include "directclr/theory/complex_step.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/eigensystem.h"
#include "directclr/theory/network.h"
#include "directclr/theory/random.h"

namespace directclr::theory {
namespace {

using Complex = std::complex<double>;

// Eqn 4 as printed: g_zi = sum_{j != i} alpha_ij (z_j - z'_i) + sum_{j != i} alpha_ji (z_j - z_i),
//                   g_z'i = sum_{j != i} alpha_ij (z'_i - z_i).
void gradients_of_eqn4(const Matrix& z, const Matrix& z_prime, const Matrix& alpha, Matrix& grad_z,
                       Matrix& grad_z_prime) {
  grad_z = Matrix::Zero(z.rows(), z.cols());
  grad_z_prime = grad_z;
  for (Index i = 0; i < z.cols(); ++i) {
    for (Index j = 0; j < z.cols(); ++j) {
      if (j == i) continue;
      grad_z.col(i) += alpha(i, j) * (z.col(j) - z_prime.col(i)) + alpha(j, i) * (z.col(j) - z.col(i));
      grad_z_prime.col(i) += alpha(i, j) * (z_prime.col(i) - z.col(i));
    }
  }
}

Matrix derivative_in_z(const LossForm& form, const Matrix& z, const Matrix& z_prime) {
  return complex_step_gradient(
      [&](const ComplexMatrix& at) { return reference_loss(form, at, z_prime.cast<Complex>()); }, z);
}

Matrix derivative_in_z_prime(const LossForm& form, const Matrix& z, const Matrix& z_prime) {
  return complex_step_gradient([&](const ComplexMatrix& at) { return reference_loss(form, z.cast<Complex>(), at); },
                               z_prime);
}

// dL/dW_layer of the network by complex steps.
Matrix derivative_in_layer(const Network& network, const Views& views, size_t layer) {
  const auto run = [&](const Matrix& x, const ComplexMatrix& replaced) {
    ComplexMatrix h = x.cast<Complex>();
    for (size_t l = 0; l < network.weights.size(); ++l) {
      h = (l == layer ? replaced : ComplexMatrix(network.weights[l].cast<Complex>())) * h;
      if (network.relu && l + 1 < network.weights.size()) h = reference_relu(h);
    }
    return h;
  };
  return complex_step_gradient(
      [&](const ComplexMatrix& w) { return reference_loss({}, run(views.x, w), run(views.x_prime, w)); },
      network.weights[layer]);
}

double smallest_eigenvalue(const Matrix& symmetric) { return Eigensystem(symmetric).eigenvalues()(0); }

Network random_network(RandomStream& random, const std::vector<Index>& widths, bool relu) {
  Network network;
  network.relu = relu;
  for (size_t l = 0; l + 1 < widths.size(); ++l)
    network.weights.push_back(normal(random, widths[l + 1], widths[l]) / 2);
  return network;
}

}  // namespace

Check check_eqn4(const CheckSettings& settings) {
  Check check{"",
              "Equation 4: the gradient on the embeddings",
              "The closed-form gradients on z_i and z'_i are the derivatives of the loss of Eqn 2.",
              "g_zi = sum_{j != i} alpha_ij (z_j - z'_i) + sum_{j != i} alpha_ji (z_j - z_i);  g_z'i = sum_{j != i} "
              "alpha_ij (z'_i - z_i)",
              {{"Eqn 4 against complex-step derivatives of Eqn 2, relative", 1e-10},
               {"our fast gradient against Eqn 4, relative", 1e-10},
               {"our fast gradient of the other three losses against complex steps, relative", 1e-10}},
              {{"negatives from the other branch (Eqn 4 is for the same branch)", 1e-2}},
              ""};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 4);
    const Index d = 2 + trial % 5;
    const Index n = 3 + 3 * trial % 11;
    const Matrix z = normal(random, d, n);
    const Matrix z_prime = z + 0.5 * normal(random, d, n);
    Matrix grad_z, grad_z_prime, fast_z, fast_z_prime;
    gradients_of_eqn4(z, z_prime, softmax_weights({}, z, z_prime), grad_z, grad_z_prime);
    check.measures[0].see(relative_difference(grad_z, derivative_in_z({}, z, z_prime)));
    check.measures[0].see(relative_difference(grad_z_prime, derivative_in_z_prime({}, z, z_prime)));
    ContrastiveLoss({})(z, z_prime, fast_z, fast_z_prime);
    check.measures[1].see(relative_difference(fast_z, grad_z));
    check.measures[1].see(relative_difference(fast_z_prime, grad_z_prime));
    for (const auto& form : {LossForm{Similarity::kDistance, Negatives::kOtherBranch, 0.7},
                             LossForm{Similarity::kDot, Negatives::kSameBranch, 0.5},
                             LossForm{Similarity::kDot, Negatives::kOtherBranch, 0.1}}) {
      ContrastiveLoss loss(form);
      loss(z, z_prime, fast_z, fast_z_prime);
      check.measures[2].see(relative_difference(fast_z, derivative_in_z(form, z, z_prime)));
      check.measures[2].see(relative_difference(fast_z_prime, derivative_in_z_prime(form, z, z_prime)));
    }
    check.counterexamples[0].see(
        relative_difference(grad_z, derivative_in_z({Similarity::kDistance, Negatives::kOtherBranch, 1}, z, z_prime)));
  }
  return check;
}

Check check_lemma1(const CheckSettings& settings) {
  Check check{
      "",
      "Lemma 1, Eqns 5 and 6: the gradient on a linear layer",
      "For z = W x the gradient of the loss is G = -W X, with X built from the inputs and alpha alone.",
      "dL/dW = G = sum_i (g_zi x_i^T + g_z'i x'_i^T) = -W X",
      {{"-W X with X of Eqn 6 against complex-step dL/dW, relative", 1e-10},
       {"G of the experiments against complex-step dL/dW, relative", 1e-10}},
      {{"linearity: z = max(0, W x)", 1e-2}},
      "The printed proof transposes dL/dW on the way (B.1); with dL/dW in the shape of W no transpose is needed."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 1);
    const Index n = 3 + trial % 4;
    const Index d = 2 + trial % 3;
    const Views views = normal_views(random, n, 5 + 2 * trial % 7, n / 2, 0.5 + static_cast<double>(trial));
    Network network = random_network(random, {n, d}, false);
    const Matrix& w = network.weights[0];
    const Matrix derivative = derivative_in_layer(network, views, 0);
    const Matrix alpha = softmax_weights({}, w * views.x, w * views.x_prime);
    check.measures[0].see(relative_difference(-w * contrast_matrix_of_eqn6(alpha, views), derivative));
    NetworkGradient gradient({});
    std::vector<Matrix> gradients;
    gradient(network, views, gradients);
    check.measures[1].see(relative_difference(gradient.end_to_end(), derivative));
    const Matrix v = normal(random, 4, n);
    const Views more = normal_views(random, n, 12, n / 2, 1);
    const Matrix with_relu = complex_step_gradient(
        [&](const ComplexMatrix& at) {
          return reference_loss({}, reference_relu(at * more.x.cast<Complex>()),
                                reference_relu(at * more.x_prime.cast<Complex>()));
        },
        v);
    const Matrix bent = softmax_weights({}, (v * more.x).cwiseMax(0), (v * more.x_prime).cwiseMax(0));
    check.counterexamples[0].see(relative_difference(-v * contrast_matrix_of_eqn6(bent, more), with_relu));
  }
  return check;
}

Check check_lemma2(const CheckSettings& settings) {
  Check check{
      "",
      "Lemma 2: X is a difference of two positive semi-definite matrices",
      "X of Eqn 6 equals Sigma0 - Sigma1 for every finite batch: data covariance less augmentation covariance, both "
      "weighted by alpha.",
      "X = sum_ij alpha_ij (x_i - x_j)(x_i - x_j)^T - sum_i (1 - alpha_ii)(x'_i - x_i)(x'_i - x_i)^T",
      {{"Sigma0 - Sigma1 against Eqn 6, relative", 1e-10},
       {"negative part of the smallest eigenvalue of Sigma0 and Sigma1, relative", 1e-12}},
      {{"rows of alpha that sum to one (1 - alpha_ii of weights half as large)", 1e-3}},
      "It uses nothing but the sum of alpha's rows: it holds for any data, noise, batch size and weights, and its "
      "like holds for negatives from the other branch."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 2);
    const Index n = 2 + trial % 6;
    const Views views = normal_views(random, n, 2 + 5 * trial % 23, n, 0.3 * static_cast<double>(1 + trial));
    const Matrix w = normal(random, n, n) / std::sqrt(static_cast<double>(n));
    Matrix alpha = softmax_weights({}, w * views.x, w * views.x_prime);
    const Matrix sigma0 = weighted_data_covariance(alpha, views.x);
    const Matrix sigma1 = weighted_augmentation_covariance(alpha, views);
    check.measures[0].see(relative_difference(sigma0 - sigma1, contrast_matrix_of_eqn6(alpha, views)));
    for (const auto& sigma : {sigma0, sigma1}) {
      check.measures[1].see(-smallest_eigenvalue(sigma) / std::max(sigma.norm(), 1e-300));
    }
    const Matrix x = contrast_matrix_of_eqn6(alpha, views);
    alpha *= 0.5;
    check.counterexamples[0].see(relative_difference(sigma0 - weighted_augmentation_covariance(alpha, views), x));
  }
  return check;
}

Check check_threshold(const CheckSettings& settings) {
  Check check{
      "",
      "Where X turns negative (not in the paper)",
      "At W = 0 alpha is uniform, and X is twice the data covariance less the augmentation covariance, exactly. With "
      "isotropic data and noise k on one view, the noised directions turn negative at k = 2.",
      "W = 0:  X / N = 2 C - (1 - 1/N) K,  C the covariance of the x_i, K the mean of (x'_i - x_i)(x'_i - x_i)^T",
      {{"X / N against 2 C - (1 - 1/N) K, relative", 1e-12},
       {"k at which the mean noised eigenvalue of X is zero, less 2 (4,000 samples)", 0.2}},
      {{"noise on one view only: with k = 4 on both, smallest eigenvalue of X over the largest", 0.1},
       {"the same at W = I, where X turns negative: the most negative eigenvalue over the largest", 0.1},
       {"the same at a W that does not see the noised directions: least X along these over the largest", 0.1}},
      "With noise on both views x itself carries it: C grows by k, K by 2 k, and 2 C - K keeps the clean data's 2 C. "
      "Away from W = 0 X may turn negative all the same, but where W no longer sees a direction it is positive again "
      "(on average), so that such noise weakens a direction and does not kill it.",
      false};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 3);
    const Index n = 4;
    const auto x_at_zero = [&](const Views& v) { return contrast_matrix(Matrix::Zero(n, n), v); };
    {
      const Index samples = 3 + 4 * trial;
      const Views views = normal_views(random, n, samples, 2, 3);
      const Matrix centred = views.x.colwise() - views.x.rowwise().mean();
      const Matrix step = views.x_prime - views.x;
      const auto count = static_cast<double>(samples);
      check.measures[0].see(relative_difference(
          x_at_zero(views) / count,
          2 * centred * centred.transpose() / count - (1 - 1 / count) * step * step.transpose() / count));
    }
    // X is linear in the noise's covariance, so two values of k give the zero. 500 samples at a time, since alpha
    // is N x N.
    double at_1 = 0, at_3 = 0, two_sided_low = 0, two_sided_high = 0, at_identity = 0, blind = 0;
    Matrix clean_only = Matrix::Identity(n, n);
    clean_only.bottomRows(2).setZero();
    const auto extreme = [](const Matrix& symmetric) {
      const Vector values = Eigensystem(symmetric).eigenvalues();
      return std::pair(values(0), values.cwiseAbs().maxCoeff());
    };
    for (int part = 0; part < 8; ++part) {
      Views views = normal_views(random, n, 500, 2, 1);
      at_1 += x_at_zero(views).bottomRightCorner(2, 2).trace();
      const Matrix step = views.x_prime - views.x;
      views.x_prime = views.x + std::sqrt(3) * step;
      at_3 += x_at_zero(views).bottomRightCorner(2, 2).trace();
      views.x_prime = views.x + 2 * step;
      views.x.bottomRows(2) += 2 * normal(random, 2, 500);
      const Vector values = Eigensystem(x_at_zero(views)).eigenvalues();
      two_sided_low += values(0);
      two_sided_high += values(n - 1);
      const auto [low, largest] = extreme(contrast_matrix(Matrix::Identity(n, n), views));
      at_identity -= low / largest / 8;
      const Matrix unseen = contrast_matrix(clean_only, views);
      blind += extreme(unseen.bottomRightCorner(2, 2)).first / extreme(unseen).second / 8;
    }
    check.measures[1].see(std::abs(1 + 2 * at_1 / (at_1 - at_3) - 2));
    check.counterexamples[0].see(two_sided_low / two_sided_high);
    check.counterexamples[1].see(at_identity);
    check.counterexamples[2].see(blind);
  }
  return check;
}

Check check_lemma3(const CheckSettings& settings) {
  Check check{
      "",
      "Lemma 3: the gradients of two layers, and of any number",
      "The layers' gradients are G seen through the other layer.",
      "dL/dW1 = W2^T G,  dL/dW2 = G W1^T,  G = -W2 W1 X;  for L layers dL/dW_l = (W_L .. W_l+1)^T G (W_l-1 .. W_1)^T",
      {{"Eqns 8 and 9 against complex-step derivatives, relative", 1e-10},
       {"four layers of unequal widths against complex steps, relative", 1e-10},
       {"three layers with ReLU, our back-propagation against complex steps, relative", 1e-10}},
      {{"linearity: Eqns 8 and 9 for two layers with a ReLU between", 1e-2}},
      ""};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 5);
    const Index n = 3 + trial % 3;
    const Views views = normal_views(random, n, 6 + trial % 5, n / 2, 0.5);
    const Network two = random_network(random, {n, n + 1, n}, false);
    const Matrix g = -two.product() * contrast_matrix(two.product(), views);
    check.measures[0].see(relative_difference(two.weights[1].transpose() * g, derivative_in_layer(two, views, 0)));
    check.measures[0].see(relative_difference(g * two.weights[0].transpose(), derivative_in_layer(two, views, 1)));
    NetworkGradient gradient({});
    std::vector<Matrix> gradients;
    for (const bool relu : {false, true}) {
      const Network deep = relu ? random_network(random, {n, n + 2, n + 1, n}, true)
                                : random_network(random, {n, n + 1, n, n + 2, n}, false);
      gradient(deep, views, gradients);
      for (size_t l = 0; l < gradients.size(); ++l) {
        check.measures[relu ? 2 : 1].see(relative_difference(gradients[l], derivative_in_layer(deep, views, l)));
      }
    }
    Network bent = two;
    bent.relu = true;
    check.counterexamples[0].see(
        relative_difference(two.weights[1].transpose() * g, derivative_in_layer(bent, views, 0)));
  }
  return check;
}

}  // namespace directclr::theory
