skiff run --rm --restart always busybox true
