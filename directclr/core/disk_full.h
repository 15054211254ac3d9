#pragma once

#include <string>

#include "directclr/core/error.h"

namespace directclr {

/// A file could not be written for want of room: the disk is full, or a quota or a limit on file sizes is reached.
class DiskFull : public InputError {
 public:
  DiskFull(const std::string& where, const std::string& what)
      : InputError(where, what, "free some space and run again; what was written before is intact"),
        where_(where),
        what_(what) {}

  /// The same with what to do about it here.
  InputError with_hint(const std::string& hint) const { return {where_, what_, hint}; }

 private:
  std::string where_, what_;
};

}  // namespace directclr
