#include "loadgen/tls_crew.h"

#include "loadgen/identity.h"

namespace jumpgate::load {

uint32_t TlsCrew::host_of(uint32_t index) const {
    return options_.plan.number(index) % static_cast<uint32_t>(options_.hosts.size());
}

std::unique_ptr<TlsLink> TlsCrew::open(uint32_t index) {
    const tls::ClientContextRef& context = contexts_.of(index);
    const uint32_t host = host_of(index);
    const std::string& name =
        options_.tls.server_name.empty() ? options_.hosts[host] : options_.tls.server_name;
    const tls::SessionRef session = sessions_.next(*context, host);
    std::unique_ptr<tls::Engine> engine = tls::Engine::connect(context, name, session);
    if (!engine) return nullptr;
    return std::make_unique<TlsLink>(std::move(engine), session != nullptr);
}

void TlsCrew::keep_session(uint32_t index, const TlsLink& link) {
    if (!sessions_.wanted() || !link.engine().established()) return;
    sessions_.keep(*contexts_.of(index), host_of(index), link.engine().session());
}

}  // namespace jumpgate::load
