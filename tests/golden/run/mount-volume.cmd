skiff run --rm --mount type=volume,dst=/x busybox true
