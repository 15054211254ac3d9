#pragma once

#include <string>

namespace directclr {

/// What this machine calls itself; "?" when it has no name.
std::string host_name();

/// The time of day everywhere: "2026-03-31T09:05:00Z".
std::string utc_time();

}  // namespace directclr
