#pragma once

#include "cli/engine/engine.h"

namespace directclr::cli {

// The functions in the engine's table, one a sub-command.
void run_train(const TrainRequest& request, Console& console);
void run_probe(const ProbeRequest& request, Console& console);
void run_knn(const KnnRequest& request, Console& console);
void run_evaluate(const EvaluateRequest& request, Console& console);
void run_embed(const EmbedRequest& request, Console& console);
std::optional<report::MeasuredInput> measure_run(const SpectrumRequest& request, Console& console);
void run_explain(const ExplainRequest& request, Console& console);
plan::Machine measure_step(const BenchRequest& request, Console& console);
void run_bench_step(const BenchRequest& request, Console& console);
void run_bench_comm(const BenchRequest& request, Console& console);

}  // namespace directclr::cli
