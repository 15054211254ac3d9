#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/engine/engine.h"

namespace directclr::cli {

/// The positional run directory and the options that every command on a finished run has.
void add_run_options(CLI::App& command, RunRequest& request);

/// The options alone, for a command that names its runs itself.
void add_evaluation_options(CLI::App& command, RunRequest& request);

/// --layer and --split.
void add_layer_options(CLI::App& command, std::string& layer, std::string& split);

}  // namespace directclr::cli
