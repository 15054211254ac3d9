#include "directclr/data/relabelled.h"

#include <map>
#include <set>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::data {
namespace {

// Some images of a source that it owns, with other labels.
class Relabelled final : public Source {
 public:
  Relabelled(std::unique_ptr<Source> source, std::vector<uint64_t> chosen, std::vector<int64_t> labels,
             std::vector<std::string> class_names)
      : source_(std::move(source)), chosen_(std::move(chosen)) {
    labels_ = std::move(labels);
    class_names_ = std::move(class_names);
    reading_ = source_->reading();
    fingerprint_ = source_->fingerprint();
  }
  void load(uint64_t index, image::Image& image) const override { source_->load(chosen_[index], image); }
  void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                   image::Region& region) const override {
    source_->load_region(chosen_[index], choose, region);
  }
  std::string file(uint64_t index) const override { return source_->file(chosen_[index]); }
  bool has_files() const override { return source_->has_files(); }
  std::string describe(uint64_t index) const override { return source_->describe(chosen_[index]); }
  Reading& left_out() { return reading_; }

 private:
  std::unique_ptr<Source> source_;
  std::vector<uint64_t> chosen_;
};

std::set<int64_t> labels_in_use(const Source& source) {
  std::set<int64_t> used(source.labels().begin(), source.labels().end());
  used.erase(-1);
  return used;
}

// "a, b, c" of at most ten.
std::string some_of(std::vector<std::string> names) {
  if (names.size() > 10) {
    names.resize(10);
    names.emplace_back("..");
  }
  return join(names);
}

}  // namespace

std::unique_ptr<Source> labelled_part(std::unique_ptr<Source> source) {
  if (source->unlabelled() == 0) return source;
  std::vector<uint64_t> chosen;
  std::vector<int64_t> labels;
  for (uint64_t i = 0; i < source->size(); ++i) {
    if (source->label(i) < 0) continue;
    chosen.push_back(i);
    labels.push_back(source->label(i));
  }
  auto names = source->class_names();
  return std::make_unique<Relabelled>(std::move(source), std::move(chosen), std::move(labels), std::move(names));
}

std::unique_ptr<Source> with_classes_of(const Source& train, std::unique_ptr<Source> test, const std::string& where,
                                        const NoticeSink& notice) {
  if (train.class_names().empty() || test->class_names().empty()) return test;
  const auto& names = train.class_names();
  std::map<std::string, int64_t> numbers;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!numbers.emplace(names[i], static_cast<int64_t>(i)).second && names != test->class_names()) {
      throw InputError(where, "two classes are called '" + names[i] + "'", "classes are matched by name");
    }
  }
  // A class keeps its number where it has the same name there; else the name decides.
  std::map<int64_t, int64_t> renumbered{{-1, -1}};
  std::vector<std::string> unknown;
  for (const int64_t label : labels_in_use(*test)) {
    const auto& name = test->class_names()[static_cast<size_t>(label)];
    const bool same = static_cast<size_t>(label) < names.size() && names[static_cast<size_t>(label)] == name;
    const auto found = numbers.find(name);
    if (!same && found == numbers.end()) unknown.push_back(name);
    renumbered[label] = same ? label : found == numbers.end() ? -1 : found->second;
  }
  if (!unknown.empty()) {
    throw InputError(where, "there are test images, but no training images, of " + some_of(unknown),
                     "classes are matched by name");
  }
  std::vector<int64_t> labels;
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < test->size(); ++i) {
    all.push_back(i);
    labels.push_back(renumbered.at(test->label(i)));
  }
  std::vector<std::string> missing;
  const std::set<int64_t> there(labels.begin(), labels.end());
  for (const int64_t label : labels_in_use(train)) {
    if (!there.contains(label)) missing.push_back(names[static_cast<size_t>(label)]);
  }
  auto matched = std::make_unique<Relabelled>(std::move(test), std::move(all), std::move(labels), names);
  if (!missing.empty()) {
    matched->left_out().add("classes without test images", missing[0], missing.size());
    notice(
        format("notice: %s has no test images of %zu of %zu classes: ", where.c_str(), missing.size(), names.size()) +
        some_of(missing));
  }
  return matched;
}

}  // namespace directclr::data
