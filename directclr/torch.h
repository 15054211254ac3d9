#pragma once

// Guide to the public headers that need libtorch, besides those of directclr/directclr.h: link to directclr::directclr.

#include "directclr/directclr.h"

// Tensors as arrays and back.
#include "directclr/tensor/arrays.h"       // for the measures of directclr/spectrum
#include "directclr/tensor/tensor_file.h"  // tensors by name in .safetensors files

// Parts of a training loop of your own.
#include "directclr/distributed/process_group.h"  // several processes; a group of one is the default everywhere
#include "directclr/loss/contrastive.h"           // InfoNCE, NT-Xent, without the matrix of similarities
#include "directclr/model/batch_norm.h"           // batch norm over the images of all processes
#include "directclr/model/projector.h"            // every projector of the paper
#include "directclr/model/resnet.h"               // ResNet encoders with torchvision's names
#include "directclr/optim/optimizer.h"            // LARS, SGD, AdamW
#include "directclr/optim/schedule.h"             // warm-up and cosine

// Whole runs.
#include "directclr/settings/run_directory.h"   // the files of a run
#include "directclr/settings/train_settings.h"  // everything that can be set
#include "directclr/train/monitor.h"            // watches for collapse while a network is trained
#include "directclr/train/parts.h"              // your own encoder, projector, loss, optimiser and callbacks
#include "directclr/train/trainer.h"            // trains, writes a run directory

// What a trained network is worth, and why.
#include "directclr/eval/batch_images.h"       // batches of the loader as tensors
#include "directclr/eval/features.h"           // representations of a data set
#include "directclr/eval/knn.h"                // accuracy of nearest neighbours
#include "directclr/eval/probe.h"              // accuracy of a linear probe
#include "directclr/explain/explain.h"         // a network of this library, for causes::explain
#include "directclr/settings/eval_settings.h"  // settings of the evaluations

namespace directclr {
/// Tensors as arrays, files of tensors.
namespace tensor {}
/// Several processes that train or evaluate together.
namespace distributed {}
/// Encoders and projectors.
namespace model {}
/// Contrastive losses.
namespace loss {}
/// Optimisers and the schedule.
namespace optim {}
/// Settings of runs, and their files.
namespace settings {}
/// Training, and the watch for collapse.
namespace train {}
/// What a representation is worth: probes and neighbours.
namespace eval {}
/// Networks of this library as `causes` takes them.
namespace explain {}
}  // namespace directclr
