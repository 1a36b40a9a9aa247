// SPDX-License-Identifier: Apache-2.0
// In a static program gcc's start files register .eh_frame as a table without an index, and the
// first exception sorts it: 7 ms for each command that reports an error. With these in their place
// nothing is registered, and the unwinder goes by the index that --eh-frame-hdr makes, as in any
// dynamic program. subprojects/dependencies/meson.build asks the linker for both (--wrap).
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
void __wrap___register_frame_info(const void* begin, void* object);
void* __wrap___deregister_frame_info(const void* begin);
}

void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}
void* __wrap___deregister_frame_info(const void* /*begin*/) {
    return nullptr;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
