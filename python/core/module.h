#pragma once

#include <nanobind/nanobind.h>

namespace directclr::python {

void add_spectra(nanobind::module_& m);  ///< measures of rows
void add_views(nanobind::module_& m);    ///< augmented views of one image
void add_loader(nanobind::module_& m);   ///< data sets and batches of views
void add_runs(nanobind::module_& m);     ///< trained encoders and their files
void add_causes(nanobind::module_& m);   ///< why directions grow or die
void add_losses(nanobind::module_& m);   ///< inner loops of contrastive losses

}  // namespace directclr::python
