skiff run --rm --security-opt bogus busybox true
