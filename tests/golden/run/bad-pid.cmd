skiff run --rm --pid bogus busybox true
