#include "tls/ticket_keys.h"

#include <string.h>
#include <sys/random.h>
#include <wolfssl/options.h>  // before all others of wolfSSL
//
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/coding.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include <algorithm>

namespace jumpgate::tls {
namespace {

constexpr std::string_view kInfo = "jumpgate session ticket";
constexpr size_t kLineBytesMax = 80;  // decoded

word32 size32(size_t size) { return static_cast<word32>(size); }

bool fill_random(std::span<uint8_t> bytes) {
    // Not interrupted and never short up to 256 bytes, once the pool is ready (getrandom(2)).
    return getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

// Memory for one decoded line that forgets it.
struct Decoded {
    std::array<uint8_t, kLineBytesMax> bytes{};
    ~Decoded() { explicit_bzero(bytes.data(), bytes.size()); }
};

// One AES-256-GCM key schedule, wiped at its end.
class Gcm {
  public:
    explicit Gcm(const TicketKey& key) {
        ready_ = wc_AesInit(&aes_, nullptr, INVALID_DEVID) == 0 &&
                 wc_AesGcmSetKey(&aes_, key.secret.data(), size32(key.secret.size())) == 0;
    }
    ~Gcm() {
        wc_AesFree(&aes_);
        explicit_bzero(&aes_, sizeof aes_);
    }
    Gcm(const Gcm&) = delete;
    Gcm& operator=(const Gcm&) = delete;

    bool encrypt(std::span<uint8_t> bytes, std::span<const uint8_t> context,
                 std::span<const uint8_t> nonce, std::span<uint8_t> tag) {
        return ready_ &&
               wc_AesGcmEncrypt(&aes_, bytes.data(), bytes.data(), size32(bytes.size()),
                                nonce.data(), size32(nonce.size()), tag.data(), size32(tag.size()),
                                context.data(), size32(context.size())) == 0;
    }
    bool decrypt(std::span<uint8_t> bytes, std::span<const uint8_t> context,
                 std::span<const uint8_t> nonce, std::span<const uint8_t> tag) {
        return ready_ &&
               wc_AesGcmDecrypt(&aes_, bytes.data(), bytes.data(), size32(bytes.size()),
                                nonce.data(), size32(nonce.size()), tag.data(), size32(tag.size()),
                                context.data(), size32(context.size())) == 0;
    }

  private:
    Aes aes_{};
    bool ready_ = false;
};

// The line without comment and without white space around it.
std::string_view strip(std::string_view line) {
    constexpr std::string_view kSpace = " \t\r";
    line = line.substr(0, line.find('#'));
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    return line.substr(0, line.find_last_not_of(kSpace) + 1);
}

// How many bytes `text` stands for; 0: it is no base64 (RFC 4648 4, padded, in one line).
size_t decoded_size(std::string_view text) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t digits = std::min(text.find_first_not_of(kAlphabet), text.size());
    const std::string_view padding = text.substr(digits);
    if (text.size() % 4 != 0 || (padding != "" && padding != "=" && padding != "==")) return 0;
    return text.size() / 4 * 3 - padding.size();
}

// The key of one line; or what is wrong with the line, said after "line N".
std::variant<TicketKey, std::string> read_key(std::string_view text) {
    const size_t size = decoded_size(text);
    if (size == 0) return "is not base64 of 48 or 80 bytes; `openssl rand -base64 48` makes a key";
    if (size != 48 && size != kLineBytesMax)
        return "holds " + std::to_string(size) +
               " bytes where 48 or 80 are allowed; a key stands in one line";
    Decoded decoded;
    word32 length = size32(decoded.bytes.size());
    const auto* in = reinterpret_cast<const byte*>(text.data());
    TicketKey key;
    const size_t secret_size = size - TicketKeys::kNameBytes;
    const bool ok =
        Base64_Decode(in, size32(text.size()), decoded.bytes.data(), &length) == 0 &&
        length == size &&
        wc_HKDF(WC_SHA256, decoded.bytes.data() + TicketKeys::kNameBytes, size32(secret_size),
                nullptr, 0, reinterpret_cast<const byte*>(kInfo.data()), size32(kInfo.size()),
                key.secret.data(), size32(key.secret.size())) == 0;
    if (!ok) return "could not be read: out of memory, or a fault of the crypto library";
    std::copy_n(decoded.bytes.begin(), key.name.size(), key.name.begin());
    return key;
}

std::string at_line(size_t number, const std::string& problem) {
    return "line " + std::to_string(number) + " " + problem;
}

}  // namespace

TicketKey::~TicketKey() { explicit_bzero(secret.data(), secret.size()); }

TicketKeys TicketKeys::random() {
    TicketKeys result;
    TicketKey key;
    if (fill_random(key.name) && fill_random(key.secret)) result.keys_.push_back(key);
    return result;
}

std::variant<TicketKeys, std::string> TicketKeys::parse(std::string_view text) {
    TicketKeys result;
    size_t lines[kKeysMax];  // where each key stands
    for (size_t number = 1; !text.empty(); ++number) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = strip(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;

        std::variant<TicketKey, std::string> read = read_key(line);
        if (const auto* problem = std::get_if<std::string>(&read)) return at_line(number, *problem);
        const auto& key = std::get<TicketKey>(read);
        const auto twin = std::ranges::find(result.keys_, key.name, &TicketKey::name);
        if (twin != result.keys_.end())
            return at_line(number, "has the name (the first 16 bytes) of the key in line " +
                                       std::to_string(lines[twin - result.keys_.begin()]));
        if (result.size() == kKeysMax)
            return at_line(number, "is one key too many: " + std::to_string(kKeysMax) +
                                       " are the most; drop the oldest, the last");
        lines[result.size()] = number;
        result.keys_.push_back(key);
    }
    if (result.empty()) return "holds no key; one line of `openssl rand -base64 48` makes one";
    return result;
}

bool TicketKeys::seal(std::span<uint8_t> bytes, std::span<const uint8_t> context,
                      std::span<uint8_t, kNameBytes> name, std::span<uint8_t, kNonceBytes> nonce,
                      std::span<uint8_t, kTagBytes> tag) const {
    if (empty() || !fill_random(nonce)) return false;
    std::ranges::copy(keys_.front().name, name.begin());
    return Gcm(keys_.front()).encrypt(bytes, context, nonce, tag);
}

TicketKeys::Opened TicketKeys::open(std::span<uint8_t> bytes, std::span<const uint8_t> context,
                                    std::span<const uint8_t, kNameBytes> name,
                                    std::span<const uint8_t, kNonceBytes> nonce,
                                    std::span<const uint8_t, kTagBytes> tag) const {
    const auto has_name = [name](const TicketKey& key) {
        return std::ranges::equal(key.name, name);
    };
    const auto key = std::ranges::find_if(keys_, has_name);
    if (key == keys_.end()) return Opened::No;
    if (!Gcm(*key).decrypt(bytes, context, nonce, tag)) {
        // The assembly decrypts while it authenticates; what failed is nobody's to read.
        if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
        return Opened::No;
    }
    return key == keys_.begin() ? Opened::Yes : Opened::WithOldKey;
}

}  // namespace jumpgate::tls
