// SPDX-License-Identifier: Apache-2.0
// Stands in for libFuzzer's main: feeds every file of the given directories to the target once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
    int inputs = 0;
    for (int i = 1; i < argc; ++i) {
        std::vector<std::filesystem::path> seeds;
        for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
            seeds.push_back(entry.path());
        }
        std::sort(seeds.begin(), seeds.end());
        for (const auto& seed : seeds) {
            // Named before it runs: a crash then ends the output with the culprit.
            std::printf("%s\n", seed.c_str());
            std::fflush(stdout);
            std::ifstream file(seed, std::ios::binary);
            const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
            LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
            ++inputs;
        }
    }
    // A renamed corpus must not pass as an empty one.
    return inputs > 0 ? 0 : 1;
}
