touch id; skiff run --rm --cidfile id busybox true; echo $?; test -e id && echo "the file is still there"
