#pragma once

// Readers of data sets. Users go through source.h, which finds them in the table of kinds (data_kinds.h); this header
// is for that table and for tests.

#include <filesystem>
#include <memory>
#include <vector>

#include "directclr/data/source.h"

namespace directclr::data {

/// MNIST-like gz or plain IDX files in a directory (four files, train-* and t10k-*).
std::unique_ptr<Source> open_idx(const std::filesystem::path& directory, Split split,
                                 std::vector<std::string> class_names);

/// Those of Fashion-MNIST; without a directory, from where the system's package or tools/fetch-fashion-mnist puts them.
std::unique_ptr<Source> open_fashion_mnist(const std::string& directory, Split split);

/// CIFAR-10 / CIFAR-100, binary version: data_batch_*.bin and test_batch.bin, or train.bin and test.bin (fine labels).
std::unique_ptr<Source> open_cifar10(const std::filesystem::path& directory, Split split);
std::unique_ptr<Source> open_cifar100(const std::filesystem::path& directory, Split split);

/// STL-10, binary version (96 px, channels first, columns first).
std::unique_ptr<Source> open_stl10(const std::filesystem::path& directory, Split split, bool unlabelled);

/// Tiny ImageNet as its archive has it (tiny_imagenet.cpp).
std::unique_ptr<Source> open_tiny_imagenet(const std::string& directory, Split split, bool upright);

/// Picture files under a directory; sub-folders are classes, a flat directory, or one with a single sub-folder for
/// training, is unlabelled; or reading.labels names the classes. Throws InputError when there are no images, for a
/// class for training without any, for training images where there is a test part alone, and for classes that are parts
/// by their names.
std::unique_ptr<Source> open_folder(const std::filesystem::path& directory, Split split,
                                    const ReadSettings& reading = {});
/// Tar archives as WebDataset has them, ours (data/pack.h) or others': samples of one image and, for labels, a number
/// in KEY.cls or what options.reading says. The archives are mapped into memory. Throws InputError naming the archive
/// and the byte for a damaged or truncated one; with options.skip_bad its samples before that byte are used.
std::unique_ptr<Source> open_shards(const std::string& pattern, Split split, const OpenOptions& options = {});
/// The archives that `pattern` names: a directory that holds *.tar, or has them under train/ and val/ or test/, or a
/// pattern of the shell with braces ({000..127}), each of whose texts must name one. At least one. Throws InputError.
std::vector<std::filesystem::path> shard_paths(const std::string& pattern, Split split);

}  // namespace directclr::data
