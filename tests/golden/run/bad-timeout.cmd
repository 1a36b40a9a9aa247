skiff run --rm --stop-timeout x busybox true
