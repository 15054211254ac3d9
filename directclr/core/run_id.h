#pragma once

#include <filesystem>
#include <string>

namespace directclr {

// Every start of a training gives the run an id, which its files carry: `run_id` in JSON, in the first line of
// metrics.jsonl and spectra.jsonl, in the metadata of checkpoints, in the first line of config.toml. Files of versions
// before it have none.

/// Sixteen hexadecimal digits, by chance.
std::string new_run_id();

/// The first line of config.toml for a run, without "# ".
std::string config_title(const std::string& run_id);

/// The id in a file of a run directory; "" when it has none, is damaged, or is not there.
std::string run_id_of(const std::filesystem::path& file);

/// Throws InputError, which names two files, when files of a run directory are of different runs.
void check_one_run(const std::filesystem::path& folder);

}  // namespace directclr
