skiff run --rm -e =x busybox true
