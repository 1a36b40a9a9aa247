// SPDX-License-Identifier: Apache-2.0
// strconv.FormatFloat.
#pragma once

#include <string>

namespace skiff::gotemplate {

/// `verb` is one of e E f g G x X b. `precision` as in fmt; -1: as many digits as are needed to
/// read the same number again. Infinities and NaN are "+Inf", "-Inf", "NaN"; otherwise no '+'.
std::string format_float(double value, char verb, int precision);

}  // namespace skiff::gotemplate
