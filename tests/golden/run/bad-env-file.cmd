printf "A=1\nB C=2\n" >list; skiff run --rm --env-file list busybox true
