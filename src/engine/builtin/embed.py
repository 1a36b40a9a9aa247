# SPDX-License-Identifier: Apache-2.0
# Writes FILE as a C++ array: embed.py FILE OUTPUT NAMESPACE::NAME
import sys

source, output, path = sys.argv[1:]
namespace, name = path.rsplit("::", 1)
data = open(source, "rb").read()
rows = [", ".join(str(byte) for byte in data[i:i + 24]) for i in range(0, len(data), 24)]
with open(output, "w") as out:
    out.write("// Made from %s.\n#include <span>\n\nnamespace %s {\n" % (source.split("/")[-1], namespace))
    out.write("extern const std::span<const unsigned char> %s;\n" % name)
    out.write("namespace {\nconstexpr unsigned char bytes[] = {\n%s};\n}\n" % ",\n".join(rows))
    out.write("const std::span<const unsigned char> %s(bytes);\n}\n" % name)
