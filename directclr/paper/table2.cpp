#include "directclr/paper/variants.h"

// Table 2: what of a linear projector matters: that it is trained, or that its rank is low.

namespace directclr::paper {
namespace {

std::vector<Row> rows_for(const Widths& widths) {
  return {{no_projector(), 51.5},
          {orthogonal(), 52.2},
          {linear(), 61.1},
          {diagonal(), 60.2},
          {fixed_low_rank(widths.d0), 62.3},
          {direct(widths.d0), 62.7}};
}

std::vector<Variant> variants(const Widths& widths) {
  std::vector<Variant> result;
  for (const auto& row : rows_for(widths)) result.push_back(row.variant);
  return result;
}

void present(Section& section, const Results& results, const std::filesystem::path&) {
  const auto rows = rows_for(results.widths);
  const Row &none = rows[0], &orthogonal = rows[1], &linear = rows[2], &diagonal = rows[3], &low_rank = rows[4],
            &direct = rows[5];
  section.tables.push_back(accuracy_table(results, rows));
  section.findings = {ordering(results, orthogonal, none), ordering(results, diagonal, none),
                      ordering(results, linear, diagonal), ordering(results, low_rank, none),
                      ordering(results, low_rank, linear), ordering(results, direct, low_rank)};
}

}  // namespace

Suite table2() {
  return {"table2",
          "Table 2. Six runs, none, orthogonal, linear, diagonal, fixed of low rank and DirectCLR: the probe. Is it "
          "that a projector is trained, or that its rank is low?",
          "Table 2: which property of a projector matters",
          "On ImageNet a projector that can take no dimension away (orthogonal, 52.2) helps no more than none "
          "(51.5); a trainable diagonal one (60.2) does about as well as a full one (61.1), and fixed ones of "
          "low rank, which are not trained at all, better (62.3; DirectCLR, the fixed low-rank diagonal, 62.7).",
          variants,
          present};
}

}  // namespace directclr::paper
