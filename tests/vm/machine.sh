# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The hardware of the test machine, and waiting for it. Sourced by `build`, which saves its state, and `run`, which resumes it.

# shellcheck disable=SC2034  # used by those who source this

kernel_options="console=ttyS0 quiet loglevel=3 panic=-1 cgroup_no_v1=all mitigations=off audit=0 security=apparmor \
random.trust_cpu=on cryptomgr.notests tsc=reliable systemd.show_status=0"

# A saved state fits only the very same hardware: devices, their order and their sizes. So both ask for it here, and
# only say what is behind the devices.
#   $1 the directory of vmlinuz, initrd and disk.img    $2 on: what the guest writes to its disk is thrown away; off: kept
#   $3 the tree's disk         $4 the directory shared as "job"       $5 the file for the console
#   $6 $7 $8 chardevs, without their ids, behind the ports ctl, out and err
qemu_hardware() {
    # shellcheck disable=SC2054  # qemu's commas
    hardware=(
        # No KVM, by name: where /dev/kvm exists but does not work, asking for it can hang.
        -M q35 -accel "tcg,thread=multi,tb-size=512" -cpu max -smp 2 -m 2048
        -nodefaults -no-user-config -display none
        -serial "file:$5" -device virtio-rng-pci -device virtio-serial-pci
        -drive "file=$1/disk.img,format=raw,if=none,id=system,snapshot=$2,cache=unsafe" -device virtio-blk-pci,drive=system
        -drive "file=$3,format=raw,if=none,id=tree,cache=unsafe" -device virtio-blk-pci,drive=tree
        -chardev "$6,id=ctl" -device virtserialport,chardev=ctl,name=ctl
        -chardev "$7,id=out" -device virtserialport,chardev=out,name=out
        -chardev "$8,id=err" -device virtserialport,chardev=err,name=err
        -virtfs "local,path=$4,mount_tag=job,security_model=none"
        -kernel "$1/vmlinuz" -initrd "$1/initrd" -append "$kernel_options"
    )
}

# The tree's disk has one size whatever is on it (see above).
tree_size=160M

# A file system image of DIR.
make_image() { # DIR IMAGE SIZE
    rm -f "$2"
    truncate -s "$3" "$2"   # else mke2fs says that it makes it
    mke2fs -q -F -t ext4 -O '^has_journal,^metadata_csum' -E lazy_itable_init=1,root_owner=0:0 -m 0 -d "$1" "$2"
}

# What the saved state depends on: this recipe and the emulator.
recipe_key() { # DIRECTORY OF THE RECIPE
    { qemu-system-x86_64 --version; cat "$1/build" "$1/fetch-kernel" "$1/machine.sh" "$1/packages" "$1"/guest/*; } | sha256sum | cut -c 1-32
}
