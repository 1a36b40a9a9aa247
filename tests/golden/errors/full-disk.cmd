skiff version >/dev/full
