#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/read_settings.h"
#include "directclr/data/reading.h"
#include "directclr/image/decode.h"
#include "directclr/image/image.h"

namespace directclr::data {

/// Which part of a data set. A set without the part asked for says so (open_source).
enum class Split { kTrain, kTest };

/// A data set of images, opened for reading. Thread-safe: load() may be called from many threads at once.
class Source {
 public:
  virtual ~Source() = default;

  uint64_t size() const { return labels_.size(); }
  /// 0 .. classes-1, or -1 where the image has no label.
  int64_t label(uint64_t index) const { return labels_[index]; }
  const std::vector<int64_t>& labels() const { return labels_; }
  /// What the label numbers mean; empty: no image has a label.
  const std::vector<std::string>& class_names() const { return class_names_; }
  /// How many images have no label.
  uint64_t unlabelled() const;
  /// Whether every image has a label.
  bool labelled() const { return !class_names_.empty() && unlabelled() == 0; }
  /// What was left out or is odd.
  const Reading& reading() const { return reading_; }
  /// A hash of the set's identity: names or bytes, and labels. Part of a run's record; a resumed run must match it.
  uint64_t fingerprint() const { return fingerprint_; }

  /// Reads one image; `image`'s memory is reused. Throws InputError naming the file and the reason.
  virtual void load(uint64_t index, image::Image& image) const = 0;
  /// The same of the part that `choose` names, or more: image::decode_region. By default all of it.
  virtual void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                           image::Region& region) const {
    (void)choose;
    load(index, region.image);
    region.whole = {region.image.width, region.image.height};
    region.box = {0, 0, region.image.width, region.image.height};
  }
  /// The encoded picture as it is stored; of sources that store pixels a PNG of them.
  virtual std::string file(uint64_t index) const;
  /// Whether the images are picture files.
  virtual bool has_files() const { return false; }
  /// What to call image `index` in a message: a path, or "FILE, image 17".
  virtual std::string describe(uint64_t index) const = 0;

 protected:
  std::vector<int64_t> labels_;
  std::vector<std::string> class_names_;
  uint64_t fingerprint_ = 0;
  Reading reading_;
};

/// What follows `--data`: "kind:path", or a kind alone.
struct SourceSpec {
  std::string kind;  ///< an entry of data_kinds.h
  std::string path;  ///< may be empty where the kind can do without

  /// Throws InputError for an unknown kind (naming the nearest) or a missing path.
  static SourceSpec parse(const std::string& text);

  /// The augmentation preset that fits the data: its kind's, else "cifar" or "imagenet" by the pictures: "cifar" when
  /// they are small (the median short side of nine at most 48 px). Data that are not there count as "imagenet".
  std::string preset() const;
};

/// What may follow `--data`: "fashion-mnist, cifar10:DIR, ..".
std::string source_forms();

/// How a source is opened.
struct OpenOptions {
  bool skip_bad = false;  ///< use what is whole of damaged archives, with a notice, instead of throwing
  NoticeSink notice = [](const std::string&) {};  ///< is told in one line what was read (reading_line)
  ReadSettings reading = {};
};

/// Opens a part of a data set. kTrain of stl10 is its unlabelled split when that is there; of a folder, `train/` or,
/// without such a sub-folder, everything. The classes of the test part of a folder or of shards are numbered by
/// themselves: with_classes_of (relabelled.h) matches them with those for training. Throws InputError when the path, a
/// file or the part is missing or damaged, and for a setting of `options.reading` that does not go with the kind of
/// data.
std::unique_ptr<Source> open_source(const std::string& text, Split split, const OpenOptions& options = {});

/// The images of a part that have a label: as open_source, but stl10's labelled training split for kTrain. Throws
/// InputError when none has one.
std::unique_ptr<Source> open_labelled_source(const std::string& text, Split split, const OpenOptions& options = {});

/// Whether the data set has a labelled test part (so that k-NN and probe can be scored).
bool has_test_split(const std::string& text);

}  // namespace directclr::data
