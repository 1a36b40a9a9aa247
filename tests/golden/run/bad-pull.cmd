skiff run --rm --pull bogus busybox true
