#include "directclr/io/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"

namespace directclr::io {

struct InflateStream::State {
  std::filesystem::path path;
  uint64_t offset = 0, left = 0;  // what has not been read from the file
  std::string block;
  z_stream stream{};
  ~State() { ::inflateEnd(&stream); }
};

InflateStream::InflateStream(const std::filesystem::path& path, uint64_t offset, uint64_t compressed)
    : state_(std::make_unique<State>()) {
  state_->path = path;
  state_->offset = offset;
  state_->left = compressed;
  if (::inflateInit2(&state_->stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
}

InflateStream::~InflateStream() = default;

void InflateStream::read(void* out, uint64_t bytes) {
  constexpr uint64_t kBlock = 1 << 20;
  State& s = *state_;
  auto* cursor = static_cast<Bytef*>(out);
  while (bytes > 0) {
    if (s.stream.avail_in == 0 && s.left > 0) {
      s.block = read_range(s.path, s.offset, std::min(kBlock, s.left));
      s.offset += s.block.size();
      s.left -= s.block.size();
      s.stream.next_in = reinterpret_cast<Bytef*>(s.block.data());
      s.stream.avail_in = static_cast<uInt>(s.block.size());
    }
    s.stream.next_out = cursor;
    s.stream.avail_out = static_cast<uInt>(std::min<uint64_t>(bytes, 1 << 30));
    const int state = ::inflate(&s.stream, Z_NO_FLUSH);
    const auto made = static_cast<uint64_t>(s.stream.next_out - cursor);
    if ((state != Z_OK && state != Z_STREAM_END) || (made < bytes && state == Z_STREAM_END) ||
        (made == 0 && s.stream.avail_in == 0 && s.left == 0)) {
      throw InputError(s.path.string(), "the compressed data are damaged");
    }
    cursor += made;
    bytes -= made;
  }
}

void InflateStream::skip(uint64_t bytes) {
  std::string unwanted;
  while (bytes > 0) {
    unwanted.resize(std::min<uint64_t>(bytes, 1 << 16));
    read(unwanted.data(), unwanted.size());
    bytes -= unwanted.size();
  }
}

}  // namespace directclr::io
