skiff run --rm --shm-size zz busybox true
