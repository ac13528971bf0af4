// Sha256Wrap: SHA-256 at full speed after elliptic curves.
//
// wolfSSL's P-256 (AVX2) returns with the upper halves of the vector registers in use, and its
// SHA-256 (SHA-NI) is encoded without VEX: each of its instructions then costs Intel's processors a
// transition of some hundred cycles (measured on a Xeon 6: 60 us for 600 bytes, not 0.4). The
// linker (--wrap, tls/meson.build) leads wolfSSL's calls through here, where vzeroupper ends that
// state; it costs a nanosecond. Does nothing elsewhere than on x86-64 with AVX.

#include "tls/library.h"

// The names are the linker's. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
int __real_wc_Sha256Update(wc_Sha256* hash, const byte* bytes, word32 size);
int __real_wc_Sha256Final(wc_Sha256* hash, byte* digest);
int __wrap_wc_Sha256Update(wc_Sha256* hash, const byte* bytes, word32 size);
int __wrap_wc_Sha256Final(wc_Sha256* hash, byte* digest);
}

namespace {

inline void clean_vector_registers() {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx")) __asm__ volatile("vzeroupper" ::: "memory");
#endif
}

}  // namespace

int __wrap_wc_Sha256Update(wc_Sha256* hash, const byte* bytes, word32 size) {
    clean_vector_registers();
    return __real_wc_Sha256Update(hash, bytes, size);
}

int __wrap_wc_Sha256Final(wc_Sha256* hash, byte* digest) {
    clean_vector_registers();
    return __real_wc_Sha256Final(hash, digest);
}
// NOLINTEND(bugprone-reserved-identifier)
