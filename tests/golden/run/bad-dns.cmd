skiff run --rm --dns bad busybox true
