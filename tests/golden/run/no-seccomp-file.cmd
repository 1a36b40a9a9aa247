skiff run --rm --security-opt seccomp=/nosuch busybox true
