skiff run --rm --nosuchflag busybox true
