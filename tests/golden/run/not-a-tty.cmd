skiff run --rm -it busybox true
