#include "loadgen/broker_fanout.h"

#include "mqtt/verdict.h"

namespace jumpgate::broker {

void Fanout::append(std::string& out, const Copy& copy, uint8_t level) {
    const bool own_properties = copy.subscription_id != 0;
    if (!shared_ || own_properties || copy.dup) {
        append_publish(out, message_, copy, level, now_ms_);
        return;
    }
    // A form is made by the first copy that needs it; the others differ in the packet id and
    // RETAIN.
    Form& form = forms_[copy.qos + (level == mqtt::kLevelV5 ? 3U : 0U)];
    if (form.bytes.empty()) {
        Copy blank;
        blank.qos = copy.qos;
        form.packet_id_at = append_publish(form.bytes, message_, blank, level, now_ms_);
    }
    const size_t start = out.size();
    out.append(form.bytes);
    if (copy.retain) out[start] = static_cast<char>(out[start] | 1);
    if (copy.qos == 0) return;
    out[start + form.packet_id_at] = static_cast<char>(copy.packet_id >> 8);
    out[start + form.packet_id_at + 1] = static_cast<char>(copy.packet_id & 0xFF);
}

}  // namespace jumpgate::broker
