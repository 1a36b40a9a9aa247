skiff run --rm --env-file /nosuch busybox true
