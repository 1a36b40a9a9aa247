skiff run --rm -v relative/path:/x busybox true
