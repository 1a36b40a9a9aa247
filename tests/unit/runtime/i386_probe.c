/* SPDX-License-Identifier: Apache-2.0
 * Built static for i386: prints what a 32-bit program gets from a filter, as "name errno" lines (0: it worked).
 * C, since a 32-bit C++ library is rarely installed. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *name, long result)
{
    printf("%s %d\n", name, result < 0 ? errno : 0);
}

static long socketcall_socket(unsigned long family, unsigned long type)
{
    unsigned long arguments[] = {family, type, 0};
    return syscall(SYS_socketcall, 1, arguments);
}

int main(void)
{
    say("socketcall_alg", socketcall_socket(AF_ALG, SOCK_SEQPACKET));
    say("socketcall_unix", socketcall_socket(AF_UNIX, SOCK_STREAM));
    say("socket_alg", syscall(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0));
    say("socket_unix", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
    say("getpid", syscall(SYS_getpid));
    return 0;
}
