skiff run --rm --stop-signal BOGUS busybox true
