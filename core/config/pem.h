// Pem: how a document gives a certificate, a key or a list of them.
//
// Law: text that begins with "-----BEGIN" is the PEM itself, all other text names a file;
// "$ENV://NAME" stands for the text of an environment variable, as in APISIX. Never shown in
// complaints, and opened elsewhere.
#pragma once

#include "core/config/objects.h"
#include "core/config/shape.h"

namespace jumpgate::shape {

Shape<PemSource> pem();

}  // namespace jumpgate::shape
