skiff run --rm --tmpfs /t:bogus busybox true
