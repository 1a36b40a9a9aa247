skiff run --rm --mount type=bind,src busybox true
