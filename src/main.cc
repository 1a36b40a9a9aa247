// SPDX-License-Identifier: Apache-2.0
// Chooses the role of this process.
#include "cli/main.h"

int main(int argc, char** argv) {
    return skiff::cli::cli_main(argc, argv);
}
