#include "directclr/experiment/run_queue.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "directclr/core/child_process.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/experiment/collect.h"
#include "directclr/settings/run_directory.h"

namespace directclr::experiment {
namespace {

namespace fs = std::filesystem;

// Evaluating an image (a forward pass, and its share of the probe) takes about this part of training on one.
constexpr double kEvaluationCost = 0.4;
constexpr int kRefusedStatus = 2;
constexpr int kStoppedStatus = 3;
constexpr auto kOrphansTime = std::chrono::seconds(20);

// The step that a run's log last wrote down.
int64_t last_step(const fs::path& metrics) {
  std::error_code error;
  const auto size = fs::file_size(metrics, error);
  if (error || size == 0) return 0;
  const uint64_t tail = std::min<uint64_t>(size, 2048);
  const auto lines = split(read_range(metrics, size - tail, tail), '\n');
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    const auto entry = Json::try_parse(*line);
    const Json* const step = entry ? entry->find("step") : nullptr;
    if (step && step->is_number_integer()) return step->get<int64_t>();
  }
  return 0;
}

// What a program said last: its error, if it names one.
std::string last_error_line(const fs::path& log) {
  std::error_code error;
  const auto size = fs::file_size(log, error);
  if (error || size == 0) return "said nothing";
  const uint64_t tail = std::min<uint64_t>(size, 4096);
  std::string last;
  for (const auto& line : split(read_range(log, size - tail, tail), '\n')) {
    if (line.starts_with("directclr: ")) last = line.substr(11);
  }
  return last.empty() ? "see " + log.string() : last;
}

class Queue {
 public:
  Queue(const RunPlan& plan, const QueueOptions& options, const Context& context)
      : plan_(plan), options_(options), context_(context), runs_(options.out / "runs") {
    make_directories(runs_);
    make_directories(options.out / "configs");
    slots_.resize(static_cast<size_t>(options.jobs));
  }

  std::map<std::string, std::string> run() {
    for (const auto& planned : plan_.runs) total_ += cost(planned);
    done_at_start_ = done();
    for (const auto& planned : plan_.runs) left_.push_back(&planned);
    bool stopping = false;
    while (true) {
      bool busy = false;
      for (auto& slot : slots_) {
        if (slot.child) advance(slot, stopping);
        if (!slot.child && !stopping) {
          while (!left_.empty() && !slot.child && is_free(*left_.front())) {
            const PlannedRun* const run = left_.front();
            left_.pop_front();
            begin(slot, *run);
          }
        }
        busy = busy || slot.child;
      }
      if (!busy && (stopping || left_.empty())) break;
      if (context_.stop_requested() && !stopping) {
        stopping = true;
        for (const auto& slot : slots_) {
          if (slot.child) slot.child->signal(SIGINT);
        }
      }
      show_progress();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (stopping) {
      const auto finished = std::count_if(plan_.runs.begin(), plan_.runs.end(), [&](const PlannedRun& run) {
        return is_trained(directory(run)) && is_evaluated(directory(run), run.evaluation);
      });
      throw Interrupted(
          format("stopped with %td of %zu runs finished; the same command goes on", finished, plan_.runs.size()));
    }
    return std::move(problems_);
  }

 private:
  struct Slot {
    const PlannedRun* run = nullptr;
    std::optional<ChildProcess> child;
    bool evaluating = false;
  };

  fs::path directory(const PlannedRun& run) const { return runs_ / run.id; }
  fs::path log(const PlannedRun& run) const { return runs_ / (run.id + ".log"); }

  double training_cost(const PlannedRun& run) const { return static_cast<double>(plan_.images_trained_on(run)); }
  double cost(const PlannedRun& run) const { return training_cost(run) + evaluation_cost(run); }
  double evaluation_cost(const PlannedRun& run) const {
    const int64_t limit = run.evaluation.feature_limit;
    return kEvaluationCost *
           static_cast<double>(limit > 0 ? std::min(limit, plan_.images_of(run.train)) : plan_.images_of(run.train));
  }

  // Whether nobody works in the run's directory, or has for longer than a process needs that was left alone by the
  // queue before this one and is stopping. The run then says who it is.
  bool is_free(const PlannedRun& run) {
    if (!FolderLock::owner_of(directory(run))) {
      waiting_since_.reset();
      return true;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!waiting_since_) waiting_since_ = now;
    if (now - *waiting_since_ < kOrphansTime) return false;
    waiting_since_.reset();
    return true;
  }

  void begin(Slot& slot, const PlannedRun& run) {
    slot.run = &run;
    if (!is_trained(directory(run))) {
      train(slot);
    } else if (!is_evaluated(directory(run), run.evaluation)) {
      evaluate(slot);
    } else {
      ++finished_;
      ++finished_before_;
    }
  }

  // A line a finished run: the progress shows on terminals alone.
  void say_finished(const std::string& id) {
    ++finished_;
    std::string text = format("run %s is done: %zu of %zu", id.c_str(), finished_, plan_.runs.size());
    if (finished_before_ > 0) text += format(", %zu of them before this start", finished_before_);
    context_.notice(text);
  }

  std::vector<std::string> common_words() const {
    return {"--device",  plan_.scale.train.device,        "--threads", std::to_string(options_.threads),
            "--workers", std::to_string(options_.workers)};
  }

  void train(Slot& slot) {
    const PlannedRun& run = *slot.run;
    std::vector<std::string> words = {"train", "--out", directory(run).string()};
    if (settings::RunDirectory(directory(run)).exists()) {
      words.push_back("--resume");
    } else {
      const fs::path config = options_.out / "configs" / (run.id + ".toml");
      settings::TrainSettings copy = run.train;
      write_file(config, write_toml(fields_of(copy), run.id));
      words.insert(words.end(), {"--config", config.string()});
    }
    start(slot, words, /*evaluating=*/false);
  }

  void evaluate(Slot& slot) {
    std::vector<std::string> words = {"evaluate", directory(*slot.run).string()};
    settings::EvaluationSettings copy = slot.run->evaluation;
    const auto how = option_words(fields_of(copy));
    words.insert(words.end(), how.begin(), how.end());
    start(slot, words, /*evaluating=*/true);
  }

  void start(Slot& slot, std::vector<std::string> words, bool evaluating) {
    const auto common = common_words();
    words.insert(words.end(), common.begin(), common.end());
    slot.evaluating = evaluating;
    slot.child.emplace(options_.program, words,
                       ChildProcess::Options{"directclr", {}, log(*slot.run), /*hold_signals=*/true});
  }

  // Looks whether the slot's process has ended, and what comes next.
  void advance(Slot& slot, bool stopping) {
    const auto ending = slot.child->poll();
    if (!ending) return;
    const bool trained = !slot.evaluating && ending->status == 0;
    const bool evaluated = slot.evaluating && ending->status == 0;
    slot.child.reset();
    if (evaluated) {
      say_finished(slot.run->id);
    } else if (trained) {
      if (!stopping) evaluate(slot);
    } else if (!stopping && ending->status == kRefusedStatus && tried_again_.insert(slot.run->id).second) {
      // One that was left alone by the queue before this one may have taken the directory only then.
      left_.push_back(slot.run);
    } else if (!stopping) {
      std::string why = killed_by(*ending);
      if (why.empty() && ending->status == kStoppedStatus) why = "was stopped by somebody";
      if (why.empty()) why = last_error_line(log(*slot.run));
      context_.notice("run " + slot.run->id + " failed: " + why);
      problems_[slot.run->id] = why;
    }
  }

  // Images seen so far, an evaluation counted as so many.
  double done() const {
    double sum = 0;
    for (const auto& run : plan_.runs) {
      const auto path = directory(run);
      if (problems_.contains(run.id)) {
        sum += cost(run);
      } else if (is_trained(path)) {
        sum += training_cost(run) + (is_evaluated(path, run.evaluation) ? evaluation_cost(run) : 0);
      } else {
        sum += static_cast<double>(last_step(settings::RunDirectory(path).metrics()) * run.train.batch_size);
      }
    }
    return sum;
  }

  void show_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::seconds(1)) return;  // it reads files
    shown_ = now;
    std::vector<std::string> names;
    for (const auto& slot : slots_) {
      if (slot.child) names.push_back(slot.run->id.substr(0, slot.run->id.rfind('-')));
    }
    const double seen = done();
    context_.progress({"runs", static_cast<uint64_t>(seen), static_cast<uint64_t>(total_), "images",
                       static_cast<uint64_t>(seen - done_at_start_),
                       format("%zu of %zu runs; now %s", finished_, plan_.runs.size(), join(names).c_str())});
  }

  const RunPlan& plan_;
  const QueueOptions& options_;
  const Context& context_;
  fs::path runs_;
  std::vector<Slot> slots_;
  std::deque<const PlannedRun*> left_;  // to begin
  std::set<std::string> tried_again_;   // by id
  std::map<std::string, std::string> problems_;
  size_t finished_ = 0;
  size_t finished_before_ = 0;  // this start
  double total_ = 0;
  double done_at_start_ = 0;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace

std::map<std::string, std::string> carry_out(const RunPlan& plan, const QueueOptions& options, const Context& context) {
  return Queue(plan, options, context).run();
}

}  // namespace directclr::experiment
