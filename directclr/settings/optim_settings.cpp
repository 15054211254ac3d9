#include "directclr/settings/optim_settings.h"

#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/settings/optimizers.h"

namespace directclr::settings {
namespace {

// "0.3 lars, 0.03 sgd"
std::string defaults_text(double OptimizerKind::*number) {
  std::vector<std::string> all;
  for (const auto& kind : optimizers()) all.push_back(format_number(kind.*number) + " " + kind.name);
  return join(all);
}

}  // namespace

void OptimSettings::describe(FieldList& f) {
  f.section("optimizer");
  f.add("optimizer", optimizer, "update rule. " + optimizers().help(), optimizers().names());
  f.add("lr", lr, 0, 1e4, "peak learning rate; 0: base_lr * batch_size / 256");
  f.add("base_lr", base_lr, 0, 1e4,
        "peak learning rate for a batch of 256; 0: " + defaults_text(&OptimizerKind::base_lr));
  f.add("momentum", momentum, 0, 0.9999, "momentum of lars and sgd");
  f.add("weight_decay", weight_decay, -1, 10,
        "not applied to biases and norms; -1: " + defaults_text(&OptimizerKind::weight_decay));
  f.add("lars_eta", lars_eta, 1e-9, 10, "trust coefficient of lars");
  f.add("warmup_epochs", warmup_epochs, 0, 1e6,
        "epochs of linear warm-up (at most a tenth of the run when it has under 100 epochs)");
  f.add("final_lr_share", final_lr_share, 0, 1, "final learning rate as a fraction of the peak");
}

double OptimSettings::resolved_lr(int64_t batch_size) const {
  if (lr > 0) return lr;
  const double base = base_lr > 0 ? base_lr : optimizers().at(optimizer).base_lr;
  return base * static_cast<double>(batch_size) / 256;
}

double OptimSettings::resolved_weight_decay() const {
  return weight_decay >= 0 ? weight_decay : optimizers().at(optimizer).weight_decay;
}

void check_rate(const OptimSettings& before, const OptimSettings& now, const std::set<std::string>& given,
                const std::string& where) {
  if (given.contains("lr")) return;
  const std::string lr = format_number(before.lr);
  if (before.lr > 0 && given.contains("base_lr")) {
    throw InputError(where, "base_lr would change nothing beside the lr " + lr + " that is set",
                     "lr = 0 puts it aside");
  }
  const bool hidden = before.lr > 0;
  if (now.optimizer == before.optimizer || (!hidden && (before.base_lr == 0 || given.contains("base_lr")))) return;
  throw InputError(where,
                   now.optimizer + " would go on with the " +
                       (hidden ? "lr " + lr : "base_lr " + format_number(before.base_lr)) + " that is set for " +
                       before.optimizer,
                   std::string(hidden ? "lr = 0" : "base_lr = 0") + " takes its own, " +
                       format_number(optimizers().at(now.optimizer).base_lr) + " for a batch of 256");
}

}  // namespace directclr::settings
