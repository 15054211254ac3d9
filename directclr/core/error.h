#pragma once

#include <stdexcept>
#include <string>

namespace directclr {

/// Base of every error that directclr throws on purpose. The library throws and never prints or exits; the program
/// turns the kind into an exit status (docs/architecture.md, "Exit status").
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something the user gave is wrong: a file, a data set, a setting. Exit status 2.
/// The message is one line: `where: what (hint)`; the hint is left out when empty.
class InputError : public Error {
 public:
  InputError(const std::string& where, const std::string& what, const std::string& hint = "")
      : Error(where + ": " + what + (hint.empty() ? "" : " (" + hint + ")")) {}
};

/// A signal stopped the work after its state was saved. Exit status 3.
class Interrupted : public Error {
 public:
  using Error::Error;
};

/// Numbers went bad: a non-finite loss or spectrum. Exit status 4. The message names the step and the last good state.
class NumericalError : public Error {
 public:
  using Error::Error;
};

/// Another process of a run over several failed or was lost. Exit status 1.
class RankFailure : public Error {
 public:
  /// `reported`: another process has said so to the user already.
  RankFailure(const std::string& what, bool already_reported) : Error(what), reported(already_reported) {}
  bool reported;
};

}  // namespace directclr
