// ChunkPool: byte buffers that grow and are used again; what a client sends, or has half received.
//
// Law: a client holds a chunk only while bytes wait in it, so idle clients hold none; in steady
// state nothing is allocated. One thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace jumpgate::load {

using Chunk = std::vector<uint8_t>;

class ChunkPool {
  public:
    // An empty chunk, with whatever capacity it had grown to.
    Chunk* take() {
        if (free_.empty()) return new Chunk;
        Chunk* chunk = free_.back().release();
        free_.pop_back();
        return chunk;
    }
    void give(Chunk* chunk) {
        if (chunk == nullptr) return;
        chunk->clear();
        free_.emplace_back(chunk);
    }

  private:
    std::vector<std::unique_ptr<Chunk>> free_;
};

}  // namespace jumpgate::load
