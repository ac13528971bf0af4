// Pem: how a document gives a certificate, a key or a list of them.
//
// Law: text that begins with "-----BEGIN" is the PEM itself, all other text names a file;
// "$ENV://NAME" stands for the PEM in an environment variable, as in APISIX, never for a path.
// PEM and variables are never shown in complaints, and files are opened elsewhere.
#pragma once

#include "core/config/objects.h"
#include "core/config/shape.h"

namespace jumpgate::shape {

Shape<PemSource> pem();

}  // namespace jumpgate::shape
