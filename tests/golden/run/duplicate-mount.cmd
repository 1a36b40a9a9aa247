skiff run --rm -v /tmp:/x --tmpfs /x busybox true
