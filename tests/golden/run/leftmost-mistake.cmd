skiff run --shm-size zz --help --nosuch
