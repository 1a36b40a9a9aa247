skiff run --rm -w rel busybox true
