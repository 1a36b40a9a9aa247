skiff run --rm=maybe busybox true
