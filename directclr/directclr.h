#pragma once

// Guide to the library's public headers, for the part that needs no libtorch: link to directclr::base. The part that
// trains networks has directclr/torch.h. Include this header, or only those below that a task needs.
//
// A header that is named neither here nor there is no part of the interface, even where it is installed because one of
// these includes it: it may change in any version. docs/cpp.md shows the commonest tasks.

// What everything uses.
#include "directclr/core/error.h"     // what the library throws: InputError, Interrupted, NumericalError, RankFailure
#include "directclr/core/parallel.h"  // how many threads are used: ThreadLimit
#include "directclr/core/progress.h"  // Context: where progress and notices go, and how to stop long work
#include "directclr/core/settings.h"  // settings structs as options, TOML files and help
#include "directclr/core/version.h"   // the version, as text and for #if

// Arrays, and the files that hold them.
#include "directclr/array/array.h"     // Array: n-dimensional, a view as NumPy's are
#include "directclr/array/dtype.h"     // the types of elements
#include "directclr/io/array_index.h"  // arrays by name in .npy, .npz, .safetensors and torch.save files
#include "directclr/io/npy.h"          // .npy files, read and written
#include "directclr/io/row_reader.h"   // rows of any of these, of tables of text and of archives, block after block
#include "directclr/io/safetensors.h"  // .safetensors files, read and written

// Are representations collapsed? Measures of rows (N, D).
#include "directclr/spectrum/analysis.h"           // all at once, of a file or of rows that arrive in blocks
#include "directclr/spectrum/clusters.h"           // k-means, cluster learnability
#include "directclr/spectrum/covariance.h"         // mean and covariance in one pass, mergeable
#include "directclr/spectrum/gates.h"              // what rows must hold: floors, ceilings, verdicts
#include "directclr/spectrum/geometry.h"           // alignment and uniformity
#include "directclr/spectrum/geometry_measures.h"  // measures that need the rows themselves
#include "directclr/spectrum/jackknife.h"          // standard errors
#include "directclr/spectrum/layer_alignment.h"    // how the singular vectors of two layers meet
#include "directclr/spectrum/measures.h"           // every measure by name, with its definition
#include "directclr/spectrum/metrics.h"            // measures of a list of eigenvalues
#include "directclr/spectrum/neighbours.h"         // exact nearest neighbours, intrinsic dimension
#include "directclr/spectrum/similarity.h"         // CKA of two representations, LiDAR
#include "directclr/spectrum/spectrum.h"  // FeatureMoments and summarize: the spectrum and what follows from it
#include "directclr/spectrum/summary.h"   // SpectrumSummary: the numbers
#include "directclr/spectrum/verdict.h"   // healthy or collapsed, in words
#include "directclr/spectrum/weights.h"   // singular values of a checkpoint's matrices

// Images and views of them.
#include "directclr/core/philox.h"            // random numbers that belong to what they are for
#include "directclr/data/augment_settings.h"  // the augmentation and its presets
#include "directclr/data/loader.h"            // batches of augmented views, made ahead on threads of their own
#include "directclr/data/pack.h"              // a data set as tar archives
#include "directclr/data/source.h"            // data sets by name; derive from Source for one of your own
#include "directclr/data/subset.h"            // some images of a data set
#include "directclr/data/views.h"             // one view: its random parameters, and how they are applied
#include "directclr/image/decode.h"           // picture files to pixels
#include "directclr/image/encode.h"           // pixels to JPEG and PNG
#include "directclr/image/image.h"            // Image, interleaved, and Planes

// Why a network's directions grow or die, from its features of two views.
#include "directclr/causes/conclusion.h"          // what it amounts to, and its files
#include "directclr/causes/explanation.h"         // all of it, of any network that is a function of images
#include "directclr/settings/explain_settings.h"  // settings of explanations

// The paper's theory.
#include "directclr/theory/check.h"  // its statements, checked numerically

/// What everything uses: errors, progress, settings, threads, random numbers. Each folder below has a namespace of its
/// own.
namespace directclr {
/// Arrays as files hold them.
namespace array {}
/// Files of arrays.
namespace io {}
/// Measures of representations, and whether they are collapsed.
namespace spectrum {}
/// Decoding, encoding and changing pictures.
namespace image {}
/// Data sets, views of their images, the two-view loader.
namespace data {}
/// Why a network's directions grow or die.
namespace causes {}
/// Linear contrastive models, and the paper's statements about them.
namespace theory {}
}  // namespace directclr
