skiff nosuchcommand >/dev/full
