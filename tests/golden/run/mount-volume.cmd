skiff run --rm --mount dst=/x,ro busybox true
