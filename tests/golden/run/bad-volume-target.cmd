skiff run --rm -v /tmp:relative busybox true
