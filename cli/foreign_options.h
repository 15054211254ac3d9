#pragma once

#include <CLI/App.hpp>
#include <functional>

#include "cli/engine/engine.h"
#include "cli/program.h"

namespace directclr::cli {

/// The options that tell of an encoder's weights what a run knows of itself, for commands that take either.
class ForeignOptions {
 public:
  /// Adds the argument RUN and the options: the fields of `request.foreign` and those that `more` adds to them.
  void add_to(CLI::App& app, RunRequest& request, const std::function<void(FieldList&)>& more = {});

  /// Sets the fields that the command line names. Throws InputError when there is no such run or file, when weights
  /// come without --arch or --data, and when a run is told what it knows.
  void apply(RunRequest& request, const std::function<void(FieldList&)>& more = {}) const;

 private:
  SettingOptions options_;
};

}  // namespace directclr::cli
