// The files of --config as documents.
//
// Law: YAML unless the name ends in .json; ${{VAR}} is put in before anybody reads a value; a file
// that is wrong does not hide what is wrong in the next one.
#pragma once

#include <string>
#include <vector>

#include "core/config/file_settings.h"

namespace jumpgate {

// `variables`: "NAME=VALUE" each, what ${{NAME}} stands for.
std::vector<Document> read_documents(const std::vector<std::string>& files,
                                     const std::vector<std::string>& variables,
                                     std::vector<Complaint>& complaints);

}  // namespace jumpgate
