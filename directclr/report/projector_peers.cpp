#include "directclr/report/projector_peers.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "directclr/core/text.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

// The settings that decide what is computed, but for the projector's.
std::map<std::pair<std::string, std::string>, std::string> settings_beside_projector(const RunResults& run) {
  std::map<std::pair<std::string, std::string>, std::string> settings;
  for (const auto& entry : run.config) {
    if (entry.section == "run" || entry.section == "monitor" || entry.section == "projector") continue;
    settings[{entry.section, entry.name}] = entry.text;
  }
  return settings;
}

bool same_images(const RunResults& a, const RunResults& b) {
  for (const char* key : {"data_fingerprint", "images"}) {
    const auto in_a = a.environment.find(key), in_b = b.environment.find(key);
    if (in_a != a.environment.end() && in_b != b.environment.end() && in_a->second != in_b->second) return false;
  }
  return true;
}

std::string accuracy_in_brackets(const std::optional<double>& top1, const char* what) {
  return top1 ? format(" (%s%.1f %%)", what, 100 * *top1) : "";
}

std::string label_of(const ProjectorPeer& peer) {
  return peer.name == peer.projector ? peer.name : peer.projector + " (run " + peer.name + ")";
}

}  // namespace

bool measured_alike(const SpectrumResult& a, const SpectrumResult& b) {
  return spectrum::entry_of(b.verdict.kind).tells && a.dimensions() == b.dimensions() && a.samples == b.samples &&
         a.split == b.split && a.l2_normalized == b.l2_normalized && a.lines.dead_below == b.lines.dead_below &&
         a.protocol.value("data", "") == b.protocol.value("data", "");
}

std::vector<ProjectorPeer> projector_peers(const RunResults& run, const std::vector<RunResults>& beside) {
  std::vector<ProjectorPeer> peers;
  if (!run.ended()) return peers;
  const auto settings = settings_beside_projector(run);
  const auto own = run.spectra.find("representation");
  for (const auto& other : beside) {
    if (other.path == run.path || !other.ended() || !same_images(run, other)) continue;
    if (settings_beside_projector(other) != settings) continue;
    ProjectorPeer& peer = peers.emplace_back();
    peer.name = other.name;
    peer.projector = other.setting("projector");
    const auto r = other.spectra.find("representation");
    if (r != other.spectra.end() && own != run.spectra.end() && measured_alike(own->second, r->second)) {
      peer.spectrum = &r->second;
    }
    if (other.probe && run.probe && other.probe->protocol == run.probe->protocol) peer.top1 = other.probe->top1;
  }
  return peers;
}

std::string nearest_to_a_peer(const RunResults& run, const std::vector<RunResults>& beside) {
  constexpr size_t kNamed = 3;
  const auto own = settings_beside_projector(run);
  std::string nearest;
  size_t least = SIZE_MAX;
  for (const auto& other : beside) {
    if (other.setting("projector") == run.setting("projector")) continue;
    std::set<std::string> differing;
    auto theirs = settings_beside_projector(other);
    for (const auto& [key, text] : own) {
      const auto found = theirs.find(key);
      if (found == theirs.end() || found->second != text) differing.insert(key.second);
      if (found != theirs.end()) theirs.erase(found);
    }
    for (const auto& [key, text] : theirs) differing.insert(key.second);
    if (differing.empty() && !same_images(run, other)) differing.insert("its images");
    if (!other.ended() || !run.ended()) differing.insert("how far it is");
    if (differing.empty() || differing.size() >= least) continue;
    least = differing.size();
    std::vector<std::string> names(differing.begin(), differing.end());
    if (names.size() > kNamed) {
      names.resize(kNamed);
      names.push_back(std::to_string(least - kNamed) + " more");
    }
    nearest = in_quotes(other.name) + " differs in " + join(names) + " as well";
  }
  return nearest;
}

ProjectorEvidence projector_evidence(const SpectrumResult& spectrum, const std::optional<double>& top1,
                                     const std::vector<ProjectorPeer>& peers) {
  using Kind = ProjectorEvidence::Kind;
  ProjectorEvidence evidence;
  const ProjectorPeer* best = nullptr;
  bool fewer = false;
  const auto better = [](const ProjectorPeer& a, const ProjectorPeer& b) {
    if (a.top1 && b.top1 && *a.top1 != *b.top1) return *a.top1 > *b.top1;
    return a.spectrum->verdict.dead < b.spectrum->verdict.dead;
  };
  evidence.facts = format("without one %s of %s directions are dead", count_text(spectrum.verdict.dead).c_str(),
                          count_text(spectrum.dimensions()).c_str()) +
                   accuracy_in_brackets(top1, "linear probe ");
  for (const auto& peer : peers) {
    if (peer.projector == "none") continue;
    if (!peer.spectrum) {
      evidence.unmeasured.push_back(peer.name);
      if (evidence.kind == Kind::kNothing) evidence.kind = Kind::kUnknown;
      continue;
    }
    evidence.kind = Kind::kNoRemedy;  // until one of them shows more
    evidence.facts += ", with " + label_of(peer) + " " + count_text(peer.spectrum->verdict.dead) +
                      accuracy_in_brackets(peer.top1, top1 ? "" : "linear probe ");
    if (peer.top1 && top1 && *peer.top1 > *top1) evidence.gains_accuracy = true;
    if (peer.spectrum->verdict.dead >= spectrum.verdict.dead) continue;
    fewer = true;
    const bool loses = peer.top1 && top1 && *peer.top1 < *top1;
    if (!loses && (!best || better(peer, *best))) best = &peer;
  }
  if (fewer) evidence.kind = best ? Kind::kHelps : Kind::kCosts;
  if (best) evidence.best = best->projector;
  return evidence;
}

}  // namespace directclr::report
