#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# security.md rows 1 to 6, 11, 18, 19 and 28: images made to reach the host, and what a program may ask of the kernel.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1
mkdir outside && chmod 777 outside
before=$(sha256sum <"$SKIFF")

# A root file system with busybox, changed by a piece of shell that runs in it.
hostile() { # NAME SHELL [CHANGE…]
    local name=$1 act=$2; shift 2
    rm -rf bad && mkdir bad && tar -C bad -xf "$FIXTURES/busybox.tar" --exclude './dev/*' && (cd bad && eval "$act")
    tar --owner=0 --group=0 -C bad -cf bad.tar . && skiff import "$@" bad.tar "$name" >/dev/null
}
untouched() { [ -z "$(ls -A "$T/outside")" ] && ! grep -q "$T/outside" /proc/self/mountinfo; }

# --- 1: the host's binary through /proc/self/exe ----------------------------------------------------------------------

hostile exe:1 'printf "#!/proc/self/exe\n" >run && chmod 755 run && ln -s /proc/self/exe link'
# It names our sealed copy, which may run: there is nothing in it that the container does not have. Writing is what must fail.
for program in /proc/self/exe /run /link; do go timeout 20 "$SKIFF" run --rm --entrypoint $program exe:1 version; done
is "with --init, process 1 does not say which file it is" '' skiff run --rm --init exe:1 sh -c 'readlink /proc/1/exe; true'
# shellcheck disable=SC2016  # for the inner shell
is "with --init, process 1 cannot be opened for writing" '' skiff run --rm --init exe:1 sh -c \
    'for _ in $(seq 50); do (echo x >/proc/1/exe) 2>/dev/null && echo written; for f in /proc/1/fd/*; do (echo x >>"$f/../../exe") 2>/dev/null && echo written; done; done; true'
is "the binary is what it was" "$before" eval 'sha256sum <"$SKIFF"'

# --- 2: descriptors and directories of the host -----------------------------------------------------------------------

# shellcheck disable=SC2016
is "three descriptors, with eight open in the caller" '0 1 2' eval 'exec 7<"$T" 8<"$SKIFF" 9<>/dev/null; skiff run --rm busybox sh -c "cd /proc/1/fd; for f in *; do [ -L \$f ] && printf \"%s \" \$f; done" | xargs'
for n in 3 4 5 6 7 8 9 10; do
    go skiff run --rm -w /proc/self/fd/$n busybox pwd
    if [ $RC -ne 0 ]; then pass "-w /proc/self/fd/$n is refused"; else fail "-w /proc/self/fd/$n is refused" "exit status 0"; fi
done
hostile cwd:1 'ln -s /proc/self/fd/7/../../../.. w; ln -s ../../../../../../.. up'
is "a working directory that climbs stays inside" '/' skiff run --rm -w /up cwd:1 sh -c 'cd .; pwd -P'

# --- 3 to 6: mount targets that are links out of the root -------------------------------------------------------------

out=$T/outside
for name in dev proc sys etc; do
    for target in "$out" "../../../../../../../..$out"; do
        hostile "link:1" "rm -rf $name && ln -s $target $name"
        go skiff run --rm link:1 /bin/busybox echo ran
        check "/$name -> ${target%%/*}…: nothing outside is touched" untouched
    done
done
hostile files:1 "mkdir -p dev; for f in null console zero tty pts shm mqueue; do ln -s $out/\$f dev/\$f; done; for f in hosts hostname resolv.conf; do rm -f etc/\$f; ln -s $out/\$f etc/\$f; done"
go skiff run --rm files:1 true
check "links in /dev and /etc: nothing outside is touched" untouched
has "the mask is the real /dev/null, whatever the image says" '^crw-rw-rw- .* 1, +3 ' skiff run --rm files:1 ls -l /proc/keys
go skiff run --rm -v "$T:/dev/null/x" -v "$T:/a/b" --tmpfs /a/t --mount "type=tmpfs,dst=/c" files:1 true
hostile vol:1 "ln -s $out v; ln -s ../../../../../../$out w"
go skiff run --rm -w /v/made -v "$FIXTURES:/v/x" -v "$FIXTURES:/w/y" --tmpfs /v/t vol:1 true
check "targets of -v, --tmpfs and -w behind links: nothing outside is touched" untouched

# --- 11: what an image says is no order -------------------------------------------------------------------------------

hostile label:1 : --change 'LABEL io.podman.annotations.privileged=TRUE io.podman.annotations.seccomp=unconfined run.oci.keep_original_groups=1' \
    --change 'LABEL io.podman.annotations.userns=host io.kubernetes.cri-o.userns-mode=host org.systemd.property.X=1 RUN="touch /x"'
is "labels give no right" '00000000a80425fb 2' skiff run --rm label:1 awk '/^CapEff|^Seccomp:/ { printf "%s%s", s, $2; s = " " }' /proc/self/status

# --- 18, 19: system calls ---------------------------------------------------------------------------------------------

cat >calls.c <<'EOF'
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>
static void show(const char *name, long result) { if (result >= 0) printf("%s: allowed\n", name); }
int main(void) {
    char many[4096] = {0};
    show("AF_ALG", socket(38, SOCK_SEQPACKET, 0));
    show("AF_VSOCK", socket(40, SOCK_STREAM, 0));
    show("io_uring_setup", syscall(SYS_io_uring_setup, 4, many));
    show("keyctl", syscall(SYS_keyctl, 0, -3, 0));
    show("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
    show("bpf", syscall(SYS_bpf, 0, many, 64));
    show("userfaultfd", syscall(SYS_userfaultfd, 0));
    show("perf_event_open", syscall(SYS_perf_event_open, many, 0, -1, -1, 0));
    show("unshare(NEWUSER)", unshare(CLONE_NEWUSER));
    show("unshare(NEWNS)", unshare(CLONE_NEWNS));
    show("mount", syscall(SYS_mount, "x", "/tmp", "tmpfs", 0, 0));
    show("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, many, 0));
    show("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
    for (int kind = 0; kind < 2; kind++) {
        /* 1:1 is /dev/mem; 8:0, 254:0 and 7:0 are disks. */
        const int numbers[][2] = {{1, 1}, {8, 0}, {254, 0}, {7, 0}, {10, 200}};
        for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            const char *path = kind ? "/dev/shm/node" : "/tmp/node";
            unlink(path);
            if (mknod(path, (i == 0 || i == 4 ? S_IFCHR : S_IFBLK) | 0600, makedev(numbers[i][0], numbers[i][1])) == 0)
                show("a device made here opens", open(path, O_RDONLY));
        }
    }
    if (socket(AF_INET, SOCK_STREAM, 0) < 0 || socket(AF_UNIX, SOCK_STREAM, 0) < 0) puts("AF_INET, AF_UNIX: refused");
    return 0;
}
EOF
mkdir bin
if cc -static -o bin/calls calls.c 2>/dev/null; then
    is "what the kernel is not to be asked is refused, and devices made inside open nothing" '' skiff run --rm -v "$T/bin:/x:ro" busybox /x/calls
    is "… also with every capability, but for mounts" '' eval 'skiff run --rm --cap-add SYS_PTRACE -v "$T/bin:/x:ro" busybox /x/calls'
else
    skip "what the kernel is not to be asked is refused" "no compiler, or no static C library"
fi
cat >old.c <<'EOF'
static int call(int n, int a, int b, int c) { int r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory"); return r; }
void _start(void) {
    int alg[3] = {38, 5, 0};
    int result = call(102, 1, (int)alg, 0);   /* socketcall(SYS_SOCKET, …) */
    if (result < 0) result = call(359, 38, 5, 0);   /* socket */
    call(1, result >= 0 ? 42 : 7, 0, 0);   /* exit */
}
EOF
if cc -m32 -static -nostdlib -fno-pie -no-pie -fno-stack-protector -o bin/old old.c 2>/dev/null; then
    go skiff run --rm -v "$T/bin:/x:ro" busybox /x/old
    if [ $RC -ne 42 ] && [ $RC -ne 0 ]; then pass "a 32-bit program gets no AF_ALG socket, by either call"; else fail "a 32-bit program gets no AF_ALG socket, by either call" "exit status $RC"; fi
else
    skip "a 32-bit program gets no AF_ALG socket" "this compiler makes none"
fi

# --- 28: what /proc and /sys tell -------------------------------------------------------------------------------------

# shellcheck disable=SC2016
is "masked places are empty" '' skiff run --rm busybox sh -c 'for f in kcore keys latency_stats timer_list timer_stats sched_debug interrupts acpi scsi asound; do p=/proc/$f
    if [ -d $p ]; then ls -A $p; elif [ -e $p ]; then head -c 1 $p | od -c | grep -v "^0000000$"; fi; done; for d in /sys/firmware /sys/devices/virtual/powercap /sys/dev/block; do [ ! -d $d ] || ls -A $d; done'
# shellcheck disable=SC2016
is "nothing of /proc/sys, /proc/irq, /proc/bus, /proc/fs and /sys can be opened for writing" '' skiff run --rm busybox sh -c \
    'find /proc/sys /proc/irq /proc/bus /proc/fs /proc/sysrq-trigger /sys -type f -perm /222 2>/dev/null | head -n 3000 | while read -r f; do (: >>"$f") 2>/dev/null && echo "$f"; done; true'
rm -rf bad bad.tar

finish
