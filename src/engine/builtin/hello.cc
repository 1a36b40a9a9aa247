// SPDX-License-Identifier: Apache-2.0
// The program of the built-in image hello-world: no libc, two system calls. Linked alone and put
// into skiff as bytes (embed.py), so that a first container needs neither a registry nor a file of
// the host.
namespace {

constexpr char message[] =
    "Hello from skiff!\n"
    "\n"
    "This message comes from a program in a container of its own. To print it,\n"
    " 1. skiff found the image hello-world inside its own binary,\n"
    " 2. made new namespaces for processes, mounts, network, host name and more,\n"
    "    and as a regular user a user namespace, in which you are root,\n"
    " 3. put a writable layer over the image and made it the root directory,\n"
    " 4. took away capabilities and system calls, and executed /hello,\n"
    " 5. carried its output to your terminal and kept it as the container's log.\n"
    "No daemon was asked, and nothing had to run as root.\n"
    "\n"
    "Something with a shell and all tools of this machine, in which nothing can break:\n"
    "    skiff run --rm -it host\n";

#if defined(__x86_64__)
long system_call(long number, long a, long b, long c) {
    long result;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(a), "S"(b), "d"(c)
                 : "rcx", "r11", "memory");
    return result;
}
constexpr long sys_write = 1;
constexpr long sys_exit = 60;
#elif defined(__aarch64__)
long system_call(long number, long a, long b, long c) {
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
constexpr long sys_write = 64;
constexpr long sys_exit = 93;
#else
#error "hello-world needs its two system calls for this architecture"
#endif

}  // namespace

extern "C" [[noreturn]] void _start() {
    const char* text = message;
    long left = sizeof message - 1;
    while (left > 0) {
        const long written = system_call(sys_write, 1, reinterpret_cast<long>(text), left);
        if (written < 0) break;
        text += written;
        left -= written;
    }
    for (;;) system_call(sys_exit, left == 0 ? 0 : 1, 0, 0);
}
