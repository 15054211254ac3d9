#include "directclr/theory/embedding_spectrum.h"

#include <Eigen/QR>

#include "directclr/theory/singular_dynamics.h"

namespace directclr::theory {

Vector embedding_spectrum(const Network& network, const GaussianData& data) {
  if (!network.relu) {
    const Matrix map = network.product();
    Vector values = Vector::Zero(map.rows());
    const Vector found = singular_values(map * data.covariance_factor()).cwiseAbs2();
    values.head(found.size()) = found;
    return values;
  }
  const Index samples = std::min<Index>(data.size(), 2000);
  Matrix z = network.forward(data.points().leftCols(samples));
  z.colwise() -= z.rowwise().mean().eval();
  // The triangular factor has the singular values of z, and is small.
  const Index d = z.rows();
  if (samples <= d) return singular_values(z).cwiseAbs2() / static_cast<double>(samples);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(z.transpose());
  const Matrix r = qr.matrixQR().topRows(d).triangularView<Eigen::Upper>();
  return singular_values(r).cwiseAbs2() / static_cast<double>(samples);
}

}  // namespace directclr::theory
