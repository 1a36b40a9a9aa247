// SPDX-License-Identifier: Apache-2.0
// A frame from any process of the same user: read whole or refused with an Error, never anything
// else.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "monitor/protocol.h"

using namespace skiff::monitor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const Frame frame = parse_frame({reinterpret_cast<const char*>(data), size});
        switch (frame.type) {
            case FrameType::attach: {
                const AttachFrame attach = decode_attach(frame.payload);
                if (encode(attach) != frame.payload) std::abort();
                break;
            }
            case FrameType::resize:
                if (encode(decode_resize(frame.payload)) != frame.payload) std::abort();
                break;
            case FrameType::restart:
            case FrameType::update:
            case FrameType::stop: {
                const StopFrame stop = decode_stop(frame.payload);
                if (stop.signal < 1 || stop.signal > 64 || encode(stop) != frame.payload)
                    std::abort();
                break;
            }
            case FrameType::signal:
                if (const int number = decode_signal(frame.payload); number < 1 || number > 64)
                    std::abort();
                break;
            case FrameType::stream_closed:
                if (encode(decode_stream_closed(frame.payload)) != frame.payload) std::abort();
                break;
            case FrameType::timing:
                if (encode(decode_timing(frame.payload)) != frame.payload) std::abort();
                break;
            case FrameType::warnings:
                if (encode_warnings(decode_warnings(frame.payload)).size() > max_warnings)
                    std::abort();
                break;
            case FrameType::failed:
                decode_failed(frame.payload);
                break;
            case FrameType::started:
            case FrameType::input_taken:
            case FrameType::exited:
            case FrameType::userns:
                if (encode_number(decode_number(frame.payload)) != frame.payload) std::abort();
                break;
            case FrameType::input:
            case FrameType::input_end:
            case FrameType::detach:
            case FrameType::userns_request:
            case FrameType::exec:
            case FrameType::pause:
            case FrameType::unpause:
            case FrameType::done:
            case FrameType::starting:
            case FrameType::output:
            case FrameType::errors:
                if (frame.payload.size() + frame_header_size != size) std::abort();
                break;
        }
    } catch (const skiff::Error&) {
    }
    return 0;
}
